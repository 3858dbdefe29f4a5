"""The datum of each input: declared, or determined from evidence; never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

from stationplan.domain import CountArray, DatumDecision, FloatArray, IntArray
from stationplan.errors import Fault, say
from stationplan.geo import Datum, to_wgs84, turned_by_proj
from stationplan.inputs.datums.evidence import DATUM_NAMES, Evidence, weigh_by_roads
from stationplan.scenario import CURE_DATUM, Source

_SAME: Mapping[str, str] = {"cgcs2000": "wgs84"}


class StraightRoads(Protocol):
    """Roads as straight pieces between nodes in WGS-84 degrees, from node ``tail`` to node ``head``."""

    @property
    def lon(self) -> FloatArray:
        """Longitude of each node."""

    @property
    def lat(self) -> FloatArray:
        """Latitude of each node."""

    @property
    def tail(self) -> IntArray | CountArray:
        """Node at which each piece begins."""

    @property
    def head(self) -> IntArray | CountArray:
        """Node at which each piece ends."""


def evidence_of_points(lon: FloatArray, lat: FloatArray, roads: StraightRoads) -> Evidence:
    """Return the evidence of roads (WGS-84) for the datum of points (degrees)."""
    return weigh_by_roads(lon, lat, road_lon=roads.lon, road_lat=roads.lat, tail=roads.tail, head=roads.head)


def declared_datum(source: Source, crs: str | None) -> str:
    """Return the datum that a source declares, empty for none; a CRS that PROJ converts declares it too."""
    if source.datum is None and crs is not None and turned_by_proj(crs):
        return "wgs84"  # or CGCS2000, which agrees with it to centimetres
    return source.datum or ""


def decide(role: str, declared: str, evidence: Evidence | None) -> DatumDecision:
    """Return the datum to use: the declared one, regardless of the evidence; otherwise that of the evidence, if any."""
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
    """Return the fault of an input whose datum is not known: neither declared nor shown by the evidence."""
    if decision.declared == "evidence" and not decision.used:
        what = say("The datum cannot be determined: {reason}", reason=decision.reason)
    elif not decision.declared:
        what = say("The datum of the coordinates is not declared. {reason}", reason=decision.reason)
    else:
        return None
    return Fault(what, CURE_DATUM, file, None, f"{decision.role}.datum", None, "undeclared_datum", "refused")


def datum_used(decision: DatumDecision) -> Datum:
    """Return the datum decided on; WGS-84 where there is none, for a table that is only checked."""
    return cast("Datum", decision.used or "wgs84")


def shifted(lon: FloatArray, lat: FloatArray, decision: DatumDecision) -> tuple[FloatArray, FloatArray]:
    """Return points (degrees) in WGS-84."""
    return to_wgs84(lon, lat, datum=datum_used(decision))
