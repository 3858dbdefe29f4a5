"""Shared fixtures: the demo plan, made once, and the real data where it is present."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.batches import batch
from support.database import new_database
from support.demo import demo_scenario
from support.environment import IN_CI, ROOT, SHARED
from support.once import once
from support.pages import Opened, open_in, write_pages

import stationplan as sp
from stationplan.access.network import network_of
from stationplan.batch.crew import crew
from stationplan.documents.pdf import has_chinese_font
from stationplan.domain import Plan, RoadNetwork
from stationplan.inputs import read_roads
from stationplan.planning.pipeline import plan_of
from stationplan.planning.prepare import Prepared, prepare
from stationplan.planning.progress import StepClock

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from stationplan.batch import Batch


SLOWEST_FIRST = (
    "batch",
    "demand/test_density",
    "demand/test_learning",
    "demand/test_surface",
    "demo/test_processors",
    "siting",
    "cli/test_cli",
    "api/test_safe",
    "webmap/test_browser",
)
"""What takes longest; begun last, one of these would keep one worker busy while the others have ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slowest files first, and leave all others in their order."""

    def turn(item: pytest.Item) -> int:
        name = item.path.relative_to(ROOT).as_posix().removeprefix("tests/")
        return next(
            (number for number, start in enumerate(SLOWEST_FIRST) if name.startswith(start)), len(SLOWEST_FIRST)
        )

    items.sort(key=turn)


@pytest.fixture(scope="session")
def demo_plan(tmp_path_factory: pytest.TempPathFactory) -> sp.StudyPlan:
    """The plan of the demo city."""
    return once(tmp_path_factory, "demo-plan", lambda _: sp.run(sp.load_scenario(ROOT / "data/demo/scenario.toml")))


@pytest.fixture(scope="session")
def demo_roads(demo_plan) -> RoadNetwork:
    """The roads of the demo city as a network of all modes that it uses."""
    scenario = sp.load_scenario(ROOT / "data/demo/scenario.toml")
    return network_of(read_roads(scenario), crs=demo_plan.area.crs)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; tests that need it say so where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs the real data in ../shared/data, which is not here")
    return SHARED


@pytest.fixture(scope="session")
def porto_alegre(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> sp.StudyPlan:
    """The plan of the Porto Alegre example."""
    scenario = sp.load_scenario(ROOT / "examples/porto-alegre.toml", data=shared_data / "porto-alegre")
    return once(tmp_path_factory, "porto-alegre-plan", lambda _: sp.run(scenario))


@pytest.fixture(scope="session")
def county_batch(tmp_path_factory: pytest.TempPathFactory) -> tuple[sp.Scenario, Path, Batch]:
    """An undisturbed batch of the demo's counties by one process: its scenario, its folder, and what it says."""

    def made(folder: Path) -> tuple[sp.Scenario, Path, Batch]:
        scenario = demo_scenario(folder)
        return scenario, folder / "out", batch(scenario, folder / "out", workers=1)

    return once(tmp_path_factory, "county-batch", made)


@pytest.fixture(scope="session")
def dask() -> Iterator[str]:
    """The address of a scheduler with two processes, for batches whose test is not about how these are started."""
    with crew(workers=2, scheduler=None) as client:
        yield client.scheduler.address


@pytest.fixture
def demo_folder(tmp_path: Path) -> Path:
    """A copy of the demo's inputs that a test may spoil."""
    return shutil.copytree(ROOT / "data/demo", tmp_path / "demo")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium; without it browser tests are skipped, but never in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if IN_CI:
            pytest.fail("browser tests may not be skipped in CI: install the package chromium")
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """The system's Chromium, started once; a test opens a context of its own, offline where it is not about hosts."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only browser tests need it

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", *quiet])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder with map and report of the demo and the pages of its density, in both languages."""
    return once(tmp_path_factory, "pages", lambda folder: write_pages(folder, request.getfixturevalue("demo_plan")))


@pytest.fixture(scope="module")
def open_page(browser: Browser, pages: Path) -> Iterator[Callable[..., Opened]]:
    """A function that opens a page of the folder in a context of its own, offline."""
    contexts = []

    def opening(name: str, size: str, state: str = "") -> Opened:
        context, opened = open_in(browser, pages / name, size, state)
        contexts.append(context)
        return opened

    yield opening
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def english(open_page: Callable[..., Opened]) -> Opened:
    """The English map on a desk, as it opens."""
    opened = open_page("map-en.html", "desktop")
    opened.page.evaluate("const { map } = stationplan.page; window.start = [map.getCenter(), map.getZoom()]")
    return opened


@pytest.fixture
def desk(english: Opened) -> Iterator[Opened]:
    """The English map on a desk, to be worked with; it is put back as it opened."""
    yield english
    page = english.page
    page.keyboard.press("Escape")
    page.evaluate(
        "const { choice } = stationplan.page; choice.reset(); choice.look({ group: -1, slot: -1 }); choice.select(-1);"
        "stationplan.page.map.setView(...window.start, { animate: false })"
    )
    page.locator("#sp-tab-overview").click()
    page.evaluate("document.activeElement.blur()")
    assert english.said == []


@pytest.fixture(scope="session")
def database_server() -> str:
    """The address of a PostGIS server whose user may create databases; its tests are skipped without, but not in CI."""
    address = os.environ.get("STATIONPLAN_TEST_DATABASE")
    if address is None:
        if IN_CI:
            pytest.fail("database tests may not be skipped in CI: run them under .ci/postgres")
        pytest.skip("needs a PostGIS server: .ci/postgres .venv/bin/pytest tests/inputs/tables/test_postgis.py")
    return address


@pytest.fixture(scope="session")
def chinese_font() -> None:
    """What a PDF of the demo needs; without it such tests are skipped, but never in CI."""
    if not has_chinese_font():
        if IN_CI:
            pytest.fail("PDF may not go unwritten in CI: install the package fonts-noto-cjk")
        pytest.skip("needs a Chinese font (Debian: apt-get install fonts-noto-cjk)")


@pytest.fixture(scope="session")
def postgis_template(database_server: str) -> Iterator[str]:
    """The name of a database with PostGIS and nothing else, to be copied."""
    import psycopg  # noqa: PLC0415 - likewise

    with new_database(database_server) as address:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION postgis")
        yield address.rpartition("/")[2]


@pytest.fixture
def database(database_server: str, postgis_template: str) -> Iterator[str]:
    """The address of an empty database with PostGIS."""
    with new_database(database_server, template=postgis_template) as address:
        yield address


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The demo prepared for its question, as a batch does."""
    return prepare(demo_scenario(tmp_path_factory.mktemp("demo")), StepClock(None))


@pytest.fixture(scope="module")
def whole(ready: Prepared) -> Plan:
    """The plan of the demo as a whole."""
    return plan_of(ready, StepClock(None))
