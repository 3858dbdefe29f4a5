"""Roads from any source as straight pieces with tags, and their conversion to arcs for a study."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from stationplan.domain import FERRY, MODES, BoolArray, CountArray, FloatArray, Mode, RoadArcs
from stationplan.errors import FaultList, InputError, Message, say
from stationplan.geo import metres_apart
from stationplan.inputs.roads.notes import DrawnRoads, drawn_notes, ferry_notes
from stationplan.inputs.roads.rules import KEPT_TAGS, RoadRules, class_number, states_no_limit
from stationplan.inputs.roads.slope import slope_factor

_LEAST_M = 50.0
"""Length (m) of roads below which something must be wrong with the file."""

LONGEST_ROAD_M = 1e6
"""Length (m) of one edge or piece above which a file must be wrong; the longest ferries have less."""

_LEAST_SHARE = 0.5
"""Share of the length of roads that the largest connected component should hold."""

_Kind = TypeVar("_Kind", bound=Hashable)


@dataclass(frozen=True, eq=False)
class RoadPieces:
    """Straight pieces of road, before access rules and speeds are applied.

    ``lon``/``lat``: WGS-84 degrees of the nodes. A piece runs from node ``tail`` to node ``head``, is ``length_m`` long
    and has the tags ``kinds[kind]``; "forward" in a tag is from tail to head. The other fields count what the source
    lacks: ``cut_nodes`` road nodes outside the extract; ``short_edges`` edges whose stated length is shorter than the
    straight line between their ends; ``other_classes`` ways or lines of classes that are not roads here, by class;
    ``not_lines`` features without a line; ``untimed_ferries`` ferries left out because their duration is not known;
    ``drawn`` describes how a file of lines was read. ``tag_keys`` are the keys whose tags were kept where a road has
    them.
    """

    lon: FloatArray
    lat: FloatArray
    tail: CountArray
    head: CountArray
    length_m: FloatArray
    kind: CountArray
    kinds: tuple[Mapping[str, str], ...]
    source: str
    date: str
    cut_nodes: int = 0
    short_edges: int = 0
    not_lines: int = 0
    other_classes: Mapping[str, int] = field(default_factory=dict)
    untimed_ferries: int = 0
    drawn: DrawnRoads = field(default_factory=DrawnRoads)
    tag_keys: tuple[str, ...] = KEPT_TAGS


def geodesic_m(lon: FloatArray, lat: FloatArray, tail: NDArray[np.integer], head: NDArray[np.integer]) -> FloatArray:
    """Return the lengths (m) of the straight lines between nodes on the WGS-84 ellipsoid."""
    return metres_apart(lon[tail], lat[tail], lon[head], lat[head])


def number_kinds(found: Iterable[_Kind]) -> tuple[list[_Kind], CountArray]:
    """Return the distinct items in order of first occurrence, and the number of each item.

    >>> number_kinds("abca")
    (['a', 'b', 'c'], array([0, 1, 2, 0], dtype=int32))
    """
    number: dict[_Kind, int] = {}
    numbers = [number.setdefault(kind, len(number)) for kind in found]
    return list(number), np.array(numbers, dtype=np.int32)


def refuse_no_roads(file: str, pieces: int) -> None:
    """Check that a source has at least one piece of road.

    Raises
    ------
    InputError
        There is none.
    """
    if pieces == 0:
        faults = FaultList(file)
        faults.add(say("The file contains no roads."), say("Use a road file that covers the study area."), code="empty")
        raise InputError(faults.faults)


def refuse_lengths(length_m: FloatArray) -> None:
    """Check the lengths (m) of a file of roads; NaN where one is not stated.

    Raises
    ------
    ValueError
        A length is negative, or longer than any road is between two junctions.
    """
    wrong = (length_m < 0) | (length_m > LONGEST_ROAD_M)
    if wrong.any():
        raise ValueError(f"a road is {length_m[wrong][0]:g} m long; lengths are 0 to {LONGEST_ROAD_M:.0f} m")


def refuse_disconnected(pieces: RoadPieces, *, file: str) -> None:
    """Check that roads have a length, and that most of it is one connected component.

    Raises
    ------
    InputError
        The roads are shorter than 50 m, or no connected component holds half of their length.
    """
    faults = FaultList(file)
    total = float(pieces.length_m.sum())
    if total < _LEAST_M:
        faults.add(
            say("The roads are {km} km long in all.", km=round(total / 1000, 3)),
            say("Check the CRS of the file and its units; `--force` saves them as they are."),
            code="empty",
        )
        faults.raise_any()
    graph = sparse.coo_array((np.ones(len(pieces.tail)), (pieces.tail, pieces.head)), shape=(len(pieces.lon),) * 2)
    _, label = connected_components(graph, directed=False)
    metres = np.bincount(label[pieces.tail], pieces.length_m)
    parts, share = int((metres > 0).sum()), float(metres.max()) / total
    if share < _LEAST_SHARE:
        faults.add(
            say(
                "The roads fall into {parts} separate parts; the largest holds {share} of their length.",
                parts=parts,
                share=f"{share:.0%}",
            ),
            say(
                "Check that lines share vertices where they meet; a larger `--tolerance-m` joins ends that nearly do, "
                "and `--crossings join` crossings. `--force` saves them as they are."
            ),
            code="disconnected",
        )
        faults.raise_any()


def usable_pieces(pieces: RoadPieces, rules: RoadRules, *, file: str) -> RoadPieces:
    """Return the pieces that some travel mode may use, with the nodes that they need; both keep their order.

    Modes that no group of the study uses are included: their roads are drawn, and show where a district has roads.

    Raises
    ------
    InputError
        No mode may use any of the roads.
    """
    usable = np.logical_or.reduce(_open(pieces, rules), axis=1)[pieces.kind]
    refuse_no_roads(file, int(usable.sum()))
    tail, head = pieces.tail[usable], pieces.head[usable]
    needed = np.zeros(len(pieces.lon), dtype=bool)
    needed[tail] = needed[head] = True
    if usable.all() and needed.all():
        return pieces
    number = (np.cumsum(needed) - 1).astype(np.int32)
    return replace(
        pieces,
        lon=pieces.lon[needed],
        lat=pieces.lat[needed],
        tail=number[tail],
        head=number[head],
        length_m=pieces.length_m[usable],
        kind=pieces.kind[usable],
    )


def road_arcs(
    pieces: RoadPieces, rules: RoadRules, *, modes: Sequence[Mode] = tuple(MODES), slope: FloatArray | None = None
) -> RoadArcs:
    """Return two arcs for every piece, one per direction, with the minutes of some modes (``inf``: not allowed).

    ``slope`` (climb over length, forward) changes the minutes according to the record of each mode.
    """
    paces = _paces(pieces, rules, modes)
    ferry = np.array([tags.get("highway") == FERRY for tags in pieces.kinds], dtype=bool)[pieces.kind]
    minutes: dict[Mode, FloatArray] = {}
    for m, mode in enumerate(modes):
        each_way = []
        for direction, sign in enumerate((1.0, -1.0)):
            pace = paces[:, m, direction]
            values = pieces.length_m * np.where(np.isnan(pace), 0.0, pace)[pieces.kind]
            if slope is not None and MODES[mode].slope != "ignored":
                factor = slope_factor(sign * slope, MODES[mode].slope, rules.climb_loss.get(mode))
                values *= np.where(ferry, 1.0, factor)
            values[np.isnan(pace)[pieces.kind]] = np.inf
            each_way.append(values)
        minutes[mode] = np.concatenate(each_way)
    road_class = np.array([class_number(tags) for tags in pieces.kinds], dtype=np.int8)
    return RoadArcs(
        lon=pieces.lon,
        lat=pieces.lat,
        tail=np.concatenate([pieces.tail, pieces.head]).astype(np.int64),
        head=np.concatenate([pieces.head, pieces.tail]).astype(np.int64),
        length_m=np.concatenate([pieces.length_m, pieces.length_m]),
        minutes=minutes,
        road_class=np.tile(road_class[pieces.kind], 2),
        source=pieces.source,
        date=pieces.date,
        notes=tuple(road_notes(pieces)),
        open=_open(pieces, rules)[pieces.kind].ravel(order="F"),
        ferry=np.tile(ferry, 2) if ferry.any() else None,
    )


def _paces(pieces: RoadPieces, rules: RoadRules, modes: Sequence[Mode]) -> FloatArray:
    """Return minutes per metre, [kind, mode, direction]; NaN where the mode is not allowed."""
    paces = [[rules.pace(tags, mode) for mode in modes] for tags in pieces.kinds]
    return np.array(paces, dtype=np.float64).reshape(len(pieces.kinds), len(modes), 2)


def _open(pieces: RoadPieces, rules: RoadRules) -> BoolArray:
    """Return whether any travel mode may use roads of each kind forward and backward, [kind, direction]."""
    paces = _paces(pieces, rules, tuple(MODES))
    return np.asarray(np.isfinite(paces).any(axis=1), dtype=bool)


def road_notes(pieces: RoadPieces) -> list[Message]:
    """Return notes on what the source lacks and on what is not used."""
    notes = []
    if pieces.cut_nodes:
        notes.append(
            say("{count} road nodes lie outside the extract; roads are cut off there.", count=pieces.cut_nodes)
        )
    if pieces.short_edges:
        notes.append(
            say(
                "{count} road edges have a length below the straight line between their nodes.",
                count=pieces.short_edges,
            )
        )
    if pieces.not_lines:
        notes.append(say("Road features without a line, skipped: {count}.", count=pieces.not_lines))
    if pieces.other_classes:
        largest = sorted(pieces.other_classes.items(), key=lambda item: (-item[1], item[0]))
        named = ", ".join(f"{highway[:30]} ({count})" for highway, count in largest[:5])
        notes.append(
            say(
                "Skipped non-routable ways: {count}, mostly {classes}.",
                count=sum(pieces.other_classes.values()),
                classes=named,
            )
        )
    notes += [*ferry_notes(pieces.untimed_ferries), *drawn_notes(pieces.drawn)]
    unread = np.array([states_no_limit(tags.get("maxspeed", "")) for tags in pieces.kinds], dtype=bool)[pieces.kind]
    if unread.any():
        km = round(float(pieces.length_m[unread].sum()) / 1000, 1)
        notes.append(say("On {km} km of road the tag maxspeed is not a numeric speed limit and is ignored.", km=km))
    return notes
