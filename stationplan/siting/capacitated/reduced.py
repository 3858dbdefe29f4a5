"""A covering problem with capacities: argument checks, and reduction to the rows and sites that matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray, IntArray
from stationplan.siting.base.arguments import Arguments
from stationplan.siting.base.problem import Problem
from stationplan.siting.capacitated.flow import Capacities, places_of
from stationplan.siting.capacitated.prices import SiteLimits
from stationplan.siting.engine.framing import equal_rows


def slots_of(arguments: Arguments, capacity: ArrayLike, slot: ArrayLike | None, rows: int, sites: int) -> IntArray:
    """Return the slot of each row, 0 by default; errors in slots and capacities are added to ``arguments``.

    If capacities are the same in each slot, slots are renumbered without gaps.
    """
    slot_of = np.zeros(rows, dtype=np.int64)
    if slot is not None:
        given = np.asarray(slot)
        whole = given.dtype.kind in "biuf" and bool((given == np.rint(given)).all())
        if given.shape != (rows,) or not whole or (rows and given.min() < 0):
            arguments.add(f"slot has one whole number >= 0 a row: {rows}")
        else:
            slot_of = given.astype(np.int64)
    try:
        room = np.asarray(capacity, dtype=np.float64)
    except (TypeError, ValueError):
        room = np.full(0, np.nan)
    if room.ndim not in (1, 2) or room.shape[0] != sites:
        arguments.add(f"capacity has one value a site, or one row a site and one column a slot: {sites} sites")
    elif not (room >= 0).all():
        arguments.add("capacity is >= 0, infinity where there is no limit")
    elif room.ndim == 2 and rows and slot_of.max() >= room.shape[1]:
        arguments.add(f"slot is below the {room.shape[1]} columns of capacity")
    return slot_of if room.ndim == 2 else np.unique(slot_of, return_inverse=True)[1].ravel().astype(np.int64)


def capacity_table(capacity: ArrayLike, slot: IntArray) -> FloatArray:
    """Return checked capacities as [site x slot]."""
    room = np.asarray(capacity, dtype=np.float64)
    if room.ndim == 2:
        return room
    return np.repeat(room[:, None], int(slot.max(initial=0)) + 1, axis=1)


@dataclass(frozen=True, eq=False)
class Merged:
    """Rows with equal places merged: the ``places`` of each group, and the group of each row (-1: none).

    ``district`` is the district of each group.
    """

    places: Capacities
    group: IntArray
    district: IntArray


def merge(
    cover: sparse.csr_array,
    weights: FloatArray,
    capacity: FloatArray,
    slot: IntArray,
    district: IntArray,
    *,
    usable: BoolArray,
    wanted: BoolArray,
) -> Merged:
    """Return the groups of ``wanted`` rows with the same slot, district and usable sites with capacity in the slot.

    A row without weight, or that no place can serve, has no group.
    """
    rows, sites = cover.shape
    slots = capacity.shape[1]
    row = np.repeat(np.arange(rows), np.diff(cover.indptr))
    kept = usable[cover.indices] & (wanted & (weights > 0))[row] & (capacity[cover.indices, slot[row]] > 0)
    row, site = row[kept], cover.indices[kept]
    matrix = sparse.csr_array((np.ones(len(row), dtype=bool), (row, site)), shape=(rows, sites))
    matrix.sum_duplicates()
    filled = np.flatnonzero(np.diff(matrix.indptr))
    matrix = sparse.csr_array(matrix[filled])
    districts = int(district.max(initial=0)) + 1
    first, member = equal_rows(matrix, slot[filled] * districts + district[filled])
    group = np.full(rows, -1, dtype=np.int64)
    group[filled] = member
    matrix = sparse.csr_array(matrix[first])
    slot_of = np.repeat(slot[filled][first], np.diff(matrix.indptr))
    number, place = np.unique(matrix.indices.astype(np.int64) * slots + slot_of, return_inverse=True)
    weight = np.bincount(member, weights[filled], minlength=len(first)).astype(np.float64)
    room = capacity.ravel()[number]
    if len(weight):  # a capacity above the total weight is no limit; twice the weight allows for rounding
        room = np.minimum(room, 2 * weight.sum())
    places = places_of(matrix.indptr, place.ravel().astype(np.int32), weight, room, number // slots, sites)
    return Merged(places, group, district[filled][first])


@dataclass(frozen=True, eq=False)
class Reduced:
    """The reduced problem: groups of rows that existing and required sites do not serve completely in any case.

    ``secured`` is the weight of the rows that they do serve completely, ``secured_in[district]`` the same by district.
    Indices of sites are those of the problem. ``allowed``, [site], are the sites that may be chosen.
    """

    places: Capacities
    district: IntArray
    limits: SiteLimits
    allowed: BoolArray
    secured: float
    secured_in: FloatArray


def reduce(problem: Problem, capacity: FloatArray, slot: IntArray) -> Reduced:
    """Return the problem without rows that existing and required sites serve completely, with equal rows merged.

    Such a site with capacity for all rows that it covers can serve all of them. This relieves other sites, so that the
    next one may have capacity for all its remaining rows, and so on.
    """
    standing = problem.existing | problem.required
    costs = problem.costs.copy()
    most = int(problem.free.sum()) if problem.p is None else problem.p
    budget = np.inf if problem.budget is None else problem.budget
    limits = SiteLimits(
        standing,
        costs,
        most - int(problem.required.sum()),
        max(budget - float(costs[problem.required].sum()), 0.0),
    )
    affordable = problem.free & (costs <= limits.budget * (1 + 1e-12))
    wanted = problem.weights > 0
    secured = np.zeros(len(wanted), dtype=bool)
    cover = problem.cover
    row = np.repeat(np.arange(cover.shape[0]), np.diff(cover.indptr))
    kept = standing[cover.indices] & wanted[row]
    row, place = row[kept], cover.indices[kept] * capacity.shape[1] + slot[row[kept]]
    room = capacity.ravel()
    while len(row):
        need = np.bincount(place, problem.weights[row], minlength=len(room))
        enough = room[place] >= need[place]
        if not enough.any():
            break
        secured[row[enough]] = True
        row, place = row[~secured[row]], place[~secured[row]]
    merged = merge(
        cover,
        problem.weights,
        capacity,
        slot,
        problem.district if len(problem.floor) else np.zeros(len(wanted), dtype=np.int64),
        usable=standing | affordable,
        wanted=wanted & ~secured,
    )
    count = len(problem.floor)
    in_district = np.bincount(problem.district[secured], problem.weights[secured], minlength=count)[:count]
    allowed = affordable & ~standing & (np.diff(merged.places.first) > 0)
    return Reduced(
        merged.places,
        merged.district,
        limits,
        allowed,
        float(problem.weights[secured].sum()),
        in_district.astype(np.float64),
    )
