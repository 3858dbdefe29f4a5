"""Temperatures of cells by slot, from rasters or from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stationplan.domain import Cells, FloatArray, Quality
from stationplan.errors import FaultList, Message, say
from stationplan.inputs.demand.rasters import raster_sums
from stationplan.inputs.tables.source import Located, column_called, quality_of, read_by_id
from stationplan.inputs.tables.values import numbers
from stationplan.scenario import HeatInput, Limits, Scenario, SlotInput

_COLDEST, _HOTTEST = -60.0, 70.0
"""Degrees Celsius outside which a value is neither a valid air temperature nor a valid WBGT."""


@dataclass(frozen=True, eq=False)
class HeatTable:
    """Temperatures as read: ``celsius[row, slot]``, NaN in slots without a column, by the id of a cell."""

    cell_id: tuple[str, ...]
    celsius: FloatArray
    quality: Quality


def read_heat(located: Located, slots: Mapping[str, SlotInput], limits: Limits) -> HeatTable:
    """Return the temperatures of a table: a column of ids, and one column per slot, named by its id or name.

    Raises
    ------
    InputError
        The table cannot be read, has no column for any slot, or a value is not a valid temperature; all faults
        together.
    """
    table, ids, columns, faults = read_by_id(
        located, limits, role="demand.heat", cure=say("Name exactly one column id.")
    )
    celsius = np.full((len(ids), len(slots)), np.nan)
    for s, (key, slot) in enumerate(slots.items()):
        column = column_called(table, [key, slot.name.zh, slot.name.en], faults)
        if column is not None:
            columns[key] = column
            celsius[:, s] = numbers(table, column, faults, unit="temperature", low=_COLDEST, high=_HOTTEST)
    if np.isnan(celsius).all() and not any(fault.code != "cleaned" for fault in faults.faults):
        faults.add(
            say(
                "No column contains the temperatures of a slot; the table has: {columns}.",
                columns=", ".join(table.header),
            ),
            say("Name a column by the id or name of each hot time slot."),
            row=table.header_row,
            code="missing_column",
        )
    faults.raise_any("refused", "set_aside")
    return HeatTable(tuple(ids), celsius, quality_of("demand.heat", table, len(ids), faults, columns=columns))


def temperatures(
    scenario: Scenario, given: HeatInput, table: HeatTable | None, cells: Cells, crs: str
) -> tuple[FloatArray, tuple[Message, ...]]:
    """Return ``celsius[cell, slot]``, NaN where it is unknown, and notes on the number of such cells in each hot slot.

    Raises
    ------
    InputError
        A raster cannot be read, does not cover the study area or has invalid temperatures; or no row of the table is a
        cell.
    """
    slots = list(scenario.file.slots)
    celsius = np.full((len(cells.cell_id), len(slots)), np.nan)
    if table is not None:
        celsius = _by_id(table, cells, scenario)
    for slot, name in given.files.items():
        path = scenario.locate(name, key=f"demand.heat.files.{slot}")
        values = raster_sums(path, cells.outline, crs, scenario.file.limits, statistic="mean").values
        beyond = int(((values < _COLDEST) | (values > _HOTTEST)).sum())
        if beyond:
            faults = FaultList(path.name)
            faults.add(
                say("{count} cells have temperatures outside the plausible range.", count=beyond),
                say("Use degrees Celsius; subtract 273.15 from kelvins."),
                code="out_of_range",
            )
            faults.raise_any()
        celsius[:, slots.index(slot)] = values
    return celsius, _unknown(celsius, slots)


def _by_id(table: HeatTable, cells: Cells, scenario: Scenario) -> FloatArray:
    place = {cell: row for row, cell in enumerate(table.cell_id)}
    row = np.array([place.get(cell, -1) for cell in cells.cell_id], dtype=np.int64)
    if (row < 0).all():
        faults = FaultList(table.quality.file, sheet=table.quality.sheet)
        faults.add(
            say("No row has a cell id such as {id}.", id=cells.cell_id[0]),
            say("Use the ids of {file}.", file=scenario.file.demand.file or "[demand] grid"),
            code="unknown_id",
        )
        faults.raise_any()
    known = table.celsius[np.maximum(row, 0)]
    return np.where(row[:, None] >= 0, known, np.nan)


def _unknown(celsius: FloatArray, slots: Sequence[str]) -> tuple[Message, ...]:
    """Return notes on the cells without a temperature in slots in which other cells have one."""
    hot = ~np.isnan(celsius).all(axis=0)
    return tuple(
        say("{count} cells have no temperature in {slot}; their weight does not change.", count=count, slot=slots[s])
        for s in np.flatnonzero(hot).tolist()
        if (count := int(np.isnan(celsius[:, s]).sum()))
    )
