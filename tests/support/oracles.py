"""What the siting models should answer: every choice of sites tried, each worth what plain formulas say of it.

A choice holds new sites; what is ``standing`` are these and the existing ones. Rows are demand, columns are sites.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.optimize import linprog

SLACK = 1e-9


def choices(sites, *, existing=(), required=(), forbidden=(), p=None, costs=None, budget=None):
    """Every choice of new sites, of ``sites`` in all, that holds what is required and keeps number and budget."""
    prices = np.ones(sites) if costs is None else np.asarray(costs)
    free = [j for j in range(sites) if j not in existing and j not in forbidden]
    for count in range(min(len(free) if p is None else p, len(free)) + 1):
        for chosen in combinations(free, count):
            affordable = budget is None or prices[list(chosen)].sum() <= budget + SLACK
            if affordable and set(required) <= set(chosen):
                yield chosen


def best(value, sites, *, least=False, **limits):
    """The largest or least ``value`` of all choices but those of value ``None``; ``None`` where none is left."""
    values = [value(chosen) for chosen in choices(sites, **limits)]
    return (min if least else max)((found for found in values if found is not None), default=None)


def build_gains(worth, chosen, existing=()):
    """What each chosen site adds to ``worth(standing)`` when the sites are built in their order."""
    return np.diff([worth([*existing, *chosen[:count]]) for count in range(len(chosen) + 1)])


# ---- coverage -------------------------------------------------------------------------------------------------------


def covered_rows(cover, standing):
    """Whether at least one of some sites covers a row [row]."""
    return np.asarray(cover, dtype=bool)[:, list(standing)].any(axis=1)


def covered_weight(cover, weights, standing):
    """The weight that at least one of some sites covers; one for each scenario where weights are [scenario x row]."""
    reached = np.asarray(weights, dtype=float)[..., covered_rows(cover, standing)].sum(axis=-1)
    return float(reached) if reached.ndim == 0 else reached


def meets_floors(cover, weights, standing, district, floor):
    """Whether some sites cover at least ``floor[d]`` of each district d."""
    covered = covered_rows(cover, standing)
    return all(weights[covered & (district == d)].sum() >= least - SLACK for d, least in enumerate(floor))


def is_enough(case, standing, target, floor):
    """Whether some sites cover a share of the weight, all of it at 1, and the floors of districts."""
    weights, district = case["weights"], case["district"]
    covered = covered_rows(case["cover"], standing)
    slack = SLACK * weights.sum()
    if any(weights[covered & (district == d)].sum() < least - slack for d, least in enumerate(floor)):
        return False
    if target == 1:
        return bool(covered[weights > 0].all())
    return weights[covered].sum() >= target * weights.sum() - slack


def worth_under_rules(case, chosen, closed):
    """The objective of a choice of new sites and of stations to close, ``None`` when it breaks a rule of the case."""
    standing = [*(set(case["existing"]) - set(closed)), *chosen]
    places = [case["place"][site] for site in chosen if case["place"][site] >= 0]
    today = set(case["existing"])
    near = any({a, b} <= set(standing) and not {a, b} <= today for a, b in case["apart"])
    if len(set(places)) < len(places) or near:
        return None
    if case["p"] is not None and len(set(chosen) & set(case["counted"])) > case["p"]:
        return None
    if case["budget"] is not None and case["costs"][list(chosen)].sum() > case["budget"] + SLACK:
        return None
    # The largest and the second largest share of each row count once and, by the backup, twice.
    shares = [[*sorted((row[site] for site in standing), reverse=True), 0.0, 0.0] for row in case["cover"]]
    once = np.array([weight * share[0] for weight, share in zip(case["weights"], shares, strict=True)])
    twice = sum(weight * share[1] for weight, share in zip(case["weights"], shares, strict=True))
    by_district = [once[case["district"] == d].sum() for d in range(len(case["floor"]))]
    if any(reached < least - SLACK for reached, least in zip(by_district, case["floor"], strict=True)):
        return None
    if once.sum() < case["target"] - SLACK or twice < case["backup_target"] - SLACK:
        return None
    return once.sum() + case["backup"] * twice + sum(case["bonus"][site] for site in chosen)


# ---- travel time ----------------------------------------------------------------------------------------------------


def weighted_minutes(minutes, weights, standing, far=None):
    """Weighted minutes to the nearest of some sites; a row with weight that has none counts ``far``, else ``None``."""
    total = 0.0
    for row, weight in zip(minutes, weights, strict=True):
        reached = [row[j] for j in standing if not np.isnan(row[j])]
        if weight > 0:
            if not reached and far is None:
                return None
            total += weight * min([*reached, *([] if far is None else [far])])
    return total


def farthest_minutes(minutes, weights, standing):
    """The largest minutes to the nearest site of a row with weight; infinite when one is out of reach of all."""
    counted = np.where(np.isnan(minutes), np.inf, minutes)[np.asarray(weights) > 0]
    return float(counted[:, list(standing)].min(axis=1, initial=np.inf).max(initial=0.0))


# ---- capacity -------------------------------------------------------------------------------------------------------


def served_workers(case, standing):
    """Workers served by some sites: the least cut over all sets of rows, slot by slot (Ford and Fulkerson 1956)."""
    cover, weights, capacity, slot = (case[key] for key in ("cover", "weights", "capacity", "slot"))
    total = 0.0
    for now in np.unique(slot):
        rows = np.flatnonzero(slot == now)
        sets = (np.arange(2 ** len(rows))[:, None] >> np.arange(len(rows))) & 1
        reached = (sets @ cover[np.ix_(rows, standing)]) > 0
        room = np.where(np.isinf(capacity[standing, now]), 1e9, capacity[standing, now])
        total += ((1 - sets) @ weights[rows] + reached @ room).min()
    return float(total)


def can_serve_floors(case, standing, floor):
    """Whether some sites can meet floors of districts, by a linear program over all pairs."""
    cover, weights, capacity, slot = (case[key] for key in ("cover", "weights", "capacity", "slot"))
    pairs = [(i, j) for i in range(len(weights)) for j in standing if cover[i, j]]
    if not pairs:
        return bool((floor <= 0).all())
    upper, limit = [], []
    for i in range(len(weights)):
        upper.append([float(a == i) for a, _ in pairs])
        limit.append(weights[i])
    for j in standing:
        for now in np.unique(slot):
            upper.append([float(b == j and slot[a] == now) for a, b in pairs])
            limit.append(min(capacity[j, now], 1e6))
    for d in range(len(floor)):
        upper.append([-float(case["district"][a] == d) for a, _ in pairs])
        limit.append(SLACK - floor[d])
    return linprog(np.zeros(len(pairs)), A_ub=upper, b_ub=limit).status == 0
