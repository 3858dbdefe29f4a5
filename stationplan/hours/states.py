"""Texts that state something other than opening times: closed at present, or the same hours as the host."""

from __future__ import annotations

import re
import unicodedata

CLOSED_WORDS = r"暂停(?:对外)?(?:开放|营业|服务|使用|运营|办公)"
"""Words for closed that may also apply to some days or some hours only."""

_CLOSED = re.compile(
    r"\(?(?:目前|现在?|当前|正在|已经?|临时|(?:因|由于)[^,;。]*?|[^,;。\d]{0,8}期间)*\)?[,:\s]*"
    rf"(?:{CLOSED_WORDS}|(?:暂时|临时)?(?:关闭|停业|停用|歇业|关停)|暂不(?:对外)?(?:开放|营业|服务)"
    r"|停止(?:对外)?(?:开放|营业|服务|使用|运营)|撤[销并站除]|(?:升级)?(?:装修|维修|整修|改造)"
    r"|(?:temporarily |permanently )?closed(?: (?:temporarily|permanently|for [a-z ]+))?)"
    r"(?:中|了|期间|升级|改造|整顿|状态)*(?:[,;。(\s]\D*)?"
)
_TIME = r"(?:开放|营业|服务|办公|工作|运营|经营|作息|上班|开门|关门|开闭)?时[间段]"
_HOST = re.compile(
    rf"(?:(?:开放|营业|服务)?时间)?[:\s]*(?:"
    rf"(?:同步?(?![时上])|跟?随(?![时缘])|按照?|依照?|参照|遵照|以)[^,;\d]{{0,24}}?(?:{_TIME}|为准|开门|营业|一致|同步|开放)"
    r"|(?:与|和|跟)(?!周边|附近|其他|上)[^,;\d]{1,24}?(?:一致|相同|同步|一样)"
    r"|同(?:网点|银行|门店|商[店超]|店铺|依托单位|依托场所|单位|主体|所在[^,;\d]{1,8}|营业厅|场所|服务中心)"
    r"|same as (?:the )?(?:host|branch|shop|store|bank|station|building)s?(?: opening)?(?: hours?)?|as (?:the )?host"
    r")(?:一致|相同|同步|一样|为准|执行|安排|而定|开放|营业)*[。.]?"
)


def is_closed_now(plain: str) -> bool:
    """Return whether a text states only that a place is closed; it is in the form of :func:`~.plain.plain_text`.

    >>> is_closed_now("暂停营业"), is_closed_now("因装修暂停开放,恢复时间另行通知"), is_closed_now("周一暂停开放")
    (True, True, False)
    """
    return _CLOSED.fullmatch(plain) is not None


def is_of_host(text: str) -> bool:
    """Return whether a text states that the hours are those of the host.

    >>> is_of_host("同网点营业时间"), is_of_host("与依托单位一致"), is_of_host("随缘"), is_of_host("同上")
    (True, True, False, False)
    """
    return _HOST.fullmatch(unicodedata.normalize("NFKC", text).lower().strip()) is not None
