"""The question of a plan, the input of the siting models: weighted demand rows, sites, rules, floors and targets."""

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
    """The role and cost of each site in a question, under the argument names of :mod:`stationplan.siting`."""

    costs: FloatArray
    existing: BoolArray
    required: BoolArray
    forbidden: BoolArray


@dataclass(frozen=True, eq=False)
class Question:
    """The input of the siting models: weighted demand rows, rules, floors and targets.

    ``total`` is the weight of all workers and ``totals[district]`` that of each district, whether within reach of a
    site or not. ``district[row]`` is the district of a row, ``today`` the weight covered by existing stations, and
    ``names[district]`` the name of a district.
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
        """Whether the objective weighs more than covered workers."""
        fades, hot = self.coverage.share is not None, self.demand.exposure is not None
        return fades or hot or self.plan.backup_weight > 0 or bool(self.plan.preferred)

    @cached_property
    def drawn(self) -> FloatArray:
        """Weights of the rows in each draw of the demand used, [draw x row]; those of the estimate without draws."""
        row, count = self.coverage, 0
        if self.demand.draws is not None:
            count = min(self.plan.robustness_draws, len(self.demand.draws))
        draws = [weights(self.demand, draw) for draw in range(count)] or [self.demand.weight]
        return np.stack([draw[row.cell, row.group, row.slot] for draw in draws])

    @property
    def roles(self) -> Roles:
        """Role and cost of each site, for models without other rules."""
        sites = self.sites
        return Roles(costs=sites.cost, existing=sites.existing, required=sites.required, forbidden=sites.forbidden)

    @property
    def limits(self) -> tuple[int | None, float | None]:
        """Number of new sites and budget (yuan); if neither is given, the number is that of all candidates."""
        if self.plan.number is None and self.plan.money is None:
            return int((self.sites.counted & ~self.sites.forbidden).sum()), None
        return self.plan.number, self.plan.money

    @cached_property
    def near(self) -> IntArray:
        """Pairs of sites closer to each other than the minimum spacing, [pair x 2]."""
        return near_pairs(self.sites, self.plan.min_spacing_m)

    @cached_property
    def rules(self) -> CoverageRules:
        """Rules that the choice of sites keeps."""
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
        """Whether a station or a candidate that is not forbidden is within reach, [origin] of the journeys."""
        journeys = self.coverage.journeys
        assert journeys is not None  # used by aims about travel times only
        usable = (~self.sites.forbidden)[journeys.minutes.indices]
        return np.asarray(np.diff(np.concatenate([[0], np.cumsum(usable)])[journeys.minutes.indptr]) > 0)

    @property
    def floor(self) -> FloatArray:
        """The least covered weight of each district, [district]."""
        return self.plan.floor_share * self.totals

    @property
    def target(self) -> float:
        """The least covered weight in total."""
        return max(self.plan.target_share * self.total, self.today if self.plan.keep_coverage else 0.0)

    @property
    def ends(self) -> CoverageRequirements:
        """Rules, floors and targets."""
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
    """Return the question of a plan; ``districts`` are the names of the districts.

    ``weight[cell, group, slot]`` is the weight of the workers, by default that of the demand (:func:`weights`).
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
    """Return the best coverage and its bound for each number of new sites of the frontier, within the time limit."""
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
    """Return the weights of the workers in the choice of sites, [cell, group, slot], of the demand or of a draw."""
    if draw is None or demand.draws is None:
        return demand.weight
    heads = demand.workers.sum(axis=2)
    factor = np.divide(demand.draws[draw], heads, out=np.zeros_like(heads), where=heads > 0)
    return np.asarray(demand.weight * factor[:, :, None], dtype=np.float64)


def weighed(coverage: Coverage, weight: FloatArray) -> Coverage:
    """Return the coverage with the weights of its rows taken from ``weight[cell, group, slot]``."""
    return replace(coverage, weight=weight[coverage.cell, coverage.group, coverage.slot])


def near_pairs(sites: Sites, spacing_m: float) -> IntArray:
    """Return the pairs of sites closer to each other than the spacing (m), [pair x 2], except sites at the same place.

    Longer hours of an existing station are not a separate station, so the spacing does not apply to them.
    """
    if spacing_m <= 0:
        return np.empty((0, 2), dtype=np.int64)
    own = np.flatnonzero(~sites.extends)
    tree = cKDTree(np.column_stack([sites.x[own], sites.y[own]]))
    pairs = own[tree.query_pairs(spacing_m, output_type="ndarray")]
    gap = np.hypot(*(axis[pairs[:, 0]] - axis[pairs[:, 1]] for axis in (sites.x, sites.y)))
    return np.asarray(pairs[(gap < spacing_m) & (sites.place[pairs[:, 0]] != sites.place[pairs[:, 1]])], dtype=np.int64)


def same_place(sites: Sites) -> IntArray:
    """Return the pairs of new sites at the same place, of which at most one may be chosen, [pair x 2]."""
    new = np.flatnonzero(~sites.existing)
    order = new[np.argsort(sites.place[new], kind="stable")]
    groups = np.split(order, np.flatnonzero(np.diff(sites.place[order])) + 1)
    pairs = [pair for group in groups if len(group) > 1 for pair in combinations(group.tolist(), 2)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
