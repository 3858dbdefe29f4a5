"""Maximal covering location where each station can serve only so many, with a proven bound; who is served where."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import FloatArray, IntArray, Solution
from stationplan.domain.base import require
from stationplan.siting.base.answer import PROVEN, Clock, answered, unanswered
from stationplan.siting.base.arguments import Arguments, Matrix
from stationplan.siting.base.problem import Problem, checked, endless, outcome, pays_required
from stationplan.siting.capacitated.exchange import exchange, fill, shake
from stationplan.siting.capacitated.flow import Flow
from stationplan.siting.capacitated.milp import MilpResult, serve_floors, solve
from stationplan.siting.capacitated.prices import CapacitatedBound, SiteLimits, bound, prices
from stationplan.siting.capacitated.reduced import Reduced, capacity_table, merge, reduce, slots_of
from stationplan.siting.mclp.maximal import best_choice

_METHOD = "row aggregation, lazy greedy and exchange on maximum flows, Lagrangian bound, HiGHS branch and cut"

_SEARCH = 0.95
"""Share of the time that goes into the search; the rest is for order and check."""

_STEPS = 1500
"""Most steps of the search for prices."""

_SHAKES, _EFFORT = 8, 30_000_000
"""Most rounds of shaking, and how many pairs times chosen sites they may come to: some ten seconds.

Where one round comes to more, moves of workers are left out of the first choice, and exchanges wait for prices."""

_LONG_S = 86_400.0
"""Seconds for an assignment with floors, which is only a linear program: a day, that is no limit."""

_PAIRS = 500_000
"""Pairs of row and place from which on HiGHS would not come past its first relaxation in any useful time."""


def capacitated_coverage(
    cover: Matrix,
    weights: ArrayLike,
    capacity: ArrayLike,
    *,
    slot: ArrayLike | None = None,
    p: int | None = None,
    budget: float | None = None,
    costs: ArrayLike | None = None,
    existing: ArrayLike | None = None,
    required: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
    district: ArrayLike | None = None,
    floor: ArrayLike | None = None,
    time_limit_s: float = 60.0,
) -> Solution:
    """Return the sites with which stations serve the most workers, none of them more than it has room for.

    Capacitated maximal covering (Current and Storbeck 1988; Pirkul and Schilling 1991): choose y in {0, 1}^sites and
    workers x[i, j] >= 0 of row i that site j serves, where j covers i, to maximise the sum of x, subject to
    sum_j x[i, j] <= weights[i], the sum of x[i, j] over the rows of slot s <= capacity[j, s] y[j], and the limits on y.
    The workers of a row may go to several sites. :func:`assign` tells who goes where.

    Parameters
    ----------
    cover
        [demand x site], sparse or dense; a non-zero entry means covered.
    weights
        Workers of each row, finite and >= 0.
    capacity
        Workers that a site, existing or new, can serve at a time: [site], the same in each slot, or [site x slot];
        infinity where there is no limit.
    slot
        Time slot of each row, 0, 1, ...; all 0 where not given.
    p, budget, costs, existing, required, forbidden
        As for :func:`max_coverage`.
    district, floor
        ``district[row]`` indexes ``floor``, the least number of workers served there, over all slots.
    time_limit_s
        Time in all. When it runs out the best answer so far is returned with the bound.

    Returns
    -------
    Solution
        New sites in build order. Those that would add nothing are left out where there are no floors. ``objective``
        counts all workers served, by existing sites too. ``bound`` is the least of the Lagrangian one, that of HiGHS
        and that of coverage without capacities. ``termination`` is ``infeasible`` when required sites or floors cannot
        be met, and ``time_limit`` with an objective of NaN when no answer with the floors was found in time.

    Raises
    ------
    ValueError
        All faults of the arguments, one a line.

    >>> answer = capacitated_coverage([[1, 0], [1, 1], [0, 1]], [4, 3, 2], [5, 9], p=1)
    >>> answer.sites.tolist(), answer.objective, round(answer.bound, 6)
    ([0], 5.0, 5.0)
    """
    clock = Clock(time_limit_s * _SEARCH)
    arguments = Arguments()
    rows, sites = arguments.matrix("cover", cover).shape
    slot_of = slots_of(arguments, capacity, slot, rows, sites)
    problem = arguments.with_those_of(
        lambda: checked(
            cover,
            weights,
            p=p,
            budget=budget,
            costs=costs,
            existing=existing,
            required=required,
            forbidden=forbidden,
            district=district,
            floor=floor,
        )
    )
    if not pays_required(problem):
        return unanswered("infeasible", clock=clock, method=_METHOD)
    room = capacity_table(capacity, slot_of)
    reduced = reduce(problem, room, slot_of)
    chosen, highest, ended = _search(problem, reduced, clock)
    if ended:
        return unanswered("infeasible", clock=clock, method=_METHOD)
    if chosen is None:
        return unanswered("time_limit", clock=clock, method=_METHOD, bound=highest)
    order = _build_order(problem, room, slot_of, chosen)
    standing = np.concatenate([np.flatnonzero(problem.existing), order]).astype(np.int64)
    served = assign(problem.cover, problem.weights, room, standing, slot=slot_of)
    objective = _workers_served(served, problem, room, slot_of, standing)
    return answered(order, objective, highest, clock=clock, method=_METHOD)


def assign(
    cover: Matrix,
    weights: ArrayLike,
    capacity: ArrayLike,
    sites: ArrayLike,
    *,
    slot: ArrayLike | None = None,
    district: ArrayLike | None = None,
    floor: ArrayLike | None = None,
) -> sparse.csr_array:
    """Return how many workers of each row are served at each site, [row x site], when ``sites`` serve the most.

    A maximum flow from stations to rows; with floors, which never lower what is served in all, a linear program that
    meets them to a relative 1e-6. ``sites``, as indices, are all that are open, existing ones too. Other arguments are
    those of :func:`capacitated_coverage`. Rows of a slot and district that the same sites cover are served in equal
    parts. Sums of rows are the workers served of each, sums of columns those that each site serves in all slots.

    Raises
    ------
    ValueError
        All faults of the arguments, one a line; or the sites cannot meet the floors.

    >>> assign([[1, 0], [1, 1], [0, 1]], [4, 3, 2], [5, 3], [0, 1]).sum(axis=1).tolist()
    [4.0, 2.0, 2.0]
    >>> assign([[1], [1]], [4, 3], [5], [0], district=[0, 1], floor=[0, 3]).toarray().ravel().tolist()
    [2.0, 3.0]
    """
    arguments = Arguments()
    matrix = arguments.matrix("cover", cover)
    rows, count = matrix.shape
    slot_of = slots_of(arguments, capacity, slot, rows, count)
    opened = arguments.mask("sites", sites, count)
    problem = arguments.with_those_of(lambda: checked(matrix, weights, p=0, district=district, floor=floor))
    merged = merge(
        problem.cover,
        problem.weights,
        capacity_table(capacity, slot_of),
        slot_of,
        problem.district,
        usable=opened,
        wanted=np.ones(rows, dtype=bool),
    )
    places = merged.places
    flow = Flow(places)
    flow.open(np.flatnonzero(opened))
    amount: FloatArray | None = flow.flow
    if len(problem.floor):
        amount = serve_floors(places, merged.district, problem.floor, np.flatnonzero(opened), seconds=_LONG_S)
    if amount is None:
        raise ValueError("the sites cannot meet the floors")
    groups = sparse.csr_array(
        (amount / np.repeat(places.weights, np.diff(places.indptr)), places.site[places.indices], places.indptr),
        shape=(len(places.weights), count),
    )
    groups.eliminate_zeros()
    row = np.flatnonzero(merged.group >= 0)
    share = sparse.csr_array((problem.weights[row], (row, merged.group[row])), shape=(rows, len(places.weights)))
    return sparse.csr_array(share @ groups)


def _workers_served(
    served: sparse.csr_array, problem: Problem, capacity: FloatArray, slot: IntArray, sites: IntArray
) -> float:
    """Return the workers that an assignment serves after checking it against rows, capacities, cover and choice."""
    entry = served.tocoo()
    opened = np.zeros(served.shape[1], dtype=bool)
    opened[sites] = True
    covered = sparse.csr_array(problem.cover.astype(np.float64).multiply(served) != served).nnz == 0
    require(covered and bool(opened[entry.col].all()), "workers go to open sites that cover them")
    require(bool((entry.data >= 0).all()), "nobody is served less than not at all")
    slack = 1 + 1e-9
    require(bool((served.sum(axis=1) <= problem.weights * slack).all()), "no more workers are served than there are")
    load = np.zeros(capacity.shape)
    np.add.at(load, (entry.col, slot[entry.row]), entry.data)
    require(bool((load <= capacity * slack).all()), "no site serves more than its capacity")
    return float(entry.data.sum())


def _search(problem: Problem, reduced: Reduced, clock: Clock) -> tuple[list[int] | None, float, bool]:
    """Return new sites (``None``: none found), a bound on what is served, and whether the floors are out of reach."""
    places, limits, floor = reduced.places, reduced.limits, problem.floor
    ground = Flow(places)
    ground.open(np.flatnonzero(limits.standing))
    if not reduced.allowed.any() or limits.most == 0:
        met = _meets(reduced, floor, [], clock)
        return ([] if met else None), reduced.secured + float(ground.flow.sum()), not met and not clock.over
    best: list[int] | None = None
    value, plain = -np.inf, 0.0

    def consider(sites: list[int], worth: float) -> None:
        nonlocal best, value, plain
        plain = max(plain, worth)
        if worth > value and _meets(reduced, floor, sites, clock):
            best, value = sites, worth

    by_cost = bool(np.isfinite(limits.budget))
    effort = max(len(places.indices) * int(min(limits.most, reduced.allowed.sum())), 1)
    quick = effort > _EFFORT
    tried: list[tuple[Flow, list[int]]] = []

    def part() -> Clock:
        return Clock(clock.spent_s + 0.7 * clock.left_s, clock.started) if quick else clock

    def attempt(sites: list[int], *, by_cost: bool, better: bool) -> None:
        flow = ground.copy()
        flow.open(sites)
        sites = fill(flow, sites, limits, reduced.allowed, clock=clock, by_cost=by_cost, quick=quick)
        if better:
            sites = exchange(flow, sites, limits, reduced.allowed, clock=part())
        consider(sites, float(flow.flow.sum()))
        tried.append((flow, sites))

    for way in [False, True] if by_cost else [False]:
        attempt([], by_cost=way, better=not quick)
    price, share = prices(places, limits, clock=part(), target=plain, steps=_STEPS)
    limit = bound(places, limits, price)
    if limit.value > plain * (1 + PROVEN) and not clock.over:
        attempt(_rounded(share, reduced), by_cost=by_cost, better=True)
        if limit.value > plain * (1 + PROVEN):
            flow, sites = max(tried, key=lambda pair: float(pair[0].flow.sum()))
            times = min(_SHAKES, _EFFORT // effort)
            flow, sites = shake(flow, sites, limits, reduced.allowed, times=times, clock=clock)
            consider(sites, float(flow.flow.sum()))
    highest = limit.value
    if best is None or highest > value * (1 + PROVEN):
        # Coverage without capacities can only help where it is known to be below the bound.
        loose = best is not None and _covered(problem, best) < reduced.secured + highest
        found = _by_milp(reduced, floor, best, value, limit, clock, 0.8 if loose else 1.0)
        if found.termination == "infeasible" and best is None:
            return None, float("nan"), True
        if found.sites is not None:
            flow = ground.copy()
            flow.open(found.sites)
            consider(found.sites, float(flow.flow.sum()))
        # Sites that were left out lead to nothing better than the best found so far.
        most = value if found.termination == "infeasible" else found.bound - reduced.secured
        highest = min(highest, max(most, value))
        if loose and highest > value * (1 + PROVEN) and not clock.over:
            relaxed = _without_capacities(problem, clock)
            sites = [int(site) for site in relaxed.sites if reduced.allowed[site]]
            flow = ground.copy()
            flow.open(sites)
            consider(sites, float(flow.flow.sum()))
            highest = min(highest, max(relaxed.bound - reduced.secured, value))
    if quick and best is not None and highest > value * (1 + PROVEN):
        flow = ground.copy()
        flow.open(best)
        sites = exchange(flow, best, limits, reduced.allowed, clock=clock)
        consider(sites, float(flow.flow.sum()))
    return best, reduced.secured + highest, False


def _meets(reduced: Reduced, floor: FloatArray, sites: list[int], clock: Clock) -> bool:
    """Return whether sites can meet the floors beside those that stand; ``False`` where time is up."""
    # As with coverage, a floor counts as met to a relative 1e-9: the solver's own answers are no closer.
    missing = floor - reduced.secured_in - 1e-9 * (floor + float(reduced.places.weights.sum()))
    if not (missing > 0).any():
        return True
    opened = [*np.flatnonzero(reduced.limits.standing), *sites]
    return serve_floors(reduced.places, reduced.district, missing, opened, seconds=clock.left_s) is not None


def _rounded(share: FloatArray, reduced: Reduced) -> list[int]:
    """Return the sites that the search for prices chose most often of late, as far as the limits allow."""
    limits, sites, spent = reduced.limits, list[int](), 0.0
    for site in np.argsort(-share, kind="stable"):
        fits = len(sites) < limits.most and spent + limits.costs[site] <= limits.budget * (1 + 1e-12)
        if reduced.allowed[site] and share[site] > 0.5 and fits:
            sites.append(int(site))
            spent += float(limits.costs[site])
    return sites


def _by_milp(
    reduced: Reduced,
    floor: FloatArray,
    best: list[int] | None,
    value: float,
    limit: CapacitatedBound,
    clock: Clock,
    part: float,
) -> MilpResult:
    """Ask HiGHS about the sites that prices leave in doubt; they settle that others are, or are not, worth choosing."""
    known = best is not None
    open_to = reduced.allowed & ~(known & (limit.chosen <= value))
    taken = open_to & known & (limit.left <= value)
    start = best if best is not None and open_to[best].all() and set(np.flatnonzero(taken)) <= set(best) else None
    reached = reduced.limits.standing | open_to
    pairs = int(reached[reduced.places.site[reduced.places.indices]].sum())
    if pairs > _PAIRS:
        return MilpResult(None, np.inf, "time_limit")
    return solve(reduced, floor, open_to=open_to, taken=taken, start=start, clock=clock, part=part)


def _covered(problem: Problem, sites: list[int]) -> float:
    """Return the weight that sites and standing ones cover, capacities aside."""
    return outcome(problem, [*np.flatnonzero(problem.required).tolist(), *sites]).once


def _without_capacities(problem: Problem, clock: Clock) -> Solution:
    return best_choice(endless(problem), clock.part(1.0))


def _build_order(problem: Problem, capacity: FloatArray, slot: IntArray, sites: list[int]) -> IntArray:
    """Return new sites, required ones too, by what each adds to those before it; ties go to the lower index.

    A site that adds nothing comes last, if it is required or may help to meet a floor; otherwise it is left out.
    """
    new = problem.required.copy()
    new[sites] = True
    merged = merge(
        problem.cover,
        problem.weights,
        capacity,
        slot,
        np.zeros(len(slot), dtype=np.int64),
        usable=problem.existing | new,
        wanted=np.ones(len(slot), dtype=bool),
    )
    existing = Flow(merged.places)
    existing.open(np.flatnonzero(problem.existing))
    free = SiteLimits(problem.existing, np.zeros(len(new)), int(new.sum()), np.inf)
    order = fill(existing, [], free, new, clock=Clock(np.inf), by_cost=False)
    kept = new if len(problem.floor) else problem.required
    return np.array([*order, *(site for site in np.flatnonzero(kept) if site not in order)], dtype=np.int64)
