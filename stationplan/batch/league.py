"""The table of all units: how many workers each covers today and with its plan, and what that costs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import shapely

from stationplan.batch.storage import Storage
from stationplan.batch.units import Unit
from stationplan.batch.work import Outcome
from stationplan.domain import Language, LocalText, ObjectArray
from stationplan.i18n import translate, words
from stationplan.prepared import Prepared
from stationplan.report.tables import formula_safe
from stationplan.report.workbook import Sheet, write_sheets

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

    ``shapes`` are the units' outlines by id, in metres of ``crs``. ``most_share`` of all
    workers is what no spreading of the same sites could pass, where that was asked.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("league.csv", "league.xlsx", "index.html", "map.html", "manifest.json")

    name: LocalText
    notice: LocalText | None
    synthetic: bool
    scenario_fingerprint: str
    rows: tuple[Row, ...]
    failed: tuple[Outcome, ...]
    names: dict[str, LocalText]
    shapes: dict[str, shapely.Geometry]
    crs: str
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
    ready: Prepared, units: Sequence[Unit], out: Storage, *, failed: Sequence[Outcome], most: float | None
) -> League:
    """Return the table of the units whose results stand in ``out``; ``most`` workers can be covered in all."""
    without = {outcome.unit for outcome in failed}
    rows = [_row(ready, unit, out) for unit in units if unit.id not in without]
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
        crs=ready.area.crs,
        most_share=None if most is None or not workers else min(most / workers, 1.0),
    )


def _shapes(units: Sequence[Unit], outlines: ObjectArray) -> dict[str, shapely.Geometry]:
    """Return the units' outlines, simplified along the borders that they share."""
    whole = np.array([shapely.union_all(outlines[unit.districts]) for unit in units], dtype=object)
    west, south, east, north = shapely.total_bounds(whole)
    simple = shapely.coverage_simplify(whole, max(east - west, north - south) / _DETAIL)
    return {unit.id: shape for unit, shape in zip(units, simple, strict=True)}


def _row(ready: Prepared, unit: Unit, out: Storage) -> Row:
    """Return what a unit's own ``plan.json`` says."""
    plan = json.loads(out.read(f"units/{unit.folder}/plan.json"))
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


def ways_name(ways: Ways | None, lang: Language) -> str:
    """Return for people how the ways in a unit are measured."""
    word = words(lang)
    names: dict[Ways | None, str] = {
        "roads": word("along roads"),
        "straight": word("straight lines"),
        "both": word("both"),
    }
    return names.get(ways, "")


def write_league(league: League, out: Storage, *, lang: Language) -> None:
    """Write ``league.csv`` and ``league.xlsx`` beside the units, each whole or not at all."""
    with out.writing("league.csv") as draft:
        draft.write_text("\ufeff" + csv_text([CSV_FIELDS, *csv_rows(league)]), encoding="utf-8", newline="")
    with out.writing("league.xlsx") as draft:
        write_sheets(draft, sheets_of(league, lang), title=league.name.in_language(lang))


CSV_FIELDS = (
    *("rank", "unit", "name", "prefecture", "districts", "workers", "covered_before", "share_before", "covered_after"),
    *("share_after", "cross_share", "new_sites", "cost", "gap", "termination", "ways"),
)


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV in which no text is a formula."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    for row in rows:
        writer.writerow([formula_safe(value) if isinstance(value, str) else value for value in row])
    return stream.getvalue()


def csv_rows(league: League) -> list[list[object]]:
    """Return the units as rows of :data:`CSV_FIELDS`."""
    return [
        [
            *(rank, row.unit, row.name.zh, row.prefecture, row.districts, _rounded(row.workers)),
            *(_rounded(row.covered_before), _rounded(row.share_before), _rounded(row.covered_after)),
            *(_rounded(row.share_after), _rounded(row.cross_share), row.new_sites, _rounded(row.cost)),
            *(_rounded(row.gap), row.termination, row.ways or ""),
        ]
        for rank, row in enumerate(league.rows, start=1)
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6) + 0.0


def sheets_of(league: League, lang: Language) -> list[Sheet]:
    """Return the league table as a sheet, and the units without a plan as another."""
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
            ways_name(row.ways, lang),
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
    return sheets
