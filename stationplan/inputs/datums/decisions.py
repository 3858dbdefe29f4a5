"""The datum of each input: declared, or shown by evidence; never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pyproj import CRS

from stationplan.domain import DatumDecision, FloatArray, RoadArcs
from stationplan.errors import Fault, say
from stationplan.geo import Datum, to_wgs84
from stationplan.inputs.datums.evidence import DATUM_NAMES, Evidence, weigh_by_roads
from stationplan.inputs.roads.pieces import RoadPieces
from stationplan.scenario import CURE_DATUM, Source

_SAME: Mapping[str, str] = {"cgcs2000": "wgs84"}


def evidence_of_points(lon: FloatArray, lat: FloatArray, roads: RoadArcs | RoadPieces) -> Evidence:
    """Return what the roads say of the datum of points; roads are in WGS-84."""
    return weigh_by_roads(lon, lat, road_lon=roads.lon, road_lat=roads.lat, tail=roads.tail, head=roads.head)


def declared_datum(source: Source, crs: str | None) -> str:
    """Return the datum that a source declares, empty for none; eastings and northings say it by their CRS."""
    if source.datum is None and crs is not None and CRS.from_user_input(crs).is_projected:
        return "wgs84"  # or CGCS2000, which is the same to centimetres
    return source.datum or ""


def decide(role: str, declared: str, evidence: Evidence | None) -> DatumDecision:
    """Return the datum to use: the declared one, whatever the evidence; else that of the evidence, if it has one."""
    verdict = None if evidence is None else evidence.verdict
    medians = {} if evidence is None else evidence.medians_m
    if declared not in ("", "evidence"):
        doubtful = verdict is not None and verdict != _SAME.get(declared, declared)
        reason = say("Declared as {datum}.", datum=DATUM_NAMES[declared])
        if evidence is not None and medians:
            reason = say("Declared as {datum}. {evidence}", datum=DATUM_NAMES[declared], evidence=evidence.reason)
        return DatumDecision(role, declared, declared, reason, medians, doubtful)
    reason = say("The datum is not declared, and there are no roads to determine it from.")
    if role == "area":
        reason = say("The datum is not declared, and there are no `known_points` to determine it from.")
    if evidence is not None:
        reason = evidence.reason
    return DatumDecision(role, declared, verdict or "", reason, medians, False)


def fault_of(decision: DatumDecision, file: str) -> Fault | None:
    """Return what keeps an input from being used for its datum: not declared, or not shown."""
    if decision.declared == "evidence" and not decision.used:
        what = say("The datum cannot be determined: {reason}", reason=decision.reason)
    elif not decision.declared:
        what = say("The datum of the coordinates is not declared. {reason}", reason=decision.reason)
    else:
        return None
    return Fault(what, CURE_DATUM, file, None, f"{decision.role}.datum", None, "undeclared_datum", "refused")


def datum_used(decision: DatumDecision) -> Datum:
    """Return the datum decided on; WGS-84 where none could be, for a table that is only looked at."""
    return cast("Datum", decision.used or "wgs84")


def shifted(lon: FloatArray, lat: FloatArray, decision: DatumDecision) -> tuple[FloatArray, FloatArray]:
    """Return points in WGS-84."""
    return to_wgs84(lon, lat, datum=datum_used(decision))
