"""Texts of inputs that a careless writer would take for markup, templates, formulas or queries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd

from stationplan.domain import LocalText, Plan
from stationplan.errors import say
from support.altered import altered

FRAGMENTS = [
    "A{{7*7}}B",
    "A${7*7}B",
    "{% raw %}",
    "{% endmacro %}",
    "{#",
    "{{ this }}",
    "{{ this._parent }}",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style>",
    "-->",
    "<!--",
    "<!--<script>",
    "]]>",
    "&amp;",
    "&lt;b&gt;",
    "'",
    '"',
    "`",
    "\\",
    "\\u003c",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\u00a0",
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "%s",
    "{0}",
    "{name}",
    "{",
    "}",
    "\n",
    "\r\n",
    "驿站",
    "🚑",
    "a b",
    "_x0041_",
    "http://example.invalid/x",
    "javascript:alert(1)",
    "' OR 1=1; DROP TABLE proposed; --",
]

WHOLE = ["<r><t>a & b</t></r>", "<r></r>", "=1+1", "-2+3", "x" * 10_000]

NEVER_WRITTEN = ["\0", "\udcff"]
"""Pages are built with these too; files cannot hold them."""


def replace_texts(plan: Plan, text: Callable[[], str]) -> Plan:
    """The plan with every text of its inputs replaced, at the sites that outputs show."""
    sites, area, demand = plan.sites, plan.area, plan.demand
    others = np.setdiff1d(np.arange(len(sites)), plan.chosen)
    shown = {int(i) for i in [*plan.chosen, *others[:3], *others[-3:]]}
    shown |= {index for why in plan.why for index in (why.nearest_existing, why.replacement) if index >= 0}

    def column(values):
        return tuple(text() if i in shown else value for i, value in enumerate(values))

    def both():
        return LocalText(text(), text())

    ids = tuple(f"{text()}#{i}" if i in shown else value for i, value in enumerate(sites.site_id))
    districts = area.districts.copy()
    for field in ("name", "name_en", "prefecture", "district_id"):
        districts[field] = pd.Series([text() for _ in range(len(districts))], index=districts.index, dtype=object)
    return altered(
        plan,
        name=both(),
        notice=both(),
        area=dataclasses.replace(area, districts=districts),
        demand=dataclasses.replace(
            demand,
            groups=tuple(dataclasses.replace(group, name=both()) for group in demand.groups),
            slots=tuple(dataclasses.replace(slot, name=both()) for slot in demand.slots),
        ),
        sites=dataclasses.replace(
            sites,
            site_id=ids,
            name=column(sites.name),
            address=column(sites.address),
            hours=column(sites.hours),
        ),
        hosts=tuple(dataclasses.replace(host, name=both()) for host in plan.hosts),
        sources=(text(),),
        notes=(say("{count} empty values of {column} were read as {value}.", count=1, column=text(), value=0),),
    )
