"""Small road networks, by hand and for hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from stationplan.access.network import assemble

PLACE = st.tuples(st.integers(0, 300), st.integers(0, 300))
MINUTES = st.sampled_from([0.0, 0.25, 1.0, 2.5, 7.0])


def road_network(x, y, arcs, *, metres_a_minute=None):
    """A network of arcs (tail, head, {mode: minutes}) between nodes at x, y in metres.

    Metres of an arc are those of the straight line or, with ``metres_a_minute``, in proportion to its minutes.
    """
    x, y = np.array(x, dtype=float), np.array(y, dtype=float)
    tail, head = (np.array([arc[end] for arc in arcs], dtype=np.int64) for end in (0, 1))
    modes = sorted({mode for arc in arcs for mode in arc[2]}) or ["walk"]
    minutes = {mode: np.array([arc[2].get(mode, np.inf) for arc in arcs], dtype=float) for mode in modes}
    straight = np.hypot(x[head] - x[tail], y[head] - y[tail])
    metres = {
        mode: np.where(np.isinf(values), np.inf, straight) if metres_a_minute is None else values * metres_a_minute
        for mode, values in minutes.items()
    }
    return assemble(
        x,
        y,
        tail,
        head,
        minutes=minutes,
        metres=metres,
        major=np.zeros(len(arcs), dtype=bool),
        crs="EPSG:32648",
        source="",
        date="",
    )


def both_ways(pairs, minutes=1.0):
    """Arcs on foot along pairs of nodes, there and back."""
    return [(a, b, {"walk": minutes}) for a, b in pairs] + [(b, a, {"walk": minutes}) for a, b in pairs]


@st.composite
def networks_and_points(draw):
    """A random network of two modes, and points beside, on and at the ends of its arcs."""
    places = draw(st.lists(PLACE, min_size=2, max_size=8))
    node = st.integers(0, len(places) - 1)
    arcs = []
    for a, b in draw(st.lists(st.tuples(node, node), min_size=1, max_size=14)):
        walk, car = draw(st.one_of(st.none(), MINUTES)), draw(st.one_of(st.none(), MINUTES))
        for mode, minutes in (("walk", walk), ("car", car)):
            if minutes is not None:
                arcs.append((a, b, {mode: minutes}))
        if walk is not None and draw(st.booleans()):
            arcs.append((b, a, {"walk": walk}))
        if car is not None and draw(st.booleans()):
            arcs.append((b, a, {"car": car}))
    points = draw(st.lists(PLACE, max_size=4))
    along = draw(st.lists(st.tuples(node, node, st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), max_size=6))
    points += [tuple(np.array(places[a]) + share * np.subtract(places[b], places[a])) for a, b, share in along]
    x, y = np.array(places).T
    return x, y, arcs, points
