"""The table of all units: how many workers each covers today and with its plan, and what that costs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import shapely

from stationplan.batch.units import Unit
from stationplan.batch.work import Outcome
from stationplan.domain import Language, LocalText, ObjectArray
from stationplan.i18n import number, percent, percent_up, translate, words
from stationplan.output import MAP_NAME
from stationplan.prepared import Prepared
from stationplan.report.charts import choropleth
from stationplan.report.tables import formula_safe
from stationplan.report.template import fill_page
from stationplan.report.workbook import Sheet, write_sheets
from stationplan.whole import write_whole

_DETAIL = 1_000
"""The map of all units tells apart what is this part of its width away from each other."""


Ways = Literal["roads", "straight", "both"]
"""How the ways in a unit are measured: along roads, or in straight lines as there are none, or by district."""


@dataclass(frozen=True)
class Row:
    """One unit of the table; shares are ``None`` where there are no workers, ``gap`` where none is known."""

    unit: str
    name: LocalText
    folder: str
    prefecture: str
    districts: int
    workers: float
    covered_before: float
    covered_after: float
    cross_after: float
    new_sites: int
    cost: float
    gap: float | None
    termination: str
    ways: Ways | None = None

    @property
    def share_before(self) -> float | None:
        """Share of the workers covered today."""
        return self.covered_before / self.workers if self.workers > 0 else None

    @property
    def share_after(self) -> float | None:
        """Share of the workers covered with the plan."""
        return self.covered_after / self.workers if self.workers > 0 else None

    @property
    def cross_share(self) -> float | None:
        """Share of the workers covered twice with the plan."""
        return self.cross_after / self.workers if self.workers > 0 else None


@dataclass(frozen=True, eq=False)
class League:
    """All units that have a plan, best covered first, and those that have none.

    ``shapes`` are the units' outlines by id, in metres. ``most_share`` of all
    workers is what no spreading of the same sites could pass, where that was asked.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("league.csv", "league.xlsx", "index.html", "manifest.json")

    name: LocalText
    notice: LocalText | None
    synthetic: bool
    scenario_fingerprint: str
    rows: tuple[Row, ...]
    failed: tuple[Outcome, ...]
    names: dict[str, LocalText]
    shapes: dict[str, shapely.Geometry]
    most_share: float | None

    @property
    def total(self) -> Row:
        """All units together; nobody is in two of them."""
        rows = self.rows
        return Row(
            unit="",
            name=self.name,
            folder="",
            prefecture="",
            districts=sum(row.districts for row in rows),
            workers=math.fsum(row.workers for row in rows),
            covered_before=math.fsum(row.covered_before for row in rows),
            covered_after=math.fsum(row.covered_after for row in rows),
            cross_after=math.fsum(row.cross_after for row in rows),
            new_sites=sum(row.new_sites for row in rows),
            cost=math.fsum(row.cost for row in rows),
            gap=None,
            termination="",
        )


def league_of(
    ready: Prepared, units: Sequence[Unit], home: Path, *, failed: Sequence[Outcome], most: float | None
) -> League:
    """Return the table of the units whose results stand in ``home``; ``most`` workers can be covered in all."""
    without = {outcome.unit for outcome in failed}
    rows = [_row(ready, unit, home) for unit in units if unit.id not in without]
    rows.sort(key=lambda row: 1.0 if row.share_after is None else -row.share_after)
    outlines: ObjectArray = ready.area.districts.geometry.to_numpy()
    file, workers = ready.file, float(ready.demand.workers.sum())
    return League(
        name=file.name.text,
        notice=file.notice.text if file.notice is not None else None,
        synthetic=file.synthetic,
        scenario_fingerprint=ready.scenario_fingerprint,
        rows=tuple(rows),
        failed=tuple(failed),
        names={unit.id: unit.name for unit in units},
        shapes=_shapes(units, outlines),
        most_share=None if most is None or not workers else min(most / workers, 1.0),
    )


def _shapes(units: Sequence[Unit], outlines: ObjectArray) -> dict[str, shapely.Geometry]:
    """Return the units' outlines, simplified along the borders that they share."""
    whole = np.array([shapely.union_all(outlines[unit.districts]) for unit in units], dtype=object)
    west, south, east, north = shapely.total_bounds(whole)
    simple = shapely.coverage_simplify(whole, max(east - west, north - south) / _DETAIL)
    return {unit.id: shape for unit, shape in zip(units, simple, strict=True)}


def _row(ready: Prepared, unit: Unit, home: Path) -> Row:
    """Return what a unit's own ``plan.json`` says."""
    plan = json.loads((home / unit.folder / "plan.json").read_text("utf-8"))
    before, after, total = plan["coverage"]["before"], plan["coverage"]["after"], plan["coverage"]["total"]
    prefectures = dict.fromkeys(ready.area.districts["prefecture"].astype(str).iloc[unit.districts])
    return Row(
        unit=unit.id,
        name=unit.name,
        folder=unit.folder,
        prefecture=next(iter(prefectures)),
        districts=len(unit.districts),
        workers=total,
        covered_before=before["workers"],
        covered_after=after["workers"],
        cross_after=(after["cross_share"] or 0.0) * total,
        new_sites=sum(1 for site in plan["sites"] if site["counted"]),
        cost=sum(site["cost"] for site in plan["sites"]),
        gap=plan["solution"]["gap"],
        termination=plan["solution"]["termination"],
        ways=_ways({district["straight"] for district in plan["coverage"]["by_district"]}),
    )


def _ways(straight: set[bool]) -> Ways:
    """Return how the ways of a unit are measured, from what its districts say of it."""
    if len(straight) > 1:
        return "both"
    return "straight" if straight == {True} else "roads"


def _ways_name(ways: Ways | None, lang: Language) -> str:
    word = words(lang)
    names: dict[Ways | None, str] = {
        "roads": word("along roads"),
        "straight": word("straight lines"),
        "both": word("both"),
    }
    return names.get(ways, "")


def write_league(league: League, out: Path, *, lang: Language) -> None:
    """Write ``league.csv``, ``league.xlsx`` and ``index.html`` beside the units, each whole or not at all."""
    with write_whole(out / "league.csv") as draft:
        draft.write_text("\ufeff" + _csv(league), encoding="utf-8", newline="")
    with write_whole(out / "league.xlsx") as draft:
        _write_workbook(league, draft, lang)
    with write_whole(out / "index.html") as draft:
        draft.write_text(render_index(league, lang=lang), encoding="utf-8", newline="")


_FIELDS = (
    *("rank", "unit", "name", "prefecture", "districts", "workers", "covered_before", "share_before", "covered_after"),
    *("share_after", "cross_share", "new_sites", "cost", "gap", "termination", "ways"),
)


def _csv(league: League) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(_FIELDS)
    for rank, row in enumerate(league.rows, start=1):
        values = [
            *(rank, row.unit, row.name.zh, row.prefecture, row.districts, _rounded(row.workers)),
            *(_rounded(row.covered_before), _rounded(row.share_before), _rounded(row.covered_after)),
            *(_rounded(row.share_after), _rounded(row.cross_share), row.new_sites, _rounded(row.cost)),
            *(_rounded(row.gap), row.termination, row.ways or ""),
        ]
        writer.writerow([formula_safe(value) if isinstance(value, str) else value for value in values])
    return stream.getvalue()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6) + 0.0


def _write_workbook(league: League, path: Path, lang: Language) -> None:
    word = words(lang)
    columns = [
        (word("Rank"), "whole", 7),
        (word("Unit"), "text", 14),
        (word("Name"), "text", 24),
        (word("Prefecture"), "text", 18),
        (word("Workers"), "tenth", 12),
        (word("Covered today"), "tenth", 14),
        (word("Share today"), "share", 12),
        (word("Covered with the plan"), "tenth", 14),
        (word("Share with the plan"), "share", 12),
        (word("Cross-covered with the plan"), "share", 14),
        (word("New sites"), "whole", 10),
        (word("Cost (yuan)"), "whole", 14),
        (word("Largest possible gain of another choice"), "share", 16),
        (word("Ways measured"), "text", 14),
    ]
    rows: list[list[object]] = [
        [
            *(rank, row.unit, row.name.in_language(lang), row.prefecture, row.workers, row.covered_before),
            *(row.share_before, row.covered_after, row.share_after, row.cross_share, row.new_sites, row.cost, row.gap),
            _ways_name(row.ways, lang),
        ]
        for rank, row in enumerate(league.rows, start=1)
    ]
    sheets = [Sheet(word("League table"), columns, rows)]
    if league.failed:
        told: list[list[object]] = [
            [league.names[outcome.unit].in_language(lang), translate(reason, lang)]
            for outcome in league.failed
            for reason in outcome.reason
        ]
        sheets.append(
            Sheet(word("Units without a plan"), [(word("Unit"), "text", 24), (word("Why"), "text", 100)], told)
        )
    write_sheets(path, sheets, title=league.name.in_language(lang))


def render_index(league: League, *, lang: Language) -> str:
    """Return the page of all units: figures, a map by coverage, the table, each with links to the units' own pages."""
    word = words(lang)
    total = league.total
    by_unit = {row.unit: row for row in league.rows}
    figures = [
        {
            "label": word("Workers covered"),
            "value": word("{before} → {after}", before=_share(total.share_before), after=_share(total.share_after)),
            "note": word("of {total} workers", total=number(total.workers)),
        },
        {
            "label": word("Units"),
            "value": number(len(league.rows)),
            "note": word("{count} without a plan", count=number(len(league.failed))),
        },
        {"label": word("New sites"), "value": number(total.new_sites), "note": word("in all units")},
        {
            "label": word("Cross-covered"),
            "value": _share(total.cross_share),
            "note": word("by two stations or more"),
        },
        {"label": word("Cost (yuan)"), "value": number(total.cost), "note": word("in all units")},
    ]
    notes = []
    if league.most_share is not None:
        notes.append(
            word(
                "Spread in any other way over the units, as many sites or as much money cover at most {share} of all.",
                share=percent_up(league.most_share),
            )
        )
    pictured = choropleth(
        list(league.shapes.values()),
        [by_unit[unit].share_after if unit in by_unit else None for unit in league.shapes],
        [league.names[unit].in_language(lang) for unit in league.shapes],
        [
            word("{name}: {share}", name=league.names[unit].in_language(lang), share=_share(by_unit[unit].share_after))
            if unit in by_unit
            else word("{name}: no plan", name=league.names[unit].in_language(lang))
            for unit in league.shapes
        ],
        [f"units/{by_unit[unit].folder}/{MAP_NAME}" if unit in by_unit else "" for unit in league.shapes],
        legend=word("Share of workers covered with the plan"),
    )
    return fill_page(
        "league.html.j2",
        league,
        lang,
        figures=figures,
        map=pictured,
        notes=notes,
        rows=[_shown(rank, row, lang) for rank, row in enumerate(league.rows, start=1)],
        failed=[
            {
                "name": league.names[outcome.unit].in_language(lang),
                "why": [translate(reason, lang) for reason in outcome.reason],
            }
            for outcome in league.failed
        ],
    )


def _shown(rank: int, row: Row, lang: Language) -> dict[str, str]:
    before, after = row.share_before or 0.0, row.share_after or 0.0
    return {
        "rank": str(rank),
        "name": row.name.in_language(lang),
        "prefecture": row.prefecture if row.prefecture != row.name.zh else "",
        "workers": number(row.workers),
        "before": _share(row.share_before),
        "after": _share(row.share_after),
        "before_width": f"{before * 100:.2f}",
        "after_width": f"{after * 100:.2f}",
        "cross": _share(row.cross_share),
        "new": number(row.new_sites),
        "cost": number(row.cost),
        "ways": _ways_name(row.ways, lang),
        "map": f"units/{row.folder}/{MAP_NAME}",
        "report": f"units/{row.folder}/report.html",
        "table": f"units/{row.folder}/sites.xlsx",
    }


def _share(share: float | None) -> str:
    return "–" if share is None else percent(share)
