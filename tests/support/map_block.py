"""Reads the block of data of a map page back, by means of its own where that is easy."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import shapely

from stationplan.geo import project
from stationplan.webmap.packing import unpacked
from stationplan.webmap.payload import data_block


@dataclass(frozen=True)
class Block:
    """Text and arrays of a page."""

    content: dict
    arrays: list

    def sums(self, number):
        """What the steps of an array lead to."""
        return np.cumsum(self.arrays[number])

    def lines(self, packed):
        """Points of each ring as (lat, lon) in degrees."""
        points, sizes = self.arrays[packed["points"]].reshape(-1, 2), self.arrays[packed["sizes"]]
        lines, begin, at = [], np.zeros(2, dtype=np.int64), 0
        for size in sizes:
            steps = points[at : at + size].copy()
            if size:
                steps[0] += begin
                begin = steps[0].copy()
            lines.append(np.cumsum(steps, axis=0) / self.content["scale"])
            at += size
        return lines

    def cells(self, packed):
        """Corners of each cell as (lat, lon) in degrees."""
        starts = np.cumsum(self.arrays[packed["starts"]].reshape(-1, 2), axis=0)
        sizes, away = self.arrays[packed["sizes"]], self.arrays[packed["away"]].reshape(-1, 2)
        rings, read, before = [], 0, None
        for start, size in zip(starts, sizes, strict=True):
            offsets = away[read : read + size - 1].copy()
            if before is not None and len(before) == size - 1:
                offsets += before
            before, read = offsets, read + size - 1
            rings.append(np.vstack([start, start + offsets]) / self.content["scale"])
        return rings

    def polygons(self, packed, crs):
        """Each shape as a geometry in metres."""
        rings = [in_metres(ring, crs) for ring in self.lines(packed)]
        counts, parts = self.arrays[packed["rings"]], self.arrays[packed["parts"]]
        shapes, ring, part = [], 0, 0
        for number in parts:
            polygons = []
            for _ in range(number):
                outer, *holes = rings[ring : ring + counts[part]]
                polygons.append(shapely.Polygon(outer, holes))
                ring, part = ring + counts[part], part + 1
            shapes.append(shapely.union_all(polygons))
        return shapes

    def roads(self):
        """Points of each road line as (lat, lon) in degrees, main roads first."""
        packed = self.content["roads"]
        junction = np.cumsum(self.arrays[packed["junctions"]].reshape(-1, 2), axis=0)
        begin = self.sums(packed["from"])
        end = begin + self.arrays[packed["to"]]
        inner, at, lines = self.arrays[packed["points"]].reshape(-1, 2), 0, []
        for first, last, size in zip(begin, end, self.arrays[packed["sizes"]], strict=True):
            between = junction[first] + np.cumsum(inner[at : at + size], axis=0)
            lines.append(np.vstack([junction[first], between, junction[last]]) / self.content["scale"])
            at += size
        return lines

    def cover(self):
        """The cells of each pair of group and site."""
        packed, sites = self.content["cover"], len(self.content["sites"]["id"])
        gap, length = self.arrays[packed["gap"]], self.arrays[packed["length"]]
        cells, run = [], 0
        for pair, count in enumerate(self.arrays[packed["runs"]]):
            if count < 0:
                cells.append(cells[pair - sites])
                continue
            found, end = [], 0
            for _ in range(count):
                begin = end + gap[run]
                end = begin + length[run]
                found += range(begin, end)
                run += 1
            cells.append(found)
        return cells


def in_metres(points, crs):
    """Points as (lat, lon) in degrees in a metric CRS."""
    return np.column_stack(project(points[:, 1], points[:, 0], crs))


def block_of(plan, lang="zh"):
    """The block of a plan."""
    return Block(*unpacked(data_block(plan, lang)))


def block_in(html):
    """The block in a page."""
    return Block(*unpacked(re.search(r'class="stationplan-data">([^<]*)<', html)[1]))
