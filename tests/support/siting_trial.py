"""Random siting problems of every rule and scale, and their answers by trying every choice.

Nothing here imports the package: a choice is a set of bits, and what it is worth follows from counting. A problem is a
dictionary of the arguments of a siting model.
"""

from __future__ import annotations

import numpy as np

TOLERANCE = 1e-9
"""Relative tolerance of budgets, floors and targets."""

SCALES = (1.0, 1.0, 1.0, 1e-6, 1e6)


def weights_of(rng, count, *, mixed=True):
    """Weights of one kind: whole numbers, decimals, one scale of all or very different ones, some of them 0."""
    kind = int(rng.integers(5 if mixed else 3))
    if kind == 0:
        weights = rng.integers(0, 20, count).astype(float)
    elif kind == 1:
        weights = np.round(rng.gamma(1.0, 50.0, count), 2)
    elif kind == 2:
        weights = rng.integers(0, 20, count) * float(rng.choice(SCALES))
    elif kind == 3:
        weights = rng.random(count) * 10.0 ** rng.integers(-6, 5, count)
    else:
        weights = rng.integers(1, 10, count) * rng.choice([1e-6, 1e4], count)
    return weights * (rng.random(count) < 0.9)


def coverage_problem(rng):
    """A problem of maximal coverage with rules added at random."""
    rows, sites = int(rng.integers(1, 13)), int(rng.integers(2, 9))
    gradual = bool(rng.random() < 0.2)
    cover = (rng.random((rows, sites)) < rng.uniform(0.1, 0.7)).astype(float)
    if gradual:
        cover *= rng.choice([0.25, 0.5, 1.0], cover.shape)
    role = rng.choice(["", "existing", "closable", "required", "forbidden"], sites, p=[0.55, 0.12, 0.13, 0.1, 0.1])
    existing = np.flatnonzero((role == "existing") | (role == "closable"))
    free = np.flatnonzero(~np.isin(role, ["existing", "closable", "forbidden"]))
    weights = weights_of(rng, rows)
    problem = {
        "cover": cover,
        "weights": weights,
        "existing": existing,
        "required": np.flatnonzero(role == "required"),
        "forbidden": np.flatnonzero(role == "forbidden"),
    }
    if gradual:
        problem["gradual"] = True
    by_money = rng.random() < 0.4
    if by_money:
        few = rng.random() < 0.5
        size = float(rng.choice([1.0, 1.0, 1e-3, 1e6]))
        costs = (rng.integers(0, 4, sites) if few else np.round(rng.gamma(2.0, 5.0, sites), 2)) * size
        some = rng.random(sites) < rng.uniform(0.1, 0.7)
        problem |= {"costs": costs, "budget": float(costs[some].sum())}
    if not by_money or rng.random() < 0.4:
        problem["p"] = int(rng.integers(0, len(free) + 1))
    if rng.random() < 0.3:
        problem["backup"] = float(rng.choice([0.3, 0.5, 1.0]))
    if rng.random() < 0.25:
        problem["bonus"] = rng.choice([0.0, 0.0, 1.0, 2.5], sites) * max(float(weights.mean()), 1e-9)
    closable = np.flatnonzero(role == "closable")
    if len(closable):
        problem |= {"closable": closable, "close": int(rng.integers(0, len(closable) + 1))}
    if rng.random() < 0.35:
        pairs = np.argwhere(np.triu(rng.random((sites, sites)) < 0.2, k=1))
        problem["apart"] = pairs
    if rng.random() < 0.2:
        problem["place"] = rng.integers(-1, 3, sites)
    total = float(np.sum(weights * cover.max(axis=1)))
    if rng.random() < 0.25:
        districts = int(rng.integers(1, 4))
        district = rng.integers(0, districts, rows)
        reachable = np.bincount(district, weights * cover.max(axis=1), minlength=districts)
        problem |= {"district": district, "floor": reachable * rng.choice([0.0, 0.3, 0.6, 1.0], districts)}
    if rng.random() < 0.12:
        problem["target"] = total * float(rng.choice([0.3, 0.7, 1.0]))
    if rng.random() < 0.12:
        problem["backup_target"] = total * float(rng.choice([0.2, 0.5]))
    return problem


def every_choice(problem):
    """All sets of sites in use that keep the rules on sites, [choice x site], and the sites built in each."""
    sites = problem["cover"].shape[1]
    used = ((np.arange(2**sites)[:, None] >> np.arange(sites)) & 1).astype(bool)
    existing = np.zeros(sites, dtype=bool)
    existing[problem["existing"]] = True
    closable = np.zeros(sites, dtype=bool)
    closable[problem.get("closable", [])] = True
    built = used & ~existing
    sound = used[:, existing & ~closable].all(axis=1)
    sound &= (~used[:, closable]).sum(axis=1) == problem.get("close", 0)
    sound &= used[:, problem["required"]].all(axis=1) & ~used[:, problem["forbidden"]].any(axis=1)
    if problem.get("p") is not None:
        sound &= built.sum(axis=1) <= problem["p"]
    if problem.get("budget") is not None:
        sound &= built @ problem["costs"] <= problem["budget"] * (1 + TOLERANCE)
    for one, other in problem.get("apart", ()):
        if not (existing[one] and existing[other]):
            sound &= ~(used[:, one] & used[:, other])
    place = problem.get("place", np.full(sites, -1))
    for number in np.unique(place[place >= 0]):
        sound &= built[:, place == number].sum(axis=1) <= 1
    return used[sound], built[sound]


def shares_covered(cover, used):
    """The largest and the second largest share of each row among the sites in use, each [choice x row]."""
    shares = np.where(used[:, None, :], np.asarray(cover, dtype=float)[None, :, :], 0.0)
    shares = np.concatenate([np.zeros((*shares.shape[:2], 1)), shares], axis=2)
    top = np.sort(shares, axis=2)
    return top[:, :, -1], top[:, :, -2]


def objectives(problem):
    """The objective of every choice that keeps all rules, and whether each site is in use in it."""
    used, built = every_choice(problem)
    weights = problem["weights"]
    once, twice = (share * weights for share in shares_covered(problem["cover"], used))
    covered, backed = once.sum(axis=1), twice.sum(axis=1)
    sound = covered >= problem.get("target", 0.0) * (1 - TOLERANCE)
    sound &= backed >= problem.get("backup_target", 0.0) * (1 - TOLERANCE)
    for number, least in enumerate(problem.get("floor", ())):
        sound &= once[:, problem["district"] == number].sum(axis=1) >= least * (1 - TOLERANCE)
    worth = covered + problem.get("backup", 0.0) * backed + built @ problem.get("bonus", np.zeros(used.shape[1]))
    return worth[sound], used[sound]


def coverage_faults(problem, solution):
    """What is wrong with an answer to a problem of maximal coverage: sentences, none if it is right."""
    worth, used = objectives(problem)
    if not len(worth):
        return (
            [] if solution.termination == "infeasible" else [f"{solution.termination}, but no choice keeps the rules"]
        )
    best = float(worth.max())
    if solution.termination != "optimal":
        return [f"{solution.termination}, but a choice is worth {best}"]
    chosen = np.zeros(used.shape[1], dtype=bool)
    chosen[problem["existing"]] = True
    chosen[solution.closed] = False
    chosen[solution.sites] = True
    here = np.flatnonzero((used == chosen).all(axis=1))
    if not len(here):
        return ["the choice breaks a rule"]
    slack = max(1e-6 * best, 1e-9 * float(problem["weights"].sum()))
    faults = []
    if abs(float(worth[here[0]]) - solution.objective) > 1e-9 * max(best, 1e-300) + 1e-12 * problem["weights"].sum():
        faults.append(f"the objective is {worth[here[0]]}, not {solution.objective}")
    if solution.objective < best - slack:
        faults.append(f"a choice is worth {best}, not {solution.objective}")
    if solution.bound < best * (1 - 1e-12):
        faults.append(f"the bound {solution.bound} is below the best, {best}")
    for site in solution.sites:
        less = chosen.copy()
        less[site] = False
        found = np.flatnonzero((used == less).all(axis=1))
        if len(found) and float(worth[found[0]]) >= float(worth[here[0]]):
            faults.append(f"site {site} is built, but redundant")
    return faults


def robust_problem(rng):
    """A problem of robust coverage: several scenarios of the weights, of one scale or very different ones."""
    rows, sites, scenarios = int(rng.integers(1, 13)), int(rng.integers(2, 8)), int(rng.integers(1, 5))
    role = rng.choice(["", "existing", "required", "forbidden"], sites, p=[0.7, 0.1, 0.1, 0.1])
    problem = {
        "cover": (rng.random((rows, sites)) < rng.uniform(0.2, 0.7)).astype(float),
        "weights": np.array([weights_of(rng, rows) for _ in range(scenarios)]),
        "measure": str(rng.choice(["expected", "worst", "regret"])),
        **{name: np.flatnonzero(role == name) for name in ("existing", "required", "forbidden")},
    }
    if rng.random() < 0.3:
        costs = np.round(rng.gamma(2.0, 5.0, sites), 2)
        return problem | {"costs": costs, "budget": float(costs[rng.random(sites) < 0.4].sum())}
    return problem | {"p": int(rng.integers(0, (role == "").sum() + (role == "required").sum() + 1))}


def robust_faults(problem, solution):
    """What is wrong with an answer to a problem of robust coverage."""
    used, _ = every_choice(problem)
    if not len(used):
        return (
            [] if solution.termination == "infeasible" else [f"{solution.termination}, but no choice keeps the rules"]
        )
    covered = (used @ problem["cover"].T > 0) @ problem["weights"].T
    measure, sign = problem["measure"], 1.0
    if measure == "expected":
        values, size = covered.mean(axis=1), float(problem["weights"].mean(axis=0).sum())
    elif measure == "worst":
        values, size = covered.min(axis=1), float(problem["weights"].sum(axis=1).min())
    else:
        values, size, sign = -(covered.max(axis=0) - covered).max(axis=1), float(covered.max()), -1.0
    best, got, bound = float(values.max()), sign * solution.objective, sign * solution.bound
    if solution.termination != "optimal":
        return [f"{solution.termination}, but a choice is worth {best}"]
    slack = max(1e-6 * abs(best), 2e-9 * size)
    faults = []
    if got < best - slack or got > best + slack:
        faults.append(f"a choice is worth {best}, not {got}")
    if bound < best - 1e-12 * size - 1e-9 * abs(best):
        faults.append(f"the bound {bound} is below the best, {best}")
    return faults
