"""The scorecard of the national programme: the service circle on foot, and how many stations are still needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stationplan.access import Access, within_standard
from stationplan.domain import (
    WALK,
    CountArray,
    Coverage,
    Demand,
    FloatArray,
    Group,
    IntArray,
    Needed,
    Scorecard,
    Sites,
)
from stationplan.scenario import ScorecardInput

_SLACK = 1e-12
"""Relative margin for the rounding of sums."""

_LOOK_AGAIN = 1.15
"""Factor by which the number of chosen sites grows between two computations of the bound, each of which sorts."""


def scorecard_of(
    asked: ScorecardInput,
    demand: Demand,
    sites: Sites,
    coverage: Coverage,
    chosen: IntArray,
    closed: IntArray,
    *,
    access: Access,
    workers: int,
) -> Scorecard:
    """Return the scorecard of a plan that builds the sites ``chosen`` and closes the sites ``closed``."""
    walking = replace(demand, groups=tuple(walker(group, asked) for group in demand.groups))
    standing = np.flatnonzero(sites.existing)
    kept = np.zeros(len(sites), dtype=bool)
    kept[standing] = kept[chosen] = True
    times = access.only_to(kept).times(walking.groups, workers=workers)
    near = within_standard(times, walking.groups[0]).astype(np.int32)

    def counted(which: IntArray) -> CountArray:
        """Return how many sites are near, open and serve each [cell, group, slot] with workers."""
        works = sites.open[which][:, None, :] & sites.serves[which][:, :, None]
        found = near[:, which] @ works.reshape(len(which), works.shape[1] * works.shape[2]).astype(np.int32)
        return np.where(demand.workers > 0, found.reshape(demand.workers.shape), 0).astype(np.int32)

    before = counted(standing)
    after = (before + counted(chosen) - counted(closed)).astype(np.int32)
    return Scorecard(asked.walk_min, asked.walk_m, before, after, needed(coverage, sites, asked.targets))


def walker(group: Group, asked: ScorecardInput) -> Group:
    """Return a group under the service standard of the scorecard: on foot, within its minutes and metres."""
    return replace(group, mode=WALK, cutoff_min=asked.walk_min, cutoff_m=asked.walk_m, fade_min=None)


def needed(coverage: Coverage, sites: Sites, targets: Sequence[float]) -> tuple[Needed, ...]:
    """Return how many new sites are needed, from today, to cover each share of all workers.

    ``enough`` is the result of the greedy algorithm, which always adds the site with the largest gain (Nemhauser,
    Wolsey and Fisher 1978). ``least`` is a lower bound: gains only decrease, so k further sites cover at most what the
    current choice covers plus the k largest gains (the bound of Minoux 1978). Several sites at one place all count in
    the bound, which keeps it valid.
    """
    cover, weight = coverage.cover, coverage.weight
    usable = np.flatnonzero(sites.counted & ~sites.existing & ~sites.forbidden)
    total = float(weight.sum())
    today = (cover @ sites.existing.astype(np.int32)) > 0
    open_rows = ~today
    by_row = cover[:, usable]
    columns = by_row.tocsc()
    most = float(weight[today].sum()) + float(weight[open_rows & (np.diff(by_row.indptr) > 0)].sum())
    wanted = np.array([target * total * (1 - _SLACK) for target in targets])
    covered = float(weight[today].sum())
    gains = np.asarray(columns.T @ np.where(open_rows, weight, 0.0), dtype=np.float64)
    free = np.ones(len(usable), dtype=bool)
    enough: list[int | None] = [None] * len(targets)
    least = np.zeros(len(targets), dtype=np.int64)
    count, next_look = 0, 0
    while True:
        for k in np.flatnonzero(covered >= wanted).tolist():
            enough[k] = count if enough[k] is None else enough[k]
        best = int(np.where(free, gains, -1.0).argmax()) if free.any() else -1
        reached_all = None not in enough
        ended = reached_all or best < 0 or gains[best] <= total * _SLACK
        if count >= next_look or ended:
            least = np.maximum(least, _fewest(covered, gains, wanted))
            next_look = max(count + 1, int(count * _LOOK_AGAIN))
        if ended:
            break
        rows = columns.indices[columns.indptr[best] : columns.indptr[best + 1]]
        new = rows[open_rows[rows]]
        open_rows[new] = False
        covered += float(weight[new].sum())
        gains -= np.asarray(by_row[new].T @ weight[new], dtype=np.float64)
        free &= sites.place[usable] != sites.place[usable[best]]
        count += 1
    share = most / total if total > 0 else np.nan
    return tuple(
        Needed(target, found, int(fewest) if found is None else min(int(fewest), found), share)
        for target, found, fewest in zip(targets, enough, least, strict=True)
    )


def _fewest(covered: float, gains: FloatArray, wanted: FloatArray) -> IntArray:
    """Return the fewest further sites that would cover ``wanted`` if their gains added up; all sites if none do."""
    together = covered + np.concatenate([[0.0], np.cumsum(np.sort(np.maximum(gains, 0.0))[::-1])])
    return np.minimum(np.searchsorted(together * (1 + _SLACK), wanted), len(gains))
