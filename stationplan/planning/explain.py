"""Why a site is proposed, or not: what it adds, which stations are near, which rule keeps it, what could replace it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from stationplan.access import Access
from stationplan.domain import (
    NOBODY,
    WALK,
    BoolArray,
    Coverage,
    Demand,
    FloatArray,
    Held,
    IntArray,
    Mode,
    Sites,
    Solution,
    WhyHere,
    WhyNot,
    WhyNotReason,
)
from stationplan.planning.aims import Aim, aim_of
from stationplan.planning.question import near_pairs, same_place
from stationplan.scenario import PlanInput


@dataclass(frozen=True, eq=False)
class Finished:
    """The state of a plan once everything is built, shared by both explanations; made by :func:`finished`.

    ``count[row]`` and ``today[row]`` are the numbers of stations that cover a row with the plan and today.
    ``worth[row]`` is the weight of its workers for floors and target, ``district[row]`` their district.
    ``slack[district]`` is the weight above the floor of a district, ``target_slack`` the weight above the target of the
    plan (``inf``: no floor or target), and ``money_left`` the unspent budget in yuan (``inf``: no budget). ``clash`` is
    [pair x 2], sites of which at most one may be used. ``sites_left`` is the unused number of new sites (``inf``: no
    number is given).
    """

    demand: Demand
    sites: Sites
    coverage: Coverage
    chosen: IntArray
    plan: PlanInput
    columns: sparse.csc_array
    count: IntArray
    today: IntArray
    standing: BoolArray
    worth: FloatArray
    district: IntArray
    slack: FloatArray
    target_slack: float
    money_left: float
    sites_left: float
    clash: IntArray

    @property
    def aim(self) -> Aim:
        """The aim that the plan optimises."""
        return aim_of(self.plan.aim)

    def blocked(self, without: int = -1) -> BoolArray:
        """Return which sites the plan's stations exclude by place or distance, the station ``without`` disregarded."""
        stands = self.standing.copy()
        if without >= 0:
            stands[without] = False
        both = np.concatenate([self.clash, self.clash[:, ::-1]])
        blocked = np.zeros(len(self.sites), dtype=bool)
        blocked[both[stands[both[:, 0]], 1]] = True
        return blocked

    def may_replace(self, site: int) -> BoolArray:
        """Return which sites may be built instead of a proposed one, regardless of cost."""
        counted = self.sites.counted
        fits = ~counted | (self.sites_left + counted[site] >= 1)
        return np.asarray(fits & ~(self.standing | self.sites.forbidden | self.closed | self.blocked(site)))

    @property
    def closed(self) -> BoolArray:
        """Existing stations that the plan closes."""
        return self.sites.existing & ~self.standing

    def rows(self, site: int) -> IntArray:
        """Return the rows that a site covers."""
        indptr, indices = self.columns.indptr, self.columns.indices
        return np.asarray(indices[indptr[site] : indptr[site + 1]], dtype=np.int64)

    def table(self, rows: IntArray) -> FloatArray:
        """Return the workers of the given rows, [group, slot]."""
        workers = np.zeros(self.demand.workers.shape[1:])
        np.add.at(workers, (self.coverage.group[rows], self.coverage.slot[rows]), self.coverage.weight[rows])
        return workers

    def broken(self, lost: IntArray, won: IntArray) -> Held | None:
        """Return the rule broken if rows lose or gain coverage: the floor with the largest deficit, else the target."""
        change = np.zeros(len(self.slack))
        np.add.at(change, self.district[won], self.worth[won])
        np.subtract.at(change, self.district[lost], self.worth[lost])
        left = self.slack + change
        worst = int(left.argmin())
        if left[worst] < 0:
            return Held("floor", district=worst)
        return Held("target") if self.target_slack + change.sum() < 0 else None


def finished(
    demand: Demand, sites: Sites, coverage: Coverage, solution: Solution, *, plan: PlanInput, districts: int
) -> Finished:
    """Return the state of a plan once everything is built; ``districts`` is the number of districts."""
    chosen = solution.sites
    standing = sites.existing.copy()
    standing[solution.closed] = False
    standing[chosen] = True
    count = np.asarray(coverage.cover @ standing.astype(np.int64), dtype=np.int64)
    worth = demand.weight[coverage.cell, coverage.group, coverage.slot]
    district = demand.district[coverage.cell]
    covered = count > 0
    totals = np.bincount(demand.district, demand.weight.sum(axis=(1, 2)), minlength=districts)
    reached = np.bincount(district[covered], worth[covered], minlength=districts)
    # The limit is slightly below the floor, so that rounding breaks no rule.
    share = aim_of(plan.aim).floor_share(plan, solution)
    floor = share * totals * (1 - 1e-9) - NOBODY
    target = plan.target_share * totals.sum() * (1 - 1e-9) - NOBODY
    return Finished(
        demand=demand,
        sites=sites,
        coverage=coverage,
        chosen=chosen,
        plan=plan,
        columns=coverage.cover.tocsc(),
        count=count,
        today=np.asarray(coverage.cover @ sites.existing.astype(np.int64), dtype=np.int64),
        standing=standing,
        worth=worth,
        district=district,
        slack=reached - floor if share > 0 else np.full(districts, np.inf),
        target_slack=float(reached.sum() - target) if plan.target_share > 0 else np.inf,
        money_left=np.inf if plan.money is None else plan.money - float(sites.cost[chosen].sum()),
        sites_left=np.inf if plan.number is None else plan.number - int(sites.counted[chosen].sum()),
        clash=np.concatenate([near_pairs(sites, plan.min_spacing_m), same_place(sites)]),
    )


def why_here(built: Finished, access: Access) -> tuple[WhyHere, ...]:
    """Return the explanation of each proposed site, in build order."""
    sites, weight = built.sites, built.coverage.weight
    near_min, near_site = access.nearest(np.flatnonzero(sites.existing), mode=WALK, sites=built.chosen)
    today_min = _today(built, access)
    # What each site would add to the complete plan, before any site is removed from it.
    new_gain = np.asarray(built.columns.T @ np.where(built.count == 0, weight, 0.0))
    open_row = built.today == 0
    cases: list[WhyHere] = []
    for order, site in enumerate(built.chosen.tolist()):
        rows = built.rows(site)
        fresh = rows[open_row[rows]]
        open_row[rows] = False
        alone = _alone(built, site)
        lost = float(weight[alone].sum())
        regained = new_gain + np.asarray(built.coverage.cover[alone].T @ weight[alone])
        every = regained.copy()
        regained[~built.may_replace(site)] = 0
        affordable = sites.cost <= sites.cost[site] + built.money_left + 1e-9
        best = int(np.where(affordable, regained, 0).argmax())
        replacement = best if affordable[best] and regained[best] > 0 else -1
        served, with_today, mean_min, without = _served(built, rows, today_min)
        cases.append(
            WhyHere(
                site=site,
                gained=built.table(fresh),
                alone=built.table(alone),
                served=served,
                served_today=with_today,
                today_min=mean_min,
                today_none=without,
                nearest_existing=int(near_site[order]),
                nearest_existing_min=float(near_min[order]),
                replacement=replacement,
                replacement_loss=lost - (float(regained[replacement]) if replacement >= 0 else 0.0),
                replacement_breaks=None if replacement < 0 else built.broken(*_exchange(built, alone, replacement)),
                removal_loss=lost,
                held=_held(built, site, alone, regained, affordable, every),
            )
        )
    return tuple(cases)


def _exchange(built: Finished, alone: IntArray, other: int) -> tuple[IntArray, IntArray]:
    """Return the rows that lose coverage and those that gain it if ``other`` replaces a site.

    ``alone`` are the rows that only the replaced site covers.
    """
    rows = built.rows(other)
    return np.setdiff1d(alone, rows), rows[built.count[rows] == 0]


def _held(
    built: Finished, site: int, alone: IntArray, regained: FloatArray, affordable: BoolArray, every: FloatArray
) -> Held:
    """Return the first rule that keeps a site in the plan; a floor or target does if it breaks without the site.

    ``every`` is the weight that each site would regain instead if neither places nor distances excluded it.
    """
    if built.sites.required[site]:
        return Held("required")
    if not built.aim.counts_workers:
        return Held("aim")
    broken = built.broken(alone, np.zeros(0, dtype=np.int64))
    if broken is not None:
        return broken
    unaffordable = int(np.where(affordable, 0, regained).argmax())
    if not affordable[unaffordable] and regained[unaffordable] > built.coverage.weight[alone].sum() + NOBODY:
        return Held("budget", site=unaffordable)
    free = ~(built.standing | built.closed | built.sites.forbidden) & affordable
    near = int(np.where(built.blocked(site) & free, every, 0).argmax())
    if built.blocked(site)[near] and free[near] and every[near] > built.coverage.weight[alone].sum() + NOBODY:
        return Held("spacing", site=near)
    return Held("gain")


def _today(built: Finished, access: Access) -> FloatArray:
    """Return the minutes from each row to the nearest existing station that is open in its slot and serves its group.

    All groups and slots of a mode for which the same stations are usable share one search from all these stations.
    """
    demand, sites, coverage = built.demand, built.sites, built.coverage
    minutes = np.full(len(coverage.weight), np.inf)
    proposed = np.zeros(len(sites), dtype=bool)
    proposed[built.chosen] = True
    wanted = np.asarray(coverage.cover @ proposed.astype(np.int64)) > 0
    by_stations: dict[tuple[Mode, bytes], FloatArray] = {}
    for g, group in enumerate(demand.groups):
        mode = group.mode
        for s in range(len(demand.slots)):
            rows = np.flatnonzero(wanted & (coverage.group == g) & (coverage.slot == s))
            usable = sites.existing & sites.serves[:, g] & sites.open[:, s]
            if not (len(rows) and usable.any()):
                continue
            key = (mode, usable.tobytes())
            if key not in by_stations:
                by_stations[key], _ = access.nearest(np.flatnonzero(usable), mode=mode)
            minutes[rows] = by_stations[key][coverage.cell[rows]]
    return minutes


def _served(
    built: Finished, rows: IntArray, today_min: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return by group: workers of the rows, those covered today, mean minutes today, workers who reach no station."""
    groups = len(built.demand.groups)
    weight, group, minutes = built.coverage.weight[rows], built.coverage.group[rows], today_min[rows]
    found = np.isfinite(minutes)

    def by_group(part: BoolArray, value: FloatArray) -> FloatArray:
        return np.bincount(group[part], value[part], minlength=groups).astype(np.float64)

    reached = by_group(found, weight)
    ways = by_group(found, weight * np.where(found, minutes, 0.0))
    mean = np.divide(ways, reached, out=np.full(groups, np.nan), where=reached > 0)
    return by_group(found | True, weight), by_group(built.today[rows] > 0, weight), mean, by_group(~found, weight)


def why_not(built: Finished, asked: Sequence[int], *, cases: Sequence[WhyHere], access: Access) -> tuple[WhyNot, ...]:
    """Return why each site in ``asked`` is not proposed, in that order; ``cases`` explain the proposed sites."""
    modes = dict.fromkeys(group.mode for group in built.demand.groups)
    roadless = {mode: access.sites_off_road(mode) for mode in modes}
    return tuple(_why_not(built, site, cases, roadless) for site in asked)


def _why_not(built: Finished, site: int, cases: Sequence[WhyHere], roadless: Mapping[Mode, BoolArray]) -> WhyNot:
    sites, weight = built.sites, built.coverage.weight
    rows = built.rows(site)
    # The stations that cover the workers besides this site; a candidate that is not proposed is not counted anyway.
    others = built.count[rows] - int(built.standing[site])
    today = built.today[rows] - int(sites.existing[site])
    shared = np.asarray(built.coverage.cover[rows].T @ weight[rows])
    shared[~built.standing] = 0
    shared[site] = 0
    order = np.lexsort((np.arange(len(shared)), -shared))[: int((shared > 0).sum())]
    gain = built.table(rows[others == 0])
    exchange, exchange_gain = (-1, 0.0) if built.standing[site] else _best_exchange(built, site, cases)
    breaks, exchange_money = None, 0.0
    if exchange >= 0:
        breaks = built.broken(*_exchange(built, _alone(built, exchange), site))
        exchange_money = _lacking(sites.cost[site], built.money_left + sites.cost[exchange])
    free = [case for case in cases if not (sites.required[case.site] or built.standing[site])]
    least = min(free, key=lambda case: float(case.gained.sum()), default=None)
    beside = 0.0 if built.standing[site] else _lacking(sites.cost[site], built.money_left)
    no_road = tuple(mode for mode, lacking in roadless.items() if lacking[site])
    # Workers in districts without roads may still reach the site in a straight line.
    reasons = _of_itself(built, site, rows, all_modes=len(no_road) == len(roadless) and not len(rows))
    if not reasons:
        beside_it = _beside(built, site, gain=float(gain.sum()), money=beside)
        instead = _instead(built, site, exchange, exchange_gain, exchange_money, breaks)
        reasons = list(dict.fromkeys([*beside_it, *instead]))
    return WhyNot(
        site=site,
        reasons=tuple(reasons),
        reach=built.table(rows),
        gain=gain,
        covered_today=float(weight[rows[today > 0]].sum()),
        covered_by_plan=float(weight[rows[(today == 0) & (others > 0)]].sum()),
        others=order,
        shared=shared[order],
        exchange=exchange,
        exchange_gain=exchange_gain,
        exchange_money=exchange_money,
        exchange_breaks=breaks,
        least=-1 if least is None else least.site,
        workers_missing=0.0 if least is None else max(float(least.gained.sum()) - float(gain.sum()), 0.0),
        money_missing=beside,
        no_road=no_road,
    )


def _lacking(cost: float, money: float) -> float:
    """Return the yuan by which a cost exceeds the money, 0 if only by rounding."""
    return float(cost - money) if cost > money + 1e-9 else 0.0


def _best_exchange(built: Finished, site: int, cases: Sequence[WhyHere]) -> tuple[int, float]:
    """Return the proposed site that ``site`` would best replace and the workers gained; affordable exchanges first."""
    sites, weight = built.sites, built.coverage.weight
    losses = {
        case.site: case.removal_loss
        for case in cases
        if not sites.required[case.site] and built.may_replace(case.site)[site]
    }
    if not losses:
        return -1, 0.0
    given_up = np.array(list(losses), dtype=np.int64)
    rows = built.rows(site)
    won = float(weight[rows[built.count[rows] == 0]].sum())
    # Of the rows that only the removed site covers, those that the new site reaches stay covered.
    kept = _alone(built, site)
    lost = np.array(list(losses.values())) - np.asarray(built.coverage.cover[kept].T @ weight[kept])[given_up]
    payable = sites.cost[site] <= sites.cost[given_up] + built.money_left + 1e-9
    among = np.flatnonzero(payable) if payable.any() else np.arange(len(given_up))
    best = among[int(lost[among].argmin())]
    return int(given_up[best]), won - float(lost[best])


def _of_itself(built: Finished, site: int, rows: IntArray, *, all_modes: bool) -> list[WhyNotReason]:
    """Return the reasons against a site that hold in any plan; empty for a candidate that could be built."""
    sites = built.sites
    if sites.existing[site]:
        return ["existing"] if built.standing[site] else ["closes"]
    if built.standing[site]:
        return ["proposed"]
    faults: list[tuple[bool, WhyNotReason]] = [
        (bool(sites.forbidden[site]), "forbidden"),
        (all_modes, "no_road"),
        (not sites.open[site].any(), "closed"),
        (not sites.serves[site].any(), "unfit"),
    ]
    found = [reason for holds, reason in faults if holds]
    useless = not len(rows) and not set(found) - {"forbidden"}
    return [*found, "nobody"] if useless else found


def _beside(built: Finished, site: int, *, gain: float, money: float) -> list[WhyNotReason]:
    """Return why a site is not built in addition to the proposed ones."""
    if gain <= NOBODY:
        return ["covered"]
    reasons: list[WhyNotReason] = ["money"] if money > 0 else []
    if built.sites.counted[site] and built.sites_left < 1:
        reasons.append("number")
    if built.blocked()[site]:
        reasons.append("spacing")
    return reasons or ["better" if built.aim.counts_workers else "aim"]


def _instead(
    built: Finished, site: int, exchange: int, gain: float, money: float, breaks: Held | None
) -> list[WhyNotReason]:
    """Return why a site is not built instead of the proposed one that it would best replace."""
    if exchange < 0:
        return []
    if gain < -NOBODY:
        return ["outdone"]
    if breaks is not None:
        return ["rule"]
    if not built.aim.counts_workers:
        return ["aim"]
    if money > 0:
        return ["money"]
    lost, won = _exchange(built, _alone(built, exchange), site)
    if built.worth[won].sum() - built.worth[lost].sum() < -NOBODY:
        return ["heat"]
    return ["better"] if gain > NOBODY else ["as_good"]


def _alone(built: Finished, site: int) -> IntArray:
    """Return the rows that only this site covers in the finished plan."""
    rows = built.rows(site)
    return np.asarray(rows[built.count[rows] == 1], dtype=np.int64)
