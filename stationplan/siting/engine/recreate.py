"""Improvement of a choice by ruin and recreate (Schrimpf and others 2000; Christiaens and Vanden Berghe 2020).

A few chosen options that compete for the same rows are removed, then the best options are added greedily, occasionally
skipping one at random. Gains and losses of all options are updated row by row, in integers, so that there is no
rounding drift and a step can be undone exactly.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from stationplan.domain import BoolArray, CountArray, FloatArray, IntArray
from stationplan.siting.base.answer import Clock
from stationplan.siting.engine.core import Core
from stationplan.siting.engine.presolve import columns_of, lists_of, turned

_CHUNK = 1_000
"""Rounds between checks of the clock."""

_LARGEST = 6
"""Options removed in one round, at most."""

_HOT, _COLD = 0.2, 0.002
"""Temperatures at the start and at the end, in mean margins of the chosen options."""

Problem = tuple[IntArray, CountArray, IntArray, CountArray, IntArray, IntArray, IntArray, CountArray, FloatArray]
"""Options of each row (two lists), rows of each option (two), ``first``, ``second``, limits of each option (three)."""


def search(core: Core, start: ArrayLike, *, clock: Clock, rounds: int, seed: int = 0) -> IntArray:
    """Return the best choice found in ``rounds`` rounds from a choice within the limits, never a worse one.

    The core has no required options. The same seed gives the same choice, unless time runs out.

    >>> cover = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=bool))
    >>> one, none = sparse.csr_array(np.ones((1, 3))), np.zeros(4)
    >>> core = Core(cover, np.array([2.0, 2.0, 1.0, 1.0]), none, none[:3], one, np.array([2.0]), np.empty(0, dtype=int))
    >>> search(core, [0, 1], clock=Clock(60), rounds=100).tolist()
    [1, 2]
    """
    chosen = np.zeros(core.cover.shape[1], dtype=bool)
    chosen[np.asarray(start, dtype=np.int64)] = True
    total = float(core.first.sum() + core.second.sum() + core.value.sum())
    if not chosen.any() or total <= 0 or rounds <= 0:
        return np.flatnonzero(chosen)
    unit = 2.0 ** min(52 - math.ceil(math.log2(total)), 1023)
    first, second, value = (np.rint(part * unit).astype(np.int64) for part in (core.first, core.second, core.value))
    indptr, indices = lists_of(core.cover)
    column_ptr, rows = turned(indptr, indices, len(chosen))
    limit_ptr, limit, used = columns_of(sparse.csc_array(core.limits))
    scale = np.divide(1.0, core.most, out=np.full(len(core.most), 1e300), where=core.most > 0)
    share = np.maximum(np.asarray(core.limits.T @ scale, dtype=np.float64), 1e-12)
    even = bool(np.ptp(share) <= 1e-12 * share.max())
    left = core.most * (1 + 1e-12) - core.limits @ chosen.astype(np.float64)
    times = np.zeros(len(first), dtype=np.int32)
    margin = np.zeros(len(chosen), dtype=np.int64)
    state = np.zeros(3, dtype=np.int64)
    random = np.array([seed * 2 + 0x9E3779B97F4A7C15], dtype=np.uint64)
    best = chosen.copy()
    problem = (indptr, indices, column_ptr, rows, first, second, limit_ptr, limit, used)
    _begin(problem, value, chosen, times, margin)
    state[2] = margin[chosen].sum() // int(chosen.sum())
    for done in range(0, rounds, _CHUNK):
        _rounds(problem, share, even, left, chosen, best, times, margin, state, random, done, rounds)
        if clock.over:
            break
    found = np.flatnonzero(best)
    given = np.asarray(start, dtype=np.int64)
    return found if core.allows(found) and core.worth(found) >= core.worth(given) else np.sort(given)


@njit(cache=True, nogil=True)
def _begin(
    problem: Problem,
    value: IntArray,
    chosen: BoolArray,
    times: CountArray,
    margin: IntArray,
) -> None:
    """Compute in place how often each row is covered, and the margin of each option: its gain, or loss if removed."""
    _, _, column_ptr, rows, first, second, _, _, _ = problem
    count = chosen.size
    for option in range(count):
        if chosen[option]:
            for entry in range(column_ptr[option], column_ptr[option + 1]):
                times[rows[entry]] += 1
    for option in range(count):
        margin[option] = value[option]
        for entry in range(column_ptr[option], column_ptr[option + 1]):
            row = rows[entry]
            others = times[row] - 1 if chosen[option] else times[row]
            if others == 0:
                margin[option] += first[row]
            elif others == 1:
                margin[option] += second[row]


@njit(cache=True, nogil=True)
def _turn(
    problem: Problem,
    left: FloatArray,
    chosen: BoolArray,
    times: CountArray,
    margin: IntArray,
    option: int,
) -> None:
    """Add an option, or remove it if it is chosen, and update the margins of others; its own margin does not change."""
    indptr, indices, column_ptr, rows, first, second, limit_ptr, limit, used = problem
    taking = not chosen[option]
    chosen[option] = taking
    for entry in range(limit_ptr[option], limit_ptr[option + 1]):
        left[limit[entry]] -= used[entry] if taking else -used[entry]
    for entry in range(column_ptr[option], column_ptr[option + 1]):
        row = rows[entry]
        # ``fewer`` is how often the row is covered without the option; the marginal weight of the row depends on it.
        fewer = times[row] if taking else times[row] - 1
        times[row] = fewer + 1 if taking else fewer
        if fewer > 2:
            continue
        sign = 1 if taking else -1
        adding = np.int64(0)
        losing = np.int64(0)
        if fewer == 0:
            adding = sign * (second[row] - first[row])
        elif fewer == 1:
            adding = -sign * second[row]
            losing = sign * (second[row] - first[row])
        else:
            losing = -sign * second[row]
        if adding == 0 and losing == 0:
            continue
        for place in range(indptr[row], indptr[row + 1]):
            other = indices[place]
            if other != option:
                margin[other] += losing if chosen[other] else adding


@njit(cache=True, nogil=True)
def _draw(random: NDArray[np.uint64], below: int) -> int:
    """Return a random integer from 0 to below ``below``, by xorshift64* (Vigna 2016)."""
    state = random[0]
    state ^= state >> np.uint64(12)
    state ^= state << np.uint64(25)
    state ^= state >> np.uint64(27)
    random[0] = state
    return int(state * np.uint64(0x2545F4914F6CDD1D) >> np.uint64(33)) % below


@njit(cache=True, nogil=True)
def _rounds(
    problem: Problem,
    share: FloatArray,
    even: bool,
    left: FloatArray,
    chosen: BoolArray,
    best: BoolArray,
    times: CountArray,
    margin: IntArray,
    state: IntArray,
    random: NDArray[np.uint64],
    done: int,
    rounds: int,
) -> None:
    """Do a number of rounds in place.

    ``state`` is the value of the current and of the best choice, relative to that of the start, and a mean margin.
    """
    indptr, indices, column_ptr, rows, _, _, limit_ptr, limit, used = problem
    count = chosen.size
    held = np.empty(count, np.int64)
    number = 0
    for option in range(count):
        if chosen[option]:
            held[number] = option
            number += 1
    gone = np.empty(_LARGEST, np.int64)
    come = np.empty(count, np.int64)
    for this in range(done, min(done + _CHUNK, rounds)):
        if number == 0:
            return
        wanted = min(1 + _draw(random, _LARGEST), number)
        seed = held[_draw(random, number)]
        lost = np.int64(0)
        dropped = 0
        tries = 0
        forbidden = seed if _draw(random, 2) == 0 else -1
        while dropped < wanted and tries < 12 * wanted:
            tries += 1
            option = -1
            if dropped == 0:
                option = seed
            else:
                origin = gone[_draw(random, dropped)]
                if _draw(random, 20) == 0:
                    option = held[_draw(random, number)]
                elif column_ptr[origin + 1] > column_ptr[origin]:
                    # Random walk: a row of the option, an option there, a row of that, a chosen option there.
                    row = rows[column_ptr[origin] + _draw(random, column_ptr[origin + 1] - column_ptr[origin])]
                    between = indices[indptr[row] + _draw(random, indptr[row + 1] - indptr[row])]
                    row = rows[column_ptr[between] + _draw(random, column_ptr[between + 1] - column_ptr[between])]
                    if times[row] > 0:
                        for entry in range(indptr[row], indptr[row + 1]):
                            if chosen[indices[entry]]:
                                option = int(indices[entry])
                                break
            if option < 0 or not chosen[option]:
                continue
            lost += margin[option]
            _turn(problem, left, chosen, times, margin, option)
            gone[dropped] = option
            dropped += 1
        gained = np.int64(0)
        added = 0
        by_share = not even and _draw(random, 2) == 0
        while True:
            top = -1
            most = 0.0
            for option in range(count):
                if chosen[option] or margin[option] <= 0 or option == forbidden:
                    continue
                merit = float(margin[option])
                if by_share:
                    merit /= share[option]
                if merit <= most:
                    continue
                fits = True
                for entry in range(limit_ptr[option], limit_ptr[option + 1]):
                    if used[entry] > left[limit[entry]]:
                        fits = False
                if fits and _draw(random, 50) != 0:
                    most = merit
                    top = option
            if top < 0:
                break
            gained += margin[top]
            _turn(problem, left, chosen, times, margin, top)
            come[added] = top
            added += 1
        # Simulated annealing (Kirkpatrick and others 1983), cooling from _HOT to _COLD.
        heat = _HOT * (_COLD / _HOT) ** (this / rounds) * state[2]
        now = state[0] + gained - lost
        if now >= state[0] + heat * np.log((1.0 + _draw(random, 1 << 30)) / (1 << 30)):
            state[0] = now
            if added or dropped:
                number = 0
                for option in range(count):
                    if chosen[option]:
                        held[number] = option
                        number += 1
            if now > state[1]:
                state[1] = now
                best[:] = chosen
        else:
            for place in range(added - 1, -1, -1):
                _turn(problem, left, chosen, times, margin, come[place])
            for place in range(dropped - 1, -1, -1):
                _turn(problem, left, chosen, times, margin, gone[place])
