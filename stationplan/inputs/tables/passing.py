"""Columns of a table that no field uses: those that are passed through to the outputs, and those with contacts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from stationplan.errors import FaultList, say
from stationplan.inputs.tables.table import Table

_CONTACT_HEADER = re.compile(
    r"联系|电话|手机|座机|热线|传真|负责人|经办人|填报人|管理员|站长|姓名|邮箱|邮件|微信|身份证|证件号"
    r"|phone|contact|e-?mail|wechat|whatsapp|id ?card|(?<![a-z])(?:tel|mobile|fax|qq|email|responsible)(?![a-z])"
)
"""Words in a header of personal data, in normalised width and case."""

_CONTACT_VALUE = re.compile(
    r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"  # mobile phone
    r"|(?<!\d)\(?0\d{2,3}\)?[- ]?[2-8]\d{6,7}(?!\d)"  # landline with its area code
    r"|(?<!\d)[48]00[- ]?\d{3,4}[- ]?\d{3,4}(?!\d)"  # service number
    r"|\+\d{1,3}[- ]?\(?\d{1,4}\)?(?:[- ]?\d{2,5}){2,4}"  # international
    r"|[^\s@]+@[^\s@]+\.[a-z]{2,}"  # e-mail
    r"|(?<!\d)[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dx](?![\da-z])"  # number of an identity card
)

_MAYBE = re.compile(r"\d\d[\d\W]{5}|[@＠]")
"""What every such value contains, searched first: digits with no letter between them, or the sign of an e-mail."""

_WITHHELD = "***"

_ASCII_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))


def is_contact(header: str, texts: Sequence[str]) -> bool:
    """Return whether a column holds contacts: by its header, or because most of its values are such numbers.

    >>> is_contact("联系电话", []), is_contact("备注", ["028-86112233", "13800000000", ""]), is_contact("Hotel", ["A"])
    (True, True, False)
    """
    if _CONTACT_HEADER.search(_plain(header)):
        return True
    return 2 * sum(map(_holds_contact, texts)) > sum(map(bool, texts))


def without_contacts(text: str) -> str:
    """Return a text with the phone numbers, addresses of e-mail and numbers of identity cards in it replaced.

    >>> without_contacts("钥匙在保安处，电话 138-0000-0000"), without_contacts("靠近 2 号门")
    ('钥匙在保安处，电话 ***', '靠近 2 号门')
    """
    if not _holds_contact(text):
        return text
    as_written = _CONTACT_VALUE.sub(_WITHHELD, text)
    if not _holds_contact(as_written):
        return as_written
    width = unicodedata.normalize("NFKC", text).translate(_ASCII_DASHES)
    return re.sub(_CONTACT_VALUE.pattern, _WITHHELD, width, flags=re.IGNORECASE)


def shared_texts(table: Table, index: int, faults: FaultList, *, share_contacts: bool) -> list[str]:
    """Return a column's texts as they may be handed on, and record in how many of them contacts were withheld."""
    texts = table.column(index)
    if share_contacts:
        return texts
    shown = list(map(without_contacts, texts))
    count = sum(one != other for one, other in zip(texts, shown, strict=True))
    if count:
        faults.add(
            say("{column}: contacts in {count} values are withheld.", column=table.header[index], count=count),
            say("Set `share_contacts = true` if they may be handed on."),
            code="contacts",
            action="kept",
        )
    return shown


def _holds_contact(text: str) -> bool:
    return _MAYBE.search(text) is not None and _CONTACT_VALUE.search(_plain(text)) is not None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().translate(_ASCII_DASHES)


def passed_columns(table: Table, used: set[int], *, share_contacts: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the columns, of those not ``used``, that are passed through, and those withheld as contacts.

    Columns without a header, and those without any value, are neither.
    """
    passed: list[int] = []
    withheld: list[int] = []
    for index, header in enumerate(table.header):
        if not header or index in used:
            continue
        texts = table.column(index)
        if is_contact(header, texts) and not share_contacts:
            withheld.append(index)
        elif any(texts):
            passed.append(index)
    return tuple(passed), tuple(withheld)
