"""Features of cells: counted by hand on four squares, and against direct sums and exact cuts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KernelDensity

from stationplan.demand.density import kernel_density
from stationplan.demand.features import cell_features, dense_core
from stationplan.demand.streets import STREET_CLASSES, Bits, bits_of, streets_of
from stationplan.domain import MODES, ROAD_CLASSES, Cells, Count, Places, RoadArcs
from stationplan.errors import InputError
from stationplan.geo import cell_of, cell_outlines, unproject
from stationplan.geo.polygons import cells_at

CRS = "EPSG:32648"
EAST, NORTH = 400_000.0, 3_400_000.0
"""The lower left corner of four squares of 1 km: 0 and 1 below, 2 and 3 above."""


def cells_of(outline, **counts):
    centre = shapely.get_coordinates(shapely.centroid(outline))
    return Cells(
        tuple(f"c{i}" for i in range(len(outline))),
        centre[:, 0],
        centre[:, 1],
        np.zeros(len(outline), dtype=np.int64),
        np.asarray(outline, dtype=object),
        {name: Count(np.array(values, dtype=float), "people", "census") for name, values in counts.items()},
    )


def four(**counts):
    x, y = EAST + np.array([0.0, 1000, 0, 1000]), NORTH + np.array([0.0, 0, 1000, 1000])
    return cells_of(shapely.box(x, y, x + 1000, y + 1000), **counts)


def places_at(*spots, classes=("food", "bank")):
    x, y, kind = np.array(spots, dtype=float).reshape(-1, 3).T
    return Places(EAST + x, NORTH + y, kind.astype(np.int64), classes, "a list")


def roads_between(nodes, *arcs):
    """Arcs ``(tail, head, class)`` between nodes in metres from the corner, one way as given."""
    x, y = EAST + np.array([node[0] for node in nodes], float), NORTH + np.array([node[1] for node in nodes], float)
    tail, head = (np.array([arc[end] for arc in arcs], dtype=np.int64) for end in (0, 1))
    length = np.hypot(x[head] - x[tail], y[head] - y[tail])
    kind = np.array([-1 if arc[2] is None else ROAD_CLASSES.index(arc[2]) for arc in arcs], dtype=np.int8)
    lon, lat = unproject(x, y, CRS)
    return RoadArcs(lon, lat, tail, head, length, dict.fromkeys(MODES, length / 75), kind, "a map", "2026")


def features(cells, roads=None, places=None, **options):
    given = {"crs": CRS, "kernel_m": 500.0, "elevation_m": None, **options}
    return cell_features(cells, roads=roads, places=places, **given)


# ---- counts, areas, places ------------------------------------------------------------------------------------------


def test_counts_come_first_with_their_units_and_sources_and_then_the_area():
    found = features(four(population=[1, 2, 3, 4], jobs=[0, 0, 0, 9]))
    assert found.names[:3] == ("population", "jobs", "area_km2")
    assert (found.units[0], found.sources[0], found.units[2]) == ("people", "census", "km2")
    assert found.column("jobs").tolist() == [0, 0, 0, 9]
    assert found.column("area_km2").tolist() == [1, 1, 1, 1]


def test_places_count_once_on_a_border_and_nowhere_outside():
    spots = [(500, 500, 0), (1000, 500, 0), (1000, 1000, 1), (1500, 1500, 1), (500, 2000, 0), (2500, 500, 0)]
    found = features(four(), places=places_at(*spots))
    assert found.column("places").tolist() == [3, 0, 1, 1]
    assert found.column("places_food").tolist() == [2, 0, 1, 0]
    assert found.column("places_bank").tolist() == [1, 0, 0, 1]
    assert found.sources[found.names.index("places_food")] == "a list"


def test_places_of_a_class_without_a_name_count_in_the_total_alone():
    found = features(four(), places=places_at((500, 500, 0), classes=("",)))
    assert [name for name in found.names if name.startswith("places")] == ["places", "places_density"]
    assert found.column("places").tolist() == [1, 0, 0, 0]


def test_a_density_counts_what_lies_outside_the_cells():
    found = features(four(), places=places_at((500, -500, 0)))
    assert found.column("places").sum() == 0
    # 1 km from the lower left centre, two bandwidths: exp(-2) / (2 pi 0.25), to 1 % of the height there
    assert found.column("places_density_food")[0] == pytest.approx(0.0862, abs=0.0064)
    assert found.column("places_density_bank").tolist() == [0, 0, 0, 0]


# ---- streets --------------------------------------------------------------------------------------------------------


def test_every_class_of_road_is_in_one_class_of_streets():
    tags = [tag for tags in STREET_CLASSES.values() for tag in tags]
    assert sorted(tags) == sorted(ROAD_CLASSES)


def test_a_street_counts_once_in_the_cells_it_crosses():
    both_ways = [(0, 1, "primary"), (1, 0, "primary"), (0, 1, "footway")]
    found = features(four(), roads_between([(400, 500), (1600, 500)], *both_ways))
    assert found.column("roads_km").tolist() == pytest.approx([0.6, 0.6, 0, 0])
    assert found.column("roads_km_primary").tolist() == pytest.approx([0.6, 0.6, 0, 0])
    assert found.column("roads_km_path").sum() == 0
    assert found.units[found.names.index("roads_km")] == "km"


def test_streets_on_a_border_and_outside():
    on_border = features(four(), roads_between([(1000, 0), (1000, 900)], (0, 1, "service")))
    assert on_border.column("roads_km_service").sum() == pytest.approx(0.9)
    outside = features(four(), roads_between([(-500, -500), (-100, -500)], (0, 1, "service")))
    assert outside.column("roads_km").tolist() == [0, 0, 0, 0]
    assert outside.column("road_density")[0] > 0


def test_a_street_of_unknown_class_counts_in_the_total_alone():
    found = features(four(), roads_between([(100, 100), (300, 100)], (0, 1, None)))
    assert found.column("roads_km").tolist() == pytest.approx([0.2, 0, 0, 0])
    assert sum(found.column(f"roads_km_{name}").sum() for name in STREET_CLASSES) == 0


def test_a_junction_has_three_neighbours_and_the_highest_class_that_meets_there():
    nodes = [(500, 500), (500, 700), (700, 500), (300, 500), (1500, 500), (1700, 500)]
    arcs = [(0, 1, "service"), (2, 0, "tertiary"), (0, 3, "footway"), (3, 0, "footway"), (4, 5, "primary")]
    found = features(four(), roads_between(nodes, *arcs, (0, 0, "primary"), (4, 2, "primary")))
    assert found.column("junctions").tolist() == [1, 0, 0, 0]
    assert found.column("junctions_tertiary").tolist() == [1, 0, 0, 0]
    assert found.column("junctions_primary").sum() == 0


def test_roads_may_hold_nothing():
    found = features(four(), roads_between([(0, 0)]))
    assert found.column("roads_km").tolist() == found.column("road_density").tolist() == [0, 0, 0, 0]


def network(rng, nodes, size):
    spots = rng.uniform(0, size, (nodes, 2)).tolist()
    arcs = [(*rng.choice(nodes, 2), rng.choice(ROAD_CLASSES)) for _ in range(3 * nodes)]
    return roads_between(spots, *arcs)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_lengths_are_kept_whatever_the_cells(seed):
    rng = np.random.default_rng(seed)
    roads = network(rng, 12, 3000)
    x, y = EAST + rng.uniform(0, 3000, 20), NORTH + rng.uniform(0, 3000, 20)
    tiling = cells_of(shapely.get_parts(shapely.voronoi_polygons(
        shapely.multipoints(np.column_stack([x, y])),
        extend_to=shapely.box(EAST - 99, NORTH - 99, EAST + 3099, NORTH + 3099),
    )))  # fmt: skip
    found, streets = features(tiling, roads), streets_of(roads, CRS)
    assert found.column("roads_km").sum() == pytest.approx(streets.length_m.sum() / 1000, rel=1e-12)
    by_class = sum(found.column(f"roads_km_{name}") for name in STREET_CLASSES)
    assert by_class == pytest.approx(found.column("roads_km"), rel=1e-9, abs=1e-12)
    # Cutting each line exactly: a line that enters or leaves misses by half a bit at most.
    lines = shapely.linestrings(
        np.stack([np.column_stack([streets.x[end], streets.y[end]]) for end in (streets.tail, streets.head)], axis=1)
    )
    for i, cell in enumerate(tiling.outline):
        exact = shapely.length(shapely.intersection(lines, cell))
        crossing = int((exact > 0).sum())
        assert abs(found.column("roads_km")[i] * 1000 - exact.sum()) <= crossing * 25 + 1e-6


def test_the_order_of_arcs_and_places_changes_nothing():
    rng = np.random.default_rng(3)
    roads = network(rng, 30, 2000)
    spots = np.column_stack([rng.uniform(0, 2000, (50, 2)), rng.integers(0, 2, 50)])
    turn, shuffle = rng.permutation(len(roads.tail)), rng.permutation(50)
    other = replace(
        roads,
        tail=roads.head[turn],
        head=roads.tail[turn],
        length_m=roads.length_m[turn],
        road_class=roads.road_class[turn],
    )
    one = features(four(), roads, places_at(*spots))
    two = features(four(), other, places_at(*spots[shuffle]))
    assert one.names == two.names
    np.testing.assert_allclose(one.values, two.values, rtol=1e-9, atol=1e-12)


def test_bits_are_equal_and_short():
    streets = streets_of(network(np.random.default_rng(5), 20, 500), CRS)
    bits: Bits = bits_of(streets)
    assert bits.length_m.max() <= 25 + 0.05  # lengths in degrees and back miss by less
    assert bits.length_m.sum() == pytest.approx(streets.length_m.sum(), rel=1e-12)


# ---- points in cells ------------------------------------------------------------------------------------------------


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(3, 80))
def test_points_are_found_as_shapely_finds_them(seed, count):
    rng = np.random.default_rng(seed)
    tiles = cell_outlines(*rng.uniform(0, 1000, (2, count)))
    angle, radius = np.sort(rng.uniform(0, 2 * np.pi, (count, 9)), axis=1), rng.uniform(5, 300, (count, 9))
    turn = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    stars = shapely.make_valid(shapely.polygons(rng.uniform(0, 1000, (count, 1, 2)) + radius[..., None] * turn))
    rings = shapely.difference(stars, shapely.buffer(shapely.centroid(stars), 4))
    for outline in (tiles, rings):
        x, y = rng.uniform(-100, 1100, (2, 300))
        assert cells_at(outline, x, y).tolist() == cell_of(outline, x, y).tolist()
        corner = shapely.get_coordinates(outline)[:200]
        found = cells_at(outline, corner[:, 0], corner[:, 1])
        assert (found >= 0).all()
        assert shapely.distance(outline[found], shapely.points(corner)).max() < 1e-9
        assert (found <= np.repeat(np.arange(count), shapely.get_num_coordinates(outline))[: len(found)]).all()


def test_without_points_or_cells_nothing_is_found():
    none = np.empty(0)
    assert cells_at(np.empty(0, dtype=object), np.zeros(2), np.zeros(2)).tolist() == [-1, -1]
    assert cells_at(shapely.box([0], [0], [1], [1]), none, none).tolist() == []


# ---- densities ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel_m", [50.0, 500.0, 3000.0])
def test_densities_are_those_of_a_direct_sum(kernel_m):
    rng = np.random.default_rng(7)
    x, y, at = rng.uniform(0, 5000, 200), rng.uniform(0, 5000, 200), rng.uniform(-1000, 6000, (300, 2))
    weight, kind = rng.uniform(0, 3, 200), rng.integers(0, 3, 200)
    found = kernel_density(x, y, weight, kind, 3, at_x=at[:, 0], at_y=at[:, 1], kernel_m=kernel_m)
    for k in range(3):
        of = kind == k
        peer = KernelDensity(bandwidth=kernel_m).fit(np.column_stack([x, y])[of], sample_weight=weight[of])
        exact = np.exp(peer.score_samples(at)) * weight[of].sum() * 1e6
        assert np.abs(found[:, k] - exact).max() < 0.01 * max(
            exact.max(), weight[of].max() * 1e6 / kernel_m**2 / 2 / np.pi
        )


def test_one_point_is_off_by_less_than_a_hundredth_of_its_height():
    rng = np.random.default_rng(11)
    at = rng.uniform(-2000, 2000, (500, 2))
    height = 1e6 / (2 * np.pi * 500**2)
    for x, y in rng.uniform(-100, 100, (50, 2)):
        found = kernel_density(
            np.array([x]), np.array([y]), np.ones(1), np.zeros(1, int), 1, at_x=at[:, 0], at_y=at[:, 1], kernel_m=500.0
        )[:, 0]
        exact = height * np.exp(-((at[:, 0] - x) ** 2 + (at[:, 1] - y) ** 2) / (2 * 500**2))
        assert np.abs(found - exact).max() < 0.0075 * height


def test_a_density_holds_all_of_its_points():
    at = np.stack(np.meshgrid(np.arange(-3000, 3000, 50.0), np.arange(-3000, 3000, 50.0)), axis=-1).reshape(-1, 2)
    found = kernel_density(
        np.array([10.0, -70]), np.array([3.0, 200]), np.array([1.0, 2]), np.zeros(2, int), 1,
        at_x=at[:, 0], at_y=at[:, 1], kernel_m=500.0,
    )  # fmt: skip
    assert found.sum() * 0.05**2 == pytest.approx(3, rel=1e-3)


# ---- the core -------------------------------------------------------------------------------------------------------


def test_the_core_is_where_places_are_dense_else_residents_else_roads():
    cells = four(population=[0, 9, 0, 0])
    street = roads_between([(100, 1500), (900, 1500)], (0, 1, "service"))
    with_places = features(cells, street, places_at((500, 500, 0)))
    assert with_places.column("core_km").tolist() == pytest.approx([0, 1, 1, 2**0.5])
    without = features(cells, street)
    assert without.column("core_km").tolist() == pytest.approx([1, 0, 2**0.5, 1])
    assert without.sources[without.names.index("core_km")] == "census"
    roads_alone = features(four(), street)
    assert roads_alone.column("core_km").tolist() == pytest.approx([1, 2**0.5, 0, 1])


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_the_core_is_a_twentieth_with_its_ties(levels):
    density = np.array(levels, dtype=float)
    core = dense_core(density)
    if density.max() == 0:
        assert core.tolist() == []
    else:
        last = density[core].min()
        assert core.tolist() == np.flatnonzero(density >= last).tolist()
        assert last > 0
        assert (density > last).sum() < np.ceil(len(density) / 20)


# ---- what is missing ------------------------------------------------------------------------------------------------


def test_what_is_missing_is_told_and_what_it_would_give():
    nothing = features(four())
    assert nothing.names == ("area_km2",)
    told = [str(message) for message in nothing.missing]
    assert [next(word for word in ("counts", "core_km", "of interest", "roads", "heights") if word in text)
            for text in told] == ["counts", "roads", "of interest", "core_km", "heights"]  # fmt: skip
    roads = roads_between([(100, 100), (300, 100)], (0, 1, "service"))
    everything = features(four(population=[1, 1, 1, 1]), roads, places_at((1, 1, 0)), elevation_m=np.arange(4.0))
    assert everything.missing == ()
    assert everything.column("elevation_m").tolist() == [0, 1, 2, 3]
    names = ["population", "area_km2", "roads_km", "road_density", "junctions", "places", "places_density", "core_km"]
    assert [name for name in everything.names if name in names] == names
    assert everything.names[-1] == "elevation_m"


def test_places_far_from_every_cell_give_no_core():
    found = features(four(), places=places_at((90_000, 0, 0)))
    assert "core_km" not in found.names
    assert any("core_km" in str(message) for message in found.missing)


def test_no_cells_have_no_features_but_their_names():
    none = cells_of(np.empty(0, dtype=object))
    roads = roads_between([(100, 100), (300, 100)], (0, 1, "service"))
    assert features(none, roads, places_at((1, 1, 0))).values.shape[0] == 0


def test_values_that_are_no_numbers_and_names_that_clash_are_refused():
    with pytest.raises(InputError) as caught:
        features(
            four(population=[1, np.nan, 3, np.inf], area_km2=[1, 1, 1, 1]), elevation_m=np.array([1, 2, 3, np.nan])
        )
    assert [fault.code for fault in caught.value.faults] == ["duplicate", "no_value", "no_value"]
    assert "2 cells have no value for population" in str(caught.value)
    with pytest.raises(InputError, match="Two features have the name places_density"):
        features(four(), places=places_at((1, 1, 0), classes=("density",)))


def test_progress_rises_to_one():
    told: list[float] = []
    roads = roads_between([(100, 100), (300, 100)], (0, 1, "service"))
    features(four(), roads, places_at((1, 1, 0)), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
