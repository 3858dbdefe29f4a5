"""The table ``[demand]`` of a scenario, and its checks that involve several keys."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Annotated, Literal

from pydantic import Field

from stationplan.errors import FaultList, say
from stationplan.scenario.fields import (
    Draws,
    Identifier,
    Nonnegative,
    Positive,
    ScenarioTable,
    Source,
    TableSource,
    Variation,
)


class CountInput(TableSource):
    """A count to distribute over the cells, from a raster, or a table of points or polygons, named as its table."""

    file: str
    """GeoTIFF of counts per pixel, such as WorldPop; or points or polygons in any form that tables have."""
    column: str | None = None
    """Column of the count; without it every point counts one. Polygons are divided by area."""
    empty_count: Nonnegative | None = None
    """Value of an empty cell of the column; without it an empty cell is a fault."""
    time: str | None = None
    """Column of the local time of each row, for counts of events such as orders or check-ins: a time such as 08:30, a
    date with a time (of any day), or an hour from 0 to 23, which counts at its start."""
    profile_of: list[str] = []
    """Groups whose working day is divided over the slots as this count is, by `time`; in place of their `profile`."""
    unit: str = ""
    """Unit of the count, such as people."""
    source: str = ""
    """Where the count comes from; default: its file."""


class PlacesInput(TableSource):
    """Points of interest, by class: from an OSM extract, or a table with a column of classes."""

    osm: str | None = None
    """OSM extract to take places from."""
    classes: dict[Identifier, list[str]] = {}
    """Words of each class: OSM tags (`amenity=restaurant`), or values in the table's column of classes (`columns`:
    kind). Without it the default classes, or those that the table has."""
    source: str = ""
    """Where the places come from; default: the file, or OSM."""


class RateInput(ScenarioTable):
    """So many workers of a group for each unit of a product of columns: a participation rate and where it is from."""

    group: str
    """Group whose total it adds to."""
    of: Annotated[list[str], Field(min_length=1)]
    """Columns whose product the rate is of: `["POPU", "EMPL_OCCU", "EMPL_INDU_TRMA"]` are those in transport."""
    rate: Nonnegative
    """Workers of the group for each unit of that product."""
    source: str
    """Where the rate comes from; an assumption says so."""


class TotalsInput(Source):
    """Workers by district and group that the cells must add up to: a column for each group, or rates of a census."""

    file: str
    """CSV (UTF-8 or GB18030), Excel .xlsx, or any other table that has a row for each district."""
    id: str | None = None
    """Column of district ids; without it a column called code, adcode, 编码 or the like."""
    columns: dict[str, str] = {}
    """Columns of totals by group, where they are not called by the group's id or name."""
    rates: list[RateInput] = []
    """Participation rates, `[[demand.totals.rates]]`, in place of columns of totals."""
    population: str | None = None
    """Column of residents; a district with more workers than residents is refused."""
    merged: dict[str, str] = {}
    """Rows of districts without a polygon, and the district that their workers are counted in."""
    missing: Literal["refuse", "empty"] = "refuse"
    """What a district without a row means: refuse the table, or that it has no workers."""
    total_cv: Variation = 0.1
    """Uncertainty of a total as a coefficient of variation (an assumption)."""


class ObservedInput(TableSource):
    """Workers counted at places (group, slot, count), or places where workers were sighted (no column of counts)."""

    file: str
    """CSV (UTF-8 or GB18030), Excel .xlsx, GeoJSON, GeoPackage, GeoParquet, Shapefile, or a `postgresql://` address."""


class LearningInput(ScenarioTable):
    """How a model of workers per cell is fitted to observed counts, and when it is used."""

    features: list[str] = []
    """Features of the model, by name, beginning of names (`places*`) or column of the cells; without it all."""
    block_m: Positive | None = None
    """Side of the blocks that are held out together, m; without it the range of the spatial correlation of errors."""
    folds: Annotated[int, Field(ge=3, le=1000)] = 5
    """Number of folds of blocks; each fold is predicted by a model fitted to the others."""
    insist: bool = False
    """Use the model even if it does not beat a constant rate and the share of the population."""
    model: str | None = None
    """Fitted model (.skops) of an earlier study, to be used instead of fitting one."""


class HeatInput(ScenarioTable):
    """Heat raises the weight of exposed work in the choice of sites; coverage still counts workers."""

    files: dict[str, str] = {}
    """GeoTIFFs of temperature in degrees Celsius (air, or WBGT), by slot."""
    file: str | None = None
    """Table with the cells' ids and a column of degrees Celsius for each slot that is hot; in place of rasters."""
    weights: dict[str, Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False)]] = {"35": 1.5, "37": 2.0, "40": 3.0}
    """Weight of an exposed worker from each temperature on. 35, 37 and 40 degrees are the legal steps of 2012; the
    weights are assumptions."""


class PlausibleInput(ScenarioTable):
    """Limits beyond which counts of people and workers are doubted in the findings and the plan; nothing is refused."""

    people_per_km2: Positive = 200_000.0
    """People per km2 of a cell. The densest quarters of Chinese cities have some 100,000."""
    district_people: Nonnegative = 100.0
    """People of a district with cells, at least; counts in units of 10,000 fall below it."""
    workers_per_person: Positive = 1.0
    """Outdoor workers per person of a district, and the sum of the rates of all groups per person."""


class DemandInput(TableSource):
    """Cells, from a table (centre or polygon, id, counts such as population) or a grid, and what is known of them."""

    file: str | None = None
    """CSV (UTF-8 or GB18030), Excel .xlsx, GeoJSON, GeoPackage, GeoParquet, Shapefile, or a `postgresql://` address."""
    empty_count: Nonnegative | None = None
    """Value of an empty cell of a count; without it an empty cell is a fault."""
    grid: Literal["square", "h3"] | None = None
    """Make the cells: squares, or H3 hexagons; those whose centre lies in a district."""
    side_m: Positive | None = None
    """Side of the squares, m."""
    h3_resolution: Annotated[int, Field(ge=0, le=15)] | None = None
    """Resolution of the hexagons: 8 has sides of about 530 m, 9 of 200 m."""
    kernel_m: Positive = 500.0
    """Bandwidth of kernel densities, m."""
    draws: Draws = 100
    """Draws of the uncertain demand; 0 for none."""
    error_block_m: Positive = 1000.0
    """Side of the squares within which errors of a surface are equal, m (an assumption)."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    """Seed of all random numbers."""
    counts: dict[Identifier, CountInput] = {}
    """More counts to distribute over the cells."""
    places: PlacesInput | None = None
    """Points of interest."""
    totals: TotalsInput | None = None
    """Totals that must be met."""
    observed: ObservedInput | None = None
    """Observed workers."""
    learning: LearningInput = LearningInput()
    """How to fit a model to them."""
    heat: HeatInput | None = None
    """Heat, off without this table."""
    plausible: PlausibleInput = PlausibleInput()
    """Limits beyond which counts are doubted."""

    @property
    def sources(self) -> dict[str, TableSource]:
        """All tables of records with coordinates that the demand names, by key."""
        sources: dict[str, TableSource | None] = {
            "demand": self,
            **{f"demand.counts.{name}": count for name, count in self.counts.items() if not is_raster(count.file)},
            "demand.places": self.places,
            "demand.observed": self.observed,
        }
        return {role: source for role, source in sources.items() if source is not None}


_COMPUTED = ("area_km2", "core_km", "elevation_m", "road_density", "roads_km", "junctions", "places")
_COMPUTED_FROM = ("roads_km_", "junctions_", "places_")


def is_computed(name: str) -> bool:
    """Return whether a feature of this name is computed from places, roads or the cells' shapes rather than counted.

    >>> is_computed("places_food"), is_computed("area_km2"), is_computed("population")
    (True, True, False)
    """
    return name in _COMPUTED or name.startswith(_COMPUTED_FROM)


def is_raster(name: str) -> bool:
    """Return whether a file is a GeoTIFF, by its name.

    >>> is_raster("worldpop.tif"), is_raster("jobs.csv")
    (True, False)
    """
    return name.lower().endswith((".tif", ".tiff"))


def check_demand(
    demand: DemandInput, groups: Mapping[str, str | None], slots: Collection[str], *, has_area: bool, faults: FaultList
) -> None:
    """Record incompatible keys; ``groups`` gives the column of observed workers of each group."""
    if (demand.file is not None) == (demand.grid is not None):
        faults.add(
            say("Cells require either `file` or `grid`."),
            say('Set a table of cells, or `grid = "square"` or `grid = "h3"`.'),
            key="demand",
        )
    sizes = {"square": ("side_m", demand.side_m), "h3": ("h3_resolution", demand.h3_resolution)}
    for grid, (key, value) in sizes.items():
        if (value is not None) != (demand.grid == grid):
            what = say("This type of grid requires `{key}`.", key=key)
            cure = say("Set the size of its cells.")
            if value is not None:
                what, cure = (
                    say('`{key}` applies to `grid = "{grid}"` only.', grid=grid, key=key),
                    say("Remove the key."),
                )
            faults.add(what, cure, key=f"demand.{key}")
    if demand.grid is not None and not has_area:
        faults.add(
            say("A grid requires the districts that it covers."), say("Set `file` under [area]."), key="area.file"
        )
    for name, count in demand.counts.items():
        if (count.time is not None) != bool(count.profile_of):
            faults.add(
                say("`time` and `profile_of` require each other."),
                say("Set both, or remove the one."),
                key=f"demand.counts.{name}",
            )
        if count.time is not None and is_raster(count.file):
            faults.add(
                say("A raster has no times."),
                say("Use a table with a column of times, or remove `time`."),
                key=f"demand.counts.{name}.time",
            )
        if is_computed(name):
            faults.add(
                say("The name {name} is that of a computed feature.", name=name),
                say("Choose another name for the count."),
                key=f"demand.counts.{name}",
            )
    if demand.places is not None and (demand.places.osm is None) == (demand.places.file is None):
        faults.add(
            say("Points of interest require either `file` or `osm`."),
            say("Set one source of points of interest."),
            key="demand.places",
        )
    for group, column in groups.items():
        if column is not None and demand.file is None:
            faults.add(
                say("Observed workers given as a column require a table of cells."),
                say("Set them under `[demand.observed]`."),
                key=f"groups.{group}.observed",
            )
    _check_names(demand, groups, slots, faults)


def _check_names(demand: DemandInput, groups: Collection[str], slots: Collection[str], faults: FaultList) -> None:
    """Record unknown groups and slots, totals given twice, no or several heat sources, and non-numeric temperatures."""
    named = [(f"demand.counts.{name}.profile_of", group) for name, c in demand.counts.items() for group in c.profile_of]
    if demand.totals is not None:
        named += [(f"demand.totals.rates.{i}", rate.group) for i, rate in enumerate(demand.totals.rates)]
        named += [(f"demand.totals.columns.{group}", group) for group in demand.totals.columns]
        if demand.totals.rates and demand.totals.columns:
            faults.add(
                say("Totals require either `columns` or `rates`."),
                say("Keep only one of the two."),
                key="demand.totals",
            )
    for key, group in named:
        if group not in groups:
            faults.add(
                say("Unknown group {group}.", group=group),
                say("Known groups: {known}.", known=", ".join(groups)),
                key=key,
            )
    heat = demand.heat
    if heat is None:
        return
    if (heat.file is None) == (not heat.files):
        faults.add(
            say("Heat requires either `files` by slot or one `file`."), say("Set one source."), key="demand.heat"
        )
    for slot in heat.files:
        if slot not in slots:
            faults.add(
                say("Unknown slot {slot}.", slot=slot),
                say("Known slots: {known}.", known=", ".join(slots)),
                key=f"demand.heat.files.{slot}",
            )
    for step in heat.weights:
        try:
            celsius = float(step)
        except ValueError:
            celsius = math.nan
        if not math.isfinite(celsius):
            faults.add(
                say("{found} is not a valid temperature.", found=repr(step)),
                say("Use degrees Celsius: `weights = {{ 35 = 1.5 }}`."),
                key="demand.heat.weights",
            )
