"""Content digests of records: equal records have equal digests in every process and on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import numpy as np
import shapely
from geopandas import GeoDataFrame
from pydantic import BaseModel


def digest_of(value: object) -> str:
    """Return the SHA-256 of a record with everything that it contains.

    Raises
    ------
    TypeError
        The record contains a value of an unsupported type.

    >>> digest_of({"a": np.arange(3), "b": (1, None)}) == digest_of({"b": (1, None), "a": np.array([0, 1, 2])})
    True
    >>> digest_of([1.0]) == digest_of([1])
    False
    """
    whole = hashlib.sha256()
    for piece in _pieces(value):
        # Lengths separate the pieces: "ab", "c" differs from "a", "bc".
        whole.update(len(piece).to_bytes(8, "little"))
        whole.update(piece)
    return whole.hexdigest()


def _pieces(value: object) -> Iterator[bytes]:
    """Yield the type of a value, then its parts, as bytes."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        yield f"shapes {value.shape}".encode()
        yield from shapely.to_wkb(value.ravel())
    elif isinstance(value, np.ndarray):
        yield f"array {value.dtype.str} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, GeoDataFrame):
        yield f"table {value.crs.to_string()} {list(value.columns)}".encode()
        for name in value.columns:
            column = value[name]
            yield from _pieces(column.to_numpy() if name == value.geometry.name else column.tolist())
    elif isinstance(value, BaseModel):
        yield type(value).__name__.encode()
        yield value.model_dump_json().encode()
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__.encode()
        for item in fields(value):
            yield item.name.encode()
            yield from _pieces(getattr(value, item.name))
    elif isinstance(value, Mapping):
        yield f"mapping {len(value)}".encode()
        for key in sorted(value):
            yield from _pieces(key)
            yield from _pieces(value[key])
    elif isinstance(value, tuple | list):
        yield f"list {len(value)}".encode()
        for item in value:
            yield from _pieces(item)
    elif value is None or isinstance(value, str | int | float | np.generic):
        yield f"{type(value).__name__} {value!r}".encode("utf-8", "backslashreplace")
    else:
        raise TypeError(f"no content is known of {type(value).__name__}")
