"""Tables in JSON: GeoJSON, and the answers of map services (Amap, Baidu, Tianditu) as they were saved."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, cast

import numpy as np
import shapely
from shapely.errors import ShapelyError

from stationplan.domain import ObjectArray
from stationplan.errors import FaultList, InputError, Message, say
from stationplan.inputs.limits import refuse_above, refuse_large
from stationplan.inputs.tables.records import crs_name, feature_table
from stationplan.inputs.tables.table import Table
from stationplan.inputs.tables.textfile import read_text
from stationplan.scenario import Limits

_BLOCK = 1 << 20
_FOUR_BYTES = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")
"""The first bytes of characters for which Python holds a text with four bytes a character."""

_ANSWERS = ("pois", "results", "geocodes", "tips")
"""Keys under which map services list the places that they found."""


def read_json(path: Path, limits: Limits) -> Table:
    """Return a table of a JSON file; the first record is row 2, as if below a header.

    It is GeoJSON, or one answer of a map service, or a list of answers or of plain records.

    Raises
    ------
    InputError
        The file is too large, not JSON, or of another form, such as TopoJSON, which is named with the fix.
    """
    faults = FaultList(path.name)
    cure = say("Save it again as GeoJSON.")
    refuse_large(path, limits)
    refuse_above(-(-_memory_of(path) // 1_000_000), "unpacked_mb", limits, faults)
    try:
        document = json.loads(read_text(path, limits))
    except json.JSONDecodeError as error:
        faults.add(say("This is not valid JSON."), cure, row=error.lineno, code="unreadable")
        raise InputError(faults.faults) from None
    except RecursionError:
        _refuse(faults, say("The file is not GeoJSON."), cure)
    _refuse_other_forms(document, faults)
    records = _records(document, faults)
    if records is not None:
        return _plain_table(path.name, records, limits, faults)
    try:
        return _features(path.name, document, limits, faults)
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError, ShapelyError):
        _refuse(faults, say("The file is not GeoJSON."), cure)


def _memory_of(path: Path) -> int:
    """Return about how many bytes a JSON document takes once it is read: its text, lists, objects and values."""
    size = opened = named = values = 0
    width = 1
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            opened, named = opened + block.count(b"["), named + block.count(b"{")
            values += block.count(b",")
            if not block.isascii():
                width = 4 if width == 4 or any(block.count(lead) for lead in _FOUR_BYTES) else 2
    return width * size + 72 * opened + 240 * named + 32 * values


def _refuse(faults: FaultList, what: Message, cure: Message) -> NoReturn:
    faults.add(what, cure, code="unreadable")
    raise InputError(faults.faults)


def _refuse_other_forms(document: object, faults: FaultList) -> None:
    """Refuse documents that are maps in another form of JSON, and answers that report an error."""
    if not isinstance(document, dict):
        return
    if document.get("type") == "Topology" and "arcs" in document:
        _refuse(faults, say("This is TopoJSON, not GeoJSON."), say("Convert it to GeoJSON, for example with QGIS."))
    features = document.get("features")
    first = features[0] if isinstance(features, list) and features else None
    if "type" not in document and isinstance(first, dict) and "attributes" in first:
        _refuse(faults, say("This is Esri JSON, not GeoJSON."), say("Export it as GeoJSON, or convert it with QGIS."))
    failed = "status" in document and str(document.get("info", document.get("message", "OK"))).upper() != "OK"
    if failed and not any(document.get(key) for key in _ANSWERS):
        info = str(document.get("info", document.get("message")))[:100]
        _refuse(
            faults,
            say("The answer of the map service is an error: {info}.", info=info),
            say("Repeat the query, and save an answer that lists places."),
        )


def _records(document: object, faults: FaultList) -> list[Mapping[str, object]] | None:
    """Return the places of answers of a map service, or plain records; ``None`` for anything else, such as GeoJSON."""
    if isinstance(document, dict):
        for key in _ANSWERS:
            if "type" not in document and isinstance(document.get(key), list):
                document = document[key]
                break
        else:
            return None
    elif isinstance(document, list) and document and all(isinstance(item, dict) for item in document):
        answers = [next((item[key] for key in _ANSWERS if isinstance(item.get(key), list)), None) for item in document]
        if all(answer is not None for answer in answers):
            document = [record for answer in answers for record in cast("list[object]", answer)]
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        return None
    if any(item.get("type") == "Feature" for item in document):
        return None
    if not document:
        faults.add(say("The file contains no features."), say("Provide at least one feature."), code="empty")
        faults.raise_any()
    return document


def _plain_table(file: str, records: Sequence[Mapping[str, object]], limits: Limits, faults: FaultList) -> Table:
    refuse_above(len(records), "rows", limits, faults)
    names = list(dict.fromkeys(name for record in records for name in record))
    refuse_above(len(names), "columns", limits, faults)
    columns = [[_value(record.get(name)) for record in records] for name in names]
    return feature_table(file, names, columns, None, None)


def _value(value: object) -> object:
    """Return a value of an answer: empty lists stand for empty text, and a location by parts becomes a pair."""
    if value in ([], {}):
        return None
    if isinstance(value, dict) and {"lng", "lat"} == value.keys():
        return f"{value['lng']},{value['lat']}"
    return value


def _features(file: str, document: dict[str, object], limits: Limits, faults: FaultList) -> Table:
    features = document["features"] if document["type"] == "FeatureCollection" else [document]
    if not isinstance(features, list):
        raise TypeError("features")
    refuse_above(len(features), "rows", limits, faults)
    rows = [feature["properties"] or {} for feature in features]
    if not all(isinstance(row, dict) for row in rows):
        first = next(i for i, row in enumerate(rows) if not isinstance(row, dict))
        faults.add(
            say("The properties of the feature are not an object."),
            say("Write them as names and values."),
            row=first + 2,
            code="unreadable",
        )
        faults.raise_any()
    names = list(dict.fromkeys(name for row in rows for name in row))
    geometries = [feature["geometry"] for feature in features]
    shapes: ObjectArray = np.empty(len(features), dtype=object)
    shapes[:] = [None if shape is None else shapely.geometry.shape(shape) for shape in geometries]
    crs = document.get("crs") or {}
    declared = str(cast("dict[str, dict[str, object]]", crs).get("properties", {}).get("name", ""))
    refuse_above(int(shapely.get_num_coordinates(shapes).sum()), "vertices", limits, faults)
    if not features:
        faults.add(say("The file contains no features."), say("Provide at least one feature."), code="empty")
    faults.raise_any()
    columns = [[row.get(name) for row in rows] for name in names]
    return feature_table(file, names, columns, shapes, crs_name(declared) if declared else None)
