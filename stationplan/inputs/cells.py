"""The table of cells: where people live and work."""

from __future__ import annotations

from stationplan.domain import Cells
from stationplan.errors import FaultList, Message, say
from stationplan.geo import to_wgs84
from stationplan.inputs.columns import FIELD_NAMES
from stationplan.inputs.table import coordinates, find_columns, numbers, unique_ids
from stationplan.inputs.textfile import read_csv
from stationplan.scenario import Scenario


def read_cells(scenario: Scenario) -> tuple[Cells, tuple[Message, ...]]:
    """Return the cells of a scenario's demand table with every count that one of its groups refers to.

    Empty counts become ``empty_count`` where the scenario gives one, with a note of how many.

    Raises
    ------
    InputError
        A column is missing, or a value is empty, not finite, negative or no coordinate; an id is empty or repeated;
        all at once.
    """
    given = scenario.file.demand
    table = read_csv(scenario.locate(given.file), scenario.file.limits)
    faults = FaultList(table.file)
    wanted = sorted({name for group in scenario.file.groups.values() for name in group.workers})
    known = [name for name in wanted if name in FIELD_NAMES]
    columns = find_columns(
        table, ("id", "lon", "lat", *known), required=("id", "lon", "lat", *known), given=given.columns, faults=faults
    )
    for name in wanted:
        if name not in FIELD_NAMES:
            if name in table.header:
                columns[name] = table.header.index(name)
            else:
                faults.add(
                    say(
                        "There is no column {column}; the table has: {columns}.",
                        column=name,
                        columns=", ".join(table.header),
                    ),
                    say("Correct the name under `workers` of the groups."),
                    row=1,
                )
    ids = unique_ids(table, columns["id"], faults) if "id" in columns else []
    lon, lat = coordinates(table, columns, faults)
    features = {
        name: numbers(table, columns[name], faults, low=0, empty=given.empty_count, may_fill="[demand] empty_count")
        for name in wanted
        if name in columns
    }
    faults.raise_any()
    lon, lat = to_wgs84(lon, lat, datum=given.datum)
    notes = []
    for name in features:
        blank = sum(not text for text in table.column(columns[name]))
        if blank:
            notes.append(
                say(
                    "{count} empty cells of {column} were read as {value}.",
                    count=blank,
                    column=name,
                    value=given.empty_count,
                )
            )
    return Cells(tuple(ids), lon, lat, features), tuple(notes)
