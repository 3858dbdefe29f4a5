"""Coverage with capacities as a mixed-integer program, solved by HiGHS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from stationplan.domain import BoolArray, FloatArray, IntArray, Termination
from stationplan.siting.base import highs
from stationplan.siting.base.answer import Clock
from stationplan.siting.base.highs import Program
from stationplan.siting.capacitated.flow import Capacities, Flow
from stationplan.siting.capacitated.reduced import Reduced


@dataclass(frozen=True, eq=False)
class MilpResult:
    """The result of HiGHS: new sites (``None``: none found), the bound on the workers served, and the termination."""

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
    """Return the choice among the sites ``open_to``, including ``taken``, that serves the most within the limits.

    Variables: y_j = 1 if site j is chosen, and shares x_ik of row i served by place k, a site in a slot::

        sum_k x_ik <= 1                               a row is served no more than once
        sum_i weights_i x_ik <= capacity_k y_j        a place keeps its capacity
        x_ik <= min(1, capacity_k / weights_i) y_j    which makes the relaxation strong

    (Current and Storbeck 1988). Capacities with room for all that they cover need no share of their own: all of them
    together serve z_i <= sum of their y_j of row i. ``floor`` is the least weight served in each district.
    The solver has a ``part`` of the time left.
    """
    places = reduced.places
    at = _columns(reduced, open_to)
    unit = _unit_of(float(places.weights.sum()))
    lines = _lines(reduced, floor, at, unit)
    cost = np.zeros(at.size)
    cost[at.served] = places.weights[at.served_row] * unit
    lower = np.zeros(at.size)
    lower[: len(at.sites)] = taken[at.sites]
    upper = np.ones(at.size)
    upper[at.share] = at.most
    program = Program(
        cost=cost,
        lower=lower,
        upper=upper,
        integer=np.arange(at.size) < len(at.sites),
        matrix=sparse.csr_array(sparse.vstack([line.matrix for line in lines], format="csr")),
        row_lower=np.concatenate([line.low for line in lines]),
        row_upper=np.concatenate([line.high for line in lines]),
    )
    guess = None if start is None or len(floor) else _values(reduced, at, start)
    answer = highs.solve(program, seconds=clock.left_s * part, start=guess)
    sites_of = None
    if answer.values is not None:
        sites_of = [int(j) for j in at.sites[answer.values[: len(at.sites)] > 0.5]]
    return MilpResult(sites_of, reduced.secured + answer.bound / unit, answer.status)


@dataclass(frozen=True, eq=False)
class _Columns:
    """The variables of the program: ``sites`` that may be chosen, then shares of ``tight`` pairs, then ``whole`` rows.

    ``row``, ``place`` and ``site`` belong to each pair of a row and a place that covers it; ``kept`` is their mask over
    ``places.indices``. ``roomy`` is the mask of pairs at places with capacity for all that they cover, which need no
    separate share; ``tight`` are the other pairs. ``number[site]``, ``share``, [tight pair], and ``together[row]`` are
    the columns of each. ``served`` are all columns that serve a row, ``served_row`` their rows. ``room[place]`` is the
    usable capacity, ``most``, [tight pair], the largest share.
    """

    kept: BoolArray
    row: IntArray
    place: IntArray
    site: IntArray
    roomy: BoolArray
    tight: IntArray
    whole: IntArray
    sites: IntArray
    number: IntArray
    share: IntArray
    together: IntArray
    room: FloatArray
    most: FloatArray

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.sites) + len(self.tight) + len(self.whole)

    @property
    def served(self) -> IntArray:
        """The columns that serve a row."""
        return np.concatenate([self.share, self.together[self.whole]])

    @property
    def served_row(self) -> IntArray:
        """The row served by each of the columns ``served``."""
        return np.concatenate([self.row[self.tight], self.whole])


def _columns(reduced: Reduced, open_to: BoolArray) -> _Columns:
    places, standing = reduced.places, reduced.limits.standing
    rows = len(places.weights)
    row = np.repeat(np.arange(rows), np.diff(places.indptr))
    place = places.indices.astype(np.int64)
    site = places.site[place]
    kept = standing[site] | open_to[site]
    row, place, site = row[kept], place[kept], site[kept]
    need = np.bincount(place, places.weights[row], minlength=len(places.capacity))
    roomy = ~standing[site] & (places.capacity[place] >= need[place])
    tight, whole = np.flatnonzero(~roomy), np.unique(row[roomy])
    sites = np.flatnonzero(open_to)
    number = np.zeros(len(reduced.allowed), dtype=np.int64)
    number[sites] = np.arange(len(sites))
    together = np.zeros(rows, dtype=np.int64)
    together[whole] = len(sites) + len(tight) + np.arange(len(whole))
    room = np.minimum(places.capacity, need)
    return _Columns(
        kept=kept,
        row=row,
        place=place,
        site=site,
        roomy=roomy,
        tight=tight,
        whole=whole,
        sites=sites,
        number=number,
        share=len(sites) + np.arange(len(tight)),
        together=together,
        room=room,
        most=np.minimum(1.0, room[place[tight]] / places.weights[row[tight]]),
    )


@dataclass(frozen=True, eq=False)
class _Lines:
    """Constraints ``low <= matrix @ columns <= high``."""

    matrix: sparse.csr_array
    low: FloatArray
    high: FloatArray


def _lines(reduced: Reduced, floor: FloatArray, at: _Columns, unit: float) -> list[_Lines]:
    """Return the constraints of :func:`solve`; weights in the floors are multiplied by ``unit``."""
    places, limits = reduced.places, reduced.limits
    row, place, site = at.row[at.tight], at.place[at.tight], at.site[at.tight]

    def below(
        column: Sequence[IntArray], line: Sequence[IntArray], value: Sequence[FloatArray], high: FloatArray
    ) -> _Lines:
        where = (np.concatenate(line), np.concatenate(column))
        matrix = sparse.csr_array((np.concatenate(value), where), shape=(len(high), at.size))
        return _Lines(matrix, np.full(len(high), -np.inf), high)

    once = below([at.served], [at.served_row], [np.ones(len(at.served))], np.ones(len(places.weights)))
    used, which = np.unique(place, return_inverse=True)
    new = np.flatnonzero(~limits.standing[places.site[used]])
    capacity = below(
        [at.share, at.number[places.site[used[new]]]],
        [which.ravel(), new],
        [places.weights[row] / at.room[place], np.full(len(new), -1.0)],
        np.where(limits.standing[places.site[used]], 1.0, 0.0),
    )
    linked = np.flatnonzero(~limits.standing[site])
    line = np.arange(len(linked))
    shares = below(
        [at.share[linked], at.number[site[linked]]],
        [line, line],
        [np.ones(len(linked)), -at.most[linked]],
        np.zeros(len(linked)),
    )
    whole = below(
        [at.together[at.whole], at.number[at.site[at.roomy]]],
        [np.arange(len(at.whole)), np.searchsorted(at.whole, at.row[at.roomy])],
        [np.ones(len(at.whole)), np.full(int(at.roomy.sum()), -1.0)],
        np.zeros(len(at.whole)),
    )
    every, zero = np.arange(len(at.sites)), np.zeros(len(at.sites), dtype=np.int64)
    lines = [
        once,
        capacity,
        shares,
        whole,
        below([every], [zero], [np.ones(len(every))], np.full(1, float(limits.most))),
    ]
    if np.isfinite(limits.budget):
        lines.append(below([every], [zero], [limits.costs[at.sites]], np.full(1, limits.budget)))
    if len(floor):
        worth = places.weights[at.served_row] * unit
        where = (reduced.district[at.served_row], at.served)
        matrix = sparse.csr_array((worth, where), shape=(len(floor), at.size))
        lines.append(_Lines(matrix, unit * (floor - reduced.secured_in), np.full(len(floor), np.inf)))
    return lines


def _values(reduced: Reduced, at: _Columns, start: list[int]) -> FloatArray:
    """Return the values of all columns if the sites ``start`` are chosen and serve as many workers as possible."""
    places = reduced.places
    values = np.zeros(at.size)
    values[at.number[start]] = 1.0
    flow = Flow(places)
    flow.open([*np.flatnonzero(reduced.limits.standing), *start])
    served = (flow.flow[at.kept] / places.weights[at.row]).clip(0.0, 1.0)
    values[at.share] = served[at.tight]
    np.add.at(values, at.together[at.row[at.roomy]], served[at.roomy])
    return values


def _unit_of(total: float) -> float:
    """Return the factor for weights in the solver, which brings their total close to a million.

    The absolute tolerances of the solver matter little there, regardless of the unit of weight; a power of two changes
    no digit.
    """
    return 2.0 ** (20 - math.ceil(math.log2(total)))


def serve_floors(
    places: Capacities, district: IntArray, floor: FloatArray, sites: IntArray | list[int], *, seconds: float
) -> FloatArray | None:
    """Return the workers served along each pair of ``places.indices`` if sites serve the most subject to the floors.

    The result is ``None`` if the floors cannot be met, or not in time. Floors never reduce the total served, since
    augmenting a flow keeps all rows served that were served before.
    """
    rows = len(places.weights)
    row = np.repeat(np.arange(rows), np.diff(places.indptr))
    opened = np.zeros(len(places.first) - 1, dtype=bool)
    opened[sites] = True
    kept = np.flatnonzero(opened[places.site[places.indices]])
    total = float(places.weights.sum())
    unit = _unit_of(total) if total > 0 else 1.0
    if not len(kept):
        return np.zeros(len(places.indices)) if (floor <= 0).all() else None
    row, place = row[kept], places.indices[kept]
    weight = places.weights[row]
    own = np.arange(len(kept))
    # Shares of rows and places, as in the model of :func:`solve`.
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
    served /= np.maximum(np.bincount(row, served, minlength=rows), 1.0)[row]  # removes the tolerance of the solver
    load = np.bincount(place, served * weight, minlength=len(places.capacity)) / places.capacity
    flow[kept] = served * weight / np.maximum(load, 1.0)[place]
    return flow
