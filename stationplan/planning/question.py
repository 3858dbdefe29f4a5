"""The question of a plan: demand rows with their weights, sites, rules, and what has to be reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TypedDict

import numpy as np
from scipy.spatial import cKDTree

from stationplan.domain import (
    BoolArray,
    Coverage,
    Demand,
    FloatArray,
    FrontierPoint,
    IntArray,
    Sites,
)
from stationplan.scenario import PlanInput
from stationplan.siting import frontier
from stationplan.siting.base.rules import CoverageRequirements, CoverageRules


class Roles(TypedDict):
    """Part of each site in a question, and its cost, by the names of siting's arguments."""

    costs: FloatArray
    existing: BoolArray
    required: BoolArray
    forbidden: BoolArray


@dataclass(frozen=True, eq=False)
class Question:
    """What a plan asks of the siting models: rows by their weight in the choice, rules, and what has to be reached.

    ``total`` is the weight of all workers and ``totals[district]`` that of each district, within reach of a site or
    not; ``district[row]`` is where a row lies, ``today`` the weight covered now, ``names[district]`` what it is called.
    """

    plan: PlanInput
    demand: Demand
    sites: Sites
    coverage: Coverage
    total: float
    totals: FloatArray
    district: IntArray
    today: float
    names: tuple[str, ...]

    @property
    def weighted(self) -> bool:
        """Whether the choice counts more than covered workers."""
        fades, hot = self.coverage.share is not None, self.demand.exposure is not None
        return fades or hot or self.plan.backup_weight > 0 or bool(self.plan.preferred)

    @cached_property
    def drawn(self) -> FloatArray:
        """Weight of each row in each draw of the demand that the plan uses, [draw x row]; the estimate without any."""
        row, count = self.coverage, 0
        if self.demand.draws is not None:
            count = min(self.plan.robustness_draws, len(self.demand.draws))
        draws = [weights(self.demand, draw) for draw in range(count)] or [self.demand.weight]
        return np.stack([draw[row.cell, row.group, row.slot] for draw in draws])

    @property
    def roles(self) -> Roles:
        """Part of each site, for models that have no other rules."""
        sites = self.sites
        return Roles(costs=sites.cost, existing=sites.existing, required=sites.required, forbidden=sites.forbidden)

    @property
    def limits(self) -> tuple[int | None, float | None]:
        """Number of new sites and money, at least one of them; with neither all candidates may be built."""
        if self.plan.number is None and self.plan.money is None:
            return int((self.sites.counted & ~self.sites.forbidden).sum()), None
        return self.plan.number, self.plan.money

    @cached_property
    def near(self) -> IntArray:
        """Pairs of sites nearer to each other than the least spacing, [pair x 2]."""
        return near_pairs(self.sites, self.plan.min_spacing_m)

    @cached_property
    def rules(self) -> CoverageRules:
        """Rules that the choice keeps."""
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
        assert journeys is not None  # asked where the plan is about travel times
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
        demand=demand,
        sites=sites,
        coverage=coverage,
        total=float(weight.sum()),
        totals=np.bincount(demand.district, weight.sum(axis=(1, 2)), minlength=len(districts)).astype(float),
        district=demand.district[coverage.cell],
        today=float(coverage.weight[covered_now].sum()),
        names=districts,
    )


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
