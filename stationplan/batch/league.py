"""The league table of all units: workers covered today and with the plan of each unit, and its cost."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import shapely

from stationplan.batch.folder import Storage
from stationplan.batch.unit_results import Row, UnitPlan, row_of_all, unit_plan
from stationplan.batch.units import Unit
from stationplan.batch.work import Outcome
from stationplan.domain import LocalText, MapOptions, ObjectArray
from stationplan.planning.prepare import Prepared
from stationplan.report.tables import formula_safe

_DETAIL = 1_000
"""Outlines in the map of all units are simplified to the width of the map divided by this number."""


@dataclass(frozen=True, eq=False)
class League:
    """All units with a plan, best covered first, and those without one.

    ``shapes`` are the outlines of the units by id, in metres of ``crs``. ``most_share`` is an upper bound on the share
    of all workers covered by any allocation of the same sites, ``None`` if unknown.
    """

    NAMES: ClassVar[tuple[str, ...]] = (
        *("league.csv", "league.xlsx", "index.html", "map.html", "manifest.json"),
        *("report.html", "report.docx", "report.pdf"),
    )

    name: LocalText
    notice: LocalText | None
    synthetic: bool
    map_options: MapOptions
    scenario_fingerprint: str
    plans: tuple[UnitPlan, ...]
    failed: tuple[Outcome, ...]
    names: dict[str, LocalText]
    shapes: dict[str, shapely.Geometry]
    crs: str
    most_share: float | None

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the league table, best covered first."""
        return tuple(plan.row for plan in self.plans)

    @cached_property
    def by_unit(self) -> dict[str, Row]:
        """The rows by unit id."""
        return {row.unit: row for row in self.rows}

    @cached_property
    def total(self) -> Row:
        """The row of all units together."""
        return row_of_all(self.rows, self.name)


def league_of(
    ready: Prepared, units: Sequence[Unit], out: Storage, *, failed: Sequence[Outcome], most: float | None
) -> League:
    """Return the league table of the units with results in ``out``; ``most`` is a bound on the workers covered."""
    without = {outcome.unit for outcome in failed}
    plans = [unit_plan(ready, unit, out) for unit in units if unit.id not in without]
    plans.sort(key=lambda plan: 1.0 if plan.row.share_after is None else -plan.row.share_after)
    outlines: ObjectArray = ready.area.districts.geometry.to_numpy()
    file, workers = ready.file, float(ready.demand.workers.sum())
    return League(
        name=file.name.text,
        notice=file.notice.text if file.notice is not None else None,
        synthetic=file.synthetic,
        map_options=file.map.options,
        scenario_fingerprint=ready.study.scenario_fingerprint,
        plans=tuple(plans),
        failed=tuple(failed),
        names={unit.id: unit.name for unit in units},
        shapes=_shapes(units, outlines),
        crs=ready.area.crs,
        most_share=None if most is None or not workers else min(most / workers, 1.0),
    )


def _shapes(units: Sequence[Unit], outlines: ObjectArray) -> dict[str, shapely.Geometry]:
    """Return the outlines of the units, simplified consistently along shared borders."""
    whole = np.array([shapely.union_all(outlines[unit.districts]) for unit in units], dtype=object)
    west, south, east, north = shapely.total_bounds(whole)
    simple = shapely.coverage_simplify(whole, max(east - west, north - south) / _DETAIL)
    return {unit.id: shape for unit, shape in zip(units, simple, strict=True)}


CSV_FIELDS = (
    *("rank", "unit", "name", "prefecture", "districts", "workers", "covered_before", "share_before", "covered_after"),
    *("share_after", "cross_share", "new_sites", "cost", "gap", "termination", "ways", "circle_share_before"),
    *("circle_share_after", "stations", "closable"),
)


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV in which no text can be evaluated as a formula."""
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
            *(_rounded(row.gap), row.termination, row.ways or "", _rounded(row.circle_share_before)),
            *(_rounded(row.circle_share_after), row.stations, row.closable),
        ]
        for rank, row in enumerate(league.rows, start=1)
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6) + 0.0
