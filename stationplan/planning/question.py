"""The scenario's question to the siting models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from stationplan.domain import (
    BoolArray,
    CountArray,
    Coverage,
    Demand,
    FloatArray,
    FrontierPoint,
    IntArray,
    Journeys,
    Served,
    Sites,
    Solution,
)
from stationplan.scenario import PlanInput
from stationplan.siting import (
    assign,
    capacitated_coverage,
    fair_coverage,
    frontier,
    max_coverage,
    min_stations,
    p_center,
    p_median,
    phased_coverage,
    robust_coverage,
)
from stationplan.siting.base.rules import CoverageRequirements, CoverageRules


@dataclass(frozen=True, eq=False)
class Question:
    """What a plan asks of the siting models: rows as they weigh in the choice, rules, and what has to be reached.

    ``total`` is the weight of all workers and ``totals[district]`` that of each district, within reach of a site or
    not; ``district[row]`` is where a row lies, ``today`` the weight covered now, ``names[district]`` what it is called,
    and ``hot`` whether heat weighs. ``drawn``, [draw x row], is what rows weigh in the draws of the demand that the
    plan looks at.
    """

    plan: PlanInput
    sites: Sites
    coverage: Coverage
    total: float
    totals: FloatArray
    district: IntArray
    today: float
    names: tuple[str, ...]
    hot: bool
    drawn: FloatArray

    @property
    def weighted(self) -> bool:
        """Whether the choice counts more than covered heads."""
        fades, hot = self.coverage.share is not None, self.hot
        return fades or hot or self.plan.backup_weight > 0 or bool(self.plan.preferred)

    @cached_property
    def near(self) -> IntArray:
        """Pairs of sites nearer to each other than the least spacing, [pair x 2]."""
        return near_pairs(self.sites, self.plan.min_spacing_m)

    @cached_property
    def rules(self) -> CoverageRules:
        """What the choice has to heed."""
        plan, sites = self.plan, self.sites
        return CoverageRules(
            counted=sites.counted,
            costs=sites.cost,
            existing=sites.existing,
            closable=sites.closable if plan.close else None,
            close=plan.close,
            required=sites.required,
            forbidden=sites.forbidden,
            place=np.where(sites.existing, -1, sites.place),
            apart=self.near,
            bonus=np.where(sites.preferred, plan.preferred_workers, 0.0),
            backup=plan.backup_weight,
            gradual=self.coverage.share is not None,
        )

    @cached_property
    def reachable(self) -> BoolArray:
        """Whether some station or candidate that may stand is within reach of each origin of the journeys."""
        journeys = self.coverage.journeys
        assert journeys is not None  # asked of plans that are about ways
        usable = (~self.sites.forbidden)[journeys.minutes.indices]
        return np.asarray(np.diff(np.concatenate([[0], np.cumsum(usable)])[journeys.minutes.indptr]) > 0)

    @property
    def floor(self) -> FloatArray:
        """The least weight of each district."""
        return self.plan.floor_share * self.totals

    @property
    def target(self) -> float:
        """The least weight in all."""
        return max(self.plan.target_share * self.total, self.today if self.plan.keep_coverage else 0.0)

    @property
    def ends(self) -> CoverageRequirements:
        """Rules, and what has to be reached."""
        floors = self.plan.floor_share > 0
        return CoverageRequirements(
            **self.rules,
            district=self.district if floors else None,
            floor=self.floor if floors else None,
            target=self.target * (1 - 1e-12),
            backup_target=self.plan.cross_target_share * self.total,
        )


def question(
    plan: PlanInput,
    demand: Demand,
    sites: Sites,
    coverage: Coverage,
    *,
    districts: tuple[str, ...],
    weight: FloatArray | None = None,
) -> Question:
    """Return the question of a plan in a study of some districts, by name.

    ``weight[cell, group, slot]`` is what workers count, by default what they do in the demand (:func:`weights`).
    """
    weight = demand.weight if weight is None else weight
    coverage = weighed(coverage, weight)
    covered_now = (coverage.cover @ sites.existing.astype(np.int32)) > 0
    return Question(
        plan=plan,
        sites=sites,
        coverage=coverage,
        total=float(weight.sum()),
        totals=np.bincount(demand.district, weight.sum(axis=(1, 2)), minlength=len(districts)).astype(float),
        district=demand.district[coverage.cell],
        today=float(coverage.weight[covered_now].sum()),
        names=districts,
        hot=demand.exposure is not None,
        drawn=_drawn(plan, demand, coverage),
    )


def answer(asked: Question) -> Solution:
    """Return the solution of the model that the plan asks for."""
    plan, coverage = asked.plan, asked.coverage
    cover = coverage.cover if coverage.share is None else coverage.share
    if plan.aim == "cost":
        return min_stations(
            coverage.cover,
            coverage.weight,
            target=plan.target_share,
            costs=asked.sites.cost,
            existing=asked.sites.existing,
            required=asked.sites.required,
            forbidden=asked.sites.forbidden,
            district=asked.district,
            floor=asked.floor,
            time_limit_s=plan.time_limit_s,
        )
    if plan.aim == "fair":
        return fair_coverage(
            cover,
            coverage.weight,
            district=asked.district,
            totals=asked.totals,
            p=plan.new,
            budget=plan.budget,
            time_limit_s=plan.time_limit_s,
            **asked.rules,
        )
    if plan.aim in ("worst", "regret"):
        return robust_coverage(
            coverage.cover,
            asked.drawn,
            measure="worst" if plan.aim == "worst" else "regret",
            p=plan.new,
            budget=plan.budget,
            costs=asked.sites.cost,
            existing=asked.sites.existing,
            required=asked.sites.required,
            forbidden=asked.sites.forbidden,
            time_limit_s=plan.time_limit_s,
        )
    if plan.aim == "served":
        return capacitated_coverage(
            coverage.cover,
            coverage.weight,
            asked.sites.capacity,
            slot=coverage.slot,
            p=plan.new,
            budget=plan.budget,
            costs=asked.sites.cost,
            existing=asked.sites.existing,
            required=asked.sites.required,
            forbidden=asked.sites.forbidden,
            district=asked.ends["district"],
            floor=asked.ends["floor"],
            time_limit_s=plan.time_limit_s,
        )
    if plan.aim in ("median", "center"):
        assert coverage.journeys is not None  # the scenario says how far is looked
        return _shortest(asked, coverage.journeys)
    if plan.phases:
        return phased_coverage(
            cover,
            coverage.weight,
            p=[phase.new or 0 for phase in plan.phases] if plan.number is not None else None,
            budget=[phase.budget or 0.0 for phase in plan.phases] if plan.money is not None else None,
            time_limit_s=plan.time_limit_s,
            **asked.ends,
        )
    return max_coverage(
        cover,
        coverage.weight,
        p=plan.new,
        budget=plan.budget,
        gap=plan.gap,
        time_limit_s=plan.time_limit_s,
        **asked.ends,
    )


def _shortest(asked: Question, journeys: Journeys) -> Solution:
    """Return the sites with the shortest mean way (min), or the shortest longest way of those who have one."""
    plan, sites = asked.plan, asked.sites
    weight = np.bincount(journeys.origin, asked.coverage.weight, minlength=journeys.minutes.shape[0])
    new = plan.new or 0
    if plan.aim == "median":
        found = p_median(
            journeys.minutes,
            weight,
            new,
            existing=sites.existing,
            required=sites.required,
            forbidden=sites.forbidden,
            far=journeys.far_min,
            time_limit_s=plan.time_limit_s,
        )
        total = asked.total if asked.total > 0 else 1.0
        return replace(found, objective=found.objective / total, bound=found.bound / total)
    return p_center(
        journeys.minutes,
        new,
        weights=np.where(asked.reachable, weight, 0.0),
        existing=sites.existing,
        required=sites.required,
        forbidden=sites.forbidden,
        time_limit_s=plan.time_limit_s,
    )


def room(asked: Question, solution: Solution) -> Served | None:
    """Return who finds room at the stations, today and with a solution; ``None`` where room is not asked about."""
    if asked.plan.aim != "served":
        return None
    coverage, sites = asked.coverage, asked.sites
    today = np.flatnonzero(sites.existing)

    cover, weight, slot = coverage.cover, coverage.weight, coverage.slot
    before = assign(cover, weight, sites.capacity, today, slot=slot)
    after = assign(
        cover,
        weight,
        sites.capacity,
        np.concatenate([today, solution.sites]),
        slot=slot,
        district=asked.ends["district"],
        floor=asked.ends["floor"],
    )
    row, site = after.tocoo().coords
    load = np.zeros(sites.open.shape)
    np.add.at(load, (site, slot[row]), after.data)
    return Served(before=_row_sums(before), after=_row_sums(after), load=load)


def _row_sums(matrix: sparse.csr_array) -> FloatArray:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def curve(asked: Question) -> tuple[FrontierPoint, ...]:
    """Return what each number of new sites of the plan's frontier could do, within the plan's time limit."""
    plan, coverage = asked.plan, asked.coverage
    if not plan.frontier:
        return ()
    points = frontier(
        coverage.cover if coverage.share is None else coverage.share,
        coverage.weight,
        p=plan.frontier,
        most_cost=plan.money,
        time_limit_s=plan.time_limit_s,
        **asked.ends,
    )
    return tuple(
        FrontierPoint(number, point.objective, point.bound) for number, point in zip(plan.frontier, points, strict=True)
    )


def weights(demand: Demand, draw: int | None = None) -> FloatArray:
    """Return what workers count in the choice of sites, [cell, group, slot], of the demand or of a draw of it."""
    if draw is None or demand.draws is None:
        return demand.weight
    heads = demand.workers.sum(axis=2)
    factor = np.divide(demand.draws[draw], heads, out=np.zeros_like(heads), where=heads > 0)
    return np.asarray(demand.weight * factor[:, :, None], dtype=np.float64)


def _drawn(plan: PlanInput, demand: Demand, coverage: Coverage) -> FloatArray:
    """Return the weight of each row in each draw that the plan looks at; the estimate itself where there are none."""
    count = 0 if demand.draws is None else min(plan.robustness_draws, len(demand.draws))
    if plan.aim not in ("worst", "regret"):
        return np.empty((0, len(coverage.cell)))
    draws = [weights(demand, draw) for draw in range(count)] or [demand.weight]
    return np.stack([draw[coverage.cell, coverage.group, coverage.slot] for draw in draws])


def weighed(coverage: Coverage, weight: FloatArray) -> Coverage:
    """Return coverage whose rows weigh what ``weight[cell, group, slot]`` says."""
    return replace(coverage, weight=weight[coverage.cell, coverage.group, coverage.slot])


def near_pairs(sites: Sites, spacing_m: float) -> IntArray:
    """Return the pairs of rows nearer to each other than the spacing, [pair x 2]; one place is no pair.

    Longer hours of a station are no station of their own and heed no distance.
    """
    if spacing_m <= 0:
        return np.empty((0, 2), dtype=np.int64)
    own = np.flatnonzero(~sites.extends)
    tree = cKDTree(np.column_stack([sites.x[own], sites.y[own]]))
    pairs = own[tree.query_pairs(spacing_m, output_type="ndarray")]
    gap = np.hypot(*(axis[pairs[:, 0]] - axis[pairs[:, 1]] for axis in (sites.x, sites.y)))
    return np.asarray(pairs[(gap < spacing_m) & (sites.place[pairs[:, 0]] != sites.place[pairs[:, 1]])], dtype=np.int64)


def same_place(sites: Sites) -> IntArray:
    """Return the pairs of new sites at one place, of which one is chosen at most, [pair x 2]."""
    new = np.flatnonzero(~sites.existing)
    order = new[np.argsort(sites.place[new], kind="stable")]
    groups = np.split(order, np.flatnonzero(np.diff(sites.place[order])) + 1)
    pairs = [pair for group in groups if len(group) > 1 for pair in combinations(group.tolist(), 2)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def reached(
    asked: Question, demand: Demand, stations: CountArray, minutes: FloatArray | None, solution: Solution
) -> float:
    """Return the objective of a solution from a count of the stations that cover each [cell, group, slot].

    ``minutes``, of the same shape, are those to the nearest station, where they were measured. NaN where neither tells
    the objective: coverage fades out past the standard, room is short, or a regret is asked for.
    """
    plan, sites = asked.plan, asked.sites
    worked = demand.weight > 0
    if not worked.any():
        return 0.0
    if plan.aim in ("median", "center") and minutes is not None:
        if plan.aim == "median":
            return float(np.average(np.minimum(minutes[worked], plan.far_min or 0.0), weights=demand.weight[worked]))
        return float(minutes[worked & np.isfinite(minutes)].max(initial=0.0))
    if plan.aim == "served":
        return float("nan")
    if plan.aim == "cost":
        return float(sites.cost[solution.sites].sum())
    if asked.coverage.share is not None or plan.aim == "regret":
        return float("nan")
    if plan.aim == "worst":
        row = asked.coverage
        return float((asked.drawn * (stations[row.cell, row.group, row.slot] > 0)).sum(axis=1).min())
    once = np.where(stations > 0, demand.weight, 0.0)
    if plan.aim == "fair":
        reached_in = np.bincount(demand.district, once.sum(axis=(1, 2)), minlength=len(asked.totals))
        return float((reached_in / np.where(asked.totals > 0, asked.totals, np.nan))[asked.totals > 0].min())
    twice = np.where(stations > 1, demand.weight, 0.0)
    preferred = plan.preferred_workers * float(sites.preferred[solution.sites].sum())
    return float(once.sum() + plan.backup_weight * twice.sum()) + preferred
