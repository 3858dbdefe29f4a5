"""A scenario file, read, completed and checked.

Unknown keys are errors that name the nearest known key; all faults of a file are reported together. Values that the
file does not set come from ``defaults.toml`` of the package and are written out in the resolved copy.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import tomli_w
from pydantic import ValidationError

from stationplan.errors import FaultList, InputError, say
from stationplan.scenario.check import Purpose, check_datums, check_other_datums, cross_check
from stationplan.scenario.defaults import with_defaults
from stationplan.scenario.plan import AimRules
from stationplan.scenario.schema import ScenarioFile
from stationplan.scenario.schema_faults import explained
from stationplan.storage.database import is_database, shown_url

_MOST_EXTENDED = 50
_DEEPEST = 20


@dataclass(frozen=True)
class Scenario:
    """A checked scenario: its content (``file``), its path, and the folders of its inputs.

    ``toml`` is the resolved document: the file with every default written out. ``needs_capacity``: the aim of the plan
    requires the number of workers that each site can serve.
    """

    path: Path
    folders: tuple[Path, ...]
    file: ScenarioFile
    toml: str
    needs_capacity: bool = False

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the resolved document."""
        return hashlib.sha256(self.toml.encode()).hexdigest()

    @property
    def inputs(self) -> list[tuple[str, str, str]]:
        """All input files that the scenario names: (role, path, datum)."""
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

    @property
    def input_paths(self) -> list[Path]:
        """The scenario file and the input files that exist, wherever they lie."""
        named = [folder / name for _, name, _ in self.inputs for folder in self.folders if not is_database(name)]
        return [self.path, *filter(_is_file, named)]

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
        """Return the input file that the scenario names ``path``: in the data folder, otherwise beside the scenario.

        ``key`` is the scenario key that names the file, for the error message.

        Raises
        ------
        InputError
            The file does not exist, or the path leaves its folder.
        """
        for place in self.places(path, key=key):
            if "\0" not in path and _is_file(place):
                return place
        faults = FaultList(self.path.name)
        shown = shown_url(path) if is_database(path) else path
        searched = ", ".join(str(folder.resolve()) for folder in self.folders)
        faults.add(
            say("The file {path} does not exist in {folders}.", path=shown, folders=searched),
            say("Check the name, or pass the folder that contains it with --data."),
            key=key,
        )
        raise InputError(faults.faults)

    def places(self, path: str, *, key: str | None = None) -> Iterator[Path]:
        """Yield the possible locations of the input file that the scenario names ``path``, in order of precedence.

        Raises
        ------
        InputError
            The path leaves its folder.
        """
        for folder in self.folders:
            place = (folder / path.replace("\0", "")).resolve()
            if Path(path).is_absolute() or not place.is_relative_to(folder.resolve()):
                faults = FaultList(self.path.name)
                faults.add(
                    say(
                        "The path {path} lies outside the data folder.",
                        path=shown_url(path) if is_database(path) else path,
                    ),
                    say("Use a file inside the folder of the scenario, or pass that folder with --data."),
                    key=key,
                )
                faults.raise_any()
            yield place


def _is_file(path: Path) -> bool:
    try:
        return path.is_file() or (path.suffix.lower() == ".gdb" and path.is_dir())
    except OSError:  # a name that is too long for the file system
        return False


def read_scenario(
    path: str | Path,
    *,
    aims: Mapping[str, AimRules],
    data: str | Path | None = None,
    undeclared_datums: bool = False,
    purpose: Purpose | None = "plan",
    explain: Sequence[str] = (),
) -> Scenario:
    """Return the checked scenario of a TOML file; :func:`stationplan.load_scenario` is its public interface.

    ``aims`` are the aims that a plan may have, by id; without any, the aim is not checked. Input paths are looked up in
    ``data`` if given, then in the folder of the file. With ``undeclared_datums``, the datum of an input may be missing
    so that it can be determined; such a scenario cannot be run. For the purpose ``density``, roads, candidates and plan
    may be absent; with ``None``, this is the purpose of a scenario with neither candidates nor a plan. ``explain`` adds
    ids to those that the scenario asks about (``[plan] explain``).

    Raises
    ------
    InputError
        The file is missing, is not TOML, or violates the schema; all faults together.
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
    file = _validated(with_defaults(document), faults, undeclared_datums=undeclared_datums, purpose=purpose, aims=aims)
    asked = list(dict.fromkeys([*file.plan.explain, *explain]))
    file = file.model_copy(update={"plan": file.plan.model_copy(update={"explain": asked})})
    dumped = file.model_dump(mode="json", by_alias=True, exclude_none=True)
    toml = tomli_w.dumps(cast("dict[str, object]", _without_passwords(dumped)))
    needs_capacity = purpose == "plan" and file.plan.aim in aims and aims[file.plan.aim].needs_capacity
    return Scenario(path, tuple(folders), file, toml, needs_capacity)


def _read(path: Path, above: tuple[Path, ...] = ()) -> tuple[dict[str, object], list[Path]]:
    """Return the document of a file merged over the one that it extends, and the folders of all files that it extends.

    ``above`` are the files that extend this one. Tables are merged key by key; lists and single values replace those of
    the extended file.
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
    except (ValueError, RecursionError) as error:  # invalid TOML, or nested too deep, or numbers too long
        line = re.search(r"at line (\d+)", str(error))
        faults.add(
            say("This is not valid TOML: {error}.", error=error),
            say("Correct the line; strings need quotes, tables need [brackets]."),
            row=int(line.group(1)) if line else None,
        )
        raise InputError(faults.faults) from None
    if _is_deeper(document, _DEEPEST):
        faults.add(
            say("Tables and lists are nested more than {most} deep.", most=_DEEPEST),
            say("Check the keys; docs/scenario.md lists those of each table."),
        )
        faults.raise_any()
    base = document.pop("extends", None)
    if base is None:
        return document, []
    if not isinstance(base, str):
        faults.add(say("A scenario file name is expected."), say("Put it in quotes."), key="extends")
        faults.raise_any()
    below = path.parent / base
    try:
        above, place = (*above, path.resolve()), below.resolve()
    except (ValueError, OSError, RuntimeError):  # a name that no file can have, or links in a circle
        faults.add(say("The scenario file does not exist."), say("Check the path."), key="extends")
        raise InputError(faults.faults) from None
    if len(above) > _MOST_EXTENDED:
        faults.add(
            say("More than {most} scenario files extend each other.", most=_MOST_EXTENDED),
            say("Write the keys of some of them in one file."),
            key="extends",
        )
        faults.raise_any()
    if place in above:
        faults.add(say("A scenario cannot extend itself."), say("Use the file that it changes."), key="extends")
        faults.raise_any()
    extended, folders = _read(below, above)
    return _laid_over(extended, document), [below.parent, *folders]


def _is_deeper(document: dict[str, object], most: int) -> bool:
    """Return whether tables and lists are nested deeper; counted without recursion."""
    level: list[object] = [document]
    for _ in range(most):
        inner = (item for above in level for item in (above.values() if isinstance(above, dict) else above))  # type: ignore[attr-defined]
        level = [item for item in inner if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _laid_over(below: dict[str, object], above: dict[str, object]) -> dict[str, object]:
    """Return a table with the keys of ``above`` merged over those of ``below``, table by table."""
    laid = dict(below)
    for key, value in above.items():
        under = laid.get(key)
        laid[key] = _laid_over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return laid


def _without_passwords(value: object) -> object:
    """Return a value of a document with passwords removed from its database addresses."""
    if isinstance(value, dict):
        return {key: _without_passwords(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_passwords(item) for item in value]
    return shown_url(value) if isinstance(value, str) and is_database(value) else value


def _validated(
    document: dict[str, object],
    faults: FaultList,
    *,
    undeclared_datums: bool,
    purpose: Purpose,
    aims: Mapping[str, AimRules],
) -> ScenarioFile:
    try:
        file = ScenarioFile.model_validate(document)
    except ValidationError as error:
        for detail in error.errors():
            place = [str(part) for part in detail["loc"]]
            found = _without_passwords(detail["input"])
            what, cure = explained(detail["type"], dict(detail.get("ctx", {})), place, found, detail["msg"])
            faults.add(what, cure, key=".".join(place))
        raise InputError(faults.faults) from None
    cross_check(file, faults, purpose, aims)
    check_other_datums(file, faults)
    if not undeclared_datums:
        check_datums(file, faults)
    faults.raise_any()
    return file
