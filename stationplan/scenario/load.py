"""A scenario file, read, completed and checked.

Unknown keys are errors that name the nearest known key; every fault of a file is reported at once; what the file does
not say comes from ``defaults.toml`` of the package and stands in the resolved copy.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Union, cast, get_args, get_origin

import tomli_w
from pydantic import BaseModel, ValidationError

from stationplan.errors import FaultList, InputError, Message, say
from stationplan.geo import metric_crs_problem
from stationplan.hours import Unread, parse_hours, parse_slot
from stationplan.postgis import is_database, shown_url
from stationplan.scenario.base import Source
from stationplan.scenario.demand import check_demand
from stationplan.scenario.map import check_map
from stationplan.scenario.plan import check_plan
from stationplan.scenario.roads import check_roads, needs_datum
from stationplan.scenario.schema import (
    CandidatesInput,
    GroupInput,
    HostInput,
    ScenarioFile,
    SitesInput,
    SlotInput,
)
from stationplan.scenario.scorecard import check_scorecard

CURE_CRS = say("Name a projected CRS in metres such as EPSG:32648, or leave the key out.")
CURE_DATUM = say(
    'Say `datum = "wgs84"`, `"cgcs2000"`, `"gcj02"` (Amap, Tencent) or `"bd09"` (Baidu), or `"evidence"`; '
    "`stationplan check` tells what the roads show."
)
CURE_HOURS = say("Write such as 08:30-12:00,14:00-17:30, 周一至周五 9:00-17:00, or 24小时.")


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
        named: list[tuple[str, str | None, str | None]] = [
            ("area", area.file, area.datum),
            ("area.district_list", area.district_list, ""),
            ("area.known_points", area.known_points, area.known_points_datum),
            ("roads", roads.single, roads.datum or "wgs84"),
            ("roads.nodes", roads.nodes, roads.datum),
            ("roads.edges", roads.edges, roads.datum),
            ("roads.elevation", roads.elevation, ""),
            *self._demand_inputs(),
        ]
        for role, sites in (("stations", self.file.stations), ("candidates", self.file.candidates)):
            if sites is None:
                continue
            named += [(role, sites.file, sites.datum), (role, sites.osm, "wgs84")]
        given = self.file.candidates
        named.append(("candidates.forbidden_areas", given.forbidden_areas, given.forbidden_datum))
        return [(role, path, datum or "") for role, path, datum in named if path is not None]

    def _demand_inputs(self) -> list[tuple[str, str | None, str | None]]:
        demand = self.file.demand
        named: list[tuple[str, str | None, str | None]] = [("demand", demand.file, demand.datum)]
        named += [(f"demand.counts.{name}", count.file, count.datum) for name, count in demand.counts.items()]
        if demand.places is not None:
            named += [("demand.places", demand.places.file, demand.places.datum)]
            named += [("demand.places", demand.places.osm, "wgs84")]
        if demand.totals is not None:
            named.append(("demand.totals", demand.totals.file, ""))
        if demand.observed is not None:
            named.append(("demand.observed", demand.observed.file, demand.observed.datum))
        named.append(("demand.learning.model", demand.learning.model, ""))
        if demand.heat is not None:
            named.append(("demand.heat", demand.heat.file, ""))
            named += [(f"demand.heat.files.{slot}", path, "") for slot, path in demand.heat.files.items()]
        return named

    def locate(self, path: str, *, key: str | None = None) -> Path:
        """Return the input file that the scenario names ``path``: in the data folder, else beside the scenario.

        ``key`` is where the scenario names it, for the fault.

        Raises
        ------
        InputError
            The file does not exist, or the path leaves its folder.
        """
        faults = FaultList(self.path.name)
        searched = ", ".join(str(folder.resolve()) for folder in self.folders)
        shown = shown_url(path) if is_database(path) else path
        for folder in self.folders:
            place = (folder / path.replace("\0", "")).resolve()
            if Path(path).is_absolute() or not place.is_relative_to(folder.resolve()):
                faults.add(
                    say("The path {path} leaves the data folder.", path=shown),
                    say("Name a file inside the folder of the scenario, or pass that folder with --data."),
                    key=key,
                )
                faults.raise_any()
            if "\0" not in path and _is_file(place):
                return place
        faults.add(
            say("The file {path} does not exist in {folders}.", path=shown, folders=searched),
            say("Check the name, or pass the folder that holds it with --data."),
            key=key,
        )
        raise InputError(faults.faults)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than any file's
        return False


Purpose = Literal["plan", "density"]
"""What a scenario is loaded for: a surface of demand needs neither roads nor candidates nor a question."""


def load_scenario(
    path: str | Path,
    *,
    data: str | Path | None = None,
    undeclared_datums: bool = False,
    purpose: Purpose | None = "plan",
    explain: Sequence[str] = (),
) -> Scenario:
    """Return the checked scenario of a TOML file.

    Input paths are looked up in ``data`` when given, then in the folder of the file. With ``undeclared_datums`` the
    datum of an input may be missing, so that it can be looked for; such a scenario cannot be run. For the purpose
    ``density`` roads, candidates and plan may be absent; with ``None`` a scenario with neither candidates nor a plan is
    for that. ``explain`` adds ids to those that the scenario asks about (``[plan] explain``).

    Raises
    ------
    InputError
        The file is missing, is not TOML, or breaks the schema; all faults at once.
    """
    path = Path(path)
    document, below = _read(path)
    faults = FaultList(str(path))
    folders = [path.parent, *below]
    if data is not None:
        if not Path(data).is_dir():
            faults.add(say("The data folder {folder} does not exist.", folder=data), say("Check --data."))
            faults.raise_any()
        folders.insert(0, Path(data))
    if purpose is None:
        purpose = "plan" if {"candidates", "plan"} & document.keys() else "density"
    file = _validated(_with_defaults(document), faults, undeclared_datums=undeclared_datums, purpose=purpose)
    asked = list(dict.fromkeys([*file.plan.explain, *explain]))
    file = file.model_copy(update={"plan": file.plan.model_copy(update={"explain": asked})})
    dumped = file.model_dump(mode="json", by_alias=True, exclude_none=True)
    return Scenario(path, tuple(folders), file, tomli_w.dumps(cast("dict[str, object]", _without_passwords(dumped))))


def _read(path: Path, above: tuple[Path, ...] = ()) -> tuple[dict[str, object], list[Path]]:
    """Return the document of a file with what it extends below it, and the folders of the files that it extends.

    ``above`` are the files that extend this one.

    Tables are laid over each other key by key; lists and single values replace those below.
    """
    faults = FaultList(str(path))
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        faults.add(say("The scenario file does not exist."), say("Check the path."))
        raise InputError(faults.faults) from None
    except (OSError, UnicodeDecodeError) as error:
        faults.add(
            say("The scenario file cannot be read: {error}.", error=error), say("Save it as UTF-8 text and try again.")
        )
        raise InputError(faults.faults) from None
    except (ValueError, RecursionError) as error:  # what is not TOML, or too deep or long to be meant
        line = re.search(r"at line (\d+)", str(error))
        faults.add(
            say("This is not valid TOML: {error}.", error=error),
            say("Mend the line; strings need quotes, tables need [brackets]."),
            row=int(line.group(1)) if line else None,
        )
        raise InputError(faults.faults) from None
    base = document.pop("extends", None)
    if base is None:
        return document, []
    if not isinstance(base, str):
        faults.add(say("The name of a scenario file is expected."), say("Write it in quotes."), key="extends")
        faults.raise_any()
    below = path.parent / str(base)
    above = (*above, path.resolve())
    if below.resolve() in above:
        faults.add(say("A scenario cannot extend itself."), say("Name the file that it changes."), key="extends")
        faults.raise_any()
    extended, folders = _read(below, above)
    return _laid_over(extended, document), [below.parent, *folders]


def _laid_over(below: dict[str, object], above: dict[str, object]) -> dict[str, object]:
    """Return a table with the keys of another over its own, table by table."""
    laid = dict(below)
    for key, value in above.items():
        under = laid.get(key)
        laid[key] = _laid_over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return laid


def _without_passwords(value: object) -> object:
    """Return a value of a document with its addresses of databases as they may be shown."""
    if isinstance(value, dict):
        return {key: _without_passwords(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_passwords(item) for item in value]
    return shown_url(value) if isinstance(value, str) and is_database(value) else value


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
    roads = document.get("roads", {})
    if isinstance(roads, dict):
        filled["roads"] = {
            **roads,
            **{key: _overlay(defaults["roads"][key], roads.get(key, {})) for key in ("speed_kmh", "car_speed_kmh")},
        }
    demand = document.get("demand")
    places = demand.get("places") if isinstance(demand, dict) else None
    if isinstance(demand, dict) and isinstance(places, dict) and places.get("osm") and not places.get("classes"):
        filled["demand"] = {**demand, "places": {**places, **defaults["places"]}}
    return filled


def _overlay(below: object, above: object) -> object:
    return {**below, **above} if isinstance(below, dict) and isinstance(above, dict) else above


def default_hosts() -> dict[str, HostInput]:
    """Return the kinds of hosts that every scenario knows."""
    return {key: HostInput.model_validate(host) for key, host in _defaults()["hosts"].items()}


def default_groups() -> dict[str, GroupInput]:
    """Return the groups that every scenario knows."""
    return {key: GroupInput.model_validate(group) for key, group in _defaults()["groups"].items()}


def default_slots() -> dict[str, SlotInput]:
    """Return the time slots that every scenario knows."""
    return {key: SlotInput.model_validate(slot) for key, slot in _defaults()["slots"].items()}


def _validated(
    document: dict[str, object], faults: FaultList, *, undeclared_datums: bool, purpose: Purpose
) -> ScenarioFile:
    try:
        file = ScenarioFile.model_validate(document)
    except ValidationError as error:
        for detail in error.errors():
            place = [str(part) for part in detail["loc"]]
            found = _without_passwords(detail["input"])
            what, cure = _explain(detail["type"], dict(detail.get("ctx", {})), place, found, detail["msg"])
            faults.add(what, cure, key=".".join(place))
        raise InputError(faults.faults) from None
    _cross_check(file, faults, purpose)
    _check_other_datums(file, faults)
    if not undeclared_datums:
        _check_datums(file, faults)
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


def _cross_check(file: ScenarioFile, faults: FaultList, purpose: Purpose) -> None:
    """Note what no single key can show to be wrong."""
    if purpose == "plan":
        fades = any(group.fade_min is not None for group in file.groups.values())
        check_plan(file.plan, faults, actions=bool(file.actions), fades=fades, heat=file.demand.heat is not None)
    check_roads(file.roads, faults, needed=purpose == "plan" and file.roads.missing != "straight")
    check_map(file.map, faults)
    check_scorecard(file.scorecard, faults)
    if file.stations is not None:
        _check_sites("stations", file.stations, file, faults)
    if purpose == "plan" or file.candidates != CandidatesInput():
        _check_sites("candidates", file.candidates, file, faults)
    if file.area.crs is not None:
        _check_crs(file.area.crs, "area.crs", faults)
    if file.demand.crs is not None:
        _check_crs(file.demand.crs, "demand.crs", faults)
    _check_source("area", file.area, faults)
    for role, source in file.demand.sources.items():
        _check_source(role, source, faults)
    check_demand(
        file.demand,
        {key: group.observed for key, group in file.groups.items()},
        file.slots,
        has_area=file.area.file is not None,
        faults=faults,
    )
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
        if group.fade_min is not None and group.fade_min <= group.cutoff_min:
            faults.add(
                say(
                    "Coverage fades out at {fade} minutes, before the standard of {cutoff} ends.",
                    fade=group.fade_min,
                    cutoff=group.cutoff_min,
                ),
                say("Give `fade_min` above `cutoff_min`, or leave it out."),
                key=f"groups.{key}.fade_min",
            )
        total = sum(group.profile.values())
        if abs(total - 1) > 1e-6:
            faults.add(
                say("The shares of the profile add up to {total}, not to 1.", total=round(total, 6)),
                say("A profile splits the group's working day over the slots; make the shares add up to 1."),
                key=f"groups.{key}.profile",
            )
    for role, ids in (("groups", file.groups), ("slots", file.slots), ("hosts", file.hosts)):
        twins = [key for key in ids if sum(key.casefold() == other.casefold() for other in ids) > 1]
        if twins:
            faults.add(
                say("The ids {ids} differ only in case.", ids=", ".join(twins)),
                say("Give them names that differ in more."),
                key=role,
            )
    for key, slot in file.slots.items():
        if parse_slot(slot.hours) is None:
            faults.add(
                say("The hours {hours} are not one range of time.", hours=repr(slot.hours)),
                say("Write one range such as 08:00-12:00."),
                key=f"slots.{key}.hours",
            )
    for key, host in file.hosts.items():
        _check_hours(host.hours, f"hosts.{key}", faults)
        _check_excluded(host.excludes, file, f"hosts.{key}", faults)
    for key, action in file.actions.items():
        if action.hours is not None:
            _check_hours(action.hours, f"actions.{key}", faults)
        elif action.at == "stations":
            faults.add(
                say("Longer hours of existing stations need hours."),
                say("Give them: `hours = '06:00-22:00'`."),
                key=f"actions.{key}.hours",
            )
        _check_excluded(action.excludes, file, f"actions.{key}", faults)
        for host_id in action.hosts:
            if host_id not in file.hosts:
                faults.add(
                    say("Unknown host {host}.", host=repr(host_id)),
                    say("Known hosts: {known}.", known=", ".join(file.hosts)),
                    key=f"actions.{key}.hosts",
                )


def _check_hours(hours: str, place: str, faults: FaultList) -> None:
    if isinstance(week := parse_hours(hours), Unread):
        faults.add(unread_hours(hours, week), CURE_HOURS, key=f"{place}.hours")


def _check_excluded(excludes: Sequence[str], file: ScenarioFile, place: str, faults: FaultList) -> None:
    for group in excludes:
        if group not in file.groups and group not in _defaults()["groups"]:
            faults.add(
                say("Unknown group {group}.", group=group),
                say("Known groups: {known}.", known=", ".join(file.groups)),
                key=f"{place}.excludes",
            )


def unread_hours(text: str, unread: Unread) -> Message:
    """Return the sentence on opening hours that cannot be read; it names the part only where that says more."""
    if unread.part == text:
        return say("The opening hours {hours} cannot be read.", hours=repr(text))
    return say("The opening hours {hours} cannot be read at {part}.", hours=repr(text), part=repr(unread.part))


def unfit_crs(crs: str) -> Message:
    """Return what is wrong with a CRS that is none in metres."""
    if metric_crs_problem(crs) == "unknown":
        return say("Unknown CRS {crs}.", crs=repr(crs))
    return say("The CRS {crs} is not measured in metres.", crs=crs)


def _check_crs(crs: str, key: str, faults: FaultList) -> None:
    if metric_crs_problem(crs) is not None:
        faults.add(unfit_crs(crs), CURE_CRS, key=key)


def _check_source(key: str, source: Source, faults: FaultList) -> None:
    """Note keys that do not fit the kind of source."""
    asked = [name for name in ("table", "query", "geometry") if getattr(source, name) is not None]
    if source.file is not None and is_database(source.file):
        if (source.table is None) == (source.query is None):
            faults.add(
                say("A database needs either `table` or `query`."), say("Name one source of rows."), key=f"{key}.table"
            )
    elif asked:
        faults.add(
            say("Only a database has `{name}`.", name=asked[0]),
            say('Give `file = "postgresql://..."`, or take the key out.'),
            key=f"{key}.{asked[0]}",
        )


def _check_datums(file: ScenarioFile, faults: FaultList) -> None:
    """Note every input of records whose longitudes and latitudes have no declared datum."""
    sources: dict[str, tuple[Source | None, str | None]] = {
        "area": (file.area, None),
        **{role: (source, source.crs) for role, source in file.demand.sources.items()},
        "stations": (file.stations, None if file.stations is None else file.stations.crs),
        "candidates": (file.candidates, file.candidates.crs),
    }
    for role, (source, crs) in sources.items():
        if source is not None and source.file is not None and source.datum is None and crs is None:
            _no_datum(f"{role}.datum", CURE_DATUM, faults)


def _check_other_datums(file: ScenarioFile, faults: FaultList) -> None:
    """Note every input without a declared datum that nothing can be weighed by, or that others are weighed by."""
    area, roads, candidates = file.area, file.roads, file.candidates
    lacking = {
        "area.known_points_datum": area.known_points is not None and area.known_points_datum is None,
        "roads.datum": roads.datum is None and needs_datum(roads.nodes if roads.single is None else roads.single),
        "candidates.forbidden_datum": candidates.forbidden_areas is not None and candidates.forbidden_datum is None,
    }
    for key, lacks in lacking.items():
        if lacks:
            name = key.rpartition(".")[2]
            cure = say('Say `{key} = "wgs84"`, `"cgcs2000"`, `"gcj02"` (Amap, Tencent) or `"bd09"` (Baidu).', key=name)
            _no_datum(key, cure, faults)


def _no_datum(key: str, cure: Message, faults: FaultList) -> None:
    faults.add(say("The datum of the coordinates is not declared."), cure, key=key)


def _check_sites(role: str, sites: SitesInput, file: ScenarioFile, faults: FaultList) -> None:
    gridded = isinstance(sites, CandidatesInput) and sites.grid
    if (sites.osm is not None) + (sites.file is not None) + gridded != 1:
        what = say("Stations need either `file` or `osm`.")
        if role == "candidates":
            what = say("Candidates need one of `file`, `osm` and `grid`.")
        faults.add(what, say("Name one source of sites."), key=role)
    if gridded and sites.default_host is None:
        faults.add(
            say("Candidates from a grid need `default_host`."),
            say("Known hosts: {known}.", known=", ".join(file.hosts)),
            key=f"{role}.default_host",
        )
    if sites.crs is not None:
        _check_crs(sites.crs, f"{role}.crs", faults)
    _check_source(role, sites, faults)
    if sites.osm is not None and not sites.hosts:
        faults.add(
            say("Sites from OSM need the list `hosts`."),
            say("Known hosts: {known}.", known=", ".join(file.hosts)),
            key=f"{role}.hosts",
        )
    for host in filter(None, (*sites.hosts, sites.default_host)):
        if host not in file.hosts:
            faults.add(
                say("Unknown host {host}.", host=host),
                say("Known hosts: {known}.", known=", ".join(file.hosts)),
                key=f"{role}.hosts" if host in sites.hosts else f"{role}.default_host",
            )
        elif host in sites.hosts and sites.osm is not None and not file.hosts[host].tags:
            faults.add(
                say("The host {host} has no OSM tags.", host=host),
                say('Add `tags = ["key=value"]` to it.'),
                key=f"hosts.{host}.tags",
            )
