"""Records in one file: frozen dataclasses of numbers, texts and arrays, written without pickle and read by their types.

The file is a zip of ``record.json``, the fields, and ``arrays.xz``, the concatenated bytes of all arrays. The values
read back have exactly the types that the dataclasses declare, or the file is rejected.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import math
import types
import zipfile
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse

from stationplan.domain import StudyArea
from stationplan.errors import FaultList, InputError, Message, say

_Kind = TypeVar("_Kind")

_FIELDS, _ARRAYS = "record.json", "arrays.xz"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MB = 1 << 20
_LARGEST_FIELDS, _LARGEST_ARRAYS = 256 * _MB, 4096 * _MB
"""Largest unpacked size of fields and arrays (bytes), so that a malicious file cannot exhaust the memory."""


@dataclass
class _Arrays:
    """The concatenated bytes of arrays, and the data type, shape and offset of each."""

    blob: io.BytesIO = field(default_factory=io.BytesIO)
    index: list[dict[str, object]] = field(default_factory=list)

    def add(self, array: NDArray[Any]) -> int:
        """Append an array and return its number.

        The order of its axes in memory is kept as well: sums of floats depend on it in the last digit.
        """
        axes = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
        plain = np.ascontiguousarray(array.transpose(axes))
        self.index.append({"dtype": plain.dtype.str, "shape": plain.shape, "axes": axes, "at": self.blob.tell()})
        self.blob.write(plain.tobytes())
        return len(self.index) - 1


def packed(record: object, *, kind: str, version: int) -> bytes:
    """Return a record as the bytes of a file; equal records give equal bytes.

    ``kind`` and ``version`` identify the content of the file for its reader.

    Raises
    ------
    TypeError
        The record contains values other than dataclasses, numbers, texts, arrays, geometries and sparse matrices.
    """
    arrays = _Arrays()
    tree = _plain(record, arrays)
    blob = lzma.compress(arrays.blob.getvalue(), preset=1)
    content = {"arrays": arrays.index, "record": tree}
    head = {"kind": kind, "version": version, "sha256": _digest(content, blob), **content}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        archive.writestr(zipfile.ZipInfo(_FIELDS, _EPOCH), text, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo(_ARRAYS, _EPOCH), blob)
    return buffer.getvalue()


def unpacked(path: Path, kind: type[_Kind], *, name: str, version: int) -> _Kind:
    """Return the record in a file that :func:`packed` made.

    Raises
    ------
    InputError
        The file is of another kind or version, is damaged, or its content does not match the declared types.
    """
    faults = FaultList(str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(_FIELDS).file_size > _LARGEST_FIELDS:
                raise ValueError(f"{_FIELDS} is too large")
            head = json.loads(archive.read(_FIELDS).decode("utf-8", "surrogatepass"))
            if head["kind"] != name or head["version"] != version:
                faults.add(
                    say(
                        "This is {found} of version {is_version}, not {wanted} of version {version}.",
                        found=str(head["kind"]),
                        is_version=str(head["version"]),
                        wanted=name,
                        version=version,
                    ),
                    say("Create it again with this version: `stationplan run` on its scenario."),
                )
                faults.raise_any()
            stored = archive.read(_ARRAYS)
        if head["sha256"] != _digest({"arrays": head["arrays"], "record": head["record"]}, stored):
            raise ValueError("its content was changed after it was written")
        blob = _expanded(stored)
        arrays = [_array(entry, blob) for entry in head["arrays"]]
        return cast("_Kind", _typed(kind, head["record"], arrays))
    except (InputError, FileNotFoundError):
        raise
    except Exception as error:  # whatever the libraries raise on bytes that they do not expect
        faults.add(
            say("This file is damaged: {error}.", error=error),
            say("Create it again with this version: `stationplan run` on its scenario."),
            code="unreadable",
        )
        raise InputError(faults.faults) from None


def _digest(content: Mapping[str, object], blob: bytes) -> str:
    """Return the SHA-256 of a record's values and arrays, by which edited files are known."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass") + blob).hexdigest()


def _expanded(data: bytes) -> bytes:
    reader = lzma.LZMADecompressor()
    blob = reader.decompress(data, max_length=_LARGEST_ARRAYS)
    if not reader.eof:
        raise ValueError(f"{_ARRAYS} is cut short or too large")
    return blob


def _array(entry: Mapping[str, Any], blob: bytes) -> NDArray[Any]:
    dtype, shape = np.dtype(entry["dtype"]), tuple(entry["shape"])
    if dtype.hasobject:
        raise ValueError("an array of objects")
    plain = np.frombuffer(blob, dtype=dtype, count=math.prod(shape), offset=entry["at"]).reshape(shape)
    # A copy, since numpy sums unaligned floats in a different order.
    return plain.copy().transpose(np.argsort(entry["axes"]))


def _plain(value: object, arrays: _Arrays) -> object:
    """Return a value as a JSON value, with arrays by their number."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            shapes = shapely.to_wkb(value)
            sizes = np.array([len(shape) for shape in shapes], dtype=np.int64)
            return [arrays.add(sizes), arrays.add(np.frombuffer(b"".join(shapes), dtype=np.uint8))]
        return arrays.add(value)
    if isinstance(value, sparse.csr_array):
        parts = (value.data, value.indices.astype(np.int32), value.indptr.astype(np.int64))
        return [*(arrays.add(part) for part in parts), list(value.shape)]
    if isinstance(value, Message):
        return {"template": value.template, "values": {key: _said(item) for key, item in value.values.items()}}
    if isinstance(value, StudyArea):
        table = value.districts
        texts = {name: [str(text) for text in table[name]] for name in table.columns if name != table.geometry.name}
        return {"columns": texts, "shapes": _plain(table.geometry.to_numpy(), arrays), "crs": value.crs}
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name), arrays) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item, arrays) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item, arrays) for item in value]
    raise TypeError(f"a {type(value).__name__} cannot be kept in a file")


def _said(value: object) -> object:
    """Return a value of a message for JSON: a message, a number, or otherwise the text that would be shown for it."""
    if isinstance(value, Message):
        return {"template": value.template, "values": {key: _said(item) for key, item in value.values.items()}}
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, bool | int | float | str) else str(value)


def _heard(value: object) -> object:
    if isinstance(value, dict):
        values = {key: _heard(item) for key, item in value["values"].items()}
        return Message(value["template"], types.MappingProxyType(values))
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(hint: Any, value: Any, arrays: list[NDArray[Any]]) -> object:  # noqa: ANN401 - any JSON value
    """Return a JSON value converted to the type of a type hint."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = [option for option in get_args(hint) if option is not type(None)]
        return None if value is None else _typed(inner[0], value, arrays)
    if origin is np.ndarray or hint is np.ndarray:
        if isinstance(value, list):
            return _shapes(arrays[value[0]], arrays[value[1]])
        return arrays[value]
    if hint is sparse.csr_array:
        data, indices, indptr = (arrays[number] for number in value[:3])
        return sparse.csr_array((data, indices, indptr), shape=tuple(value[3]))
    if origin is tuple:
        of = get_args(hint)
        if len(of) == 2 and of[1] is Ellipsis:
            return tuple(_typed(of[0], item, arrays) for item in value)
        return tuple(_typed(kind, item, arrays) for kind, item in zip(of, value, strict=True))
    if origin is not None and issubclass(origin, Mapping) if isinstance(origin, type) else False:
        return {key: _typed(get_args(hint)[1], item, arrays) for key, item in value.items()}
    if origin is Literal:
        if value not in get_args(hint):
            raise ValueError(f"{value!r} is none of {get_args(hint)}")
        return value
    if hint is Message:
        return _heard(value)
    if hint is StudyArea:
        return _area(value, arrays)
    if is_dataclass(hint):
        known = _hints(cast("type", hint))
        needed = {item.name for item in fields(hint) if item.default is MISSING and item.default_factory is MISSING}
        if not needed <= value.keys() <= known.keys():
            raise ValueError(
                f"{getattr(hint, '__name__', hint)} has other fields: {sorted(value.keys() ^ known.keys())}"
            )
        return cast("type", hint)(**{name: _typed(known[name], item, arrays) for name, item in value.items()})
    if hint is float and type(value) is int:
        return float(value)
    if not isinstance(hint, type) or type(value) is not hint:
        raise ValueError(f"{value!r} is no {getattr(hint, '__name__', hint)}")
    return value


def _shapes(sizes: NDArray[np.int64], blob: NDArray[np.uint8]) -> NDArray[np.object_]:
    ends = np.cumsum(sizes)
    raw = blob.tobytes()
    parts = [raw[end - size : end] for size, end in zip(sizes.tolist(), ends.tolist(), strict=True)]
    return np.asarray(shapely.from_wkb(np.array(parts, dtype=object)), dtype=object)


def _area(value: Mapping[str, Any], arrays: list[NDArray[Any]]) -> StudyArea:
    from geopandas import GeoDataFrame  # noqa: PLC0415 - slow to import, and other records do not need it

    shapes = _shapes(*(arrays[number] for number in value["shapes"]))
    return StudyArea(GeoDataFrame(value["columns"], geometry=shapes, crs=value["crs"]))
