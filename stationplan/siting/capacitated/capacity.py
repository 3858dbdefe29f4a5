"""Capacitated maximal covering location with a proven bound, and the assignment of workers to stations."""

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
"""Share of the time used for the search; the rest is for build order and check."""

_STEPS = 1500
"""Steps of the search for prices at most."""

_SHAKES, _EFFORT = 8, 30_000_000
"""Rounds of shaking at most, and their limit in pairs times chosen sites, which takes about ten seconds.

If a single round exceeds the limit, the first choice ignores moves of workers, and exchanges are done after prices."""

_LONG_S = 86_400.0
"""Time limit of an assignment with floors, which is only a linear program: a day, in effect no limit."""

_PAIRS = 500_000
"""Pairs of row and place from which HiGHS does not finish its first relaxation in useful time."""


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
    """Return the sites with which stations serve the most workers within their capacities.

    Capacitated maximal covering (Current and Storbeck 1988; Pirkul and Schilling 1991): choose y in {0, 1}^sites and
    workers x[i, j] >= 0 of row i served by site j, where j covers i, to maximise the sum of x, subject to
    sum_j x[i, j] <= weights[i], the sum of x[i, j] over the rows of slot s <= capacity[j, s] y[j], and the limits on y.
    The workers of a row may be split between sites. :func:`assign` returns the assignment of workers to sites.

    Parameters
    ----------
    cover
        [demand x site], sparse or dense; a non-zero entry means covered.
    weights
        Workers of each row, [demand], finite and >= 0.
    capacity
        Workers that a site, existing or new, can serve at a time: [site], the same in each slot, or [site x slot];
        infinity for no limit.
    slot
        Time slot of each row, 0, 1, ...; default: all 0.
    p, budget, costs, existing, required, forbidden
        As for :func:`max_coverage`.
    district, floor
        ``district[row]`` indexes ``floor``, the least number of workers served in a district, over all slots.
    time_limit_s
        Time limit in total. When it is reached, the best choice so far is returned with the bound.

    Returns
    -------
    Solution
        New sites in build order. Without floors, sites that would add nothing are dropped. ``objective`` is the number
        of all workers served, including those served by existing sites. ``bound`` is the least of the Lagrangian bound,
        the bound of HiGHS and that of coverage without capacities. ``termination`` is ``infeasible`` if required sites
        or floors cannot be met, and ``time_limit`` with an objective of NaN if no choice that meets the floors was
        found in time.

    Raises
    ------
    ValueError
        All errors of the arguments, one per line.

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
    """Return the workers of each row served by each site, [row x site], when ``sites`` serve as many as possible.

    The assignment is a maximum flow from stations to rows; with floors, which never reduce the total served, it is a
    linear program that meets them to a relative 1e-6. ``sites``, as indices, are all open sites, including existing
    ones. Other arguments are those of :func:`capacitated_coverage`. Rows of one slot and district covered by the same
    sites are served in equal shares. Row sums are the workers served of each row, column sums those served by each site
    in all slots.

    Raises
    ------
    ValueError
        All errors of the arguments, one per line; or the sites cannot meet the floors.

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
    """Return the workers served by an assignment, after checking it against rows, capacities, cover and choice."""
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
    """Return new sites (``None``: none found), a bound on the workers served, and whether floors are infeasible."""
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
        # Coverage without capacities can only tighten the bound if it is below it.
        loose = best is not None and _covered(problem, best) < reduced.secured + highest
        found = _by_milp(reduced, floor, best, value, limit, clock, 0.8 if loose else 1.0)
        if found.termination == "infeasible" and best is None:
            return None, float("nan"), True
        if found.sites is not None:
            flow = ground.copy()
            flow.open(found.sites)
            consider(found.sites, float(flow.flow.sum()))
        # Choices with the excluded sites are not better than the best found so far.
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
    """Return whether sites can meet the floors together with existing and required sites; false if time is up."""
    # As with coverage, floors have a relative tolerance of 1e-9, as the solver is not more accurate.
    missing = floor - reduced.secured_in - 1e-9 * (floor + float(reduced.places.weights.sum()))
    if not (missing > 0).any():
        return True
    opened = [*np.flatnonzero(reduced.limits.standing), *sites]
    return serve_floors(reduced.places, reduced.district, missing, opened, seconds=clock.left_s) is not None


def _rounded(share: FloatArray, reduced: Reduced) -> list[int]:
    """Return the sites chosen most often in the last steps of the search for prices, within the limits."""
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
    """Return the result of HiGHS for the sites that the prices leave undecided; other sites are taken or excluded."""
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
    """Return the weight covered by ``sites``, required and existing sites, ignoring capacities."""
    return outcome(problem, [*np.flatnonzero(problem.required).tolist(), *sites]).once


def _without_capacities(problem: Problem, clock: Clock) -> Solution:
    return best_choice(endless(problem), clock.part(1.0))


def _build_order(problem: Problem, capacity: FloatArray, slot: IntArray, sites: list[int]) -> IntArray:
    """Return new sites, including required ones, by what each adds to those before it; ties go to the lower index.

    A site that adds nothing comes last if it is required or may help to meet a floor; otherwise it is dropped.
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
