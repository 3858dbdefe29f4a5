"""Control totals: workers by district and group, from columns of a table or by rates of a census."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stationplan.domain import FloatArray, Quality, StudyArea, Totals
from stationplan.errors import FaultList, Message, say
from stationplan.inputs.tables.cleaning import code_key
from stationplan.inputs.tables.source import Located, column_called, quality_of, read_by_id
from stationplan.inputs.tables.table import Table
from stationplan.inputs.tables.values import numbers
from stationplan.scenario import GroupInput, Limits, TotalsInput

_SHOWN = 5
"""Ids that a message shows of each side."""


@dataclass(frozen=True, eq=False)
class TotalsTable:
    """Totals as read: ``workers[row, group]``, NaN where a group has none, for the district of each row."""

    district_id: tuple[str, ...]
    workers: FloatArray
    row: tuple[int, ...]
    quality: Quality


def read_totals(located: Located, given: TotalsInput, groups: Mapping[str, GroupInput], limits: Limits) -> TotalsTable:
    """Return the totals of a table, ``workers[row, group] = sum over rates of rate * product of its columns``.

    Without rates, a column named by a group's id or name contains its totals; groups without a column have no totals.

    Raises
    ------
    InputError
        The table cannot be read; a column is missing; a value is negative or not a number; an id is duplicated; or
        there are more workers than residents; all faults together.
    """
    table, ids, columns, faults = read_by_id(
        located,
        limits,
        role="demand.totals",
        column=given.id,
        cure=say('Set the id column: `id = "..."` under [demand.totals].'),
    )
    read = _by_rates if given.rates else _by_columns
    workers, used = read(table, given, groups, faults)
    columns |= used
    if given.population is not None:
        columns |= _refuse_above_population(table, given.population, workers, faults)
    faults.raise_any("refused", "set_aside")
    configured = {*given.columns, *(used if given.rates else ()), "population", *(("id",) if given.id else ())}
    quality = quality_of("demand.totals", table, len(ids), faults, columns=columns, given=configured)
    return TotalsTable(tuple(ids), workers, table.row_number, quality)


def _by_columns(
    table: Table, given: TotalsInput, groups: Mapping[str, GroupInput], faults: FaultList
) -> tuple[FloatArray, dict[str, int]]:
    """Return the workers by row and group, and the column of each group."""
    columns: dict[str, int] = {}
    workers = np.full((len(table.rows), len(groups)), np.nan)
    for g, (key, group) in enumerate(groups.items()):
        names = [given.columns[key]] if key in given.columns else [key, group.name.zh, group.name.en]
        column = column_called(table, names, faults)
        if column is not None:
            columns[key] = column
            workers[:, g] = numbers(table, column, faults, unit="people", low=0)
        elif key in given.columns:
            _no_column(table, given.columns[key], f"demand.totals.columns.{key}", faults)
    if np.isnan(workers).all() and not any(fault.code != "cleaned" for fault in faults.faults):
        faults.add(
            say("No column contains the totals of a group; the table has: {columns}.", columns=", ".join(table.header)),
            say('Name columns by the groups, set `columns = {{ rider = "..." }}`, or provide rates.'),
            row=table.header_row,
            code="missing_column",
        )
    return workers, columns


def _by_rates(
    table: Table, given: TotalsInput, groups: Mapping[str, GroupInput], faults: FaultList
) -> tuple[FloatArray, dict[str, int]]:
    """Return the workers by row and group, and the columns that rates are of, by their names in the scenario."""
    columns: dict[str, int] = {}
    place = {key: g for g, key in enumerate(groups)}
    workers = np.full((len(table.rows), len(groups)), np.nan)
    values: dict[str, FloatArray] = {}
    for name in dict.fromkeys(name for rate in given.rates for name in rate.of):
        column = column_called(table, [name], faults)
        if column is None:
            _no_column(table, name, "demand.totals.rates", faults)
        else:
            columns[name] = column
            values[name] = numbers(table, column, faults, unit="any", low=0)
    for rate in given.rates:
        g = place[rate.group]
        if all(name in values for name in rate.of):
            product = np.prod([values[name] for name in rate.of], axis=0)
            workers[:, g] = np.where(np.isnan(workers[:, g]), 0.0, workers[:, g]) + rate.rate * product
    return workers, columns


def _no_column(table: Table, name: str, key: str, faults: FaultList) -> None:
    faults.add(
        say("There is no column {column}; the table has: {columns}.", column=name, columns=", ".join(table.header)),
        say("Correct the name under `{key}`.", key=key),
        row=table.header_row,
        code="missing_column",
    )


def _refuse_above_population(table: Table, name: str, workers: FloatArray, faults: FaultList) -> dict[str, int]:
    """Record the districts with more workers than residents, and return the column of residents."""
    column = column_called(table, [name], faults)
    if column is None:
        _no_column(table, name, "demand.totals.population", faults)
        return {}
    residents = numbers(table, column, faults, unit="people", low=0)
    total = np.nansum(workers, axis=1)
    for i in np.flatnonzero(total > residents):
        faults.add(
            say(
                "The number of workers ({workers}) exceeds the number of residents ({residents}).",
                workers=round(float(total[i])),
                residents=round(float(residents[i])),
            ),
            say("Check rates and columns; for shares in percent, divide the rate by one hundred."),
            row=table.row_number[i],
            code="out_of_range",
        )
    return {"population": column}


def totals_in(
    table: TotalsTable, given: TotalsInput, area: StudyArea, groups: Sequence[str]
) -> tuple[Totals, Quality, tuple[Message, ...]]:
    """Return the totals of a study's districts, including those of districts without a polygon merged into them.

    Raises
    ------
    InputError
        A district has no row and may not be empty; or ``merged`` names an unknown district or one with a polygon.
    """
    faults = FaultList(table.quality.file, sheet=table.quality.sheet)
    districts = [str(name) for name in area.districts["district_id"]]
    place = {code_key(district): d for d, district in enumerate(districts)}
    listed = set(map(code_key, table.district_id))
    merged = {code_key(lost): code_key(into) for lost, into in given.merged.items()}
    for lost, into in given.merged.items():
        unknown = [district for district, known in ((lost, listed), (into, place)) if code_key(district) not in known]
        for district in unknown:
            faults.add(
                say("There is no district {id}.", id=district),
                say("Use ids of the table, and of the polygons into which they are merged."),
                key=f"demand.totals.merged.{lost}",
            )
        if code_key(lost) in place:
            faults.add(
                say("The district {id} has its own polygon.", id=lost),
                say("Remove the key."),
                key=f"demand.totals.merged.{lost}",
            )
    missing = [district for district in districts if code_key(district) not in {*listed, *merged.values()}]
    strange = [district for district in table.district_id if code_key(district) not in {*place, *merged}]
    if missing and strange and given.missing == "refuse":
        faults.add(
            say(
                "The ids of the table do not match the districts: {strange} have no district, and {missing} no totals.",
                strange=", ".join(strange[:_SHOWN]),
                missing=", ".join(missing[:_SHOWN]),
            ),
            say(
                "Write the same ids in both, or set their columns: `id` under [demand.totals] and under [area]. For "
                'districts where nobody works, set `missing = "empty"` under [demand.totals].'
            ),
            code="missing_district",
        )
    elif missing and given.missing == "refuse":
        faults.add(
            say("Districts missing from the table: {ids}.", ids=", ".join(missing)),
            say('Add their rows, or set `missing = "empty"` under [demand.totals] if nobody works there.'),
            code="missing_district",
        )
    faults.raise_any()
    workers = np.full((len(districts), len(groups)), np.nan)
    lost_rows = []
    for i, district in enumerate(table.district_id):
        d = place.get(merged.get(code_key(district), code_key(district)))
        if d is None:
            lost_rows.append(i)
        else:
            workers[d] = np.where(np.isnan(workers[d]), table.workers[i], workers[d] + table.workers[i])
    given_groups = ~np.isnan(table.workers).all(axis=0)
    workers[:, given_groups] = np.nan_to_num(workers[:, given_groups])
    notes = _told(table, given, missing, lost_rows, faults)
    quality = replace(
        table.quality,
        kept=table.quality.kept - len(lost_rows),
        findings=(*table.quality.findings, *faults.faults),
    )
    sources = dict.fromkeys([table.quality.file, *(rate.source for rate in given.rates)])
    return Totals(workers, given.total_cv, "; ".join(sources)), quality, notes


def _told(
    table: TotalsTable, given: TotalsInput, missing: Sequence[str], lost_rows: Sequence[int], faults: FaultList
) -> tuple[Message, ...]:
    notes = []
    for i in lost_rows:
        faults.add(
            say("The district {id} has no polygon; its workers have no location.", id=table.district_id[i]),
            say('Merge it into the surrounding district: `merged = {{ {id} = "..." }}`.', id=table.district_id[i]),
            row=table.row[i],
            code="no_polygon",
            action="set_aside",
        )
    if lost_rows:
        notes.append(
            say(
                "Totals of districts without a polygon, not assigned: {workers} workers in {ids}.",
                workers=round(float(np.nansum(table.workers[list(lost_rows)])), 1),
                ids=", ".join(table.district_id[i] for i in lost_rows),
            )
        )
    for lost, into in given.merged.items():
        i = [code_key(district) for district in table.district_id].index(code_key(lost))
        notes.append(
            say(
                "The {workers} workers of {lost} are added to {into}.",
                workers=round(float(np.nansum(table.workers[i])), 1),
                lost=lost,
                into=into,
            )
        )
    if missing:
        notes.append(say("Districts without totals, assumed to have no workers: {ids}.", ids=", ".join(missing)))
    return tuple(notes)
