"""Columns of the tables of stations and candidates that are passed through to the lists of sites."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from stationplan.documents.workbook import Sheet
from stationplan.domain import IntArray, Language, Plan
from stationplan.text.catalogue import words

_PREFIX = "source_"
_LONGEST = 60
"""Longest name of an attribute (bytes of UTF-8), below the limit of PostgreSQL, 63."""


def passed_columns(
    plan: Plan,
    sites: IntArray | Sequence[int],
    taken: Collection[str],
    *,
    prefix: str = _PREFIX,
    attributes: bool = False,
) -> dict[str, list[str]]:
    """Return the texts of the passed columns for some sites, by heading; none where no site has such columns.

    A heading is the original header, with ``prefix`` where it is one of ``taken``. With ``attributes``, headings are
    safe as names of attributes of a layer.
    """
    rows = [dict(plan.sites.passed[site]) for site in sites]
    used = {name.casefold() for name in taken}
    columns: dict[str, list[str]] = {}
    for header in dict.fromkeys(header for row in rows for header in row):
        heading = _free(_attribute(header) if attributes else header, used, prefix)
        used.add(heading.casefold())
        columns[heading] = [row.get(header, "") for row in rows]
    return columns


def with_passed(sheet: Sheet, plan: Plan, sites: IntArray, lang: Language) -> Sheet:
    """Return a sheet whose rows are ``sites``, with their passed columns at the end."""
    prefix = words(lang)("source_")
    extra = passed_columns(plan, sites, [title for title, _, _ in sheet.columns], prefix=prefix)
    rows = [[*row, *(texts[i] for texts in extra.values())] for i, row in enumerate(sheet.rows)]
    return replace(sheet, columns=[*sheet.columns, *((heading, "text", 20) for heading in extra)], rows=rows)


def _attribute(header: str) -> str:
    """Return a header as the name of an attribute: letters, digits and underscores, within the longest length.

    >>> _attribute("预计投入（万元）"), _attribute("a; b")
    ('预计投入_万元', 'a_b')
    """
    name = re.sub(r"\W+", "_", header).strip("_") or "column"
    return name.encode()[: _LONGEST - len(_PREFIX) - 3].decode(errors="ignore")


def _free(name: str, used: Collection[str], prefix: str) -> str:
    """Return a name that is not used, with a prefix where it is, and a number where that is used as well."""
    if name.casefold() not in used:
        return name
    number, free = 1, prefix + name
    while free.casefold() in used:
        number += 1
        free = f"{prefix}{name}_{number}"
    return free
