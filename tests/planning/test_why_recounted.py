"""Why here and why not there: small studies against plain recounting."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from support.records import demand_of, group_of, sites_of

from stationplan.access import Access, network_from_arcs
from stationplan.domain import Coverage, Slot, Snap, Solution
from stationplan.planning.explain import finished, why_here, why_not
from stationplan.scenario import PlanInput
from stationplan.text.reasons import mean_today_min

_CELLS, _SITES = 7, 6


@st.composite
def studies(draw):
    """A finished plan of a small study: cells and sites on a line of nodes, two groups, two slots, some rules."""
    number = st.integers(0, 4)
    flags = st.lists(st.booleans(), min_size=_SITES, max_size=_SITES)
    slots = (Slot("day", group_of("x").name, 480, 1080), Slot("night", group_of("x").name, 1320, 1740))
    groups = (group_of("a"), group_of("b", mode="ebike"))
    workers = np.array(draw(st.lists(number, min_size=_CELLS * 4, max_size=_CELLS * 4)), dtype=float)
    demand = replace(
        demand_of(workers.reshape(_CELLS, 2, 2), groups, slots),
        district=np.array(draw(st.lists(st.integers(0, 1), min_size=_CELLS, max_size=_CELLS))),
    )
    kind = draw(st.lists(st.sampled_from("ECPRF"), min_size=_SITES, max_size=_SITES))  # R required, F forbidden
    sites = replace(
        sites_of(np.array([draw(flags), draw(flags)]).T, np.array([draw(flags), draw(flags)]).T),
        existing=np.array([k == "E" for k in kind]),
        required=np.array([k == "R" for k in kind]),
        forbidden=np.array([k == "F" for k in kind]),
        cost=np.array([0.0 if k == "E" else float(draw(number)) for k in kind]),
    )
    cell_node = np.array(draw(st.lists(st.integers(-1, 8), min_size=_CELLS, max_size=_CELLS)))
    site_node = np.array(draw(st.lists(st.integers(-1, 8), min_size=_SITES, max_size=_SITES)))
    where = [(c, g, s) for g in range(2) for s in range(2) for c in range(_CELLS) if demand.workers[c, g, s] > 0]
    far = [[max(abs(cell_node[c] - j), 0) > 2 or cell_node[c] < 0 or j < 0 for j in site_node] for c, _, _ in where]
    cover = ~np.array(far, dtype=bool).reshape(len(where), _SITES)
    for row, (_, g, s) in enumerate(where):
        cover[row] &= sites.serves[:, g] & sites.open[:, s]
    cell, group, slot = np.array(where, dtype=np.int64).reshape(-1, 3).T
    coverage = Coverage(cell, group, slot, demand.workers[cell, group, slot], sparse.csr_array(cover))
    chosen = np.array(draw(st.permutations([j for j, k in enumerate(kind) if k in "PR"])), dtype=np.int64)
    spent = float(sites.cost[chosen].sum())
    rows = cover[:, [*np.flatnonzero(sites.existing), *chosen]].any(axis=1)
    totals = np.bincount(demand.district, demand.workers.sum(axis=(1, 2)), minlength=2)
    reached = np.bincount(demand.district[cell[rows]], coverage.weight[rows], minlength=2)
    shares = np.divide(reached, totals, out=np.ones(2), where=totals > 0)
    plan = PlanInput(
        new=max(len(chosen) + draw(st.integers(0, 1)), 1),
        budget=draw(st.sampled_from([None, spent + 1, spent + 0.5])),
        # Rules that the plan keeps, some of them just so.
        floor_share=draw(st.sampled_from([0.0, 0.8, 1.0])) * shares.min(),
        target_share=draw(st.sampled_from([0.0, 0.8, 1.0])) * reached.sum() / max(totals.sum(), 1),
    )
    nobody = np.empty(0, dtype=np.int64)
    solution = Solution(chosen, 1.0, 1.0, 0.0, "optimal", "by hand", 0.0, nobody)
    return finished(demand, sites, coverage, solution, plan=plan, districts=2), cell_node, site_node


def snap(node):
    off = {mode: np.where(node >= 0, 75.0, np.inf) for mode in ("walk", "ebike")}
    return Snap({"walk": node, "ebike": node}, off)


@cache
def line():
    """Nine nodes in a row, one way only from 4 to 5; a step is a minute on foot and half of one by e-bike."""
    tail = [*range(8), *(n for n in range(1, 9) if n != 5)]
    head = [*range(1, 9), *(n - 1 for n in range(1, 9) if n != 5)]
    minutes = {"walk": [1.0] * len(tail), "ebike": [0.5] * len(tail)}
    return network_from_arcs([104 + n / 100 for n in range(9)], [30.0] * 9, tail, head, minutes=minutes)


def covered(built, standing):
    """Rows that some of the sites cover."""
    return built.coverage.cover.toarray()[:, sorted(standing)].any(axis=1)


def kept_rules(built, standing):
    rows, plan, totals = covered(built, standing), built.plan, np.zeros(2)
    reached = np.bincount(built.district[rows], built.worth[rows], minlength=2)
    for district in range(2):
        totals[district] = built.demand.workers[built.demand.district == district].sum()
    return bool(
        (reached >= plan.floor_share * totals - 1e-4).all() and reached.sum() >= plan.target_share * totals.sum() - 1e-4
    )


@settings(max_examples=80, derandomize=True, deadline=None)
@given(studies())
def test_cases_are_those_of_recounting(study):
    built, cell_node, site_node = study
    sites, weight = built.sites, built.coverage.weight
    cases = why_here(built, Access(line(), snap(cell_node), snap(site_node), None, walk_kmh=4.5))
    existing = set(np.flatnonzero(sites.existing).tolist())
    standing = existing | set(built.chosen.tolist())
    whole, left = weight[covered(built, standing)].sum(), built.money_left
    free = [j for j in range(_SITES) if j not in standing and not sites.forbidden[j]]
    before = set(existing)
    for case in cases:
        without = standing - {case.site}
        fresh = covered(built, before | {case.site}) & ~covered(built, before)
        before.add(case.site)
        assert case.gained.sum() == weight[fresh].sum()
        lost = covered(built, standing) & ~covered(built, without)
        for g, s in np.ndindex(2, 2):
            part = (built.coverage.group == g) & (built.coverage.slot == s)
            assert case.alone[g, s] == weight[lost & part].sum()
        by_exchange = {j: weight[covered(built, without | {j})].sum() for j in free}
        payable = {j: v for j, v in by_exchange.items() if sites.cost[j] <= sites.cost[case.site] + left + 1e-9}
        assert case.replacement_loss == whole - max([*payable.values(), whole - case.removal_loss])
        assert kept_rules(built, standing)
        if case.replacement >= 0:
            assert (case.replacement_breaks is None) == kept_rules(built, without | {case.replacement})
        rules = {"gain"}
        if any(v > whole for j, v in by_exchange.items() if j not in payable):
            rules = {"budget"}
        if not kept_rules(built, without):
            rules = {"floor", "target"}
        assert case.held.rule in ({"required"} if sites.required[case.site] else rules)
        rows = np.flatnonzero(covered(built, {case.site}))
        ways = np.full(len(rows), np.inf)
        for i, row in enumerate(rows):
            g, s, node = built.coverage.group[row], built.coverage.slot[row], cell_node[built.coverage.cell[row]]
            for j in existing:
                # The way back from 5 to 4 is closed.
                if sites.serves[j, g] and sites.open[j, s] and site_node[j] >= 0 and not site_node[j] < 5 <= node:
                    ways[i] = min(ways[i], abs(node - site_node[j]) * (1.0, 0.5)[g] + 2)
        none = np.isinf(ways)
        assert case.today_none.sum() == weight[rows][none].sum()
        assert case.served_today.sum() == weight[rows][covered(built, existing)[rows]].sum()
        mean = None if none.all() else np.average(ways[~none], weights=weight[rows][~none])
        assert mean_today_min(case) == (None if mean is None else pytest.approx(mean))


@settings(max_examples=80, derandomize=True, deadline=None)
@given(studies())
def test_why_not_is_that_of_recounting(study):
    built, cell_node, site_node = study
    sites, weight = built.sites, built.coverage.weight
    access = Access(line(), snap(cell_node), snap(site_node), None, walk_kmh=4.5)
    cases = why_here(built, access)
    standing = {*np.flatnonzero(sites.existing).tolist(), *built.chosen.tolist()}
    whole = weight[covered(built, standing)].sum()
    for case in why_not(built, range(_SITES), cases=cases, access=access):
        j, others = case.site, standing - {case.site}
        assert case.reach.sum() == weight[covered(built, {j})].sum()
        assert case.gain.sum() == weight[covered(built, others | {j}) & ~covered(built, others)].sum()
        assert case.reach.sum() == case.gain.sum() + case.covered_today + case.covered_by_plan
        both = {k: weight[covered(built, {j}) & covered(built, {k})].sum() for k in others}
        assert dict(zip(case.others.tolist(), case.shared, strict=True)) == {k: v for k, v in both.items() if v > 0}
        assert (np.diff(case.shared) <= 0).all()
        given_up = [k for k in built.chosen.tolist() if not sites.required[k]]
        if j in standing or sites.forbidden[j] or not given_up:
            assert case.exchange == -1
        else:
            change = {k: weight[covered(built, standing - {k} | {j})].sum() - whole for k in given_up}
            payable = {k: v for k, v in change.items() if sites.cost[j] <= sites.cost[k] + built.money_left + 1e-9}
            assert case.exchange_gain == change[case.exchange] == max((payable or change).values())
            assert (case.exchange_money == 0) == bool(payable)
            kept = kept_rules(built, standing - {case.exchange} | {j})
            assert (case.exchange_breaks is None) == kept
        assert case.reasons
        assert ("proposed" in case.reasons) == (j in standing and not sites.existing[j])
        if "better" in case.reasons:
            assert case.gain.sum() > 0 or case.exchange_gain > 0
