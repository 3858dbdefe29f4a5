"""Columns of values and shapes, as libraries return them, as tables of text."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from stationplan.domain import ObjectArray
from stationplan.inputs.tables.table import Table, cleaned

_EXACT = 2**53


def feature_table(
    file: str, names: Sequence[str], columns: Sequence[Sequence[object]], shapes: ObjectArray | None, crs: str | None
) -> Table:
    """Return columns of values, and shapes, as a table of text.

    >>> feature_table("f.gpkg", ["n"], [[1.0, None]], None, None).rows
    (('1',), ('',))
    """
    count = len(shapes) if shapes is not None else max(map(len, columns), default=0)
    texts = [[as_text(value) for value in column] for column in columns]
    rows = tuple(zip(*texts, strict=True)) if texts else ((),) * count
    return cleaned(Table(file, tuple(names), rows, tuple(range(2, count + 2)), shapes=shapes, crs=crs))


def as_text(value: object) -> str:
    """Return a value as text, as in a CSV file; a whole number stored as 510100.0 becomes 510100."""
    if isinstance(value, float | np.floating):
        number = float(value)
        if math.isnan(number):
            return ""
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, np.datetime64) and np.isnat(value):
        return ""
    return str(value).strip()


def crs_name(declared: str) -> str | None:
    """Return a declared CRS as ``EPSG:4326`` or WKT; ``None`` for one that is unknown or for local use only."""
    try:
        crs = CRS.from_user_input(declared)
    except (CRSError, UnicodeError):
        return None
    if not (crs.is_geographic or crs.is_projected):
        return None
    return str(crs.to_string())
