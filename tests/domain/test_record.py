"""What is derived from a record is made once, is not shared, and is dropped with it."""

from __future__ import annotations

import copy
import pickle
import weakref
from dataclasses import dataclass, fields, replace

import numpy as np

from stationplan.access import network_from_arcs, times, travel_times
from stationplan.access.kernel import contract
from stationplan.domain import FloatArray
from stationplan.domain.base import Record

CALLS: list[str] = []


@dataclass(frozen=True, eq=False)
class Row(Record):
    values: FloatArray


def total(row, times=1):
    CALLS.append("total")
    return float(row.values.sum()) * times


def doubled(row):
    return row.derived(total, 2)


def test_what_is_derived_is_made_once_for_each_function_and_its_arguments():
    CALLS.clear()
    row = Row(np.array([1.0, 2.0]))
    assert [row.derived(total), row.derived(total), row.derived(total, 3), row.derived(total, 3)] == [3, 3, 9, 9]
    assert row.derived(doubled) == row.derived(total, 2) == 6
    assert len(CALLS) == 3


def test_copies_and_replacements_derive_anew():
    row = Row(np.array([1.0, 2.0]))
    assert row.derived(total) == 3
    assert replace(row, values=np.array([5.0])).derived(total) == 5
    for made in (copy.copy(row), pickle.loads(pickle.dumps(row))):
        CALLS.clear()
        assert made.derived(total) == 3
        assert CALLS == ["total"]


def test_what_is_derived_is_no_field_and_goes_with_its_record():
    row = Row(np.array([1.0, 2.0]))
    assert row.derived(total) == 3
    assert vars(row).keys() == {item.name for item in fields(row)}
    gone = weakref.ref(row)
    del row
    assert gone() is None


def test_a_network_is_compiled_once(monkeypatch):
    network = network_from_arcs([104.0, 104.1], [30.6] * 2, [0], [1], minutes={"walk": [5.0], "car": [1.0]})
    compiled = []
    monkeypatch.setattr(times, "contract", lambda *arcs: compiled.append(arcs) or contract(*arcs))
    for mode in ("walk", "car", "walk"):
        assert travel_times(network, [1], cutoff_min=9, mode=mode).nnz == 2
    assert len(compiled) == 2
    travel_times(replace(network), [1], cutoff_min=9, mode="walk")
    assert len(compiled) == 3
