"""Opening hours that differ by season or month: the parts of a text, and those that hold at a time of the year."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SeasonName = Literal["summer", "winter"]

_LETTERS = {"summer": "夏", "winter": "冬"}
_ALL_YEAR = frozenset(range(1, 13))


@dataclass(frozen=True)
class Season:
    """The part of the year for which hours are wanted: a season, a month (1 to 12), both, or neither."""

    name: SeasonName | None = None
    month: int | None = None


ANY_SEASON = Season()
"""No part of the year is named: hours that differ by season have no single meaning."""


@dataclass(frozen=True)
class Label:
    """The part of the year that a piece of a text is about.

    ``letters`` are of 春夏秋冬; ``months`` are covered as a whole, ``partial`` ones in part; ``rest`` is what no other
    label covers.
    """

    letters: frozenset[str] = frozenset()
    months: frozenset[int] = frozenset()
    partial: frozenset[int] = frozenset()
    rest: bool = False

    def joined(self, other: Label) -> Label:
        """Return the label of ``夏季（5-10月）``: both parts together."""
        return Label(
            self.letters | other.letters,
            self.months | other.months,
            self.partial | other.partial,
            self.rest or other.rest,
        )

    def holds(self, season: Season) -> bool | None:
        """Return whether the label covers a part of the year, ``None`` where that is not certain."""
        answers = set()
        if self.letters and season.name is not None:
            answers.add(_LETTERS[season.name] in self.letters)
        if (self.months or self.partial) and season.month is not None:
            if season.month in self.partial:
                return None
            answers.add(season.month in self.months)
        return answers.pop() if len(answers) == 1 else None


@dataclass(frozen=True)
class Seasonal:
    """A text by parts of the year: what precedes all labels, the labelled pieces, and the first of them as written."""

    base: str
    pieces: tuple[tuple[Label, str], ...]
    first: str

    def holding(self, season: Season) -> list[str] | None:
        """Return the pieces that hold in a part of the year, ``None`` where that is not certain."""
        found = [label.holds(season) for label, _ in self.pieces]
        known = [answer for answer, (label, _) in zip(found, self.pieces, strict=True) if not label.rest]
        if None in known:
            return None
        rest = not any(known)
        return [
            text
            for answer, (label, text) in zip(found, self.pieces, strict=True)
            if (rest if label.rest else answer is True)
        ]

    @property
    def covers_year(self) -> bool:
        """Whether the labels cover summer and winter, or all months."""
        labels = [label for label, _ in self.pieces]
        letters = frozenset().union(*(label.letters for label in labels))
        months = frozenset().union(*(label.months for label in labels))
        return {"夏", "冬"} <= letters or months >= _ALL_YEAR or any(label.rest for label in labels)

    @property
    def needs(self) -> Literal["season", "month"]:
        """What a scenario must name for the text to have one meaning."""
        labels = [label for label, _ in self.pieces if not label.rest]
        return "season" if all(label.letters for label in labels) else "month"


_SEASON = re.compile(
    r"(?:[春夏秋冬](?!节|至日)(?:[、和及/]?[春夏秋冬](?!节)){0,3}(?:季节?|天|令时间?|令制|令|时制|半年)(?:[、和及/][春夏秋冬]季)?"
    r"|(?:春夏|夏秋|秋冬|冬春|[夏冬])(?=[\s:(\d]))(?:期间|时间|作息|开放|营业|服务|工作|办公)?(?:时间)?"
)
_ENGLISH_SEASON = re.compile(r"(?:in )?(?:summer|winter)(?:time|s)?(?: (?:hours|season))?(?![a-z])")
_MONTH = r"(?P<{0}m>1[0-2]|0?[1-9])"
_DAY = r"(?:(?P<{0}d>\d{{1,2}})[日号]|(?P<{0}end>底|末))?"
_MONTHS = re.compile(
    r"(?<![\d:.])(?:每年)?"
    + _MONTH.format("a")
    + r"(?:月份?)?"
    + _DAY.format("a")
    + r"\s*(?:[-~—]+|至|到)\s*(?:次年|翌年|来年|第二年)?"
    + _MONTH.format("b")
    + r"月份?"
    + _DAY.format("b")
    + r"(?:期间)?"
)
_MONTH_LIST = re.compile(
    r"(?<![\d:.])(?:每年)?((?:(?:1[0-2]|0?[1-9])(?:月份?)?[、,和及])*(?:1[0-2]|0?[1-9])月份?)(?!\d{1,2}[日号])(?:期间)?"
)
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)(?![a-z])\.?(?:\s*(\d{1,2})(?![\d:.]))?"
)
_ENGLISH_MONTHS = re.compile(rf"(?<![a-z]){_NAME}(?:\s*(?:-|–|to\b)\s*{_NAME})?")
_REST = re.compile(r"(?:其他|其它|其余)(?:月份?|季节?|时间|时段|时期)|非[夏冬]季|平时")
_BETWEEN = " \t\n,、;:()[]和及,与至"


def seasonal(plain: str) -> Seasonal | None:
    """Return a text in plain form by its parts of the year, ``None`` if it names none or mixes the order of its parts.

    >>> seasonal("夏季8:00-20:00;冬季(11-4月)8:30-18:00").holding(Season("winter"))
    ['8:30-18:00']
    >>> seasonal("8:00-20:00(6-9月),9:00-17:00(10月-次年5月)").holding(Season(month=7))
    ['8:00-20:00']
    """
    labels, texts, starts = _split(plain)
    if all(label.rest for label in labels):
        return None
    first = re.split(r"[,;\n]", plain[starts[0] :])[0].strip()
    if not texts[0]:
        return Seasonal("", tuple(zip(labels, texts[1:], strict=True)), first)
    if not texts[-1]:
        return Seasonal("", tuple(zip(labels, texts[:-1], strict=True)), first)
    return Seasonal(texts[0], tuple(zip(labels, texts[1:], strict=True)), first)


def names_season(plain: str) -> bool:
    """Return whether a whole text, such as a header, names a part of the year and nothing else.

    >>> names_season("夏季"), names_season("6-9月"), names_season("夏季营业点")
    (True, True, False)
    """
    labels, texts, _ = _split(plain)
    return bool(labels) and not any(texts)


def _split(plain: str) -> tuple[list[Label], list[str], list[int]]:
    """Return the labels of a text, the texts before, between and after them, and where the labels start."""
    labels: list[Label] = []
    texts: list[str] = []
    starts: list[int] = []
    at, since = 0, 0
    while at < len(plain):
        found = _label_at(plain, at)
        if found is None:
            at += 1
            continue
        label, end = found
        before = _bare(plain[since:at])
        if labels and not before:
            labels[-1] = labels[-1].joined(label)
        else:
            texts.append(before)
            labels.append(label)
            starts.append(at)
        at = since = end
    return labels, [*texts, _bare(plain[since:])], starts


def _bare(text: str) -> str:
    """Return a piece of a text without the punctuation around it and without brackets of its neighbours."""
    bare = text.strip(_BETWEEN.replace("(", "").replace(")", ""))
    while bare.endswith(")") and bare.count(")") > bare.count("("):
        bare = bare[:-1]
    while bare.startswith(")") or (bare.startswith("(") and bare.count("(") > bare.count(")")):
        bare = bare[1:]
    while bare.endswith("("):
        bare = bare[:-1]
    stripped = bare.strip(_BETWEEN.replace("(", "").replace(")", ""))
    return stripped if stripped == text else _bare(stripped) if stripped else ""


def _label_at(plain: str, at: int) -> tuple[Label, int] | None:
    if match := _REST.match(plain, at):
        return Label(rest=True), match.end()
    if match := _SEASON.match(plain, at):
        return Label(letters=frozenset(match[0]) & frozenset("春夏秋冬")), match.end()
    if match := _ENGLISH_SEASON.match(plain, at):
        return Label(letters=frozenset({"夏" if "summer" in match[0] else "冬"})), match.end()
    if match := _MONTHS.match(plain, at):
        first, last = int(match["am"]), int(match["bm"])
        ends = match["bd"] is None or int(match["bd"]) >= (28 if last == 2 else 30)
        return _from_to(first, last, whole=(match["ad"] is None or match["ad"] in {"1", "01"}, ends)), match.end()
    if match := _MONTH_LIST.match(plain, at):
        return Label(months=frozenset(int(number) for number in re.findall(r"\d+", match[1]))), match.end()
    if match := _ENGLISH_MONTHS.match(plain, at):
        first = _NAMES.index(match[1][:3]) + 1
        last = _NAMES.index((match[3] or match[1])[:3]) + 1
        if match[3] is None and match[2] is not None:
            return Label(partial=frozenset({first})), match.end()
        ends = match[4] is None or int(match[4]) >= (28 if last == 2 else 30)
        return _from_to(first, last, whole=(match[2] in {None, "1", "01"}, ends)), match.end()
    return None


def _from_to(first: int, last: int, *, whole: Sequence[bool]) -> Label:
    """Return the months from ``first`` to ``last``, over the end of the year if necessary."""
    months = {(first + step - 1) % 12 + 1 for step in range((last - first) % 12 + 1)}
    partial = {month for month, all_of_it in zip((first, last), whole, strict=True) if not all_of_it}
    return Label(months=frozenset(months - partial), partial=frozenset(partial))
