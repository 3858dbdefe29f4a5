"""Parser of opening hours in Chinese, in English or in OpenStreetMap's syntax, to a weekly schedule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stationplan.hours.clock import Range
from stationplan.hours.plain import plain_text
from stationplan.hours.schedule import DAY_MIN, Intervals, Schedule, weekly
from stationplan.hours.seasons import ANY_SEASON, Season, Seasonal, seasonal
from stationplan.hours.states import is_closed_now
from stationplan.hours.words import EVERY_DAY, WEEKEND, Piece, Unread, pieces_of

_NOON_MIN = 12 * 60 + 30
"""A minute within every break at midday."""
_LETTERS = {"times": "T", "days": "D", "closed": "C", "usual": "U", "except": "X", ",": ",", ";": ";"}
_DAYS_FIRST = (
    re.compile(r"(?:[,;]?(?:X?DC|DU|D,?T))+"),
    re.compile(r"T(?=$|[,;]|X|D[CU])(?:[,;]?(?:X?DC|DU|DT))*"),
    re.compile(r"(?:[,;]?(?:X?DC|DU))+[,;]?T"),
)
_DAYS_LAST = re.compile(r"T,?D|TD(?:[,;]?TD)*")
"""The orders of tokens that have one meaning."""


@dataclass(frozen=True)
class _Clause:
    """The opening times of some days; ``days`` is ``None`` for the days that no other clause names.

    ``overrides`` marks a clause after a semicolon, which in OpenStreetMap's syntax replaces earlier clauses for its
    days.
    """

    said: Piece
    days: Piece | None
    overrides: bool


CLOSED = Schedule(())
"""The schedule of a place that is closed at present."""


def parse_hours(text: str, season: Season = ANY_SEASON) -> Schedule | Unread:
    """Return the weekly schedule that opening hours describe, or the part of the text that cannot be parsed.

    Supported are time ranges (``08:30-12:00,14:00-17:30``, ``22:00-次日5:00``, ``8点-18点``, ``下午2:00-5:30``,
    ``24小时``, ``朝九晚五``), weekdays before or after them (``周一至周五``, ``工作日``, ``周末``, ``Mo-Fr``), closed
    days (``周末休息``, ``We off``) and breaks (``（12:00-14:00休息）``). Hours without weekdays apply to every day;
    where some days have their own hours, they apply to the other days. The schedule is that of a week without public
    holidays, so statements about these are accepted and have no effect. Hours by season or month are those of
    ``season``. A place that is closed at present (``暂停营业``) has the schedule :data:`CLOSED`. Ambiguous text is not
    parsed, for example seasons if ``season`` is not known, and 节假日 with hours that do not say whether they apply to
    weekends.

    >>> parse_hours("22:00-05:00") == parse_hours("每天晚上10点至次日早上5点")
    True
    >>> parse_hours("周六、周日 10:00-16:00").intervals
    ((7800, 8160), (9240, 9600))
    >>> parse_hours("夏季8:00-20:00，冬季9:00-18:00"), parse_hours("8:30-5:30")
    (Unread(part='夏季8:00-20:00', needs='season'), Unread(part='8:30-5:30', needs=''))
    >>> parse_hours("夏季8:00-20:00，冬季9:00-18:00", Season("winter")) == parse_hours("9:00-18:00")
    True
    """
    plain = plain_text(text)
    if is_closed_now(plain):
        return CLOSED
    parts = seasonal(plain)
    return _parse(text) if parts is None else _in_season(parts, season, text)


def _parse(text: str) -> Schedule | Unread:
    """Return the schedule of a text that does not differ by season."""
    pieces = pieces_of(text)
    if isinstance(pieces, Unread):
        return pieces
    clauses = _clauses(pieces)
    week = None if clauses is None else _week(clauses)
    return Unread(text.strip()) if week is None else weekly(week)


def _in_season(parts: Seasonal, season: Season, text: str) -> Schedule | Unread:
    """Return the schedule of a text by parts of the year; without a season, only if it is the same all year."""
    holding = parts.holding(season)
    if holding is None:
        weeks = {_with_base(parts, piece) for _, piece in parts.pieces}
        same = weeks.pop() if len(weeks) == 1 and parts.covers_year else None
        return same if isinstance(same, Schedule) else Unread(parts.first, parts.needs)
    week = _with_base(parts, "; ".join(holding)) if holding else _parse(parts.base)
    return week if isinstance(week, Schedule) else Unread(text.strip())


def _with_base(parts: Seasonal, piece: str) -> Schedule | Unread:
    """Return the schedule of a labelled piece with what precedes all labels: its days, a part of the day, or hours.

    Hours before all labels are replaced where the piece overlaps them and completed where it does not, as long as
    neither names days.
    """
    base = _parse(parts.base) if parts.base else None
    own = CLOSED if is_closed_now(piece) else _parse(piece)
    if not isinstance(base, Schedule):
        return own if not parts.base else _parse(f"{parts.base} {piece}")
    if not (isinstance(own, Schedule) and _daily(base) and _daily(own)):
        return Unread(piece)
    if _meet(own.intervals, base.intervals):
        return own
    return _parse(f"{parts.base},{piece}") if parts.covers_year else Unread(piece)


def _daily(week: Schedule) -> bool:
    """Return whether a schedule is the same on every day."""
    first = [(start, end) for start, end in week.intervals if start < DAY_MIN]
    return weekly([tuple(first)] * 7) == week


def parse_slot(text: str) -> tuple[int, int] | None:
    """Return the single time range of a text such as ``22:00-05:00``, in minutes after midnight.

    An end past 1440 is on the next day. ``None`` where the text is not one range.

    >>> parse_slot("08:00-12:00"), parse_slot("22:00-05:00"), parse_slot("08:00-12:00,14:00-18:00")
    ((480, 720), (1320, 1740), None)
    """
    pieces = pieces_of(text)
    if isinstance(pieces, Unread) or len(pieces) != 1 or pieces[0].kind != "times":
        return None
    return pieces[0].times[0].start, pieces[0].times[0].end


def _clauses(pieces: Sequence[Piece]) -> list[_Clause] | None:
    """Return the clauses of days and their opening times, ``None`` where the text is ambiguous."""
    whole = _without_breaks(pieces)
    joined = None if whole is None else _joined(whole)
    if joined is None:
        return None
    joined = _without_brackets(joined)
    while joined and joined[-1].kind in {",", ";"}:
        joined.pop()
    letters = "".join(_LETTERS.get(piece.kind, "?") for piece in joined)
    days_last = _DAYS_LAST.fullmatch(letters) is not None
    if not (days_last or any(pattern.fullmatch(letters) for pattern in _DAYS_FIRST)):
        return None
    clauses: list[_Clause] = []
    days: Piece | None = None
    overrides = False
    for piece in joined:
        if piece.kind in {",", ";"}:
            overrides = piece.kind == ";"
        elif piece.kind == "days" and days_last:
            clauses[-1] = replace(clauses[-1], days=piece)
        elif piece.kind == "days":
            days = piece
        elif piece.kind != "except":
            clauses.append(_Clause(piece, days, overrides))
            days, overrides = None, False
    return clauses


def _without_breaks(pieces: Sequence[Piece]) -> list[Piece] | None:
    """Return the tokens with breaks cut out of the hours that they belong to; ``None`` where these are not certain.

    A break belongs to the hours before it, back to the days that they apply to; one before all hours to all of them.
    """
    kept: list[Piece] = []
    closes = False
    leading: list[Piece] = []
    for piece in pieces:
        if piece.kind == ")" and closes:
            closes = False
            continue
        if piece.kind != "break":
            kept.append(piece)
            continue
        apart = kept[-1:] and kept[-1].kind in {",", ";"}
        while kept and kept[-1].kind in {"(", ",", ";", "and"}:
            closes = kept.pop().kind == "("
        if not any(before.kind == "times" for before in kept):
            leading.append(piece)
            continue
        if kept[-1].kind not in {"times", ")"} and not apart:
            return None
        first = max((i + 1 for i, before in enumerate(kept) if before.kind == "days" and i < len(kept) - 1), default=0)
        several = any(before.kind == "times" for before in kept[:first])
        cut = _cut(kept[first:], piece)
        if cut is None or (apart and several):
            return None
        kept[first:] = cut
    for piece in leading:
        cut = _cut(kept, piece)
        if cut is None:
            return None
        kept = cut
    while leading and kept and kept[0].kind in {",", ";"}:
        kept.pop(0)
    return kept


def _cut(pieces: Sequence[Piece], pause: Piece) -> list[Piece] | None:
    """Return tokens without a break in their times; ``None`` if nothing is left, or the break is at no stated time."""
    cut: list[Piece] = []
    for piece in pieces:
        times = piece.times if piece.kind == "times" else ()
        if not pause.times and any(span.start <= _NOON_MIN and span.end > _NOON_MIN for span in times):
            return None
        left = tuple(part for span in times for part in _outside(span, pause.times))
        if times and not left:
            return None
        cut.append(replace(piece, times=left) if times else piece)
    return cut


def _outside(span: Range, pauses: Sequence[Range]) -> list[Range]:
    if not pauses:
        return [span]
    (pause,) = pauses
    parts = [replace(span, end=min(span.end, pause.start)), replace(span, start=max(span.start, pause.end))]
    return [part for part in parts if part.start < part.end]


def _joined(pieces: Sequence[Piece]) -> list[Piece] | None:
    """Merge adjacent days with days and times with times, also across a comma or a conjunction.

    ``None`` where afternoon hours may be on a 12-hour clock: ``8:30-12:00 2:00-5:30``.
    """
    joined: list[Piece] = []
    for piece in pieces:
        through = len(joined) > 1 and joined[-1].kind in {"and", ",", ";"} and joined[-2].kind == piece.kind
        if piece.kind == "times" and (through or (joined and joined[-1].kind == "times")):
            if through:
                joined.pop()
            before = joined.pop()
            if piece.times[0].short and piece.times[0].start < before.times[-1].end:
                return None
            joined.append(replace(before, text=f"{before.text},{piece.text}", times=before.times + piece.times))
        elif piece.kind == "days" and ((through and joined[-1].kind != ";") or (joined and joined[-1].kind == "days")):
            comma = through and joined.pop().kind == ","
            before = joined.pop()
            joined.append(
                Piece(
                    "days",
                    f"{before.text},{piece.text}",
                    days=before.days | piece.days,
                    holiday="vague" if "vague" in (before.holiday, piece.holiday) else before.holiday,
                    listed=before.listed or comma,
                )
            )
        elif piece.kind == "days" and joined and joined[-1].kind == "and":
            joined[-1] = replace(joined[-1], kind=",")
            joined.append(piece)
        else:
            joined.append(piece)
    return joined


def _without_brackets(pieces: Sequence[Piece]) -> list[Piece]:
    """Move closed days in brackets to the end, ``周一至周日（周三休息）9:00-17:00``; or only drop the brackets.

    Days in brackets that repeat the days before them, ``工作日（周一至周五）``, are dropped as well.
    """
    kept: list[Piece] = []
    asides: list[Piece] = []
    at = 0
    while at < len(pieces):
        inside = [piece.kind for piece in pieces[at : at + 4]]
        if inside in (["(", "days", "closed", ")"], ["(", "days", "usual", ")"]):
            asides += [Piece(",", ","), *pieces[at + 1 : at + 3]]
            at += 4
        elif inside[:3] == ["(", "days", ")"] and kept and kept[-1].days == pieces[at + 1].days:
            at += 3
        else:
            kept += [pieces[at]] if pieces[at].kind not in {"(", ")"} else []
            at += 1
    return kept + asides


def _week(clauses: Sequence[_Clause]) -> list[Intervals] | None:
    """Return the times of each day, ``None`` where clauses contradict each other or leave days undetermined."""
    everywhere = [clause for clause in clauses if clause.days is None]
    timed = [clause for clause in clauses if clause.said.kind == "times"]
    closed = [clause for clause in clauses if clause.said.kind == "closed"]
    if not timed or len(everywhere) > 1:
        return None
    if everywhere and any(clause.days is not None and clause.days.listed for clause in closed):
        return None
    if not _holidays_are_sure(clauses, all_days=bool(everywhere)):
        return None
    times: dict[int, list[tuple[int, int]]] = {}
    named: dict[int, frozenset[int]] = {}
    for clause in sorted(timed, key=lambda clause: clause.days is not None):
        days = _days(clause)
        new = [(span.start, span.end) for span in clause.said.times]
        earlier = {named[day] for day in days if day in named}
        old = [span for day in days for span in times.get(day, [])]
        if not earlier:
            times.update(dict.fromkeys(days, new))
        elif earlier == {days}:
            times.update({day: [*times[day], *new] for day in days})
        elif len(earlier) == 1 and days < next(iter(earlier)) and (clause.overrides or _meet(new, old)):
            times.update(dict.fromkeys(days, new))
        else:
            return None
        named.update(dict.fromkeys(days, days))
    for clause in closed:
        days = _days(clause)
        if any(_days(other) and _days(other) <= days for other in timed):
            return None
        times.update({day: [] for day in days})
    if not any(times.values()):
        return None
    return [tuple(times.get(day, [])) for day in range(7)]


def _days(clause: _Clause) -> frozenset[int]:
    return EVERY_DAY if clause.days is None else clause.days.days


def _holidays_are_sure(clauses: Sequence[_Clause], *, all_days: bool) -> bool:
    """Return whether the result is the same if 节假日 includes weekends."""
    vague = [clause for clause in clauses if clause.days is not None and clause.days.holiday == "vague"]
    named = {day for clause in clauses if clause.days is not None for day in clause.days.days}
    if not vague or named >= WEEKEND:
        return True
    kinds = {clause.said.kind for clause in vague}
    return kinds == {"usual"} if all_days else kinds == {"closed"}


def _meet(new: Sequence[tuple[int, int]], old: Sequence[tuple[int, int]]) -> bool:
    return any(a < d and c < b for a, b in new for c, d in old)
