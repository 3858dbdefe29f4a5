"""Merged cells of a sheet: their value counts for every row and column that they cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Row = tuple[int, tuple[str, ...]]
"""A row of a file: its row number and its cells."""

Merge = tuple[int, int, int, int]
"""First row, first column, last row and last column of merged cells, from 0."""

Filled = frozenset[tuple[int, int]]
"""Cells (row number from 1, column from 0) that have their value from a merge that starts in another cell."""


@dataclass(frozen=True)
class Unmerged:
    """Rows of a sheet after their merged cells are written out.

    ``filled`` are the cells that took a value. ``banners`` are the rows whose only content is one cell merged over
    columns: titles and sections. ``bands`` maps the first row of a merge over rows to its last, for two-row headers.
    """

    rows: Sequence[Row]
    filled: Filled = frozenset()
    banners: frozenset[int] = frozenset()
    bands: Mapping[int, int] = field(default_factory=dict)


def unmerged(rows: Sequence[Row], merges: Sequence[Merge]) -> Unmerged:
    """Return the rows with the value of each merge in all of its cells.

    Only rows with content of their own count: a row that is empty but for merged cells is the rest of a tall row. A
    merge over columns that is the only content of its rows is a title, and is left as one cell.

    >>> unmerged([(1, ("a", "b")), (2, ("", "c"))], [(0, 0, 1, 0)]).rows
    [(1, ('a', 'b')), (2, ('a', 'c'))]
    """
    at = {number: position for position, (number, _) in enumerate(rows)}
    written: dict[int, list[str]] = {}
    filled: set[tuple[int, int]] = set()
    banners: set[int] = set()
    bands: dict[int, int] = {}
    for top, left, bottom, right in merges:
        if top + 1 not in at or (top == bottom and left == right):
            continue
        first = rows[at[top + 1]][1]
        value = first[left] if left < len(first) else ""
        if not value.strip():
            continue
        covered = _covered(at, rows, top, bottom)
        own = [number for number in covered if _other_content(rows[at[number]][1], left, right)]
        if right > left and top + 1 not in own:
            banners.add(top + 1)
            continue
        if bottom > top:
            bands[top + 1] = max(bands.get(top + 1, 0), bottom + 1)
        for number in own:
            cells = written.setdefault(number, list(rows[at[number]][1]))
            cells += [""] * (right + 1 - len(cells))
            for column in range(left, right + 1):
                if (number, column) != (top + 1, left):
                    cells[column] = value
                    filled.add((number, column))
    whole = [(number, tuple(written[number])) if number in written else (number, cells) for number, cells in rows]
    return Unmerged(whole, frozenset(filled), frozenset(banners), bands)


def _covered(at: Mapping[int, int], rows: Sequence[Row], top: int, bottom: int) -> list[int]:
    """Return the numbers of the rows of a merge that have any content."""
    covered = []
    for position in range(at[top + 1], len(rows)):
        number = rows[position][0]
        if number > bottom + 1:
            break
        covered.append(number)
    return covered


def _other_content(cells: Sequence[str], left: int, right: int) -> bool:
    return any(cell.strip() for cell in cells[:left]) or any(cell.strip() for cell in cells[right + 1 :])
