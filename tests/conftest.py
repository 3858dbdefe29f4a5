"""Shared fixtures: the demo plan, made once, and the real data where it is present."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import stationplan as sp

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
IN_CI = os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def demo_plan() -> sp.StudyPlan:
    """The plan of the demo city."""
    return sp.run(sp.load_scenario(ROOT / "data/demo/scenario.toml"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; tests that need it say so where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs the real data in ../shared/data, which is not here")
    return SHARED


@pytest.fixture(scope="session")
def porto_alegre(shared_data: Path) -> sp.StudyPlan:
    """The plan of the Porto Alegre example."""
    return sp.run(sp.load_scenario(ROOT / "examples/porto-alegre.toml", data=shared_data / "porto-alegre"))


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
