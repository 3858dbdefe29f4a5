"""The Python API of plans and demand surfaces: run a scenario, save its plan, read it back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from stationplan.api import output
from stationplan.api.plan_file import read_plan
from stationplan.domain import Density, Language, Plan
from stationplan.planning import pipeline
from stationplan.planning.progress import Progress
from stationplan.report import DEFAULT_SCHEMA, write_database
from stationplan.scenario import Scenario


@dataclass(frozen=True, eq=False)
class StudyPlan(Plan):
    """A :class:`~stationplan.domain.Plan` with methods to save it."""

    def save(
        self,
        folder: str | Path,
        *,
        lang: Language = "zh",
        overwrite: bool = False,
        map_path: str | Path | None = None,
    ) -> None:
        """Write map, report, tables and manifest into ``folder``; see :func:`stationplan.api.output.save`.

        Raises
        ------
        OutputExistsError
            The folder or the map exists and may not be replaced.
        """
        where = None if map_path is None else Path(map_path)
        output.save(self, Path(folder), lang=lang, overwrite=overwrite, map_path=where)

    def save_to_database(self, url: str, *, schema: str = DEFAULT_SCHEMA, overwrite: bool = False) -> None:
        """Write the GIS layers into a PostGIS database; see :func:`stationplan.report.write_database`.

        Raises
        ------
        InputError
            The database cannot be reached, denies access, has no PostGIS, or has tables that may not be replaced.
        """
        write_database(self, url, schema=schema, overwrite=overwrite)


@dataclass(frozen=True, eq=False)
class StudyDensity(Density):
    """A :class:`~stationplan.domain.Density` with a method to save it."""

    def save(
        self, folder: str | Path, *, lang: Language = "zh", overwrite: bool = False, parquet: bool = False
    ) -> None:
        """Write surface, map and validation into ``folder``; see :func:`stationplan.api.output.save_density`.

        Raises
        ------
        OutputExistsError
            The folder exists and may not be replaced.
        InputError
            GeoParquet is requested and pyarrow is not installed.
        """
        output.save_density(self, Path(folder), lang=lang, overwrite=overwrite, parquet=parquet)


def load_plan(folder: str | Path) -> StudyPlan:
    """Return the plan of a folder written by :meth:`StudyPlan.save` or ``stationplan run``, to save it again.

    Neither inputs nor solving are needed. Draws of the demand and travel times are not stored in the folder.

    Raises
    ------
    InputError
        The folder does not exist, contains no plan, or contains a plan of another version.

    >>> import stationplan as sp, tempfile
    >>> plan = sp.run(sp.load_scenario("data/demo/scenario.toml"))
    >>> folder = tempfile.mkdtemp() + "/plan"
    >>> plan.save(folder)
    >>> sp.load_plan(folder).solution.objective == plan.solution.objective
    True
    """
    return _with_save(read_plan(Path(folder)))


def run(scenario: Scenario, *, workers: int = 1, progress: Progress | None = None) -> StudyPlan:
    """Return the plan of a scenario; see :func:`stationplan.planning.pipeline.run`.

    Raises
    ------
    InputError
        An input is missing or invalid; all its faults are reported together.
    InfeasibleError
        Floors, a target or required sites cannot be met; the error states what is feasible.
    UndecidedError
        The time limit was reached before feasibility was known.

    >>> import stationplan as sp
    >>> plan = sp.run(sp.load_scenario("data/demo/scenario.toml"))
    >>> len(plan.chosen), plan.solution.termination
    (20, 'optimal')
    """
    return _with_save(pipeline.run(scenario, workers=workers, progress=progress))


def _with_save(plan: Plan) -> StudyPlan:
    return StudyPlan(**{item.name: getattr(plan, item.name) for item in fields(plan)})


def density(scenario: Scenario, *, progress: Progress | None = None) -> StudyDensity:
    """Return the demand surface of a scenario; see :func:`stationplan.planning.pipeline.density`.

    Raises
    ------
    InputError
        An input is missing or invalid; all its faults are reported together.

    >>> import stationplan as sp
    >>> made = sp.density(sp.load_scenario("data/demo/scenario.toml", purpose="density"))
    >>> made.surface.heads.shape, round(made.surface.heads.sum())
    ((1074, 4), 6811)
    """
    made = pipeline.density(scenario, progress=progress)
    return StudyDensity(**{item.name: getattr(made, item.name) for item in fields(made)})
