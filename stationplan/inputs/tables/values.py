"""Values of the columns of a table: numbers with their units, and ids."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from stationplan.domain import FloatArray
from stationplan.errors import Action, FaultList, Message, say
from stationplan.inputs.tables.cleaning import clean_code
from stationplan.inputs.tables.quantities import (
    RANGES,
    Amount,
    Family,
    StatedUnit,
    amount_of,
    as_number,
    example_units,
    header_unit,
)
from stationplan.inputs.tables.table import Table, note_cleaned

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def numbers(
    table: Table,
    index: int,
    faults: FaultList,
    *,
    unit: Family | None = None,
    low: float = -math.inf,
    high: float = math.inf,
    empty: float | None = None,
    may_fill: str | None = None,
    needed: bool = True,
) -> FloatArray:
    """Return a column as finite floats in ``[low, high]``; an empty cell becomes ``empty`` where that is given.

    ``unit`` is what the column measures (``None``: plain numbers): units in its header and cells are converted to the
    base unit, and others are errors. ``may_fill`` names the scenario key that defines the value of an empty cell. For
    each cell without such a number, the value is NaN and a fault is recorded that excludes its row; the row stays where
    the value is not ``needed``.
    """
    capped = high == math.inf  # by the unit only
    if unit is not None:
        least, most = RANGES[unit]
        low, high = max(low, least), min(high, most)
    texts, name = table.column(index), table.header[index]
    stated = None if unit is None else header_unit(name)[1]
    if stated is not None and unit is not None and stated.family != unit and (unit != "any" or not stated.family):
        faults.add(
            say("The unit {unit} of the column {column} cannot be used for its values.", unit=stated.text, column=name),
            say(
                "Convert the column, or correct its header. Units that can be used: {known}.", known=example_units(unit)
            ),
            row=table.header_row,
            code="wrong_unit",
            action="refused" if needed else "kept",
        )
        return np.full(len(texts), np.nan)
    values, left = plain_numbers(texts, stated, low, high)
    action: Action = "set_aside" if needed else "kept"
    other: list[str] = []
    for i in left:
        text, row = texts[i], table.row_number[i]
        if not text and empty is not None:
            values[i] = empty
            continue
        if not text:
            cure = say("Enter a number in every row.")
            if may_fill is not None:
                cure = say("Fill it in, or set the value of empty entries with `{key}`.", key=may_fill)
            faults.add(say("{column} is empty.", column=name), cure, row=row, code="empty", action=action)
            continue
        amount = Amount(as_number(text)) if unit is None else amount_of(text, unit, stated)
        if amount.wrong and unit is not None:
            faults.add(
                say(
                    "{column} is {found}; its unit {unit} cannot be used.",
                    column=name,
                    found=repr(text),
                    unit=amount.wrong,
                ),
                say("Units that can be used: {known}.", known=example_units(unit)),
                row=row,
                code="wrong_unit",
                action=action,
            )
        elif not math.isfinite(amount.value):
            faults.add(
                say("{column} is {found}, not a finite number.", column=name, found=repr(text)),
                say("Enter a number in every row."),
                row=row,
                code="not_a_number",
                action=action,
            )
        elif not low <= amount.value <= high:
            what = _outside(name, text[:40], low, math.inf if capped and amount.value < low else high)
            faults.add(what, say("Correct the value."), row=row, code="out_of_range", action=action)
        else:
            values[i] = amount.value
            if amount.contradicts:
                other.append(text)
    if other and stated is not None:
        faults.add(
            say(
                "{column}: {count} values state another unit than the header, such as {found}; theirs was used.",
                column=name,
                count=len(other),
                found=repr(other[0]),
            ),
            say("Write one unit in the whole column."),
            row=table.header_row,
            code="other_unit",
            action="kept",
        )
    return values


def _outside(column: str, found: str, low: float, high: float) -> Message:
    if high == math.inf:
        return say("{column} is {found}, less than {low}.", column=column, found=found, low=low)
    return say(
        "{column} is {found}, outside the range {low} to {high}.",
        column=column,
        found=found,
        low=f"{low:,.15g}",
        high=f"{high:,.15g}",
    )


def plain_numbers(
    texts: Sequence[str], stated: StatedUnit | None, low: float, high: float
) -> tuple[FloatArray, list[int]]:
    """Return the values of plain numbers in the range, NaN elsewhere, and the positions of the other texts."""
    scale = 1.0 if stated is None else stated.scale
    values = np.array([float(text) if _PLAIN.fullmatch(text) else math.nan for text in texts], dtype=np.float64)
    if scale != 1.0:
        values = np.round(values * scale, 9)
    with np.errstate(invalid="ignore"):
        values[~((values >= low) & (values <= high) & np.isfinite(values))] = np.nan
    return values, np.flatnonzero(np.isnan(values)).tolist()


def unique_ids(table: Table, index: int, faults: FaultList) -> list[str]:
    """Return a column of ids; a row whose id is empty or repeated is excluded."""
    first: dict[str, int | str] = {}
    written = table.column(index)
    ids = [text if text.isascii() and text.isalnum() else clean_code(text) for text in written]
    changed = sum(old != new for old, new in zip(written, ids, strict=True))
    if changed:
        note_cleaned(table.header[index], changed, faults)
    own = say("Give each row a unique id.")
    for i, (text, row) in enumerate(zip(ids, table.row_number, strict=True)):
        if not text:
            faults.add(say("The id is empty."), own, row=row, code="empty_id", action="set_aside")
        elif text in first:
            faults.add(
                say("The id {id} already appears in row {first}.", id=text, first=first[text]),
                own,
                row=row,
                code="repeated_id",
                action="set_aside",
            )
        else:
            first[text] = table.row_name(i)
    return ids
