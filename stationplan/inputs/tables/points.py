"""Coordinates of the rows of a table, from its columns or its shapes, and their faults."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from pyproj import CRS, Transformer

from stationplan.domain import BoolArray, FloatArray
from stationplan.errors import FaultList, say
from stationplan.geo import metres_apart, turned_by_proj, unproject
from stationplan.inputs.tables.degrees import Axis, angle_of, pair_of
from stationplan.inputs.tables.table import PAIRS, Table
from stationplan.inputs.tables.values import numbers, plain_numbers

_FAR_TIMES = 20.0
_FAR_M = 100_000.0
"""A point is far from the others at 20 times their median distance from the median position, and at least 100 km."""

_WITH_ZONE_M = 10_000_000.0
"""Eastings in China have six digits, or eight if preceded by the number of their zone."""


def coordinates(
    table: Table,
    columns: Mapping[str, int],
    faults: FaultList,
    *,
    crs: str | None,
    inside: bool,
    named: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes in degrees of the table's datum, NaN where a row has none.

    Shapes take precedence over columns, unless the columns were ``named`` by the user. ``crs`` is that of eastings and
    northings, if the coordinates are projected; if it is not given, the CRS of the shapes is used. A shape that is not
    a point is replaced with a point inside it; with ``inside`` false, with its centroid, and nothing is recorded.
    """
    lon, lat = _in_degrees(table, columns, faults, crs=crs, inside=inside, named=named)
    placed = np.isfinite(lon) & np.isfinite(lat)
    told = faults.rows("set_aside")
    if not any(fault.action == "refused" for fault in faults.faults):
        for i in np.flatnonzero(~placed).tolist():
            if table.row_number[i] not in told:
                faults.add(
                    say("The row has no location: a coordinate is not a finite number."),
                    say("Correct its coordinates."),
                    row=table.row_number[i],
                    code="not_a_number",
                    action="set_aside",
                )
    return np.where(placed, lon, np.nan), np.where(placed, lat, np.nan)


def _in_degrees(
    table: Table, columns: Mapping[str, int], faults: FaultList, *, crs: str | None, inside: bool, named: bool
) -> tuple[FloatArray, FloatArray]:
    if table.shapes is not None and not (named and {"lon", "lat"} <= columns.keys()):
        x, y = _of_shapes(table, faults, inside=inside)
        crs = crs or table.crs
    elif {"lon", "lat"} <= columns.keys():
        if crs is not None and CRS.from_user_input(crs).is_projected:
            x, y = (numbers(table, columns[field], faults, unit="length") for field in ("lon", "lat"))
        else:
            x, y = _of_angles(table, columns["lon"], "lon", faults), _of_angles(table, columns["lat"], "lat", faults)
    elif any(field in columns for field in PAIRS):
        x, y = _of_pairs(table, columns, faults)
    else:
        return np.full(len(table.rows), np.nan), np.full(len(table.rows), np.nan)
    if crs is None or not turned_by_proj(crs):
        return _degrees(table, x, y, faults)
    if CRS.from_user_input(crs).is_projected:
        return _from_projected(table, x, y, crs, faults)
    lon, lat = _degrees(table, x, y, faults)
    return unproject(lon, lat, crs)


def _of_shapes(table: Table, faults: FaultList, *, inside: bool) -> tuple[FloatArray, FloatArray]:
    assert table.shapes is not None
    shapes = table.shapes
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    drawn = ~empty & (shapely.get_type_id(shapes) != 0)
    for i in np.flatnonzero(empty):
        faults.add(
            say("The row has no geometry."),
            say("Add its point, or remove the row."),
            row=table.row_number[i],
            code="empty",
            action="set_aside",
        )
    points = shapes.copy()
    points[empty] = None
    points[drawn] = shapely.point_on_surface(shapes[drawn]) if inside else shapely.centroid(shapes[drawn])
    points[shapely.is_empty(points)] = None  # no point is inside a shape with a vertex that is not a number
    for i in np.flatnonzero(drawn) if inside else ():
        faults.add(
            say("The geometry is a {kind}, not a point; a point inside it is used.", kind=shapes[i].geom_type),
            say("Check the location, or provide points."),
            row=table.row_number[i],
            code="not_a_point",
            action="repaired",
        )
    return shapely.get_x(points), shapely.get_y(points)


def _of_angles(table: Table, column: int, axis: Axis, faults: FaultList) -> FloatArray:
    """Return a column of longitudes or latitudes; a text that states the other axis, or is no angle, is a fault."""
    texts, name = table.column(column), table.header[column]
    values, left = plain_numbers(texts, None, -np.inf, np.inf)
    for i in left:
        text = texts[i]
        found = angle_of(text)
        if found is not None and found.axis in {axis, ""} and np.isfinite(found.degrees):
            values[i] = found.degrees
            continue
        what, code = say("{column} is {found}, not a finite number.", column=name, found=repr(text)), "not_a_number"
        cure = say("Enter degrees: 104.0657, 104°03′57″ or 104 03 57.")
        if not text:
            what, code = say("{column} is empty.", column=name), "empty"
            cure = say("Enter a number in every row.")
        elif found is not None and np.isfinite(found.degrees):
            what, code = (
                say("{column} is {found}, which states the other axis.", column=name, found=repr(text)),
                "swapped",
            )
            cure = say("Exchange longitude and latitude of the row.")
        faults.add(what, cure, row=table.row_number[i], code=code, action="set_aside")
    return values


_CHINA_LON, _CHINA_LAT = (73.0, 136.0), (3.0, 54.0)
"""Ranges of longitude and latitude in China. They are disjoint, so they show which of two numbers is which."""


def _of_pairs(table: Table, columns: Mapping[str, int], faults: FaultList) -> tuple[FloatArray, FloatArray]:
    """Return eastings and northings, or longitudes and latitudes, of a column that holds both.

    A text that states the order (hemispheres, WKT) decides for itself; the others have the order of the header, or the
    one that all of their values have in China. Values that contradict a header are refused.
    """
    field = next(field for field in PAIRS if field in columns)
    column = columns[field]
    name = table.header[column]
    first, second = np.full(len(table.rows), np.nan), np.full(len(table.rows), np.nan)
    stated = np.zeros(len(table.rows), dtype=bool)
    for i, text in enumerate(table.column(column)):
        pair = pair_of(text)
        if pair is not None and np.isfinite(pair.first) and np.isfinite(pair.second):
            stated[i] = pair.lat_first is not None
            first[i], second[i] = (pair.second, pair.first) if pair.lat_first else (pair.first, pair.second)
        else:
            faults.add(
                say("{column} is {found}, not two numbers.", column=name, found=repr(text)),
                say("Enter longitude, comma, latitude: 104.0657,30.6595."),
                row=table.row_number[i],
                code="not_a_number",
                action="set_aside",
            )
    free = ~stated & ~np.isnan(first)
    lon_first, lat_first = _in_china(first, second) & free, _in_china(second, first) & free
    wrong = lat_first if field == "lonlat" else lon_first
    decided = bool(free.any()) and bool(wrong.sum() == free.sum())
    if wrong.any() and not decided:
        faults.add(
            say(
                "{column} has longitude first in {lon_first} rows and latitude first in {lat_first}.",
                column=name,
                lon_first=int(lon_first.sum()),
                lat_first=int(lat_first.sum()),
            ),
            say(
                'Write all rows in one order: longitude first (`columns = {{ lonlat = "{column}" }}`), or latitude '
                'first (`columns = {{ latlon = "{column}" }}`).',
                column=name,
            ),
            row=table.header_row,
            code="swapped",
        )
    if decided:
        faults.add(
            say("{column} has latitude first in every row, and was read so.", column=name)
            if field == "lonlat"
            else say("{column} has longitude first in every row, and was read so.", column=name),
            say(
                'State the order: `columns = {{ {field} = "{column}" }}`.', field=PAIRS[field == "lonlat"], column=name
            ),
            row=table.header_row,
            code="pair_order",
            action="kept",
        )
    turned = free & (decided != (field == "latlon"))
    return np.where(turned, second, first), np.where(turned, first, second)


def _in_china(lon: FloatArray, lat: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore"):
        fits = (lon >= _CHINA_LON[0]) & (lon <= _CHINA_LON[1]) & (lat >= _CHINA_LAT[0]) & (lat <= _CHINA_LAT[1])
    return np.asarray(fits, dtype=bool)


def _from_projected(
    table: Table, x: FloatArray, y: FloatArray, crs: str, faults: FaultList
) -> tuple[FloatArray, FloatArray]:
    """Return degrees of eastings and northings, after checking that the values are plausible."""
    nothing = np.full(len(x), np.nan)
    known = ~np.isnan(x) & ~np.isnan(y)
    if known.any() and (np.abs(x[known]) <= 180).all() and (np.abs(y[known]) <= 90).all():
        faults.add(
            say("The coordinates are labelled as {crs}, a CRS in metres, but the values are degrees.", crs=_short(crs)),
            say("Correct the CRS of the file; longitude and latitude are EPSG:4326."),
            row=table.header_row,
            code="degrees_in_metric_crs",
        )
        return nothing, nothing
    bounds = CRS.from_user_input(crs).area_of_use
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = (np.asarray(values, dtype=np.float64) for values in to_degrees.transform(x, y))
    if bounds is not None:

        def outside(lon: FloatArray, lat: FloatArray) -> BoolArray:
            room = 3.0
            fits = (lon >= bounds.west - room) & (lon <= bounds.east + room)
            fits &= (lat >= bounds.south - room) & (lat <= bounds.north + room)
            return known & ~fits

        far = outside(lon, lat)
        if far.any() and far.sum() == known.sum() and (np.abs(x[known]) >= _WITH_ZONE_M).all():
            faults.add(
                say("The eastings have eight digits: the first two are the zone number."),
                say("Set the CRS of that zone, such as EPSG:4523 for zone 35 (`crs`, or --crs)."),
                row=table.header_row,
                code="out_of_range",
            )
            return nothing, nothing
        if far.any() and far.sum() == known.sum() and not outside(*to_degrees.transform(y, x)).any():
            faults.add(
                say("Easting and northing appear to be swapped: in surveying tables X is the northing."),
                say('Set the columns: `columns = {{ lon = "Y", lat = "X" }}`.'),
                row=table.header_row,
                code="swapped",
            )
            return nothing, nothing
        for i in np.flatnonzero(far):
            faults.add(
                say("The point lies outside the area of use of {crs}.", crs=_short(crs)),
                say("Check the CRS and the row's coordinates."),
                row=table.row_number[i],
                code="out_of_range",
                action="set_aside",
            )
        lon, lat = np.where(far, np.nan, lon), np.where(far, np.nan, lat)
    return np.where(known, lon, np.nan), np.where(known, lat, np.nan)


def _short(crs: str) -> str:
    parsed = CRS.from_user_input(crs)
    authority = parsed.to_authority()
    return ":".join(authority) if authority is not None else parsed.name


def _degrees(table: Table, x: FloatArray, y: FloatArray, faults: FaultList) -> tuple[FloatArray, FloatArray]:
    known = ~np.isnan(x) & ~np.isnan(y)
    with np.errstate(invalid="ignore"):
        good = known & (np.abs(x) <= 180) & (np.abs(y) <= 90)
        swapped = known & (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
        projected = known & ((np.abs(x) > 1000) & (np.abs(y) > 1000))
    zero = good & (x == 0) & (y == 0)
    nothing = np.full(len(x), np.nan)
    if swapped.any() and swapped.sum() == known.sum():
        faults.add(
            say("Longitude and latitude appear to be swapped."),
            say("Rename the two columns, or set them under `columns`."),
            row=table.header_row,
            code="swapped",
        )
        return nothing, nothing
    if projected.any() and projected.sum() == known.sum():
        at = int(np.flatnonzero(projected)[0])
        faults.add(
            say("The values are metres, not degrees, such as {x}, {y}.", x=f"{x[at]:.1f}", y=f"{y[at]:.1f}"),
            say('Set their CRS, such as `crs = "EPSG:4544"` (or --crs), or provide longitude and latitude.'),
            row=table.header_row,
            code="projected_values",
        )
        return nothing, nothing
    for i in np.flatnonzero(known & (~good | zero)):
        what, code = say("Longitude {lon}, latitude {lat} is not a valid location.", lon=x[i], lat=y[i]), "out_of_range"
        if swapped[i]:
            what, code = say("Longitude {lon} and latitude {lat} appear to be swapped.", lon=x[i], lat=y[i]), "swapped"
        elif projected[i]:
            what, code = say("{x}, {y} are metres, not degrees.", x=x[i], y=y[i]), "projected_values"
        elif zero[i]:
            what, code = say("Longitude and latitude are both 0."), "zero_coordinates"
        cure = say("Correct the value.")
        faults.add(what, cure, row=table.row_number[i], code=code, action="set_aside")
    _note_far(table, np.where(good & ~zero, x, np.nan), np.where(good & ~zero, y, np.nan), faults)
    return np.where(good & ~zero, x, np.nan), np.where(good & ~zero, y, np.nan)


def _note_far(table: Table, lon: FloatArray, lat: FloatArray, faults: FaultList) -> None:
    """Record points far from all others; they are kept, because they are not necessarily wrong."""
    known = np.flatnonzero(~np.isnan(lon))
    if len(known) < 3:
        return
    metres = metres_apart(lon[known], lat[known], float(np.median(lon[known])), float(np.median(lat[known])))
    limit = max(_FAR_TIMES * float(np.median(metres)), _FAR_M)
    for i in np.flatnonzero(metres > limit):
        faults.add(
            say("The location is {km} km from the centre of the others.", km=round(float(metres[i]) / 1000)),
            say("Check its coordinates."),
            row=table.row_number[known[i]],
            code="far_away",
            action="kept",
        )
