"""Chinese and English words, sentences and numbers; used only by the packages that produce output.

The English sentence is the key of its translation (as in gettext): :class:`~stationplan.errors.Message` templates and
the words passed to :func:`words` are listed in ``text/locale/zh-CN.json``. A test searches the source for missing ones.
A word with two meanings is distinguished by a context after a bar, which is never shown to readers: ``Unit`` is a
prefecture or county, ``Unit|measure`` the unit of a quantity.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from stationplan.errors import Fault, Message, say

if TYPE_CHECKING:
    from stationplan.domain import Language  # the record module loads all of the geography


_CONTEXT = re.compile(r"\|[a-z]+$")


@cache
def catalogue(lang: Language) -> dict[str, str]:
    """Return the translations of ``lang``, from English template to translated template; empty for English."""
    if lang == "en":
        return {}
    text = resources.files("stationplan").joinpath("text/locale/zh-CN.json").read_text("utf-8")
    loaded: dict[str, str] = json.loads(text)
    return loaded


def template_in(template: str, lang: Language) -> str:
    """Return an English template in ``lang``, without its context; a template missing from the catalogue stays English.

    >>> template_in("Unit|measure", "zh"), template_in("Unit|measure", "en"), template_in("Unit", "zh")
    ('单位', 'Unit', '地区')
    """
    return catalogue(lang).get(template) or _CONTEXT.sub("", template)


def translate(message: Message, lang: Language) -> str:
    """Return a message as a sentence in ``lang``; a message missing from the catalogue stays English.

    >>> translate(say("The scenario file does not exist."), "zh")
    '方案配置文件不存在。'
    """
    template = template_in(message.template, lang)
    values = {
        key: translate(value, lang) if isinstance(value, Message) else value for key, value in message.values.items()
    }
    return template.format(**values)


def translate_fault(fault: Fault, lang: Language) -> str:
    """Return place, fault and fix as one line in ``lang``."""
    values = {"place": fault.place, "what": translate(fault.what, lang), "cure": translate(fault.cure, lang)}
    return translate(say("{place}: {what} {cure}", **values) if fault.place else say("{what} {cure}", **values), lang)


def words(lang: Language) -> Callable[..., str]:
    """Return a function that translates an English word or sentence into ``lang``.

    >>> words("zh")("Proposed sites"), words("en")("{share} covered", share="71%")
    ('拟建站点', '71% covered')
    """

    def word(template: str, /, **values: object) -> str:
        return translate(say(template, **values), lang)

    return word


def number(value: float, digits: int = 0) -> str:
    """Return a number with grouped thousands, the same in both languages.

    >>> number(12345.678), number(0.4), number(-0.2), number(3.14159, 1)
    ('12,346', '0', '0', '3.1')
    """
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def percent(share: float, digits: int = 1) -> str:
    """Return a share between 0 and 1 as a percentage.

    >>> percent(0.71234)
    '71.2%'
    """
    return f"{number(share * 100, digits)}%"


def percent_up(share: float) -> str:
    """Return a share as a percentage rounded up to a tenth, so that an upper bound remains an upper bound.

    >>> percent_up(0.03971), percent_up(0.00004), percent_up(0.031)
    ('4.0%', '0.1%', '3.1%')
    """
    return percent(math.ceil(share * 1000 - 1e-9) / 1000)
