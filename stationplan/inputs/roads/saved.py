"""Saved roads: pieces of road in one binary file that loads in seconds.

The file is a zip archive of NumPy arrays (``.npy``, no pickled objects) and one JSON document. It contains the content
of the source: coordinates, lengths, the tags that some travel mode needs, and their keys. Speeds and rules are set in
the scenario, so one file serves every study of the area. The same roads give the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from stationplan.domain import FERRY, MODES, Mode
from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import refuse_above, refuse_large, refuse_zip_bomb
from stationplan.inputs.roads.bends import SHORT_BY_M
from stationplan.inputs.roads.ferries import FERRY_KMH
from stationplan.inputs.roads.notes import DrawnRoads
from stationplan.inputs.roads.pieces import RoadPieces, geodesic_m, refuse_lengths, refuse_no_roads
from stationplan.inputs.roads.rules import is_road
from stationplan.scenario import Limits
from stationplan.storage.files import write_whole

_FORMAT = "stationplan roads"
_VERSION = 3
_KEYS_OF_VERSION_1 = (
    *("highway", "access", "vehicle", "motor_vehicle", "motorcar", "bicycle", "foot", "motorroad", "junction"),
    *("oneway", "oneway:bicycle", "oneway:foot", "cycleway", "cycleway:left", "cycleway:right", "maxspeed"),
)
"""The tags kept in files of version 1, which do not list them."""

_ABOUT = "about.json"
_ARRAYS = {"lon": "<f8", "lat": "<f8", "tail": "<i4", "head": "<i4", "length_m": "<f8", "kind": "<i4"}
_ABOUT_LIMIT = 64_000_000
"""Largest size (bytes) of the JSON document: far more than the road kinds of a country need."""

_MOST, _FASTEST_KMH = 1e12, 1000.0
"""Above every count and every speed of a ferry that was saved."""

_LEVEL = 1
"""Compression level: it reduces the size to a third, and reading a city takes a third of a second longer."""

_WRONG = (LookupError, AttributeError, TypeError, ValueError, RuntimeError)
"""Exceptions of Python for content of a wrong type, and of zipfile for content that it cannot unpack."""

_COUNTS = ("cut_nodes", "short_edges", "not_lines", "untimed_ferries")


def write_roads(pieces: RoadPieces, path: Path) -> None:
    """Write roads to a file, completely or not at all."""
    counts = {name: getattr(pieces, name) for name in _COUNTS}
    about = {
        "format": _FORMAT,
        "version": _VERSION,
        "source": pieces.source,
        "date": pieces.date,
        "counts": counts,
        "drawn": asdict(pieces.drawn),
        "other_classes": dict(pieces.other_classes),
        "tag_keys": list(pieces.tag_keys),
        "kinds": [dict(tags) for tags in pieces.kinds],
    }
    with write_whole(path) as draft, zipfile.ZipFile(draft, "w") as archive:
        _add(archive, _ABOUT, json.dumps(about, ensure_ascii=False).encode("utf-8", "replace"))
        for name, kind in _ARRAYS.items():
            stream = io.BytesIO()
            npy.write_array(stream, np.ascontiguousarray(getattr(pieces, name), dtype=kind), allow_pickle=False)
            _add(archive, f"{name}.npy", stream.getvalue())


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a member with the earliest time that zip supports, so that the bytes depend only on the content."""
    archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)


def refuse_lacking_tags(pieces: RoadPieces, modes: Sequence[Mode], *, file: str) -> None:
    """Check that the tags needed by some travel modes were kept when the roads were saved.

    Without its tag, a road that is closed to a mode would be treated as open without any warning.

    Raises
    ------
    InputError
        The roads were saved by a version that did not yet know one of the modes.
    """
    faults = FaultList(file)
    for mode in modes:
        lacking = [key for key in MODES[mode].tag_keys if key not in pieces.tag_keys]
        if lacking:
            faults.add(
                say(
                    "These roads were saved without tags that determine where the travel mode {mode} is allowed: "
                    "{keys}.",
                    mode=mode,
                    keys=", ".join(lacking),
                ),
                say("Save them again from their source: stationplan roads SOURCE --out {file} --overwrite.", file=file),
                code="tags",
            )
    faults.raise_any()


def read_saved_roads(path: Path, limits: Limits) -> RoadPieces:
    """Return roads as they were saved.

    Raises
    ------
    InputError
        The file is too large, damaged, of another version, or not a file of saved roads.
    """
    refuse_large(path, limits, cap="extract_mb")
    refuse_zip_bomb(path, limits)
    faults = FaultList(path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            about = _read_about(archive)
            if about.get("format") == _FORMAT and about.get("version") not in range(1, _VERSION + 1):
                faults.add(
                    say("These saved roads have format version {found}.", found=repr(about.get("version"))),
                    say(
                        "This program reads versions up to {known}: save them again from their source.", known=_VERSION
                    ),
                    code="version",
                )
                faults.raise_any()
            arrays = {name: _read_array(archive, name, kind) for name, kind in _ARRAYS.items()}
        refuse_above(len(arrays["lon"]), "vertices", limits, faults)
        refuse_no_roads(path.name, len(arrays["tail"]))
        return _pieces(about, arrays)
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, *_WRONG) as error:
        faults.add(
            say("The file was not saved by `stationplan roads`: {error}.", error=error),
            say("Save them again from their source."),
            code="unreadable",
        )
        raise InputError(faults.faults) from None


def _read_about(archive: zipfile.ZipFile) -> dict[str, object]:
    if archive.getinfo(_ABOUT).file_size > _ABOUT_LIMIT:
        raise ValueError(f"{_ABOUT} is too large")
    about = json.loads(archive.read(_ABOUT))
    if not isinstance(about, dict) or about.get("format") != _FORMAT:
        raise ValueError(f"{_ABOUT} is of another format")
    return about


def _read_array(archive: zipfile.ZipFile, name: str, kind: str) -> NDArray[np.generic]:
    """Return a member array, after checking that its size matches its header, before memory is allocated for it."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as stream:
        if npy.read_magic(stream) != (1, 0):
            raise ValueError(f"{name} has another header")
        shape, _, dtype = npy.read_array_header_1_0(stream)
        if len(shape) != 1 or dtype != np.dtype(kind) or stream.tell() + shape[0] * dtype.itemsize != info.file_size:
            raise ValueError(f"{name} is not what its header says")
        return np.frombuffer(stream.read(), dtype=dtype)


def _pieces(about: dict[str, object], arrays: dict[str, NDArray[np.generic]]) -> RoadPieces:
    """Return the record after checking its content; raises ``ValueError`` or one of ``_WRONG`` if it is invalid."""
    lon, lat, length_m = (arrays[name].astype(np.float64, copy=False) for name in ("lon", "lat", "length_m"))
    tail, head, kind = (arrays[name].astype(np.int32, copy=False) for name in ("tail", "head", "kind"))
    kinds, other = cast("list[dict[str, str]]", about["kinds"]), cast("dict[str, int]", about["other_classes"])
    counts = cast("dict[str, int]", about["counts"])
    source, date = cast("str", about["source"]), cast("str", about["date"])
    keys = cast("list[str]", _KEYS_OF_VERSION_1 if about["version"] == 1 else about["tag_keys"])
    within = [(lon, 180.0), (lat, 90.0)]
    sound = (
        len(lon) == len(lat)
        and len(tail) == len(head) == len(length_m) == len(kind)
        and all(bool((np.abs(values) <= limit).all()) for values, limit in within)
        and bool(((length_m >= 0) & np.isfinite(length_m)).all())
        and all(
            bool(((numbers >= 0) & (numbers < below)).all())
            for numbers, below in ((tail, len(lon)), (head, len(lon)), (kind, len(kinds)))
        )
        and all(isinstance(key, str) for key in keys)
        and all(_is_tags(tags, keys) for tags in kinds)
        and all(type(count) is int and count >= 0 for count in (*counts.values(), *other.values()))
        and isinstance(source, str)
        and isinstance(date, str)
    )
    if not sound:
        raise ValueError("its arrays or words do not fit together")
    refuse_lengths(length_m)
    short = int((length_m < geodesic_m(lon, lat, tail, head) - SHORT_BY_M).sum())
    return RoadPieces(
        lon=lon,
        lat=lat,
        tail=tail,
        head=head,
        length_m=length_m,
        kind=kind,
        kinds=tuple(kinds),
        source=source,
        date=date,
        cut_nodes=counts["cut_nodes"],
        short_edges=max(counts["short_edges"], short),
        not_lines=counts["not_lines"],
        untimed_ferries=counts.get("untimed_ferries", 0),
        drawn=_drawn(about.get("drawn", {})),
        other_classes=other,
        tag_keys=tuple(keys),
    )


def _drawn(stored: object) -> DrawnRoads:
    """Return how a file of lines was read, as stored; raises one of ``_WRONG`` if it is invalid."""
    given = cast("dict[str, object]", stored)
    plain = DrawnRoads()
    for item in fields(DrawnRoads):
        default = getattr(plain, item.name)
        value = given.get(item.name, default)
        counts = value.values() if isinstance(value, dict) else [] if isinstance(value, str) else [value]
        if type(value) is not type(default) or not all(_is_count(count) for count in counts):
            raise ValueError(f"{item.name} is not what it should be")
    if plain.default_class != (highway := given.get("default_class", "")) and not is_road(str(highway)):
        raise ValueError(f"the class {highway!r} is not known")
    return DrawnRoads(**given)  # type: ignore[arg-type]


def _is_count(value: object) -> bool:
    return type(value) in {int, float} and 0 <= cast("float", value) < _MOST


def _is_tags(tags: Mapping[str, str], keys: Sequence[str]) -> bool:
    known = is_road(tags["highway"]) or (tags["highway"] == FERRY and 0 < float(tags[FERRY_KMH]) < _FASTEST_KMH)
    return known and all(key in keys and isinstance(tags[key], str) for key in tags)
