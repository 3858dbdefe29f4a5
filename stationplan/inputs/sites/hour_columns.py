"""Opening hours in several columns: opening and closing times, days of the week, seasons and parts of the day.

Such columns are one set of hours. The cells of a row are joined to one text, which is then read as any other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stationplan.errors import FaultList, say
from stationplan.hours import Unread, days_of, names_season, parse_hours
from stationplan.inputs.tables.table import Table

_Part = Literal["hours", "opens", "closes"]

HOUR_FIELDS: tuple[_Part, ...] = ("hours", "opens", "closes")
"""Fields of opening hours: a whole text, or opening and closing times; each may have a column by day or season."""

_Place = tuple[str, frozenset[int], str]
"""What a column of hours is about: a season, weekdays and a part of the day; each is empty where it is about all."""

_ALWAYS: _Place = ("", frozenset(), "")
_DAY_PARTS = ("上午", "中午", "下午", "晚上", "晚间", "夜间")
_DAY_NAMES = "一二三四五六日"
_FILLERS = re.compile("对外|营业|开放|服务|运营|办公|每[日天]|日常|站点|驿站|时[间段]|hours?|time")
_LONGEST_HEADER = 40
_BLANK = re.compile(r"[\s/\\\-–—―×✕]*")
_CLOSED = re.compile(r"休息?|不开放?|不营业|关门|关闭|闭馆|closed|off")
_BARE_HOUR = re.compile(r"(?:[01]?\d|2[0-4])")
_COMPACT = re.compile(r"([01]\d|2[0-4])([0-5]\d)")
_DATED = re.compile(r"(?:1899-12-3[01]|1900-01-0[01])[ T](\d{1,2}:\d\d)(?::\d\d(?:\.\d+)?)?")
_MIDNIGHT = frozenset({"1899-12-31", "1900-01-01", "1 day, 0:00:00"})
"""A time of 24:00 as programs hand it on: the first day of the calendar of a workbook, or a duration of a day."""
_SHARE_OF_DAY = re.compile(r"0?\.\d+")
_CLOCK = re.compile(r"\d\s*[:点时]|小时|全天")
_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d")


@dataclass(frozen=True)
class _Column:
    """A column of hours: its position, what it holds, and what it is about."""

    index: int
    part: _Part
    place: _Place


def hour_texts(
    table: Table, names: Mapping[str, Sequence[str]], given: Mapping[str, str], faults: FaultList
) -> tuple[list[str], tuple[int, ...]]:
    """Return the opening hours of each row as one text, empty where none are stated, and the columns that hold them.

    ``names`` are the recognised headers by field, ``given`` those that the user names; only these are used if they name
    a field of hours. Faults are recorded for columns that may both be the hours, and for columns that are not used.
    """
    columns = _paired(table, _columns(table, names, given), faults)
    always = [column for column in columns if column.place == _ALWAYS and column.part == "hours"]
    if len(always) > 1:
        faults.add(
            say(
                "Several columns could be {field}: {columns}.",
                field="hours",
                columns=", ".join(table.header[column.index] for column in always),
            ),
            say(
                'Select one with `columns = {{ {field} = "..." }}` in the scenario (with check: --column).',
                field="hours",
            ),
            row=table.header_row,
            code="ambiguous_column",
        )
    if columns == always:
        texts = table.column(always[0].index) if always else [""] * len(table.rows)
        return texts, tuple(column.index for column in always)
    joined: dict[tuple[str, ...], str] = {}
    texts = []
    for row in zip(*(table.column(column.index) for column in columns), strict=True):
        text = joined.get(row)
        if text is None:
            text = joined[row] = _joined(columns, row)
        texts.append(text)
    if _mean_hours(joined.values()):
        return texts, tuple(column.index for column in columns)
    faults.add(
        say(
            "The columns {columns} contain no times of the day and are not used as opening hours.",
            columns=", ".join(table.header[column.index] for column in columns),
        ),
        say(
            'Name the column of opening hours: `columns = {{ hours = "..." }}` in the scenario (with check: --column).'
        ),
        row=table.header_row,
        code="unused_hours",
        action="kept",
    )
    return [""] * len(table.rows), ()


def _columns(table: Table, names: Mapping[str, Sequence[str]], given: Mapping[str, str]) -> list[_Column]:
    """Return the columns of a table that hold opening hours, by their headers."""
    wanted: dict[str, _Part] = {_plain(given[part]): part for part in HOUR_FIELDS if part in given}
    headers = [_plain(header) for header in table.header]
    if wanted:
        return [_Column(i, wanted[plain], _ALWAYS) for i, plain in enumerate(headers) if plain in wanted]
    words = sorted(
        ((_plain(name), part) for part in HOUR_FIELDS for name in names[part]),
        key=lambda word: (-len(word[0]), HOUR_FIELDS.index(word[1])),
    )
    taken = {_plain(header) for header in given.values()}
    found = [_column(i, plain, words) for i, plain in enumerate(headers) if plain not in taken]
    columns = [column for column in found if column is not None]
    either = {_plain(name) for name in names["opens"]} & {_plain(name) for name in names["hours"]}
    closing = {column.place for column in columns if column.part == "closes"}
    return [
        # 开门时间 is the opening time where there is a closing time, and the hours where there is none.
        replace(column, part="opens")
        if column.part == "hours" and column.place in closing and any(word in headers[column.index] for word in either)
        else column
        for column in columns
    ]


def _plain(header: str) -> str:
    return re.sub(r"[\s*:()\[\]【】_/.]+", "", unicodedata.normalize("NFKC", header).casefold())


def _column(index: int, plain: str, words: Sequence[tuple[str, _Part]]) -> _Column | None:
    """Return the column of a header made of a word for hours and of names of days, seasons or parts of the day."""
    if not plain or len(plain) > _LONGEST_HEADER:
        return None
    for word, part in words:
        if plain == word:
            return _Column(index, part, _ALWAYS)
        for rest in (plain.removesuffix(word), plain.removeprefix(word)):
            place = None if rest == plain else _place(_FILLERS.sub("", rest))
            if place is not None:
                return _Column(index, part, place)
    place = _place(plain)
    return None if place is None else _Column(index, "hours", place)


def _place(text: str) -> _Place | None:
    """Return the season, days and part of the day that make up a whole text, ``None`` if it contains anything else."""
    part = next((part for part in _DAY_PARTS if part in text), "")
    rest = text.replace(part, "", 1)
    for cut in range(len(rest) + 1):
        for season, days in ((rest[:cut], rest[cut:]), (rest[cut:], rest[:cut])):
            if (not season or names_season(season)) and (not days or days_of(days)):
                return season, days_of(days), part
    return None


def _paired(table: Table, columns: Sequence[_Column], faults: FaultList) -> list[_Column]:
    """Return the columns without those of opening or closing times that lack the other, or repeat a column of hours."""
    places = {part: {column.place for column in columns if column.part == part} for part in HOUR_FIELDS}
    others: dict[str, _Part] = {"opens": "closes", "closes": "opens"}
    kept = []
    for column in columns:
        repeats = column.place in places["hours"]
        if column.part == "hours" or (column.place in places[others[column.part]] and not repeats):
            kept.append(column)
            continue
        header = table.header[column.index]
        what = say("The column {column} has no counterpart that holds the other end of the hours.", column=header)
        if repeats:
            what = say("The column {column} is not used, as another column holds the opening hours.", column=header)
        faults.add(
            what,
            say(
                'Name both columns: `columns = {{ opens = "...", closes = "..." }}` in the scenario (with check: '
                "--column)."
            ),
            row=table.header_row,
            code="unused_hours",
            action="kept",
        )
    return kept


def _joined(columns: Sequence[_Column], row: Sequence[str]) -> str:
    """Return the hours of a row's cells as one text."""
    cells: dict[_Place, dict[_Part, str]] = {}
    for column, cell in zip(columns, row, strict=True):
        cells.setdefault(column.place, {})[column.part] = cell
    seasons: dict[str, dict[frozenset[int], list[str]]] = {}
    for (season, days, part), found in cells.items():
        text = found["hours"] if "hours" in found else _range(found["opens"], found["closes"])
        if part:  # 下午2:00-5:30 needs its word; a cell without hours adds none
            text = "" if _says_closed(text) else text if text.startswith(part) else part + text
        seasons.setdefault(season, {}).setdefault(days, []).append(text)
    by_season = {season: _of_days({days: "，".join(filter(None, texts)) for days, texts in week.items()})
                 for season, week in seasons.items()}  # fmt: skip
    ordered = sorted(by_season.items(), key=lambda item: bool(item[0]))
    return "；".join(f"{season} {text}".strip() for season, text in ordered if text)


def _of_days(week: Mapping[frozenset[int], str]) -> str:
    """Return the hours of some days, each under its name; a day without hours is closed if there are none for all."""
    base = week.get(frozenset(), "")
    if not any(week.values()):
        return ""
    by_text: dict[str, frozenset[int]] = {}
    for days, text in week.items():
        if days and not (base and not text):
            said = "休息" if _says_closed(text) else text
            by_text[said] = by_text.get(said, frozenset()) | days
    if not base and len(by_text) == 1:
        ((text, days),) = by_text.items()
        return text if len(days) == len(_DAY_NAMES) else f"{_named(days)} {text}"
    return "；".join(filter(None, [base, *(f"{_named(days)} {text}" for text, days in by_text.items())]))


def _says_closed(text: str) -> bool:
    return _BLANK.fullmatch(text) is not None or _CLOSED.fullmatch(text.strip().lower()) is not None


def _named(days: frozenset[int]) -> str:
    """Return the names of weekdays.

    >>> _named(frozenset(range(5))), _named(frozenset({5, 6})), _named(frozenset({0, 2}))
    ('周一至周五', '周六、周日', '周一、周三')
    """
    ordered = sorted(days)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"周{_DAY_NAMES[ordered[0]]}至周{_DAY_NAMES[ordered[-1]]}"
    return "、".join(f"周{_DAY_NAMES[day]}" for day in ordered)


def _range(opens: str, closes: str) -> str:
    """Return opening and closing times as one range; a text that states all hours in one of the two cells as it is."""
    first, last = opens.strip(), closes.strip()
    if not (first and last) or first == last:
        whole = first or last
        if not whole or _says_closed(whole) or not isinstance(parse_hours(whole), Unread):
            return whole
    return f"{_time(first)}-{_time(last)}"


def _time(cell: str) -> str:
    """Return a cell with a time of the day as ``8:30``; one that is none as it is.

    >>> _time("8"), _time("0830"), _time("0.354166666666667"), _time("1899-12-31"), _time("下午5点")
    ('8:00', '08:30', '08:30', '24:00', '下午5点')
    """
    if cell in _MIDNIGHT:
        return "24:00"
    if match := _DATED.fullmatch(cell):
        return match[1]
    plain = unicodedata.normalize("NFKC", cell)
    if _BARE_HOUR.fullmatch(plain):
        return f"{plain}:00"
    if match := _COMPACT.fullmatch(plain):
        return f"{match[1]}:{match[2]}"
    if _SHARE_OF_DAY.fullmatch(plain):
        minutes = float(plain) * 24 * 60
        if abs(minutes - round(minutes)) < 0.01:
            return f"{round(minutes) // 60:02d}:{round(minutes) % 60:02d}"
    return cell


def _mean_hours(texts: Iterable[str]) -> bool:
    """Return whether columns hold opening hours; their headers may also be those of dates or of people on duty."""
    return any(_CLOCK.search(text) and not _DATE.search(text) for text in texts) or not any(texts)
