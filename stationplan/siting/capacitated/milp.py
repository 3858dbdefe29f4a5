"""Coverage with capacities as a mixed-integer program, solved by HiGHS."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray, IntArray, Termination
from stationplan.siting.base import highs
from stationplan.siting.base.answer import Clock
from stationplan.siting.base.highs import Program
from stationplan.siting.capacitated.flow import Flow, Places
from stationplan.siting.capacitated.reduced import Reduced


@dataclass(frozen=True, eq=False)
class MilpResult:
    """What HiGHS answers: new sites (``None``: none found), the bound on what is served, how it ended."""

    sites: list[int] | None
    bound: float
    termination: Termination


def solve(
    reduced: Reduced,
    floor: FloatArray,
    *,
    open_to: BoolArray,
    taken: BoolArray,
    start: list[int] | None,
    clock: Clock,
    part: float,
) -> MilpResult:
    """Serve the most within the limits by choosing among ``open_to`` sites, ``taken`` ones of them for sure.

    Variables: y_j = 1 when site j is chosen, and shares x_ik of row i that place k serves, k a site in a slot::

        sum_k x_ik <= 1                               a row is served no more than once
        sum_i weights_i x_ik <= capacity_k y_j        a place keeps its capacity
        x_ik <= min(1, capacity_k / weights_i) y_j    which makes the relaxation strong

    (Current and Storbeck 1988). Places with room for all that they cover need no share of their own: all of them
    together serve z_i <= sum of their y_j of row i. ``floor`` is the least weight served in each district.
    The solver has a ``part`` of the time left.
    """
    places = reduced.places
    rows, sites = len(places.weights), len(reduced.allowed)
    row = np.repeat(np.arange(rows), np.diff(places.indptr))
    place = places.indices.astype(np.int64)
    site = places.site[place]
    kept = reduced.limits.standing[site] | open_to[site]
    row, place, site = row[kept], place[kept], site[kept]
    need = np.bincount(place, places.weights[row], minlength=len(places.capacity))
    roomy = ~reduced.limits.standing[site] & (places.capacity[place] >= need[place])
    tight = np.flatnonzero(~roomy)
    whole = np.unique(row[roomy])
    columns = np.flatnonzero(open_to)
    number = np.zeros(sites, dtype=np.int64)
    number[columns] = np.arange(len(columns))
    share = len(columns) + np.arange(len(tight))
    together = np.zeros(rows, dtype=np.int64)
    together[whole] = len(columns) + len(tight) + np.arange(len(whole))
    size = len(columns) + len(tight) + len(whole)
    row_t, place_t, site_t = row[tight], place[tight], site[tight]
    room = np.minimum(places.capacity, need)
    parts: list[tuple[sparse.csr_array, FloatArray, FloatArray]] = []

    def add(at: IntArray, column: IntArray, value: FloatArray, low: FloatArray, high: FloatArray) -> None:
        parts.append((sparse.csr_array((value, (at, column)), shape=(len(high), size)), low, high))

    def below(count: int, value: float) -> tuple[FloatArray, FloatArray]:
        return np.full(count, -np.inf), np.full(count, value)

    served_row = np.concatenate([row_t, whole])
    served_at = np.concatenate([share, together[whole]])
    add(served_row, served_at, np.ones(len(served_at)), *below(rows, 1.0))
    used, which = np.unique(place_t, return_inverse=True)
    chosen = np.flatnonzero(~reduced.limits.standing[places.site[used]])
    high = np.where(reduced.limits.standing[places.site[used]], 1.0, 0.0)
    add(
        np.concatenate([which.ravel(), chosen]),
        np.concatenate([share, number[places.site[used[chosen]]]]),
        np.concatenate([places.weights[row_t] / room[place_t], np.full(len(chosen), -1.0)]),
        np.full(len(used), -np.inf),
        high,
    )
    linked = np.flatnonzero(~reduced.limits.standing[site_t])
    most = np.minimum(1.0, room[place_t] / places.weights[row_t])
    line = np.arange(len(linked))
    add(
        np.concatenate([line, line]),
        np.concatenate([share[linked], number[site_t[linked]]]),
        np.concatenate([np.ones(len(linked)), -most[linked]]),
        *below(len(linked), 0.0),
    )
    line = np.arange(len(whole))
    add(
        np.concatenate([line, np.searchsorted(whole, row[roomy])]),
        np.concatenate([together[whole], number[site[roomy]]]),
        np.concatenate([np.ones(len(whole)), np.full(int(roomy.sum()), -1.0)]),
        *below(len(whole), 0.0),
    )
    zero = np.zeros(len(columns), dtype=np.int64)
    add(zero, np.arange(len(columns)), np.ones(len(columns)), *below(1, float(reduced.limits.most)))
    if np.isfinite(reduced.limits.budget):
        add(zero, np.arange(len(columns)), reduced.limits.costs[columns], *below(1, reduced.limits.budget))
    # A power of two takes any unit of weight near a million in all, where the solver's absolute tolerances mean
    # little, and changes no digit.
    unit = 2.0 ** (20 - math.ceil(math.log2(float(places.weights.sum()))))
    if len(floor):
        low = unit * (floor - reduced.secured_in)
        worth = places.weights[served_row] * unit
        add(reduced.district[served_row], served_at, worth, low, np.full(len(floor), np.inf))
    cost = np.zeros(size)
    cost[served_at] = places.weights[served_row] * unit
    lower = np.zeros(size)
    lower[: len(columns)] = taken[columns]
    upper = np.ones(size)
    upper[share] = most
    program = Program(
        cost=cost,
        lower=lower,
        upper=upper,
        integer=np.arange(size) < len(columns),
        matrix=sparse.csr_array(sparse.vstack([part[0] for part in parts], format="csr")),
        row_lower=np.concatenate([part[1] for part in parts]),
        row_upper=np.concatenate([part[2] for part in parts]),
    )
    guess = None
    if start is not None and not len(floor):
        guess = np.zeros(size)
        guess[number[start]] = 1.0
        flow = Flow(places)
        flow.open([*np.flatnonzero(reduced.limits.standing), *start])
        served = (flow.flow[kept] / places.weights[row]).clip(0.0, 1.0)
        guess[share] = served[tight]
        np.add.at(guess, together[row[roomy]], served[roomy])
    answer = highs.solve(program, seconds=clock.left_s * part, start=guess)
    sites_of = None
    if answer.values is not None:
        sites_of = [int(j) for j in columns[answer.values[: len(columns)] > 0.5]]
    return MilpResult(sites_of, reduced.secured + answer.bound / unit, answer.status)


def serve_floors(
    places: Places, district: IntArray, floor: FloatArray, sites: IntArray | list[int], *, seconds: float
) -> FloatArray | None:
    """Return what passes along each pair of ``places.indices`` when sites serve the most that keeps the floors.

    ``None`` where the floors cannot be met, or not in time. The floors never lower what is served in all: whoever is
    served stays so while more are.
    """
    rows = len(places.weights)
    row = np.repeat(np.arange(rows), np.diff(places.indptr))
    opened = np.zeros(len(places.first) - 1, dtype=bool)
    opened[sites] = True
    kept = np.flatnonzero(opened[places.site[places.indices]])
    total = float(places.weights.sum())
    unit = 2.0 ** (20 - math.ceil(math.log2(total))) if total > 0 else 1.0
    if not len(kept):
        return np.zeros(len(places.indices)) if (floor <= 0).all() else None
    row, place = row[kept], places.indices[kept]
    weight = places.weights[row]
    own = np.arange(len(kept))
    # Shares of rows and places, as in the model above.
    matrix = sparse.vstack(
        [
            sparse.csr_array((np.ones(len(own)), (row, own)), shape=(rows, len(own))),
            sparse.csr_array((weight / places.capacity[place], (place, own)), shape=(len(places.capacity), len(own))),
            sparse.csr_array((weight * unit, (district[row], own)), shape=(len(floor), len(own))),
        ],
        format="csr",
    )
    limits = rows + len(places.capacity)
    answer = highs.solve(
        Program(
            cost=weight * unit,
            lower=np.zeros(len(own)),
            upper=np.ones(len(own)),
            integer=np.zeros(len(own), dtype=bool),
            matrix=sparse.csr_array(matrix),
            row_lower=np.concatenate([np.full(limits, -np.inf), floor * unit]),
            row_upper=np.concatenate([np.ones(limits), np.full(len(floor), np.inf)]),
        ),
        seconds=seconds,
    )
    if answer.status != "optimal" or answer.values is None:
        return None
    flow = np.zeros(len(places.indices))
    served = np.clip(answer.values, 0.0, 1.0)
    served /= np.maximum(np.bincount(row, served, minlength=rows), 1.0)[row]  # what the solver allows beyond a limit
    load = np.bincount(place, served * weight, minlength=len(places.capacity)) / places.capacity
    flow[kept] = served * weight / np.maximum(load, 1.0)[place]
    return flow
