"""What a file itself says of its coordinates (``.prj``, ``crs`` member, SRS), compared with the declared datum.

WGS-84 in a file says nothing against GCJ-02 or BD-09: GeoJSON knows no other CRS, and exports from Chinese map services
are labelled so for lack of a code of their own. CGCS2000 and other frames on the GRS 80 ellipsoid agree with WGS-84 to
about a metre or better. For Beijing 1954, Xi'an 1980 and New Beijing there are no public parameters that hold for a
city: PROJ leaves the degrees as they are (a "ballpark" operation), tens of metres off. Parameters that come with a CRS
(``TOWGS84``) are applied.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from pyproj.transformer import AreaOfInterest, TransformerGroup

from stationplan.domain import ObjectArray
from stationplan.errors import FaultList, Message, say
from stationplan.geo import Datum, metres_apart, to_wgs84, turned_by_proj
from stationplan.inputs.datums.evidence import DATUM_NAMES

CONFLICT = "datum_conflict"
"""Code of the finding that a file contradicts its declared datum."""

LOOKS_GCJ02 = "looks_gcj02"
"""Code of the finding that a file has the columns of outlines that are published in GCJ-02."""

_OLD_CHINESE = {"beijing1954": "Beijing 1954", "xian1980": "Xi'an 1980", "newbeijing": "New Beijing"}
"""Names of the old datums of China."""

_OLD_SPELLINGS = (
    (re.compile(r"(beijing|bj|北京)_?-?(19)?54|北京1954"), "beijing1954"),
    (re.compile(r"(xian|xi'an|西安)_?-?(19)?80"), "xian1980"),
    (re.compile(r"new_?\s*beijing|新北京|新1954"), "newbeijing"),
)
"""Spellings of their names in files; of several that match, the last one applies."""

_SHIFTED = ((re.compile(r"gcj|火星"), "gcj02"), (re.compile(r"bd-?_?09|baidu|百度"), "bd09"))
"""Words in the name of a custom CRS that stand for a datum without a code."""

_AXIS_M = 6378137.0
"""Semi-major axis of WGS 84 and GRS 80: a datum on any other ellipsoid is not WGS-84."""

_AXES_CHINA_M = frozenset({6378245.0, 6378140.0})
"""Semi-major axes of the Krasovsky 1940 ellipsoid (Beijing 1954) and that of Xi'an 1980."""

_MOST_M = {"gcj02": 700, "bd09": 1500}
"""Largest distance from WGS-84 in China, rounded up, for a file whose location is not known yet."""

_OUTLINE_NAMES = frozenset({"childrennum", "childrennu", "acroutes", "subfeatureindex", "subfeature"})
"""Columns of DataV's outlines besides ``adcode``, also as cut to ten characters in a Shapefile."""
_OUTLINE_FILE = re.compile(r"\d{6}(_full(_district|_city)?)?\.(geo)?json$", re.IGNORECASE)
"""Names of DataV's downloads, such as ``100000_full.json``."""


class Conflict(NamedTuple):
    """A finding and its fix."""

    what: Message
    cure: Message


def datum_conflict(
    crs: str, datum: str | None, *, at: tuple[float, float] | None = None, prefix: str = ""
) -> Conflict | None:
    """Return how the CRS that a file claims contradicts the declared datum; ``None`` if it does not.

    ``at``: a location of the file (degrees), for the distance between the two; ``prefix`` is that of the scenario's
    keys, as in ``forbidden_datum``. Undeclared (``None``) and ``evidence`` are contradicted only by a datum that cannot
    be related to WGS-84.

    >>> str(datum_conflict("EPSG:4214", "cgcs2000").what)[:41]
    'The file states Beijing 1954 (EPSG:4214),'
    >>> datum_conflict("EPSG:4326", "gcj02"), datum_conflict("EPSG:4544", "wgs84")
    (None, None)
    """
    given = CRS.from_user_input(crs)
    name, keys = _shown(given), {"datum": f"{prefix}datum", "accept": f"{prefix}accept"}
    shifted = next((found for pattern, found in _SHIFTED if pattern.search(given.name.casefold())), None)
    declared = None if datum in (None, "", "evidence") else datum
    if declared is not None:
        if shifted is not None and shifted != declared:
            return _apart(name, declared, _shift_m(shifted, at), keys)
        if shifted == declared or (declared in _MOST_M and _is_wgs84_degrees(given)):
            return None
        if declared in _MOST_M:
            return _apart(name, declared, _shift_m(declared, at), keys)
    old = _old_name(given)
    if given.is_bound or (not old and _axis_m(given) == _AXIS_M):
        return None
    known_m = None if old else _known_m(given, at)
    if known_m is None:
        return _unknown(given, name, declared, keys)
    return None if declared is None or given.is_projected else _apart(name, declared, known_m, keys)


def record_conflicts(
    found: Sequence[str | None],
    datum: str | None,
    faults: FaultList,
    *,
    accept: bool,
    shapes: ObjectArray | None = None,
    prefix: str = "",
) -> None:
    """Record the conflicts of the CRS of a file, and of that in the scenario, with the declared datum.

    ``accept``: the scenario accepts the declared datum, so that a conflict is only reported. ``shapes`` are in the
    first CRS.
    """
    for place, crs in enumerate(dict.fromkeys(found)):
        if crs is None:
            continue
        at = _middle(shapes, crs) if place == 0 and shapes is not None else None
        conflict = datum_conflict(crs, datum, at=at, prefix=prefix)
        if conflict is None:
            continue
        if accept and datum is not None:
            cure = say("Accepted by `{accept} = true`.", accept=f"{prefix}accept")
            faults.add(conflict.what, cure, code=CONFLICT, action="kept")
        else:
            faults.add(conflict.what, conflict.cure, key=f"{prefix}datum", code=CONFLICT)


def record_mislabelled(crs: str | None, shapes: ObjectArray, faults: FaultList) -> None:
    """Record shapes labelled with a CRS in metres, or in degrees, that have values of the other kind or order."""
    if not len(shapes):
        return
    west, south, east, north = shapely.total_bounds(shapes)
    if not np.isfinite([west, south, east, north]).all():
        return
    degrees = max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90
    turned = not degrees and max(abs(west), abs(east)) <= 90 and max(abs(south), abs(north)) <= 180
    given = CRS.from_user_input(crs or "EPSG:4326")
    if given.is_geographic and turned:
        faults.add(
            say(
                "Latitude comes before longitude: values such as {x}, {y}, where longitude is expected first.",
                x=f"{west:.4f}",
                y=f"{south:.4f}",
            ),
            say("Swap the coordinates (in QGIS: Swap X and Y coordinates), or export the file again."),
            code="swapped",
        )
    elif given.is_projected and degrees:
        faults.add(
            say(
                "The coordinates are labelled as {crs}, a CRS in metres, but the values are degrees.", crs=_shown(given)
            ),
            say("Correct the CRS of the file; longitude and latitude are EPSG:4326."),
            code="degrees_in_metric_crs",
        )
    elif given.is_geographic and min(abs(west), abs(south)) > 1000:
        faults.add(
            say("The values are metres, not degrees, such as {x}, {y}.", x=f"{west:.1f}", y=f"{south:.1f}"),
            say("Correct the CRS of the file, such as EPSG:4544."),
            code="projected_values",
        )


def note_outlines(file: str, header: Sequence[str], datum: str | None, faults: FaultList, *, prefix: str = "") -> None:
    """Record that a file looks like outlines of DataV or Amap, which are in GCJ-02, unless it is declared so.

    They are recognised by the column ``adcode`` beside another of their columns, or in a file with their kind of name.
    """
    names = {name.strip().casefold() for name in header}
    own = sorted(names & _OUTLINE_NAMES)
    place = {"level"} <= names and bool(names & {"center", "centroid", "citycode"})
    if "adcode" not in names or datum == "gcj02" or not (own or place or _OUTLINE_FILE.search(file)):
        return
    shown = ", ".join(name for name in header if name.strip().casefold() in {"adcode", "level", *own})
    what = say("The file looks like outlines of DataV or Amap ({columns}), which are in GCJ-02.", columns=shown)
    if datum not in (None, "", "evidence"):
        what = say(
            "The file looks like outlines of DataV or Amap ({columns}), which are in GCJ-02, but it is declared as "
            "{datum}.",
            columns=shown,
            datum=DATUM_NAMES[datum],
        )
    faults.add(
        what,
        say('Set `{key} = "gcj02"` if the file comes from there and was not converted.', key=f"{prefix}datum"),
        code=LOOKS_GCJ02,
        action="kept",
    )


def _unknown(given: CRS, name: str, declared: str | None, keys: dict[str, str]) -> Conflict:
    """Return the conflict with a datum that cannot be related to WGS-84."""
    datum = declared or "cgcs2000"
    size = say("tens of metres, unknown")
    if not _old_name(given) and _axis_m(given) not in _AXES_CHINA_M:
        size = say("tens to hundreds of metres, unknown")
    what = say(
        "The file states {claim}, which has no known transformation to WGS-84 here; the error may be {size}.",
        claim=name,
        size=size,
    )
    if declared is not None:
        what = say(
            "The file states {claim}, but its datum is declared as {datum}; no transformation between them is known "
            "here, and the error may be {size}.",
            claim=name,
            datum=DATUM_NAMES[declared],
            size=size,
        )
    cure = say(
        "Convert the file to CGCS2000 with the local parameters of the surveying office, or state them with its CRS "
        '(TOWGS84). To use it as it is, set `{key} = "{datum}"` and `{accept} = true` (with check: --datum, --accept).',
        key=keys["datum"],
        datum=datum,
        accept=keys["accept"],
    )
    return Conflict(what, cure)


def _apart(name: str, declared: str, metres: float, keys: dict[str, str]) -> Conflict:
    """Return the conflict with a datum at a known distance (m)."""
    what = say(
        "The file states {claim}, but its datum is declared as {datum}: one of the two is wrong by up to {metres} m.",
        claim=name,
        datum=DATUM_NAMES[declared],
        metres=f"{metres:.0f}",
    )
    cure = say(
        "Declare the datum that the file has, or export the file again. If the declared datum is right, set "
        "`{accept} = true` beside `{key}` (with check: --accept).",
        accept=keys["accept"],
        key=keys["datum"],
    )
    return Conflict(what, cure)


def _plain(crs: CRS) -> CRS:
    """Return the horizontal CRS, without heights and own parameters."""
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    return crs.source_crs if crs.is_bound and crs.source_crs is not None else crs


def _old_name(crs: CRS) -> str:
    """Return the key of the old Chinese datum of a CRS, by the name of its datum; empty for any other."""
    geodetic = _plain(crs).geodetic_crs
    datum = None if geodetic is None else geodetic.datum
    texts = [crs.name, "" if geodetic is None else geodetic.name, "" if datum is None else datum.name]
    folded = [text.casefold().replace(" ", "_") for text in texts]
    return next((old for pattern, old in _OLD_SPELLINGS[::-1] if any(map(pattern.search, folded))), "")


def _shown(crs: CRS) -> str:
    """Return the name of a CRS for readers, with its code if it has one: ``Xi'an 1980 (EPSG:4610)``."""
    plain = _plain(crs)
    authority, old = plain.to_authority(), _old_name(crs)
    name = _OLD_CHINESE[old] if old and plain.is_geographic else plain.name
    return name if authority is None else f"{name} ({':'.join(authority)})"


def _axis_m(crs: CRS) -> float:
    ellipsoid = _plain(crs).ellipsoid
    return _AXIS_M if ellipsoid is None else float(ellipsoid.semi_major_metre)


def _is_wgs84_degrees(crs: CRS) -> bool:
    """Return whether a CRS is longitude and latitude in WGS-84, or in a datum without a name on its ellipsoid."""
    plain = _plain(crs)
    if not plain.is_geographic or crs.is_bound or _axis_m(crs) != _AXIS_M or plain.datum is None:
        return False
    datum = plain.datum.name.casefold()
    return datum.startswith(("world geodetic system 1984", "wgs", "unknown", "undefined", "not specified"))


def _shift_m(datum: str, at: tuple[float, float] | None) -> float:
    """Return how far a datum is from WGS-84 (m) at a location, or at most in China."""
    if at is None:
        return _MOST_M[datum]
    shifted: Datum = "gcj02" if datum == "gcj02" else "bd09"
    return float(metres_apart(*at, *to_wgs84(*at, datum=shifted)))


def _known_m(crs: CRS, at: tuple[float, float] | None) -> float | None:
    """Return how far PROJ shifts a datum to WGS-84 (m) at a location; ``None`` where it knows no transformation."""
    geodetic = _plain(crs).geodetic_crs
    if at is None or geodetic is None:
        return None
    area = AreaOfInterest(*at, *at)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # grids that are not installed
        steps = TransformerGroup(geodetic, "EPSG:4326", always_xy=True, area_of_interest=area).transformers
    if not steps or "Ballpark" in steps[0].description or steps[0].accuracy < 0:
        return None
    return float(metres_apart(*at, *steps[0].transform(*at)))


def _middle(shapes: ObjectArray, crs: str) -> tuple[float, float] | None:
    """Return the middle of shapes (degrees); ``None`` if they are empty or have no valid location."""
    bounds = shapely.total_bounds(shapes)
    if not np.isfinite(bounds).all():
        return None
    x, y = float(bounds[0] + bounds[2]) / 2, float(bounds[1] + bounds[3]) / 2
    if turned_by_proj(crs):
        try:
            x, y = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
        except ProjError:
            return None
    return (x, y) if abs(x) <= 180 and abs(y) <= 90 else None
