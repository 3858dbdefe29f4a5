"""Opening hours in one plain form: width, case, Chinese numerals, and idioms such as 朝九晚五."""

from __future__ import annotations

import re
import unicodedata

_ONES = {text: number for number, text in enumerate("零一二三四五六七八九")} | {"两": 2}
_NUMBER = "(?:[二三四五]?十[一二三四五六七八九]?|[零一二两三四五六七八九])"
_HOUR = re.compile(
    rf"{_NUMBER}(?=点)|(?<=早){_NUMBER}(?=晚)|(?<=朝){_NUMBER}(?=晚)|(?<=[\d一二两三四五六七八九十]晚){_NUMBER}(?![上点])"
)
_MINUTES = re.compile(rf"(?<=\d点){_NUMBER}(?=分|[^点]|$)")
_CLOCK = r"\d{1,2}(?::\d\d|点半|点\d\d分?|点整?)?"
_MORNING_TO_NIGHT = re.compile(rf"[早朝]上?\s*({_CLOCK})\s*(?:[-~至到]\s*)?晚上?\s*({_CLOCK})(?![\d:.点])")


def plain_text(text: str) -> str:
    """Return opening hours in half-width lower case, with digits for Chinese numerals of clock times.

    ``早9晚5`` and ``朝九晚五`` become a range between two times of the day.

    >>> plain_text("上午九点半－下午五点"), plain_text("朝九晚五"), plain_text("周一至周五八点")
    ('上午9点半-下午5点', '早上9点-晚上5点', '周一至周五8点')
    """
    plain = unicodedata.normalize("NFKC", text).lower().strip()
    plain = _MINUTES.sub(_digits, _HOUR.sub(_digits, plain))
    return _MORNING_TO_NIGHT.sub(lambda found: f"早上{_clock(found[1])}-晚上{_clock(found[2])}", plain)


def _digits(found: re.Match[str]) -> str:
    tens, ten, ones = found[0].rpartition("十")
    return str((_ONES.get(tens, 1) * 10 if ten else 0) + _ONES.get(ones, 0))


def _clock(time: str) -> str:
    return f"{time}点" if time.isdigit() else time
