"""What was found in a file of lines, and the notes on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

from stationplan.domain import MODES
from stationplan.errors import Message, say
from stationplan.inputs.datums.evidence import DATUM_NAMES
from stationplan.inputs.roads.classes import road_class

_MANY = 0.01
"""Share of all ends above which ends near a line, or crossings without a vertex, are pointed out."""


@dataclass(frozen=True)
class DrawnRoads:
    """What was found in a file of lines, and how it was read; counts of lines unless stated otherwise.

    ``not_roads``: lines without a road class that are left out, by the tag that shows what they are (an empty text:
    they have no tag of a road at all). ``unclassed`` have other tags of a road and count as ``road``. ``defaulted``
    count as ``default_class`` by the settings. ``words``: lines by a class that is not written as in OSM.

    ``joined_ends`` ends of lines were joined to a line within ``tolerance_m`` (m), and ``joined_crossings`` crossings
    without a common vertex were joined. Of those that were not, ``near_ends`` ends are a little farther from a line,
    and ``open_crossings`` are crossings of lines on one level. ``ends`` is the number of all ends.

    ``claim`` is the CRS that the file states, where it contradicts the declared ``datum`` and that was accepted.
    """

    not_roads: Mapping[str, int] = field(default_factory=dict)
    unclassed: int = 0
    default_class: str = ""
    defaulted: int = 0
    words: Mapping[str, int] = field(default_factory=dict)
    tolerance_m: float = 0.0
    ends: int = 0
    joined_ends: int = 0
    near_ends: int = 0
    joined_crossings: int = 0
    open_crossings: int = 0
    claim: str = ""
    datum: str = ""


def drawn_notes(drawn: DrawnRoads) -> list[Message]:
    """Return notes on the datum, the classes and the joined ends of lines."""
    return [*_datum_notes(drawn), *_class_notes(drawn), *_joining_notes(drawn)]


def _datum_notes(drawn: DrawnRoads) -> list[Message]:
    """Return a note on a CRS that contradicts the declared datum and was accepted."""
    if not drawn.claim:
        return []
    return [
        say(
            "The file of roads states {claim}; it is used as {datum}, as accepted.",
            claim=drawn.claim,
            datum=DATUM_NAMES.get(drawn.datum, drawn.datum),
        )
    ]


def ferry_notes(untimed: int) -> list[Message]:
    """Return a note on ferries that are left out."""
    if not untimed:
        return []
    return [
        say(
            "Ferries left out, because their `duration` is missing or not readable: {count}. A value such as 00:10 "
            "makes them usable.",
            count=untimed,
        )
    ]


def _class_notes(drawn: DrawnRoads) -> list[Message]:
    """Return notes on lines without a class, and on classes in other words than those of OSM."""
    notes = []
    others = {key: count for key, count in drawn.not_roads.items() if key}
    if others:
        named = ", ".join(f"{key} ({others[key]})" for key in sorted(others, key=lambda key: (-others[key], key)))
        notes.append(
            say("Lines that are not roads, skipped: {count}, by tag {tags}.", count=sum(others.values()), tags=named)
        )
    if drawn.not_roads.get(""):
        notes.append(
            say(
                "Lines without a road class or any other tag of a road, skipped: {count}. If they are roads, enter "
                "their class in the file, or state one class for all of them: `default_class` under [roads] "
                "(--default-class).",
                count=drawn.not_roads[""],
            )
        )
    if drawn.unclassed:
        notes.append(
            say("Lines with tags of a road but no class, which count as `road`: {count}.", count=drawn.unclassed)
        )
    if drawn.defaulted:
        names = [mode.name for mode in MODES.values() if drawn.default_class in mode.classes]
        notes.append(
            say(
                "Lines without a road class, which count as {highway} by `default_class`: {count}. They are open "
                "{modes}, in both directions unless a tag closes them, at the speeds of this class.",
                highway=drawn.default_class,
                count=drawn.defaulted,
                modes=reduce(lambda one, other: say("{one}, {other}", one=one, other=other), names),
            )
        )
    if drawn.words:
        largest = sorted(drawn.words.items(), key=lambda item: (-item[1], item[0]))
        read = ", ".join(f"{word[:20]} = {road_class(word)} ({count})" for word, count in largest[:8])
        notes.append(say("Road classes, read as values of OpenStreetMap: {classes}.", classes=read))
    return notes


def _joining_notes(drawn: DrawnRoads) -> list[Message]:
    """Return notes on ends and crossings that were joined, and on those that may have to be."""
    notes = []
    if drawn.joined_ends:
        notes.append(
            say(
                "Ends of lines joined to a line within {tolerance} m that has no vertex there: {count} (`tolerance_m` "
                "under [roads], --tolerance-m).",
                tolerance=f"{drawn.tolerance_m:g}",
                count=drawn.joined_ends,
            )
        )
    if drawn.near_ends > _MANY * drawn.ends:
        notes.append(
            say(
                "Ends of lines that are a little more than {tolerance} m from another line, and are not joined to it: "
                "{count}. If they should meet, raise `tolerance_m` under [roads] (--tolerance-m).",
                tolerance=f"{drawn.tolerance_m:g}",
                count=drawn.near_ends,
            )
        )
    if drawn.joined_crossings:
        notes.append(
            say(
                'Crossings of lines without a common vertex, joined by `crossings = "join"`: {count}.',
                count=drawn.joined_crossings,
            )
        )
    if drawn.open_crossings > _MANY * drawn.ends:
        notes.append(
            say(
                "Crossings of lines without a common vertex, not joined, as on bridges: {count}. If the roads should "
                'meet there, set `crossings = "join"` under [roads] (--crossings join).',
                count=drawn.open_crossings,
            )
        )
    return notes
