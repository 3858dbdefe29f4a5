"""Tokens of opening hours: the meaning of each piece of a text, before they are combined."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from stationplan.hours.clock import RANGE, Range, range_of
from stationplan.hours.plain import plain_text
from stationplan.hours.schedule import DAY_MIN
from stationplan.hours.states import CLOSED_WORDS

Kind = Literal["times", "days", "closed", "usual", "except", "break", "and", ",", ";", "(", ")"]

Holiday = Literal["", "public", "vague"]
"""Whether days include public holidays; ``vague`` for 节假日, which may or may not include weekends."""

WEEKDAYS = frozenset(range(5))
WEEKEND = frozenset({5, 6})
EVERY_DAY = WEEKDAYS | WEEKEND


@dataclass(frozen=True)
class Piece:
    """One token: time ranges, weekdays (0 is Monday), or a word that joins or closes them.

    ``listed`` marks days separated by commas, which might belong to different clauses. ``days`` is empty for public
    holidays only. A lunch break (``break``) has its range in ``times``, or none where it is only said to exist.
    """

    kind: Kind
    text: str
    times: tuple[Range, ...] = ()
    days: frozenset[int] = frozenset()
    holiday: Holiday = ""
    listed: bool = False


@dataclass(frozen=True)
class Unread:
    """Opening hours that could not be parsed, and the part of the text that caused it.

    ``needs`` names what must be known for the text to have one meaning, if that is all that is missing.
    """

    part: str
    needs: Literal["", "season", "month"] = field(default="", compare=False)


_NUMERALS = "一二三四五六日"
_WEEK = "[每逢]?(?:周|星期|礼拜)"
_CHINESE_DAY = f"(?:{_WEEK}\\s*)?[{_NUMERALS}天]"
_TO = r"\s*(?:[-‐‑‒–—―─−~∼〜]+|至|到|to\b|through\b)\s*"
_ENGLISH = (
    "mo(?:n(?:days?)?)?",
    "tu(?:e(?:s(?:days?)?)?)?",
    "we(?:d(?:nesdays?)?)?",
    "th(?:u(?:r(?:s(?:days?)?)?)?)?",
    "fr(?:i(?:days?)?)?",
    "sa(?:t(?:urdays?)?)?",
    "su(?:n(?:days?)?)?",
)
_ENGLISH_DAY = rf"(?:{'|'.join(_ENGLISH)})(?![a-z])\.?"

_CHINESE_DAYS = re.compile(
    rf"{_WEEK}\s*[{_NUMERALS}天](?:{_TO}{_CHINESE_DAY})?(?:\s*、?\s*{_CHINESE_DAY}(?:{_TO}{_CHINESE_DAY})?)*"
)
_ENGLISH_DAYS = re.compile(rf"{_ENGLISH_DAY}(?:{_TO}{_ENGLISH_DAY})?")
_ONE_CHINESE = re.compile(rf"{_WEEK}?\s*([{_NUMERALS}天])(?:{_TO}{_WEEK}?\s*([{_NUMERALS}天]))?")

_ALL_DAY = re.compile(r"全天候?|全日|昼夜|24\s*(?:小时|hours?(?![a-z])|hrs?(?![a-z])|h(?![a-z]))")
_ALWAYS = re.compile(r"24/7|7\s*[×x*]\s*24(?:\s*小时)?")
_NAMED_DAYS = (
    (re.compile(r"(?:法定)?工作日|平日|weekdays?(?![a-z])|working days?(?![a-z])"), WEEKDAYS),
    (re.compile(r"双休日|周末|weekends?(?![a-z])"), WEEKEND),
    (re.compile(r"每天|每日|天天|全周|全年无休|全年|无休|daily(?![a-z])|every ?day(?![a-z])"), EVERY_DAY),
)
_HOLIDAYS: tuple[tuple[re.Pattern[str], Holiday], ...] = (
    (
        re.compile(
            r"(?:国家)?法定(?:节假日|节日|假日|假期)|(?:春节|国庆节?|元旦|清明节?|端午节?|中秋节?)(?:期间|假期)?"
            r"|public holidays?(?![a-z])|ph(?![a-z])"
        ),
        "public",
    ),
    (re.compile(r"节假日|节日|假日|holidays?(?![a-z])"), "vague"),
)
_PLAIN: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "closed",
        re.compile(
            rf"不开放|不营业|不服务|{CLOSED_WORDS}|休息|放假|关闭|关门|闭馆|除外|(?:以|之)?外|休|closed(?![a-z])|off(?![a-z])"
        ),
    ),
    ("usual", re.compile(r"不休息?|照常|正常")),
    ("except", re.compile(r"除了?|except(?![a-z])")),
    ("and", re.compile(r"以及|及|和|与|、|&|and(?![a-z])")),
    (",", re.compile(r"[,/]")),
    (";", re.compile(r"[;\n]")),
    ("(", re.compile(r"[(\[【]")),
    (")", re.compile(r"[)\]】]")),
)
_CLOSED = dict(_PLAIN)["closed"].pattern
_HOLIDAY_ASIDE = re.compile(
    rf"\(?\s*(?:除了?|遇|逢)?\s*(?:{_HOLIDAYS[0][0].pattern})\s*(?:{_CLOSED}|{dict(_PLAIN)['usual'].pattern})\s*\)?\s*[,;]?"
)
"""A remark on public holidays only, which has no effect on an ordinary week."""
_WITHOUT_HOLIDAYS = re.compile(
    r"\(?\s*(?:(?:除了?)?\s*(?:节假日|节日|假日)\s*(?:除外|(?:以|之)外)|除了?\s*(?:节假日|节日|假日)\s*外)\s*\)?\s*[,;]?"
)
"""节假日除外: the hours are those of workdays and weekends as written. (节假日休息 may close weekends too.)"""
_BREAK_WORDS = r"(?:午休|午间休息|中午休息|中间休息|午餐休息|午餐|lunch(?: break)?)(?:时间)?"
_BREAK_FIRST = re.compile(rf"{_BREAK_WORDS}\s*[:为是]?\s*{RANGE.pattern}(?:休息)?")
_BREAK_LAST = re.compile(
    rf"(?:午间|中间)?\s*{RANGE.pattern}\s*(?:为|是)?\s*"
    rf"(?:{_BREAK_WORDS}|休息(?:时间)?(?!日)|不开放|不营业|不服务|不对外|{CLOSED_WORDS}|关闭|闭馆|closed(?![a-z])|off(?![a-z]))"
)
_BREAK_ONLY = re.compile(_BREAK_WORDS)
_SAYS_NOTHING = re.compile(
    r"[\s:。]+|(?:中午|午间|午休)(?:时间)?(?:不休息?|无休|照常|正常|不打烊|不间断|不关门)|不午休|无午休|(?:对外)?(?:开放|营业|服务|办公|开门)(?:时间)?|时间"
    r"|open(?:ing)?(?: hours?)?(?![a-z])|hours?(?![a-z])"
)


def pieces_of(text: str) -> list[Piece] | Unread:
    """Return the tokens of a text in order; words without effect, such as 营业时间, are skipped."""
    plain = plain_text(text)
    pieces: list[Piece] = []
    at = 0
    while at < len(plain):
        aside = None if _goes_on(pieces) else _HOLIDAY_ASIDE.match(plain, at) or _WITHOUT_HOLIDAYS.match(plain, at)
        found = ([], aside.end()) if aside else _piece_at(plain, at)
        if found is None:
            return Unread(re.split(r"[,;\n]", plain[at:])[0].strip() or plain[at:])
        new, at = found
        pieces += new
    return pieces


def days_of(text: str) -> frozenset[int]:
    """Return the weekdays that a text consists of (0 is Monday), empty if it contains anything else.

    >>> sorted(days_of("周一至周三")), sorted(days_of("周末")), sorted(days_of("周一 9:00-12:00"))
    ([0, 1, 2], [5, 6], [])
    """
    pieces = pieces_of(text)
    if isinstance(pieces, Unread) or {piece.kind for piece in pieces} - {"days", "and", ","}:
        return frozenset()
    return frozenset[int]().union(*(piece.days for piece in pieces))


def _goes_on(pieces: list[Piece]) -> bool:
    """Return whether a list of days may continue with the next token."""
    kinds = [piece.kind for piece in pieces[-2:]]
    return kinds[-1:] == ["and"] or kinds == ["days", ","]


def _piece_at(plain: str, at: int) -> tuple[list[Piece], int] | None:
    """Return the tokens at a position of a text, and where they end; ``None`` where the text cannot be parsed."""
    whole_day = (Range(0, DAY_MIN, short=False),)
    if match := _ALWAYS.match(plain, at):
        return [Piece("days", match[0], days=EVERY_DAY), Piece("times", match[0], whole_day)], match.end()
    if match := _ALL_DAY.match(plain, at):
        return [Piece("times", match[0], whole_day)], match.end()
    if match := _BREAK_FIRST.match(plain, at) or _BREAK_LAST.match(plain, at):
        pause = _pause(match)
        return None if pause is None else ([Piece("break", match[0], (pause,))], match.end())
    if match := RANGE.match(plain, at):
        found = range_of(match)
        return None if found is None else ([Piece("times", match[0], (found,))], match.end())
    for pattern, days in _NAMED_DAYS:
        if match := pattern.match(plain, at):
            return [Piece("days", match[0], days=days)], match.end()
    if match := _CHINESE_DAYS.match(plain, at):
        return [Piece("days", match[0], days=_chinese_days(match[0]))], match.end()
    if match := _ENGLISH_DAYS.match(plain, at):
        return [Piece("days", match[0], days=_english_days(match[0]))], match.end()
    for pattern, holiday in _HOLIDAYS:
        if match := pattern.match(plain, at):
            return [Piece("days", match[0], holiday=holiday)], match.end()
    if (match := _SAYS_NOTHING.match(plain, at)) and match.end() > at:
        return [], match.end()
    if match := _BREAK_ONLY.match(plain, at):
        return [Piece("break", match[0])], match.end()
    for kind, pattern in _PLAIN:
        if match := pattern.match(plain, at):
            return [Piece(kind, match[0])], match.end()
    return None


def _pause(match: re.Match[str]) -> Range | None:
    """Return the interval of a break at midday, in which ``12点-2点`` ends in the afternoon."""
    found = range_of(match)
    if found is None and match["ah"] in {"11", "12", "13"} and match["bh"].lstrip("0") in {"1", "2", "3"}:
        hours = f"{match['ah']}:{match['am'] or '00'}-{int(match['bh']) + 12}:{match['bm'] or '00'}"
        later = RANGE.fullmatch(hours)
        found = None if later is None or match["ahalf"] or match["bhalf"] else range_of(later)
    return found


def _chinese_days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for match in _ONE_CHINESE.finditer(text):
        first = _NUMERALS.index(match[1].replace("天", "日"))
        last = _NUMERALS.index((match[2] or match[1]).replace("天", "日"))
        days |= _from_to(first, last)
    return frozenset(days)


def _english_days(text: str) -> frozenset[int]:
    names = re.findall(r"[a-z]+", re.sub(r"\b(?:to|through)\b", "-", text))
    first, last = ([day[:2] for day in _ENGLISH].index(name[:2]) for name in (names[0], names[-1]))
    return _from_to(first, last)


def _from_to(first: int, last: int) -> frozenset[int]:
    """Return the weekdays from ``first`` to ``last``, wrapping around Sunday if necessary."""
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
