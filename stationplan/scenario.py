"""The scenario file: a TOML document that says everything a study needs.

Unknown keys are errors that name the nearest known key; every fault of a file is reported at once; what the file does
not say comes from ``defaults.toml`` beside this module and stands in the resolved copy.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Union, cast, get_args, get_origin

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stationplan.domain import Kind, LocalText, Mode
from stationplan.errors import Fault, FaultList, InputError, Message, say
from stationplan.geo import Datum, metric_crs_problem
from stationplan.hours import parse_hours

CURE_HOURS = say("Write ranges such as 08:30-12:00,14:00-17:30, or 24小时.")

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Nonnegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+$")]
Tag = Annotated[str, Field(pattern=r"^[^=\s]+=[^=]+$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Name(_Table):
    """A name in both languages; a plain string stands for both."""

    zh: str
    en: str

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: object) -> object:
        return {"zh": value, "en": value} if isinstance(value, str) else value

    @property
    def text(self) -> LocalText:
        """The name as a domain record."""
        return LocalText(self.zh, self.en)


class AreaInput(_Table):
    """District polygons and the columns that name them. Without a file the study is one district around its demand."""

    file: str | None = None
    """GeoJSON (or another vector file) of district polygons in longitude and latitude."""
    datum: Datum | None = None
    """Datum of the polygons; needed with a file."""
    id: str = "code"
    """Column of district ids."""
    name: str = "name"
    """Column of district names."""
    name_en: str | None = None
    """Column of English names; without it `name` stands in both languages."""
    prefecture: str = "prefecture"
    """Column of prefecture names."""
    crs: str | None = None
    """Projected CRS in metres for all measuring, such as EPSG:32648; default: the UTM zone at the middle."""


class RoadsInput(_Table):
    """Roads from an OSM extract, or from CSV nodes and edges, and how they may be travelled."""

    osm: str | None = None
    """OSM extract (.osm.pbf or .osm). Tags decide who may travel where."""
    nodes: str | None = None
    """CSV of nodes: id, longitude, latitude."""
    edges: str | None = None
    """CSV of directed edges: from, to, highway; length_m, speed_kmh (limit) and wkt where known."""
    datum: Datum | None = None
    """Datum of the CSV tables; needed with them."""
    source: str = ""
    """Where the roads come from, shown on map and report."""
    date: str = ""
    """Date of the roads, shown on map and report."""
    speed_kmh: dict[Literal["walk", "ebike"], Positive]
    """Speeds of walkers and e-bikes, km/h."""
    car_speed_kmh: dict[str, Positive]
    """Speeds of cars by OSM road class, km/h; classes not given keep their default."""
    max_snap_m: Positive = 500.0
    """Largest straight distance from a cell or site to a road, m."""
    min_component_nodes: Annotated[int, Field(ge=1)] = 50
    """Road islands with fewer nodes are not used for snapping (the largest part always is)."""


class DemandInput(_Table):
    """A table of cells: id, centre, population, jobs, or any other count that groups refer to."""

    file: str
    """CSV of cells."""
    datum: Datum
    """Datum of the cells' coordinates."""
    empty_count: Nonnegative | None = None
    """What an empty cell of a count stands for; without it an empty cell is a fault."""
    columns: dict[str, str] = {}
    """Column names by field (id, lon, lat, population, jobs), where they are not recognised."""


class SitesInput(_Table):
    """A table of places, or places of an OSM extract picked by the tags of hosts."""

    file: str | None = None
    """CSV of places: id, name, longitude, latitude; address, kind, host, hours and cost where known."""
    datum: Datum | None = None
    """Datum of the table; needed with a file."""
    columns: dict[str, str] = {}
    """Column names by field (id, name, address, lon, lat, kind, host, hours, cost), where not recognised."""
    osm: str | None = None
    """OSM extract to take places from."""
    hosts: list[str] = []
    """Kinds of hosts to take from the OSM extract."""


class SlotInput(_Table):
    """A part of the day."""

    name: Name
    """Name shown to readers."""
    hours: str
    """Range such as 08:00-12:00; may run over midnight."""


class GroupInput(_Table):
    """A group of workers: how many, when, how they travel and how far a station may be."""

    name: Name
    """Name shown to readers."""
    mode: Mode
    """How the group travels."""
    cutoff_min: Positive
    """Service standard: minutes by road, closed."""
    cutoff_m: Positive | None = None
    """Service standard: metres of road, closed; both standards must hold."""
    workers: dict[str, Nonnegative]
    """Workers for each unit of a count, by column: `{ population = 0.002, jobs = 0.001 }`."""
    profile: dict[str, Share]
    """Share of the group's working day in each slot; the shares add up to 1."""


class HostInput(_Table):
    """A kind of place that houses a station."""

    name: Name
    """Name shown to readers; also recognised in the host column of tables."""
    kind: Kind = "standard"
    """Kind of station such a place houses."""
    hours: str
    """Opening hours where a site's row gives none."""
    cost: Nonnegative
    """Cost in yuan where a candidate's row gives none."""
    excludes: list[str] = []
    """Groups that the place does not suit."""
    tags: list[Tag] = []
    """OSM tags (key=value) of such places."""


class PlanInput(_Table):
    """The question: how many new sites or how much money, and what must hold."""

    new: Annotated[int, Field(ge=1)] | None = None
    """Largest number of new sites; this, a budget, or both."""
    budget: Positive | None = None
    """Largest cost of all new sites, yuan."""
    required: list[str] = []
    """Ids of candidates that must be built; they count and cost."""
    forbidden: list[str] = []
    """Ids of candidates that may not be built."""
    target_share: Share = 0.0
    """Share of all workers that the plan must cover."""
    floor_share: Share = 0.0
    """Share of its workers that every district must reach."""
    time_limit_s: Positive = 60.0
    """Seconds for the exact solver; when they run out the better of greedy and solver is returned with its bound."""


class ScenarioFile(_Table):
    """The whole document."""

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    """Version of this schema: 1."""
    name: Name
    """Title of the study."""
    notice: Name | None = None
    """A remark printed under the title of map and report."""
    synthetic: bool = False
    """Marks every output as made from synthetic data."""
    open_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.5
    """A station counts as open in a slot when it is open for at least this share of it."""
    area: AreaInput = AreaInput()
    roads: RoadsInput
    demand: DemandInput
    stations: SitesInput
    candidates: SitesInput
    plan: PlanInput
    slots: Annotated[dict[Identifier, SlotInput], Field(min_length=1)]
    groups: Annotated[dict[Identifier, GroupInput], Field(min_length=1)]
    hosts: dict[Identifier, HostInput]


@dataclass(frozen=True)
class Scenario:
    """A checked scenario: what it says (``file``), where it stands and where its inputs lie.

    ``toml`` is the resolved document: the file with every default written out.
    """

    path: Path
    folders: tuple[Path, ...]
    file: ScenarioFile
    toml: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the resolved document."""
        return hashlib.sha256(self.toml.encode()).hexdigest()

    @property
    def inputs(self) -> list[tuple[str, str, str]]:
        """Every input file that the scenario names: (role, path, datum)."""
        area, roads = self.file.area, self.file.roads
        named = [
            ("area", area.file, area.datum),
            ("roads", roads.osm, "wgs84"),
            ("roads.nodes", roads.nodes, roads.datum),
            ("roads.edges", roads.edges, roads.datum),
            ("demand", self.file.demand.file, self.file.demand.datum),
        ]
        for role, sites in (("stations", self.file.stations), ("candidates", self.file.candidates)):
            named += [(role, sites.file, sites.datum), (role, sites.osm, "wgs84")]
        return [(role, path, datum or "") for role, path, datum in named if path is not None]

    def locate(self, path: str) -> Path:
        """Return the input file that the scenario names ``path``: in the data folder, else beside the scenario.

        Raises
        ------
        InputError
            The file does not exist, or the path leaves its folder.
        """
        faults = FaultList(self.path.name)
        for folder in self.folders:
            place = (folder / path).resolve()
            if Path(path).is_absolute() or not place.is_relative_to(folder.resolve()):
                faults.add(
                    say("The path {path} leaves the data folder.", path=path),
                    say("Name a file inside the folder of the scenario, or pass that folder with --data."),
                )
                faults.raise_any()
            if place.is_file():
                return place
        faults.add(
            say("The file {path} does not exist in {folders}.", path=path, folders=", ".join(str(folder.resolve()) for folder in self.folders)),
            say("Check the name, or pass the folder that holds it with --data."),
        )
        raise InputError(faults.faults)


def load_scenario(path: str | Path, *, data: str | Path | None = None) -> Scenario:
    """Return the checked scenario of a TOML file.

    Input paths are looked up in ``data`` when given, then in the folder of the file.

    Raises
    ------
    InputError
        The file is missing, is not TOML, or breaks the schema; all faults at once.
    """
    path = Path(path)
    faults = FaultList(str(path))
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        faults.add(say("The scenario file does not exist."), say("Check the path."))
        raise InputError(faults.faults) from None
    except (OSError, UnicodeDecodeError) as error:
        faults.add(
            say("The scenario file cannot be read: {error}", error=error), say("Save it as UTF-8 text and try again.")
        )
        raise InputError(faults.faults) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        faults.add(
            say("This is not valid TOML: {error}", error=error),
            say("Mend the line; strings need quotes, tables need [brackets]."),
            row=int(line.group(1)) if line else None,
        )
        raise InputError(faults.faults) from None
    folders = [path.parent]
    if data is not None:
        if not Path(data).is_dir():
            faults.add(say("The data folder {folder} does not exist.", folder=data), say("Check --data."))
            faults.raise_any()
        folders.insert(0, Path(data))
    file = _validated(_with_defaults(document), faults)
    dumped = file.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Scenario(path, tuple(folders), file, tomli_w.dumps(dumped))


@cache
def _defaults() -> dict[str, dict[str, object]]:
    text = resources.files("stationplan").joinpath("defaults.toml").read_text("utf-8")
    return cast("dict[str, dict[str, object]]", tomllib.loads(text))


def _with_defaults(document: dict[str, object]) -> dict[str, object]:
    """Fill what a document does not say.

    Slots and groups that a document lists replace the default set; a listed id that the default set knows takes from
    it the keys that are not given. Hosts and speeds are added to the default ones.
    """
    defaults = _defaults()
    filled = dict(document)
    for table in ("slots", "groups"):
        given = document.get(table)
        if given is None:
            filled[table] = defaults[table]
        elif isinstance(given, dict):
            filled[table] = {key: _overlay(defaults[table].get(key, {}), value) for key, value in given.items()}
    given_hosts = document.get("hosts", {})
    if isinstance(given_hosts, dict):
        over = {key: _overlay(defaults["hosts"].get(key, {}), value) for key, value in given_hosts.items()}
        filled["hosts"] = {**defaults["hosts"], **over}
    roads = document.get("roads")
    if isinstance(roads, dict):
        filled["roads"] = {
            **roads,
            **{key: _overlay(defaults["roads"][key], roads.get(key, {})) for key in ("speed_kmh", "car_speed_kmh")},
        }
    return filled


def _overlay(below: object, above: object) -> object:
    return {**below, **above} if isinstance(below, dict) and isinstance(above, dict) else above


def _validated(document: dict[str, object], faults: FaultList) -> ScenarioFile:
    try:
        file = ScenarioFile.model_validate(document)
    except ValidationError as error:
        for detail in error.errors():
            place = [str(part) for part in detail["loc"]]
            what, cure = _explain(detail["type"], dict(detail.get("ctx", {})), place, detail["input"], detail["msg"])
            faults.add(what, cure, key=".".join(place))
        raise InputError(faults.faults) from None
    _cross_check(file, faults)
    faults.raise_any()
    return file


_NUMBER = say("a number is expected")
_WHOLE = say("a whole number is expected")
_TABLE = say("a table is expected")
_EXPECTED: dict[str, Callable[[dict[str, object]], Message]] = {
    "float_type": lambda _: _NUMBER,
    "float_parsing": lambda _: _NUMBER,
    "finite_number": lambda _: say("a finite number is expected"),
    "int_type": lambda _: _WHOLE,
    "int_parsing": lambda _: _WHOLE,
    "int_from_float": lambda _: _WHOLE,
    "string_type": lambda _: say("text in quotes is expected"),
    "string_pattern_mismatch": lambda context: say("text of the form {pattern} is expected", **context),
    "bool_type": lambda _: say("true or false is expected"),
    "bool_parsing": lambda _: say("true or false is expected"),
    "list_type": lambda _: say("a list is expected"),
    "dict_type": lambda _: _TABLE,
    "model_type": lambda _: _TABLE,
    "model_attributes_type": lambda _: _TABLE,
    "too_short": lambda _: say("at least one entry is expected"),
    "greater_than": lambda context: say("more than {gt} is expected", **context),
    "greater_than_equal": lambda context: say("{ge} or more is expected", **context),
    "less_than_equal": lambda context: say("{le} or less is expected", **context),
}
"""What pydantic expected, by the kind of its error, in words of our own."""


def _explain(
    kind: str, context: dict[str, object], place: list[str], found: object, said: str
) -> tuple[Message, Message]:
    """Turn one pydantic fault into a sentence and a cure of our own."""
    if kind == "extra_forbidden":
        known = _known_keys(place[:-1])
        near = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.5)
        if near:
            return say("Unknown key {key}.", key=place[-1]), say("Did you mean {near}?", near=near[0])
        return say("Unknown key {key}.", key=place[-1]), say("Known keys here: {known}.", known=", ".join(known))
    if kind == "missing":
        return say("The key is missing."), say("Add it; docs/scenario.md lists what each table needs.")
    if kind == "literal_error":
        allowed = str(context.get("expected", "")).replace(" or ", ", ")
        return say("{found} is not allowed here.", found=repr(found)), say("Allowed: {allowed}.", allowed=allowed)
    correct = say("Correct the value; docs/scenario.md gives type, unit and range.")
    if kind in _EXPECTED:
        return say("{found} does not fit: {expected}.", found=repr(found), expected=_EXPECTED[kind](context)), correct
    return say("{found} does not fit: {expected}.", found=repr(found), expected=said), correct


def _known_keys(place: list[str]) -> list[str]:
    model: object = ScenarioFile
    for part in place:
        if isinstance(model, type) and issubclass(model, BaseModel):
            by_alias = {field.alias or name: field for name, field in model.model_fields.items()}
            annotation = by_alias[part].annotation if part in by_alias else None
        else:
            annotation = get_args(model)[1] if get_origin(model) is dict else None
        model = _table_in(annotation)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return sorted(field.alias or name for name, field in model.model_fields.items())
    return []


def _table_in(annotation: object) -> object:
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        for option in get_args(annotation):
            if _table_in(option) is not None:
                return _table_in(option)
        return None
    is_table = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_table or get_origin(annotation) is dict else None


def _cross_check(file: ScenarioFile, faults: FaultList) -> None:
    """Note what no single key can show to be wrong."""
    plan = file.plan
    if plan.new is None and plan.budget is None:
        faults.add(
            say("The plan has neither a number of new sites nor a budget."),
            say("Give `new = 10` or `budget = 60000` (yuan), or both."),
            key="plan",
        )
    for site in sorted(set(plan.required) & set(plan.forbidden)):
        faults.add(
            say("The site {site} is both required and forbidden.", site=site),
            say("Take it out of one of the two lists."),
            key="plan.required",
        )
    _check_roads(file.roads, faults)
    for role in ("stations", "candidates"):
        _check_sites(role, cast(SitesInput, getattr(file, role)), file, faults)
    if file.area.file is not None and file.area.datum is None:
        _no_datum("area.datum", faults)
    if file.area.crs is not None:
        problem = metric_crs_problem(file.area.crs)
        cure = say("Name a projected CRS in metres such as EPSG:32648, or leave the key out for the UTM zone.")
        if problem == "unknown":
            faults.add(say("Unknown CRS {crs}.", crs=repr(file.area.crs)), cure, key="area.crs")
        elif problem == "not_metric":
            faults.add(say("The CRS {crs} is not measured in metres.", crs=file.area.crs), cure, key="area.crs")
    for key, group in file.groups.items():
        if set(group.profile) != set(file.slots):
            faults.add(
                say(
                    "The profile names the slots {found}, the scenario has {known}.",
                    found=", ".join(sorted(group.profile)),
                    known=", ".join(file.slots),
                ),
                say("Give one share for each slot, 0 where the group does not work."),
                key=f"groups.{key}.profile",
            )
        total = sum(group.profile.values())
        if abs(total - 1) > 1e-6:
            faults.add(
                say("The shares of the profile add up to {total}, not to 1.", total=round(total, 6)),
                say("A profile splits the group's working day over the slots; make the shares add up to 1."),
                key=f"groups.{key}.profile",
            )
    for key, slot in file.slots.items():
        intervals = parse_hours(slot.hours)
        if intervals is None or len(intervals) != 1:
            faults.add(
                say("The hours {hours} are not one range of time.", hours=repr(slot.hours)),
                say("Write one range such as 08:00-12:00."),
                key=f"slots.{key}.hours",
            )
    for key, host in file.hosts.items():
        if parse_hours(host.hours) is None:
            faults.add(
                say("The opening hours {hours} cannot be read.", hours=repr(host.hours)),
                CURE_HOURS,
                key=f"hosts.{key}.hours",
            )
        for group_id in host.excludes:
            if group_id not in file.groups and group_id not in _defaults()["groups"]:
                faults.add(
                    say("Unknown group {group}.", group=group_id),
                    say("Known groups: {known}.", known=", ".join(file.groups)),
                    key=f"hosts.{key}.excludes",
                )


def _no_datum(key: str, faults: FaultList) -> None:
    faults.add(
        say("The datum of the coordinates is not declared."),
        say('Say `datum = "wgs84"`, `"cgcs2000"`, `"gcj02"` (Amap, Tencent) or `"bd09"` (Baidu).'),
        key=key,
    )


def _check_roads(roads: RoadsInput, faults: FaultList) -> None:
    has_tables = roads.nodes is not None and roads.edges is not None
    if (roads.osm is None) == (not has_tables) or (roads.osm is not None and (roads.nodes or roads.edges)):
        faults.add(
            say("Roads need either `osm`, or both `nodes` and `edges`."),
            say("Name one source of roads."),
            key="roads",
        )
    elif has_tables and roads.datum is None:
        _no_datum("roads.datum", faults)


def _check_sites(role: str, sites: SitesInput, file: ScenarioFile, faults: FaultList) -> None:
    if (sites.osm is None) == (sites.file is None):
        faults.add(say("Sites need either `file` or `osm`."), say("Name one source of sites."), key=role)
    elif sites.file is not None and sites.datum is None:
        _no_datum(f"{role}.datum", faults)
    if sites.osm is not None and not sites.hosts:
        faults.add(
            say("Sites from OSM need the list `hosts`."),
            say("Known hosts: {known}.", known=", ".join(file.hosts)),
            key=f"{role}.hosts",
        )
    for host in sites.hosts:
        if host not in file.hosts:
            faults.add(
                say("Unknown host {host}.", host=host),
                say("Known hosts: {known}.", known=", ".join(file.hosts)),
                key=f"{role}.hosts",
            )
        elif sites.osm is not None and not file.hosts[host].tags:
            faults.add(
                say("The host {host} has no OSM tags.", host=host),
                say('Add `tags = ["key=value"]` to it.'),
                key=f"hosts.{host}.tags",
            )


__all__ = ["Fault", "Scenario", "ScenarioFile", "load_scenario"]
