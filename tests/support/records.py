"""Small records of demand, groups and sites, with only the columns that a test varies."""

from __future__ import annotations

import numpy as np

from stationplan.domain import Demand, Group, LocalText, Sites, Slot

NAME = LocalText("名", "name")

DAY, NIGHT = Slot("day", NAME, 480, 1080), Slot("night", NAME, 1320, 1740)


def group_of(key, mode="walk", cutoff_min=15.0, cutoff_m=None):
    return Group(key, NAME, mode, cutoff_min, cutoff_m)


def demand_of(workers, groups, slots=(DAY,), x=None, y=None):
    workers = np.asarray(workers, dtype=float)
    count = len(workers)
    return Demand(
        cell_id=tuple(f"c{i}" for i in range(count)),
        x=np.zeros(count) if x is None else x,
        y=np.zeros(count) if y is None else y,
        district=np.zeros(count, dtype=np.int64),
        workers=workers,
        groups=tuple(groups),
        slots=tuple(slots),
    )


def sites_of(open_, serves, x=None, y=None):
    open_, serves = np.asarray(open_, dtype=bool), np.asarray(serves, dtype=bool)
    count = len(open_)
    text = ("",) * count
    return Sites(
        site_id=tuple(f"s{i}" for i in range(count)),
        name=text,
        address=text,
        x=np.zeros(count) if x is None else x,
        y=np.zeros(count) if y is None else y,
        existing=np.zeros(count, dtype=bool),
        kind=("standard",) * count,
        host=text,
        hours=text,
        open=open_,
        serves=serves,
        cost=np.zeros(count),
        capacity=np.full(count, np.nan),
        required=np.zeros(count, dtype=bool),
        forbidden=np.zeros(count, dtype=bool),
        preferred=np.zeros(count, dtype=bool),
        closable=np.zeros(count, dtype=bool),
        counted=np.ones(count, dtype=bool),
        place=np.arange(count),
        action=text,
        district=np.zeros(count, dtype=np.int64),
    )
