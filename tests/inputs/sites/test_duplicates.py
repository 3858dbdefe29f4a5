"""Likely duplicates: near in space and alike in name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationplan.inputs.sites.duplicates import Pair, bare_names, likely_duplicates

METRES_A_DEGREE = 95_877.0
"""Of longitude at 30.6 N on the WGS-84 ellipsoid."""


def pairs(*records, within_m=200.0):
    """Pairs of (name, metres east of the first) records."""
    names = [name for name, _ in records]
    lon = np.array([104.0 + metres / METRES_A_DEGREE for _, metres in records])
    return likely_duplicates(names, lon, np.full(len(names), 30.6), within_m=within_m)


@pytest.mark.parametrize("metres", [0, 8, 60, 180])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("城东农行支行工会驿站（农业银行城东支行）", "城东农行支行户外劳动者服务站点"),
        ("城东农行支行工会驿站", "中国农业银行城东支行"),
        ("【新】城东邮政支局爱心驿站", "城东邮政支局工会驿站"),
        ("户外劳动者服务站点(城东邮政支局)", "城东邮政支局"),
        ("城东加油站 工会驿站", "城东加油站·工会驿站"),
    ],
)
def test_one_place_under_two_names_is_found(one, other, metres):
    assert pairs((one, 0), (other, metres)) == [Pair(0, 1, pytest.approx(metres, abs=0.5))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("平坊社区党群服务中心工会驿站", "祥巷社区党群服务中心工会驿站"),
        ("城东农行支行工会驿站", "城东工行支行工会驿站"),
        ("中山路二号店", "中山路三号店"),
        ("第1公厕", "第2公厕"),
        ("城东农行支行", ""),
    ],
)
def test_two_places_alike_are_kept_apart(one, other):
    assert pairs((one, 0), (other, 150)) == []


def test_far_places_of_one_name_are_two():
    assert pairs(("邮政支局", 0), ("邮政支局", 201)) == []
    assert len(pairs(("邮政支局", 0), ("邮政支局", 201), within_m=202)) == 1


def test_nameless_records_are_one_at_the_same_place_only():
    assert pairs(("", 0), ("", 0)) == [Pair(0, 1, 0.0)]
    assert pairs(("", 0), ("", 5)) == []


def test_pairs_come_nearest_first():
    found = pairs(("邮政支局", 0), ("邮政支局", 100), ("邮政支局", 130))
    assert [(pair.first, pair.second) for pair in found] == [(1, 2), (0, 1), (0, 2)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["邮政支局", "邮政支局（新）", "农行支行", "二号店", "三号店"]), st.integers(0, 500)),
        min_size=2,
        max_size=12,
    )
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_the_pairs_are_those_of_comparing_all_with_all(records):
    found = {(pair.first, pair.second) for pair in pairs(*records)}
    expected = {
        (i, j)
        for j in range(len(records))
        for i in range(j)
        if pairs(records[i], records[j]) and abs(records[i][1] - records[j][1]) <= 200
    }
    assert found == expected


def test_the_words_for_a_station_do_not_count():
    assert (
        bare_names("城东户外劳动者服务站点") == bare_names("城东工会驿站") == bare_names("城东爱心驿站") == ("城东", "")
    )
