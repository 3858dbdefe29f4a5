"""The memory that the draws of the demand take, reckoned before it is taken."""

from __future__ import annotations

from stationplan.errors import FaultList, say

_BYTES = 4
"""Of one number: the workers of a cell and group in a draw."""

MOST_BYTES = 4_000_000_000
"""Memory for all draws: a hundred draws of two million cells of five groups."""


def refuse_draws(draws: int, cells: int, groups: int, file: str) -> None:
    """Check that the draws of a study fit into memory.

    Raises
    ------
    InputError
        They do not; the fault states the largest number that does.
    """
    most = MOST_BYTES // (_BYTES * max(1, cells * groups))
    if draws <= most:
        return
    faults = FaultList(file)
    faults.add(
        say(
            "{draws} draws of {cells} cells and {groups} groups take {gb} GB of memory.",
            draws=draws,
            cells=cells,
            groups=groups,
            gb=round(draws * cells * groups * _BYTES / 1e9, 1),
        ),
        say("Ask for {most} draws at most, or for larger cells.", most=most),
        key="demand.draws",
        code="too_large",
    )
    faults.raise_any()
