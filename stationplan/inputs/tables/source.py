"""Reads a table from the source that the scenario names: text, workbook, features of a file, or a database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar

import shapely

from stationplan.domain import ColumnUse, Quality
from stationplan.errors import Action, Fault, FaultList, InputError, Message, say
from stationplan.inputs.datums.file_crs import note_outlines, record_conflicts, record_mislabelled
from stationplan.inputs.guard import one_fault
from stationplan.inputs.tables.columns import look_alike, normalise
from stationplan.inputs.tables.database import read_database
from stationplan.inputs.tables.features import GEOMETRY_SUFFIXES, read_features
from stationplan.inputs.tables.table import PAIRS, Table, Wanted, find_columns, table_from_rows
from stationplan.inputs.tables.textfile import csv_rows
from stationplan.inputs.tables.values import unique_ids
from stationplan.inputs.tables.workbook import WORKBOOK_SUFFIXES, read_workbook
from stationplan.scenario import Limits, Scenario, Source, TableSource
from stationplan.storage.database import is_database

_TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ""})


_Read = TypeVar("_Read")


class RefusedTable(InputError):
    """The faults of a table that could be read but not be used, and what is known of its records and columns."""

    def __init__(self, faults: Sequence[Fault], quality: Quality) -> None:
        super().__init__(faults)
        self.quality = quality


class TableFaults(FaultList):
    """The faults of a table, raised with what its columns are read as: ``columns`` by field, ``given`` by the user."""

    def __init__(self, role: str, table: Table, columns: Mapping[str, int], given: Collection[str]) -> None:
        super().__init__(table.file, sheet=table.sheet)
        self.role, self.table, self.columns, self.given = role, table, columns, given
        self.extend(table.faults)

    def raise_any(self, *actions: Action) -> None:
        """Raise the recorded faults as :meth:`stationplan.errors.FaultList.raise_any` does, with the table's columns.

        Raises
        ------
        RefusedTable
            At least one fault was recorded (with ``actions``: one with such an action).
        """
        try:
            super().raise_any(*actions)
        except InputError as error:
            quality = quality_of(self.role, self.table, 0, self, columns=self.columns, given=self.given)
            raise RefusedTable(error.faults, replace(quality, findings=error.faults)) from None


class Attempts:
    """Calls several readers in turn and collects the faults of those that reject their input, and their tables."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.tables: list[Quality] = []

    def __call__(self, read: Callable[[], _Read]) -> _Read | None:
        """Return what a reader returns, ``None`` if it rejects its input."""
        try:
            return read()
        except InputError as error:
            self.faults.extend(error.faults)
            self.tables += [error.quality] if isinstance(error, RefusedTable) else []
            return None


@dataclass(frozen=True)
class Located:
    """A source and its location: the path of its file, ``None`` for a database."""

    source: Source
    path: Path | None


def locate(scenario: Scenario, source: Source, *, key: str) -> Located:
    """Return a source of a scenario with the path of its file.

    Raises
    ------
    InputError
        The file does not exist or is outside the folders of the scenario's inputs.
    """
    name = source.file or ""
    return Located(source, None if is_database(name) else scenario.locate(name, key=key))


def read_table(located: Located, wanted: Wanted, limits: Limits) -> Table:
    """Return the table of a source; ``wanted`` identifies the header below any titles, and the right sheet.

    Raises
    ------
    InputError
        The source cannot be read as a table, or exceeds the limits.
    """
    source, path = located.source, located.path
    if path is None:
        return read_database(
            source.file or "", table=source.table, query=source.query, geometry=source.geometry, limits=limits
        )
    suffix = path.suffix.lower()
    if suffix in GEOMETRY_SUFFIXES:
        return read_features(path, limits, layer=source.layer, geometry=wanted.geometry)
    if suffix in WORKBOOK_SUFFIXES:
        with one_fault(path, say("Open it in a spreadsheet program and save it again as .xlsx.")):
            return read_workbook(
                path, wanted, limits, sheet=source.sheet, sheets=source.sheets, header_row=source.header_row
            )
    if suffix in _TEXT_SUFFIXES:
        with one_fault(path, say("Save the file as CSV UTF-8.")):
            return table_from_rows(path.name, csv_rows(path, limits), wanted, header_row=source.header_row)
    faults = FaultList(path.name)
    faults.add(
        say("Files ending in {suffix} cannot be read as tables.", suffix=suffix),
        say("Save it as .xlsx or CSV UTF-8, or as GeoJSON, GeoPackage, GeoParquet or Shapefile."),
        code="unknown_format",
    )
    raise InputError(faults.faults)


def read_fields(
    located: Located, wanted: Wanted, limits: Limits, *, role: str, prefix: str = ""
) -> tuple[Table, dict[str, int], TableFaults]:
    """Return the table of a source, the columns of its fields, and all faults so far, to be extended and raised.

    A table with shapes, or with both coordinates in one column, needs no ``lon`` and ``lat``. ``role`` is that of the
    input, ``prefix`` that of the keys of its datum, see :func:`check_datum`.

    Raises
    ------
    InputError
        The source cannot be read as a table, or exceeds the limits.
    """
    table = read_table(located, wanted, limits)
    columns: dict[str, int] = {}
    faults = TableFaults(role, table, columns, wanted.given)
    check_datum(table, located.source, faults, prefix=prefix)
    placed = table.shapes is not None or any(wanted.matches(table.header, field) for field in PAIRS)
    columns |= find_columns(table, wanted, faults, unless=("lon", "lat") if placed else ())
    return table, columns, faults


def check_datum(table: Table, source: Source, faults: FaultList, *, prefix: str = "") -> None:
    """Record where the CRS of a file, or that of its source, contradicts the declared datum; and outlines in GCJ-02.

    ``prefix`` is that of the source's keys of the datum in the scenario, as in ``forbidden_datum``.
    """
    own = source.columns if isinstance(source, TableSource) else {}
    shapes = None if {"lon", "lat"} <= own.keys() else table.shapes
    stated = source.crs if isinstance(source, TableSource) else None
    crs = None if shapes is None else table.crs
    if shapes is not None and not (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).any():
        record_mislabelled(crs, shapes, faults)  # points are checked where they are read
    record_conflicts((crs, stated), source.datum, faults, accept=source.accept, shapes=shapes, prefix=prefix)
    note_outlines(table.file, table.header, source.datum, faults, prefix=prefix)


def read_by_id(
    located: Located, limits: Limits, *, role: str, cure: Message, column: str | None = None
) -> tuple[Table, list[str], dict[str, int], TableFaults]:
    """Return a source's table whose rows have ids but no coordinates, the ids, their column, and all faults so far.

    ``column`` is the header of the column of ids, if the user names it; ``cure`` says how to name it, or what to do
    instead.

    Raises
    ------
    InputError
        The source cannot be read as a table, or has no column of ids.
    """
    wanted = Wanted(("id",), ("id",), given={} if column is None else {"id": column})
    table = read_table(located, wanted, limits)
    columns: dict[str, int] = {}
    faults = TableFaults(role, table, columns, wanted.given)
    found = FaultList(table.file, sheet=table.sheet)
    columns |= find_columns(table, wanted, found)
    faults.extend([replace(fault, cure=cure) for fault in found.faults])
    faults.raise_any("refused")
    return table, unique_ids(table, columns["id"], faults), columns, faults


def column_called(table: Table, names: Sequence[str], faults: FaultList) -> int | None:
    """Return the column with one of the names, ``None`` if there is none; records a fault if there are several."""
    wanted = {normalise(name) for name in names}
    matches = [i for i, header in enumerate(table.header) if normalise(header) in wanted]
    if len(matches) > 1:
        columns = ", ".join(table.header[i] for i in matches)
        faults.add(
            say("Several columns could be {field}: {columns}.", field=names[0], columns=columns),
            say("Rename one of them."),
            row=table.header_row,
            code="ambiguous_column",
        )
    return matches[0] if matches else None


def quality_of(
    role: str,
    table: Table,
    kept: int,
    faults: FaultList,
    *,
    columns: Mapping[str, int] = MappingProxyType({}),
    hours: Collection[int] = (),
    given: Collection[str] = (),
    passed: Collection[int] = (),
    withheld: Collection[int] = (),
) -> Quality:
    """Return what happened to the records of a table, of which ``kept`` are used in the study, and to its columns.

    ``columns`` are those that were read, by field, ``hours`` those of opening hours, of which there may be several;
    ``given`` are the fields whose columns the user named. ``passed`` and ``withheld`` are those of no field that are
    copied to the outputs, or hold contacts.
    """
    rows = len(table.rows) + table.set_aside
    field_of = {**dict.fromkeys(hours, "hours"), **{index: field for field, index in columns.items()}}
    other: dict[int, Literal["passed", "withheld"]] = {
        **dict.fromkeys(passed, "passed"),
        **dict.fromkeys(withheld, "withheld"),
    }
    uses = tuple(
        ColumnUse(header, field_of.get(i, ""), other.get(i) or _why(field_of.get(i, ""), given))
        for i, header in enumerate(table.header)
        if header
    )
    return Quality(role, table.file, table.sheet, rows, kept, tuple(faults.faults), table.sha256, uses)


def _why(field: str, given: Collection[str]) -> Literal["recognised", "configured", "unused"]:
    if not field:
        return "unused"
    return "configured" if field in given else "recognised"


def note_look_alikes(
    table: Table, columns: Mapping[str, int], wanted: Wanted, faults: FaultList, *, hours: Collection[int] = ()
) -> None:
    """Record unused columns whose header shows a field that the table lacks, with the line that uses it.

    ``hours`` are the columns that are read as opening hours.
    """
    for header, field in look_alikes(table, columns, wanted, hours=hours):
        faults.add(
            say("The column {column} is not used; it may be {field}.", column=header, field=field),
            say('To use it, set `columns = {{ {field} = "{column}" }}`.', field=field, column=header),
            row=table.header_row,
            code="unused_column",
            action="kept",
        )


def look_alikes(
    table: Table, columns: Mapping[str, int], wanted: Wanted, *, hours: Collection[int] = ()
) -> list[tuple[str, str]]:
    """Return the headers of unused columns that show a field that the table lacks, with this field."""
    used = {*columns.values(), *hours}
    found = {*columns, *(("hours", "opens", "closes") if hours else ())}
    placed = table.shapes is not None or any(field in columns for field in PAIRS)
    missing = [name for name in wanted.fields if name not in found]
    unused = [header for i, header in enumerate(table.header) if header and i not in used]
    shown = [(header, look_alike(header, missing, placed=placed)) for header in unused]
    return [(header, field) for header, field in shown if field]
