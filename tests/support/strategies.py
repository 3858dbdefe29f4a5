"""Small siting problems for hypothesis: odd covers and times, roles of sites, limits, and the rules of each model.

Every strategy gives a dictionary. ``limits`` holds the arguments that ``oracles.choices`` and the models share:
``existing``, ``required``, ``forbidden`` and, where they are drawn, ``p``, ``costs`` and ``budget``.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import strategies as st

ROLES = ("existing", "required", "forbidden")
COSTS = [0.0, 0.1, 0.2, 1.0, 3.0]
BUDGETS = [0.0, 0.3, 1.0, 2.2, 4.0]
HEAVY_AND_LIGHT = [0.0, 0.0, 1.0, 2.0, 3.5, 0.01, 40.0]


def row_of(draw, values, count):
    """Draw ``count`` numbers, each one of ``values`` or of a strategy."""
    each = values if isinstance(values, st.SearchStrategy) else st.sampled_from(values)
    return np.array(draw(st.lists(each, min_size=count, max_size=count)))


def with_twins(draw, matrix):
    """Make the last site a twin of the first, or the last row one of the first, or both, or neither."""
    rows, sites = matrix.shape
    if sites > 1 and draw(st.booleans()):
        matrix[:, -1] = matrix[:, 0]
    if rows > 1 and draw(st.booleans()):
        matrix[-1] = matrix[0]
    return matrix


def odd_cover(draw, rows, sites):
    """Draw a cover [row x site] that may have twins and a site that covers nothing."""
    cover = with_twins(draw, row_of(draw, st.booleans(), rows * sites).astype(bool).reshape(rows, sites))
    if draw(st.booleans()):
        cover[:, draw(st.integers(0, sites - 1))] = False
    return cover


def roles_of(draw, sites, *, plain=3):
    """Draw the sites of each role; ``plain`` is how much likelier a site has none than a certain one."""
    role = draw(st.lists(st.sampled_from([*[""] * plain, *ROLES]), min_size=sites, max_size=sites))
    return {name: [j for j in range(sites) if role[j] == name] for name in ROLES}


def limited(draw, sites, limits):
    """Add a number of new sites, a budget with costs, or both to the roles of sites."""
    which = draw(st.sampled_from(["p", "budget", "both"]))
    number, money = {}, {}
    if which != "budget":
        number["p"] = draw(st.integers(0, sites - len(limits["existing"]) - len(limits["forbidden"])))
    if which != "p":
        money["costs"] = row_of(draw, COSTS, sites).tolist()
        money["budget"] = draw(st.sampled_from(BUDGETS))
    return {**limits, **number, **money}


def districts_of(draw, rows, count):
    """Draw the district of each row."""
    return row_of(draw, range(count), rows).astype(int)


@st.composite
def coverage_cases(draw, *, most_sites=8, most_rows=12, weight=HEAVY_AND_LIGHT, most_districts=3):
    """A coverage problem with a limit of number, money or both, and districts of its rows with their totals."""
    sites, rows = draw(st.integers(1, most_sites)), draw(st.integers(0, most_rows))
    cover = odd_cover(draw, rows, sites)
    weights = row_of(draw, weight, rows).astype(float)
    limits = limited(draw, sites, roles_of(draw, sites))
    count = draw(st.integers(1, most_districts))
    district = districts_of(draw, rows, count)
    totals = np.bincount(district, weights, minlength=count)
    return {"cover": cover, "weights": weights, "limits": limits, "district": district, "totals": totals}


@st.composite
def scenario_cases(draw):
    """A coverage problem with weights [scenario x row]; scenarios may be twins or empty."""
    case = draw(coverage_cases(most_sites=7, most_rows=10))
    rows, scenarios = len(case["cover"]), draw(st.integers(1, 4))
    weights = row_of(draw, [0.0, 0.0, 1.0, 2.0, 3.5, 0.1, 40.0], rows * scenarios).reshape(scenarios, rows)
    if scenarios > 1 and draw(st.booleans()):
        weights[-1] = weights[0]
    return {"cover": case["cover"], "weights": weights.astype(float), "limits": case["limits"]}


@st.composite
def capacity_cases(draw):
    """A coverage problem with slots of rows and a capacity [site x slot], none to unlimited."""
    weight = [0.0, 1.0, 2.0, 3.5, 0.1, 0.3, 40.0]
    case = draw(coverage_cases(most_sites=6, most_rows=9, weight=weight, most_districts=2))
    (rows, sites), slots = case["cover"].shape, draw(st.integers(1, 3))
    room = [0.0, 0.2, 1.0, 2.0, 3.5, 5.0, 41.0, np.inf]
    capacity = row_of(draw, room, sites * slots).reshape(sites, slots)
    return {**case, "capacity": capacity, "slot": row_of(draw, range(slots), rows).astype(int)}


@st.composite
def set_cover_cases(draw):
    """A problem of least cost: costs or none, roles of sites, weights and districts of rows."""
    sites, rows = draw(st.integers(1, 8)), draw(st.integers(0, 12))
    cover = odd_cover(draw, rows, sites)
    weights = row_of(draw, [0.0, 1.0, 1.0, 2.0, 3.5, 0.01, 40.0], rows).astype(float)
    limits = roles_of(draw, sites, plain=4)
    costs = row_of(draw, [0.0, 0.1, 1.0, 1.0, 2.0, 3.5], sites).tolist() if draw(st.booleans()) else None
    limits = {**limits, "costs": costs}
    return {"cover": cover, "weights": weights, "limits": limits, "district": districts_of(draw, rows, 3)}


@st.composite
def equity_cases(draw, *, most_sites=6):
    """A cover with districts of its rows and existing stations, but neither costs nor other roles."""
    sites, rows = draw(st.integers(1, most_sites)), draw(st.integers(1, 9))
    cover = row_of(draw, st.booleans(), rows * sites).reshape(rows, sites)
    weights = row_of(draw, [0.0, 1.0, 2.0, 5.0], rows)
    existing = [site for site in range(sites) if draw(st.integers(0, 4)) == 0]
    return {"cover": cover, "weights": weights, "existing": existing, "district": districts_of(draw, rows, 3)}


@st.composite
def distance_cases(draw, *, weight, reached):
    """Minutes [row x site], NaN out of reach: ``reached`` entries within reach for each that is not, where any is not.

    ``dense`` says that all are within reach; ``far`` is what a row counts that no site reaches, ``None`` when dense.
    """
    sites, rows = draw(st.integers(1, 8)), draw(st.integers(0, 10))
    dense = draw(st.booleans())
    whole = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0]
    number = st.sampled_from(whole if draw(st.booleans()) else [0.0, 0.1, 0.7, 1.3, 2.9, 7.7])
    cell = number if dense else st.one_of(*[number] * reached, st.just(np.nan))
    minutes = with_twins(draw, row_of(draw, cell, rows * sites).astype(float).reshape(rows, sites))
    if not dense and draw(st.booleans()):
        minutes[:, draw(st.integers(0, sites - 1))] = np.nan
    weights = row_of(draw, weight, rows).astype(float)
    limits = roles_of(draw, sites)
    limits["p"] = draw(st.integers(0, sites - len(limits["existing"]) - len(limits["forbidden"])))
    far = None if dense else draw(st.sampled_from([8.0, 10.5, 100.0]))
    return {"minutes": minutes, "dense": dense, "weights": weights, "limits": limits, "far": far}


@st.composite
def rule_cases(draw):
    """The arguments of ``max_coverage``: a small problem in which each rule is there or not."""
    sites, rows = draw(st.integers(1, 6)), draw(st.integers(0, 8))
    gradual = draw(st.booleans())
    share = [0.0, 0.0, 0.25, 0.5, 1.0] if gradual else [0.0, 1.0]
    cover = row_of(draw, share, rows * sites).reshape(rows, sites)
    weights = row_of(draw, [0.0, 1.0, 2.0, 3.5], rows)
    roles = row_of(draw, ["", "", "existing", "closable", "required", "forbidden"], sites).tolist()
    role = {name: [site for site in range(sites) if roles[site] == name] for name in ("closable", *ROLES)}
    existing = sorted([*role["existing"], *role["closable"]])
    counted = [site for site in range(sites) if draw(st.booleans())]
    usable = len(set(counted) - set(existing) - set(role["forbidden"]))
    p = draw(st.one_of(st.none(), st.integers(0, usable)))
    total = float(weights.sum())
    some = st.sampled_from([0.0, 0.0, 0.3, 0.7])
    return {
        "cover": cover,
        "weights": weights,
        "gradual": gradual,
        "p": p,
        "counted": counted,
        "budget": draw(st.sampled_from([1.0, 2.5, 4.0])) if p is None or draw(st.booleans()) else None,
        "costs": row_of(draw, [0.0, 0.5, 1.0, 2.0], sites),
        "existing": existing,
        "closable": role["closable"],
        "close": draw(st.integers(0, len(role["closable"]))),
        "required": role["required"],
        "forbidden": role["forbidden"],
        "place": row_of(draw, [-1, 0, 1], sites).astype(int),
        "apart": [pair for pair in combinations(range(sites), 2) if draw(st.integers(0, 4)) == 0],
        "bonus": row_of(draw, [0.0, 0.0, 0.75], sites),
        "backup": draw(st.sampled_from([0.0, 0.0, 0.3, 1.0])),
        "district": districts_of(draw, rows, 2),
        "floor": [draw(some) * total / 2, draw(some) * total / 2],
        "target": draw(some) * total,
        "backup_target": draw(some) * total / 2,
    }
