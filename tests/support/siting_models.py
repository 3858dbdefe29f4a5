"""Random problems of covering all, of travel time and of capacities, and their answers by trying every choice.

Nothing here imports the package; see :mod:`support.siting_trial` for problems of maximal coverage.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from support.siting_trial import TOLERANCE, coverage_problem, objectives, weights_of

LIMITS = ("existing", "required", "forbidden")


def roles(rng, sites):
    """Existing, required and forbidden sites."""
    role = rng.choice(["", *LIMITS], sites, p=[0.65, 0.15, 0.1, 0.1])
    return {name: np.flatnonzero(role == name) for name in LIMITS}


def choices(problem, sites):
    """All sets of sites in use that keep the rules on sites, [choice x site], and the sites built in each."""
    used = ((np.arange(2**sites)[:, None] >> np.arange(sites)) & 1).astype(bool)
    existing = np.zeros(sites, dtype=bool)
    existing[problem["existing"]] = True
    sound = used[:, existing].all(axis=1) & used[:, problem["required"]].all(axis=1)
    sound &= ~used[:, problem["forbidden"]].any(axis=1)
    built = used & ~existing
    if problem.get("p") is not None:
        sound &= built.sum(axis=1) <= problem["p"]
    if problem.get("budget") is not None:
        sound &= built @ problem["costs"] <= problem["budget"] * (1 + TOLERANCE)
    return used[sound], built[sound]


def judged(values, used, problem, solution, *, sign, size):
    """What is wrong with an answer, where ``values[choice]`` are those of the choices that keep all rules.

    ``sign`` is 1 for a maximum and -1 for a minimum; ``size`` is that of the numbers of the problem.
    """
    if not len(values):
        return [] if solution.termination == "infeasible" else [f"{solution.termination}, but no choice is feasible"]
    best = float((sign * values).max()) * sign
    if solution.termination != "optimal":
        return [f"{solution.termination}, but a choice has {best}"]
    chosen = np.zeros(used.shape[1], dtype=bool)
    chosen[problem["existing"]] = True
    chosen[solution.sites] = True
    here = np.flatnonzero((used == chosen).all(axis=1))
    if not len(here):
        return ["the choice breaks a rule"]
    faults = []
    slack = 1e-6 * abs(best) + 1e-9 * size
    if abs(float(values[here[0]]) - solution.objective) > 1e-9 * (abs(best) + size):
        faults.append(f"the objective is {values[here[0]]}, not {solution.objective}")
    if sign * (best - solution.objective) > slack:
        faults.append(f"a choice has {best}, not {solution.objective}")
    if sign * (best - solution.bound) > 1e-12 * size + 1e-9 * abs(best):
        faults.append(f"the bound {solution.bound} is on the wrong side of {best}")
    return faults


def covering_problem(rng):
    """A problem of covering all rows, or a share of their weight, at least cost."""
    rows, sites = int(rng.integers(1, 13)), int(rng.integers(1, 9))
    problem = {
        "cover": (rng.random((rows, sites)) < rng.uniform(0.2, 0.8)).astype(float),
        "weights": weights_of(rng, rows),
        "target": float(rng.choice([1.0, 1.0, 0.95, 0.8, 0.5, 0.0])),
        **roles(rng, sites),
    }
    kind = int(rng.integers(4))
    if kind == 1:
        problem["costs"] = rng.integers(0, 5, sites).astype(float)
    elif kind == 2:
        problem["costs"] = np.round(rng.gamma(2.0, 5.0, sites), 2) * float(rng.choice([1.0, 1e-3, 1e6]))
    if rng.random() < 0.3:
        districts = int(rng.integers(1, 4))
        district = rng.integers(0, districts, rows)
        reachable = problem["weights"] * problem["cover"].max(axis=1)
        most = np.bincount(district, reachable, minlength=districts)
        problem |= {"district": district, "floor": most * rng.choice([0.0, 0.3, 0.6, 1.0], districts)}
    return problem


def covering_faults(problem, solution):
    """What is wrong with an answer to a problem of covering."""
    weights = problem["weights"]
    used, built = choices(problem, problem["cover"].shape[1])
    covered = used @ problem["cover"].T > 0
    if problem["target"] == 1:
        sound = covered[:, weights > 0].all(axis=1)
    else:
        sound = covered @ weights >= problem["target"] * weights.sum() * (1 - TOLERANCE)
    for number, least in enumerate(problem.get("floor", ())):
        here = problem["district"] == number
        sound &= covered[:, here] @ weights[here] >= least * (1 - TOLERANCE)
    costs = problem.get("costs", np.ones(used.shape[1]))
    return judged((built @ costs)[sound], used[sound], problem, solution, sign=-1, size=float(costs.sum()))


def minutes_problem(rng, *, center):
    """A problem of the p-median, or of the p-center, with dense or sparse minutes."""
    rows, sites = int(rng.integers(1, 11)), int(rng.integers(1, 8))
    kind = int(rng.integers(3))
    minutes = rng.integers(0, 12, (rows, sites)).astype(float)
    if kind:
        minutes = np.round(rng.gamma(2.0, 6.0, (rows, sites)), 3) * float(rng.choice([1.0, 1e-4, 1e4]))
    weights = weights_of(rng, rows)
    limits = roles(rng, sites)
    free = sites - len(limits["existing"]) - len(limits["forbidden"])
    problem = {"minutes": minutes, "weights": weights, "p": int(rng.integers(0, free + 1)), **limits}
    if rng.random() < 0.5:
        reached = rng.random((rows, sites)) < rng.uniform(0.3, 0.9)
        row, column = np.nonzero(reached)
        problem["minutes"] = sparse.csr_array((minutes[row, column], (row, column)), shape=(rows, sites))
        if not center:
            problem["far"] = float(minutes.max() * rng.choice([1.0, 1.5, 10.0])) or 1.0
    return problem


def _times(problem):
    """The minutes of every pair, infinite where it is out of reach."""
    minutes = problem["minutes"]
    if not sparse.issparse(minutes):
        return minutes
    times = np.full(minutes.shape, np.inf)
    row = np.repeat(np.arange(minutes.shape[0]), np.diff(minutes.indptr))
    times[row, minutes.indices] = minutes.data
    return times


def median_faults(problem, solution):
    """What is wrong with an answer to a p-median problem."""
    times, weights = _times(problem), problem["weights"]
    used, _ = choices(problem, times.shape[1])
    nearest = np.array([times[:, one].min(axis=1, initial=np.inf) for one in used]).reshape(len(used), len(weights))
    nearest = np.minimum(nearest, problem.get("far", np.inf))
    with np.errstate(invalid="ignore"):
        worth = np.where(weights > 0, weights * nearest, 0.0).sum(axis=1)
    sound = np.isfinite(worth)
    size = float(weights.sum() * np.where(np.isfinite(times), times, 0.0).max())
    return judged(worth[sound], used[sound], problem, solution, sign=-1, size=size)


def center_faults(problem, solution):
    """What is wrong with an answer to a p-center problem."""
    times, counts = _times(problem), problem["weights"] > 0
    used, _ = choices(problem, times.shape[1])
    nearest = np.array([times[:, one].min(axis=1, initial=np.inf) for one in used]).reshape(len(used), len(counts))
    worst = nearest[:, counts].max(axis=1, initial=0.0)
    sound = np.isfinite(worst)
    size = float(np.where(np.isfinite(times), times, 0.0).max())
    return judged(worst[sound], used[sound], problem, solution, sign=-1, size=size)


def capacity_problem(rng):
    """A problem of coverage within capacities, in whole workers, so that a flow of whole numbers is the best."""
    rows, sites, slots = int(rng.integers(1, 9)), int(rng.integers(1, 7)), int(rng.integers(1, 3))
    limits = roles(rng, sites)
    problem = {
        "cover": (rng.random((rows, sites)) < rng.uniform(0.2, 0.8)).astype(float),
        "weights": rng.integers(0, 15, rows).astype(float),
        "capacity": rng.choice([0, 3, 8, 20, 1000], (sites, slots)).astype(float),
        "slot": rng.integers(0, slots, rows),
        **limits,
    }
    free = sites - len(limits["existing"]) - len(limits["forbidden"])
    if rng.random() < 0.4:
        costs = rng.integers(0, 5, sites).astype(float)
        return problem | {"costs": costs, "budget": float(costs[rng.random(sites) < 0.5].sum())}
    return problem | {"p": int(rng.integers(0, free + 1))}


def _served(problem, used):
    """The most workers that the sites in use can serve, slot by slot."""
    total = 0
    for slot in range(problem["capacity"].shape[1]):
        rows, sites = np.flatnonzero(problem["slot"] == slot), np.flatnonzero(used)
        if not len(rows) or not len(sites):
            continue
        graph = np.zeros((len(rows) + len(sites) + 2,) * 2, dtype=np.int32)
        first = 1 + len(rows)
        graph[0, 1:first] = problem["weights"][rows]
        graph[1:first, first:-1] = problem["cover"][np.ix_(rows, sites)] * 10_000
        graph[first:-1, -1] = problem["capacity"][sites, slot]
        total += maximum_flow(sparse.csr_array(graph), 0, len(graph) - 1).flow_value
    return total


def capacity_faults(problem, solution):
    """What is wrong with an answer to a problem with capacities."""
    used, _ = choices(problem, problem["cover"].shape[1])
    served = np.array([_served(problem, one) for one in used], dtype=float)
    return judged(served, used, problem, solution, sign=1, size=float(problem["weights"].sum()))


def curve_problem(rng):
    """A problem of maximal coverage with several numbers of sites, or budgets, in ascending order."""
    while True:
        problem = coverage_problem(rng)
        if problem.get("p") is None or problem.get("budget") is None:
            break
    if problem.get("budget") is not None:
        most = float(problem["costs"].sum())
        problem["budget"] = sorted({0.3 * most, 0.6 * most, most}) if most > 0 else [1.0]
    else:
        free = problem["cover"].shape[1] - len(problem["existing"]) - len(problem["forbidden"])
        problem["p"] = sorted(set(rng.integers(0, free + 1, 3).tolist()))
    return problem


def curve_faults(problem, points):
    """What is wrong with the points of a frontier."""
    name = "budget" if problem.get("budget") is not None else "p"
    faults = []
    for value, point in zip(problem[name], points, strict=True):
        worth, _ = objectives({**problem, name: value})
        if not len(worth):
            faults += [] if point.termination == "infeasible" else [f"{value}: {point.termination}, but infeasible"]
            continue
        best = float(worth.max())
        slack = 1e-6 * abs(best) + 1e-9 * float(problem["weights"].sum())
        if point.termination != "optimal" or abs(point.objective - best) > slack or point.bound < best - slack * 1e-3:
            faults.append(f"{value}: {point.termination} {point.objective} (bound {point.bound}), best {best}")
    return faults
