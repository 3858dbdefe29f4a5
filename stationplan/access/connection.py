"""Connection of cells and sites to the roads, or by straight lines, and the travel times between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from scipy import sparse

from stationplan.access.network import roads_within
from stationplan.access.snap import connect
from stationplan.access.straight import Measure, nearest_straight, straight_ways
from stationplan.access.times import impedance, nearest
from stationplan.domain import (
    CUTOFF_TOLERANCE,
    BoolArray,
    Demand,
    FloatArray,
    Group,
    IntArray,
    Mode,
    RoadNetwork,
    Sites,
    Snap,
    Straight,
    TravelTimes,
)
from stationplan.domain.base import Record, require


@dataclass(frozen=True, eq=False)
class Access(Record):
    """Access between the cells and the sites of a study.

    ``network`` has a node wherever a cell or a site is connected to a road; ``cell_snap`` and ``site_snap`` refer to
    its nodes, for the same modes. ``straight`` marks the cells and sites in districts without roads (``None``: all
    districts have roads); such cells are not connected to a road and reach every site in a straight line. Off-road
    parts are walked at ``walk_kmh``, regardless of the mode.
    """

    network: RoadNetwork
    cell_snap: Snap
    site_snap: Snap
    straight: Straight | None
    walk_kmh: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.walk_kmh > 0, "the walking speed is above 0")
        modes = self.cell_snap.node.keys()
        require(modes == self.site_snap.node.keys(), "cells and sites are connected for the same modes")
        require(
            modes <= self.network.minutes.keys(), "the network knows the modes that cells and sites are connected for"
        )
        for snap in (self.cell_snap, self.site_snap):
            for node in snap.node.values():
                require(node.max(initial=-1) < self.network.node_count, "points meet the roads at nodes of the network")
        if self.straight is None:
            return
        require(len(self.straight.cells) == self.cell_snap.points, "every cell is known to have roads or none")
        require(len(self.straight.sites) == self.site_snap.points, "every site is known to have roads or none")
        for node in self.cell_snap.node.values():
            require((node[self.straight.cells] < 0).all(), "cells in districts without roads meet no road")

    @property
    def metres_a_minute(self) -> float:
        """Walking speed off the road, m/min."""
        return self.walk_kmh * 1000 / 60

    def times(self, groups: Sequence[Group], *, far_min: float = 0.0, workers: int = 1) -> TravelTimes:
        """Return the travel times from cells to sites for the groups' modes, up to the largest cutoff of each mode.

        Minutes extend at least to ``far_min``. The off-road parts at both ends are included in minutes and in metres.
        The result does not depend on ``workers``, the number of threads.

        Raises
        ------
        ValueError
            The network does not have the mode of a group, or a cutoff is negative or NaN.
        """
        minutes: dict[Mode, sparse.csr_array] = {}
        metres: dict[Mode, sparse.csr_array] = {}
        for mode in dict.fromkeys(group.mode for group in groups):
            members = [group for group in groups if group.mode == mode]
            cutoff_min = max(far_min, *(group.farthest_min for group in members))
            minutes[mode] = self._measured("minutes", mode, cutoff_min, workers)
            limits_m = [group.cutoff_m for group in members if group.cutoff_m is not None]
            if limits_m:
                metres[mode] = self._measured("metres", mode, max(limits_m), workers)
        return TravelTimes(minutes, metres)

    def nearest(self, stations: IntArray, *, mode: Mode, sites: IntArray | None = None) -> tuple[FloatArray, IntArray]:
        """Return the minutes from every cell, or from some ``sites``, to the nearest of ``stations``, and that station.

        ``stations`` and ``sites`` are site indices, and so is the second array. The off-road parts at both ends are
        included. Where there is no station, or none is reachable, the values are ``inf`` and -1.
        """
        snap = self.cell_snap if sites is None else _picked(self.site_snap, sites)
        minutes, station = self._nearest_by_road(snap, stations, mode)
        if self.straight is not None:
            apart, xy = self.straight.cells, self.straight.cell_xy
            if sites is not None:
                apart, xy = self.straight.sites[sites], self.straight.site_xy[sites]
            minutes[apart], station[apart] = nearest_straight(self.straight, xy[apart], stations, mode=mode)
        return minutes, station

    def cells_off_road(self, mode: Mode) -> BoolArray:
        """Return a mask of cells that are not connected to a road of a mode, although their districts have roads."""
        lost = self.cell_snap.node[mode] < 0
        return np.asarray(lost if self.straight is None else lost & ~self.straight.cells)

    def sites_off_road(self, mode: Mode) -> BoolArray:
        """Return a mask of sites that are not connected to a road of a mode, although their districts have roads."""
        lost = self.site_snap.node[mode] < 0
        return np.asarray(lost if self.straight is None else lost & ~self.straight.sites)

    def only_to(self, sites: BoolArray) -> Access:
        """Return this access with road connections only to the sites of a mask; sites keep their indices."""
        return replace(self, site_snap=_without(self.site_snap, ~sites))

    def part(self, around: shapely.Geometry, *, cells: BoolArray, sites: BoolArray, districts: IntArray) -> Access:
        """Return the access of some cells and sites (masks) over the roads inside a shape.

        ``districts`` are the rows of the districts that are kept. Cells and sites whose node is outside the shape are
        not connected to a road.
        """
        network, node = roads_within(self.network, around)
        straight = self.straight
        if straight is not None:
            straight = (
                None
                if not straight.districts[districts].any()
                else replace(
                    straight,
                    districts=straight.districts[districts],
                    cells=straight.cells[cells],
                    sites=straight.sites[sites],
                    cell_xy=straight.cell_xy[cells],
                    site_xy=straight.site_xy[sites],
                )
            )
        return replace(
            self,
            network=network,
            cell_snap=_renumbered(_picked(self.cell_snap, cells), node),
            site_snap=_renumbered(_picked(self.site_snap, sites), node),
            straight=straight,
        )

    def _measured(self, measure: Measure, mode: Mode, cutoff: float, workers: int) -> sparse.csr_array:
        by_road = self._by_road(measure, mode, cutoff, workers)
        if self.straight is None:
            return by_road
        return _rows_of_either(by_road, straight_ways(self.straight, measure, mode, cutoff=cutoff))

    def _by_road(self, measure: Measure, mode: Mode, cutoff: float, workers: int) -> sparse.csr_array:
        cell_node, site_node = self.cell_snap.node[mode], self.site_snap.node[mode]
        cell_off_m, site_off_m = self.cell_snap.offroad_m[mode], self.site_snap.offroad_m[mode]
        per_metre = 1 / self.metres_a_minute if measure == "minutes" else 1.0
        cell, site = np.flatnonzero(cell_node >= 0), np.flatnonzero(site_node >= 0)
        shape = (len(cell_node), len(site_node))
        if not (len(cell) and len(site)):
            return sparse.csr_array(shape)
        ends = site_node[site], cell_node[cell]
        found = impedance(self.network, measure, mode, *ends, cutoff=cutoff, workers=workers).tocoo()
        row, column = cell[found.coords[0]], site[found.coords[1]]
        value = found.data + (cell_off_m[row] + site_off_m[column]) * per_metre
        within = value <= cutoff + CUTOFF_TOLERANCE
        return sparse.csr_array((value[within], (row[within], column[within])), shape=shape)

    def _nearest_by_road(self, snap: Snap, stations: IntArray, mode: Mode) -> tuple[FloatArray, IntArray]:
        node, site_node = snap.node[mode], self.site_snap.node[mode]
        minutes, station = np.full(len(node), np.inf), np.full(len(node), -1, dtype=np.int64)
        stations = stations[site_node[stations] >= 0]
        here = np.flatnonzero(node >= 0)
        if not (len(stations) and len(here)):
            return minutes, station
        start = self.site_snap.offroad_m[mode][stations] / self.metres_a_minute
        label, position = nearest(self.network, site_node[stations], mode=mode, start_min=start)
        here = here[position[node[here]] >= 0]
        minutes[here] = label[node[here]] + snap.offroad_m[mode][here] / self.metres_a_minute
        station[here] = stations[position[node[here]]]
        return minutes, station


def access_of(
    roads: RoadNetwork,
    demand: Demand,
    sites: Sites,
    *,
    modes: Sequence[Mode],
    max_snap_m: float,
    min_component_nodes: int,
    walk_kmh: float,
    straight: Straight | None = None,
) -> Access:
    """Return the access of cells and sites, connected to the roads as by :func:`connect`.

    Cells in ``straight`` districts are not connected to a road.
    """
    network, snap = connect(
        roads,
        np.concatenate([demand.x, sites.x]),
        np.concatenate([demand.y, sites.y]),
        modes=modes,
        max_snap_m=max_snap_m,
        min_component_nodes=min_component_nodes,
    )
    cell = np.arange(snap.points) < len(demand.x)
    cell_snap = _picked(snap, cell)
    if straight is not None:
        cell_snap = _without(cell_snap, straight.cells)
    return Access(network, cell_snap, _picked(snap, ~cell), straight, walk_kmh)


def _picked(snap: Snap, points: BoolArray | IntArray) -> Snap:
    """Return the snap of some points, given as a mask or as indices."""
    return Snap(
        {mode: node[points] for mode, node in snap.node.items()},
        {mode: away[points] for mode, away in snap.offroad_m.items()},
    )


def _without(snap: Snap, lost: BoolArray) -> Snap:
    """Return a snap in which some points are not connected to a road."""
    return Snap(
        {mode: np.where(lost, -1, node) for mode, node in snap.node.items()},
        {mode: np.where(lost, np.inf, away) for mode, away in snap.offroad_m.items()},
    )


def _renumbered(snap: Snap, node: IntArray) -> Snap:
    """Return a snap with the new node numbers ``node``, -1 for dropped nodes; the last entry of ``node`` is for -1."""
    found = {mode: node[column] for mode, column in snap.node.items()}
    away = {mode: np.where(found[mode] >= 0, column, np.inf) for mode, column in snap.offroad_m.items()}
    return Snap(found, away)


def _rows_of_either(one: sparse.csr_array, other: sparse.csr_array) -> sparse.csr_array:
    """Return the rows of two matrices of which each row is empty in one; stored zeros are kept, unlike in a sum."""
    (row, column), (more_rows, more_columns) = one.tocoo().coords, other.tocoo().coords
    places = (np.concatenate([row, more_rows]), np.concatenate([column, more_columns]))
    return sparse.csr_array((np.concatenate([one.data, other.data]), places), shape=one.shape)
