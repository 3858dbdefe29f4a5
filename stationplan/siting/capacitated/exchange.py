"""Heuristic choices of sites with capacities: greedy by largest gain, then exchanges of single sites."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from stationplan.domain import BoolArray, FloatArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.base.highs import SEED
from stationplan.siting.capacitated.flow import Capacities, Flow
from stationplan.siting.capacitated.prices import SiteLimits

_SHAKEN = 4
"""Number of sites that are replaced at random in each round."""

_WORTH = 1e-9
"""Least relative gain in workers served for which an exchange is made."""


def fill(
    flow: Flow,
    chosen: Sequence[int],
    limits: SiteLimits,
    allowed: BoolArray,
    *,
    clock: Clock,
    by_cost: bool,
    quick: bool = False,
) -> list[int]:
    """Open allowed sites in the order of largest gain (or gain for its cost) while the limits have room.

    Returns ``chosen``, which the flow has open already, and behind it the sites that were opened. What is served is
    submodular, so a site whose renewed gain still leads need not be compared with the rest (Minoux 1978). Ties go to
    the lower index. Out of time, nothing more is opened.

    With ``quick``, gains count only the workers that a site would serve without moving others, which can only decrease
    as well.
    """
    chosen = list(chosen)
    spent = float(limits.costs[chosen].sum())
    taken = set(chosen)

    def merit(site: int) -> float:
        gain = flow.direct(site) if quick else flow.gain(site)
        return gain / max(limits.costs[site], 1e-12) if by_cost else gain

    most = _alone(flow.places, flow.short())
    if by_cost:
        most = most / np.maximum(limits.costs, 1e-12)
    queue = [(-most[site], int(site)) for site in np.flatnonzero(allowed) if site not in taken]
    heapq.heapify(queue)
    while queue and len(chosen) < limits.most and not clock.over:
        _, site = heapq.heappop(queue)
        if spent + limits.costs[site] > limits.budget * (1 + 1e-12):
            continue
        renewed = -merit(site)
        if renewed >= 0:
            continue
        if queue and (renewed, site) > queue[0]:
            heapq.heappush(queue, (renewed, site))
            continue
        flow.open([site])
        chosen.append(site)
        spent += float(limits.costs[site])
    return chosen


def exchange(flow: Flow, chosen: Sequence[int], limits: SiteLimits, allowed: BoolArray, *, clock: Clock) -> list[int]:
    """Exchange one chosen site for an allowed one in the flow while that serves more; return the sites then chosen.

    With a site closed, its substitutes are tried in descending order of an upper bound on their gain: the weight that
    they cover of the short rows of a minimum cut, within their capacity.
    """
    chosen = list(chosen)
    places, costs = flow.places, limits.costs
    least = _WORTH * float(places.weights.sum())
    unchanged = place = 0
    while unchanged < len(chosen) and not clock.over:
        site = chosen[place]
        lost = flow.close(site)
        most = _alone(places, flow.short())
        most[~allowed] = 0.0
        most[chosen] = 0.0
        room = limits.budget - float(costs[chosen].sum() - costs[site])
        most[costs > room * (1 + 1e-12)] = 0.0
        best, worth = site, lost + least
        for other in np.argsort(-most, kind="stable"):
            if most[other] <= worth or clock.over:
                break
            gain = flow.gain(int(other))
            if gain > worth:
                best, worth = int(other), gain
        flow.open([best])
        chosen[place] = best
        unchanged = unchanged + 1 if best == site else 0
        place = (place + 1) % len(chosen)
    return chosen


def shake(
    flow: Flow, chosen: list[int], limits: SiteLimits, allowed: BoolArray, *, times: int, clock: Clock
) -> tuple[Flow, list[int]]:
    """Return a flow and a choice that are not worse, found by repeated random changes followed by exchanges.

    Iterated local search (Lourenco, Martin and Stutzle 2003): each round starts from the best choice so far.
    """
    random = np.random.default_rng(SEED)
    best = float(flow.flow.sum())
    for _ in range(times):
        gone = random.permutation(len(chosen))[:_SHAKEN]
        other, sites = flow.copy(), [site for place, site in enumerate(chosen) if place not in gone]
        for place in gone:
            other.close(chosen[place])
        spent = float(limits.costs[sites].sum())
        for site in random.permutation(np.setdiff1d(np.flatnonzero(allowed), chosen)):
            if len(sites) < len(chosen) and spent + limits.costs[site] <= limits.budget * (1 + 1e-12):
                sites.append(int(site))
                spent += float(limits.costs[site])
        other.open(sites[len(chosen) - len(gone) :])
        sites = fill(other, sites, limits, allowed, clock=clock, by_cost=bool(np.isfinite(limits.budget)))
        sites = exchange(other, sites, limits, allowed, clock=clock)
        if clock.over:
            break
        worth = float(other.flow.sum())
        if worth > best * (1 + _WORTH):
            flow, chosen, best = other, sites, worth
    return flow, chosen


def _alone(places: Capacities, wanting: BoolArray) -> FloatArray:
    """Return the most workers of some rows that each site covers, within the capacities of its places."""
    place = np.repeat(np.arange(len(places.capacity)), np.diff(places.column_ptr))
    weight = np.bincount(place, places.weights[places.rows] * wanting[places.rows], minlength=len(places.capacity))
    taken = np.minimum(weight, places.capacity)
    return np.bincount(places.site, taken, minlength=len(places.first) - 1).astype(np.float64)
