"""The tables and keys of a scenario file, with their types, ranges and meanings.

The text under each key is its entry in the scenario reference, ``docs/scenario.md``.
"""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import Field, model_validator

from stationplan.domain import MODES, WALK, Kind, Mode, Slot
from stationplan.domain.modes import CAR_SPEED, EBIKE_CLIMB, ClassSpeed, ClimbLoss
from stationplan.geo import Datum
from stationplan.hours import Season, SeasonName
from stationplan.scenario.demand import DemandInput
from stationplan.scenario.fields import (
    Identifier,
    ModeId,
    Name,
    Nonnegative,
    OpeningText,
    Positive,
    ScenarioTable,
    Share,
    SlotText,
    Source,
    SpeedMode,
    TableSource,
    Tag,
    Variation,
)
from stationplan.scenario.map import MapInput
from stationplan.scenario.plan import ActionInput, PlanInput
from stationplan.scenario.scorecard import ScorecardInput


class AreaInput(Source):
    """District polygons and the columns that name them. Without a file the study is one district around its demand."""

    district_list: str | None = None
    """Table of the expected districts, such as a census, with the column `id`; missing ones are reported."""
    known_points: str | None = None
    """Table of points (id of the district, lon, lat) known to lie in them: evidence for the polygons' datum."""
    known_points_datum: Datum | None = None
    """Datum of these points; needed with them."""
    known_points_accept: bool = False
    """Use that datum although their file states another CRS."""
    id: str | None = None
    """Column of district ids; without it a column called code, adcode, 编码 or the like."""
    name: str | None = None
    """Column of district names; without it a column called name, 名称 or the like."""
    name_en: str | None = None
    """Column of English names; without it `name` is used in both languages."""
    prefecture: str | None = None
    """Column of prefecture names, if there is one."""
    only: list[str] = []
    """Ids of the districts to plan, out of those of the file; stations and roads around them count too."""
    crs: str | None = None
    """Projected CRS in metres for all measuring, such as EPSG:32648; default: the UTM zone at the middle."""


class RoadsInput(ScenarioTable):
    """Roads from one file, or from CSV nodes and edges, and how they may be travelled."""

    file: str | None = None
    """Roads: .osm.pbf, .osm, .osm.gz, .osm.bz2, .graphml (OSMnx), .gpkg or .geojson (lines), .roads.npz (saved)."""
    osm: str | None = None
    """The same as `file`, for an OSM extract."""
    layer: str | None = None
    """Layer of a GeoPackage that has several with lines."""
    nodes: str | None = None
    """CSV of nodes: id, longitude, latitude."""
    edges: str | None = None
    """CSV of directed edges: from, to, highway; length_m, speed_kmh (limit) and wkt where known."""
    datum: Datum | None = None
    """Datum of the roads; needed with GeoPackage, GeoJSON and CSV. The other forms are WGS-84."""
    accept: bool = False
    """Use `datum` although the file states a CRS that contradicts it."""
    default_class: str | None = None
    """Class of lines that have none, as in OSM (`residential`) or in Chinese (支路); without it they are left out."""
    tolerance_m: Nonnegative = 2.0
    """Distance up to which the end of a line is joined to another line that has no vertex there, m; 0: never."""
    crossings: Literal["apart", "join"] = "apart"
    """Lines that cross without a common vertex: `apart`, as on a bridge, or `join`."""
    source: str = ""
    """Where the roads come from, shown on map and report."""
    date: str = ""
    """Date of the roads, shown on map and report."""
    elevation: str | None = None
    """GeoTIFF of heights in metres. Slopes then slow down walkers, and climbs e-bikes."""
    ebike_climb_loss: Nonnegative = EBIKE_CLIMB.loss
    """Uphill an e-bike takes (1 + this x slope) times as long: 1.4 times at 10 % (an assumption)."""
    speed_kmh: dict[SpeedMode, Positive]
    """Speed of a travel mode on the flat, or the highest speed of one whose speeds go by road class, km/h."""
    walk_speed_kmh: dict[str, Positive] = {}
    """Speeds of walkers on some OSM road classes, where they differ, km/h."""
    ebike_speed_kmh: dict[str, Positive] = {}
    """Speeds of e-bikes on some OSM road classes, where they differ, km/h."""
    car_speed_kmh: dict[str, Positive]
    """Speeds of cars by OSM road class, km/h; classes not given keep their default. A lower `maxspeed` counts."""
    opened: dict[ModeId, list[str]] = {}
    """Road classes that a mode may use besides those of the rules: `{ ebike = ["footway"] }`. Tags may still close."""
    closed: dict[ModeId, list[str]] = {}
    """Road classes that a mode may not use, whatever the tags say: `{ walk = ["trunk"] }`."""
    max_snap_m: Positive = 500.0
    """Largest straight distance from a cell or site to a road, m."""
    min_component_nodes: Annotated[int, Field(ge=1, le=1_000_000_000)] = 50
    """Disconnected road components with fewer nodes are not used for snapping (the largest always is)."""
    missing: Literal["uncovered", "straight"] = "uncovered"
    """What a district without any road means: `uncovered`, its workers reach no station; or `straight`, they are
    measured in straight lines times `detour`, and every output says so. `straight` needs no roads at all."""
    detour: Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False)] = 1.3
    """Length of a route divided by that of the straight line, in districts without roads. An assumption: 1.2 to 1.3
    within cities of the United States (Levinson and El-Geneidy 2009), 1.4 to hospitals there (Boscoe et al. 2012)."""
    straight_car_kmh: Positive = CAR_SPEED.straight_kmh
    """Speed of cars along straight lines, km/h (an assumption); walkers and e-bikes have that of `speed_kmh`."""

    @property
    def single(self) -> str | None:
        """The file that contains all roads, if they are in one file."""
        return self.file if self.file is not None else self.osm

    @property
    def given(self) -> bool:
        """Whether the scenario names any roads."""
        return self.single is not None or self.nodes is not None

    def by_class_kmh(self, mode: Mode) -> dict[str, float]:
        """Return the speeds of a mode by road class, km/h; empty where the mode has no such table."""
        key = MODES[mode].speed.class_key
        return {} if key is None else cast("dict[str, float]", getattr(self, key))

    def straight_kmh(self, mode: Mode) -> float:
        """Return the speed of a mode along straight lines, km/h."""
        speed = MODES[mode].speed
        if not isinstance(speed, ClassSpeed):
            return self.speed_kmh.get(mode, speed.kmh)
        kmh = cast("float", getattr(self, speed.straight_key))
        cap_kmh = self.speed_kmh.get(mode, speed.cap_kmh)
        return kmh if cap_kmh is None else min(kmh, cap_kmh)

    def climb_loss(self, mode: Mode) -> float:
        """Return the loss of a mode on climbs, 0 for a mode without such a loss."""
        slope = MODES[mode].slope
        return cast("float", getattr(self, slope.key)) if isinstance(slope, ClimbLoss) else 0.0


class SitesInput(TableSource):
    """Places: a table (name, lon, lat; id, address, kind, area_m2, host, hours, cost, capacity) or an OSM extract."""

    osm: str | None = None
    """OSM extract to take places from."""
    hosts: list[str] = []
    """Kinds of hosts to take from the OSM extract."""
    default_host: str | None = None
    """Kind of host of the rows of a table that name none."""
    merge_duplicates: bool = False
    """Merge likely duplicates, near in space and alike in name, into the first of them."""
    duplicate_m: Positive = 200.0
    """Largest distance between likely duplicates, m."""


class CandidatesInput(SitesInput):
    """Where new stations may be: a table, hosts of an OSM extract, or road junctions (`candidates = "grid"`)."""

    grid: bool = False
    """Take road junctions in the districts as candidates, and the cells' centres in districts measured
    in straight lines; `default_host` gives their hours and cost."""
    spacing_m: Positive | None = None
    """With `grid`: side of the squares of which each gives its most central junction or cell; without it every one."""
    min_distance_m: Nonnegative = 0.0
    """Candidates nearer to an existing station than this, in a straight line, are excluded, m."""
    forbidden_areas: str | None = None
    """Polygons (GeoJSON, GeoPackage ...) in which no station is allowed; candidates inside are excluded."""
    forbidden_datum: Datum | None = None
    """Datum of these polygons; needed with them."""
    forbidden_accept: bool = False
    """Use that datum although their file states another CRS."""

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: object) -> object:
        return {"grid": True, "default_host": "union_built"} if value == "grid" else value


UnknownHours = Literal["host", "closed", "refuse"]
"""What a place whose opening hours are not known counts as."""

MOST_SLOTS = 48
"""Maximum number of time slots of a scenario: the half-hours of a day.

Opening hours and work profiles are rarely known at a finer resolution, and every slot adds a layer to the demand and a
row to each table by time of day.
"""


class SlotInput(ScenarioTable):
    """A part of the day. A scenario has at most 48 of them.

    That is the half-hours of a day: opening hours are rarely known any finer, and each slot is a row of the tables by
    time of day.
    """

    name: Name
    """Name shown to readers."""
    hours: SlotText
    """Range such as 08:00-12:00; may run over midnight."""


class GroupInput(ScenarioTable):
    """A group of workers: how many, when, how they travel and how far a station may be."""

    name: Name
    """Name shown to readers."""
    mode: ModeId
    """How the group travels: one of the travel modes below."""
    cutoff_min: Positive
    """Service standard: minutes by road, closed."""
    cutoff_m: Positive | None = None
    """Service standard: metres of road, closed; both standards must hold."""
    fade_min: Positive | None = None
    """Gradual coverage: past the standard a station is worth less in the choice of sites, and nothing from here on,
    minutes by road. Coverage is reported by the standard alone."""
    workers: dict[str, Nonnegative]
    """Workers for each unit of a count or feature: `{ population = 0.002, jobs = 0.001 }`. Where totals are given these
    are weights that distribute the totals."""
    observed: str | None = None
    """Column of the cells' table with observed workers; empty where none were counted."""
    cv: Variation = 0.3
    """Uncertainty of the group's surface as a coefficient of variation within an error block (an assumption)."""
    exposed: Share = 1.0
    """Share of the work that is exposed to heat."""
    profile: dict[str, Share] = {}
    """Share of the group's working day in each slot; the shares add up to 1. Needed, unless a count with times gives it
    (`profile_of`)."""


class HostInput(ScenarioTable):
    """A kind of place that hosts a station."""

    name: Name
    """Name shown to readers; also recognised in the host column of tables."""
    aliases: list[str] = []
    """More words for it in tables."""
    kind: Kind = "standard"
    """Type of station at such a place."""
    hours: OpeningText
    """Opening hours where a site's row gives none."""
    cost: Nonnegative
    """Cost in yuan where a candidate's row gives none."""
    capacity: Nonnegative | None = None
    """Workers that such a station serves in a time slot, where its row gives no number; for `aim = "served"`."""
    excludes: list[str] = []
    """Groups that the place does not suit."""
    tags: list[Tag] = []
    """OSM tags (key=value) of such places."""


class Limits(ScenarioTable):
    """Caps on the size of inputs, checked before they are read. Raise one when a good file is larger."""

    file_mb: Annotated[int, Field(ge=1)] = 500
    """Size of a table or of a file of shapes, MB."""
    extract_mb: Annotated[int, Field(ge=1)] = 4000
    """Size of a file of roads, MB."""
    unpacked_mb: Annotated[int, Field(ge=1)] = 1000
    """What a compressed file, such as an OSM extract, may unpack to, MB."""
    table_mb: Annotated[int, Field(ge=1)] = 700
    """What the values of a table take in memory, MB: some 60 bytes each, 8 where empty."""
    rows: Annotated[int, Field(ge=1)] = 2_000_000
    """Rows of a table."""
    columns: Annotated[int, Field(ge=1)] = 1000
    """Columns of a table."""
    vertices: Annotated[int, Field(ge=1)] = 20_000_000
    """Vertices of all shapes of a file together."""


class ScenarioFile(ScenarioTable):
    """The whole document."""

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    """Version of this schema: 1."""
    extends: str | None = None
    """Another scenario file whose keys apply where this one gives none. Lists are replaced whole."""
    name: Name
    """Title of the study."""
    notice: Name | None = None
    """A remark printed under the title of map and report."""
    synthetic: bool = False
    """Marks every output as made from synthetic data."""
    open_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.5
    """A station counts as open in a slot when it is open for at least this share of it."""
    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)] = [
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
    ]
    """Planning days; the share of a slot in which a station is open is the mean over all of them."""
    season: SeasonName | None = None
    """Planned season: of opening hours that differ by season, those of this one apply. Without it such hours are
    unknown."""
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    """Planned month, for opening hours that differ by month."""
    unknown_hours: UnknownHours = "host"
    """What a station or candidate whose opening hours are not known counts as: `host`, open as its host type is, or for
    `default_hours` if that is not known either; `closed`; or `refuse`, an error. It is never left out of the study.
    An empty cell is not unknown where the host type is known: it means that the hours of the host type apply."""
    default_hours: OpeningText = Field(default="09:00-17:00", validate_default=True)
    """Opening hours of places whose hours and host type are both unknown (an assumption: office hours, the shortest of
    the default host types)."""
    share_contacts: bool = False
    """Whether columns of contacts and phone numbers of stations and candidates are copied to the workbook, `sites.csv`
    and the GIS layers, like other columns that no field uses. Without it they are withheld."""
    columns: dict[str, list[str]] = {}
    """More names of columns by field, for all tables: `columns = { name = ["点位名"] }`."""
    area: AreaInput = AreaInput()
    roads: RoadsInput
    demand: DemandInput
    stations: SitesInput | None = None
    candidates: CandidatesInput = CandidatesInput()
    plan: PlanInput = PlanInput()
    scorecard: ScorecardInput = ScorecardInput()
    map: MapInput = MapInput()
    limits: Limits = Limits()
    slots: Annotated[dict[Identifier, SlotInput], Field(min_length=1, max_length=MOST_SLOTS)]
    groups: Annotated[dict[Identifier, GroupInput], Field(min_length=1)]
    hosts: dict[Identifier, HostInput]
    actions: dict[Identifier, ActionInput] = {}
    """Alternatives to the station of a place's host; at most one is chosen for a place."""

    @property
    def planned_season(self) -> Season:
        """The planned part of the year."""
        return Season(self.season, self.month)

    @property
    def day_slots(self) -> tuple[Slot, ...]:
        """The time slots as records, in order; in a checked file, the hours of every slot are one range."""
        spans = [(key, slot.name.text, slot.hours.span) for key, slot in self.slots.items()]
        return tuple(Slot(key, name, *span) for key, name, span in spans if span is not None)

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The travel modes of the study: walking and those of its groups, in the order of the table of modes."""
        used = {WALK, *(group.mode for group in self.groups.values())}
        return tuple(mode for mode in MODES if mode in used)
