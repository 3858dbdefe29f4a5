"""Every processor makes the same demo city and the same results, though their last digits differ.

Numpy chooses its code for ``sin``, ``exp`` and others by the vector units it finds, BLAS and the C library likewise.
A processor without such units is played by forbidding numpy and BLAS to use them; one that is yet to be built by
moving the result of every such function by one unit in the last place.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import shapely
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
from support.environment import ROOT

from stationplan.demo import ground, write_city

DEMO = ROOT / "data/demo"

BEYOND = [name for name in __cpu_dispatch__ if __cpu_features__.get(name, False)]
"""What this processor has that numpy uses but does not take for granted."""

INEXACT = (
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "hypot"),
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "power", "float_power", "cbrt"),
)
"""Numpy's functions whose last digit no standard fixes; sums, products, quotients and square roots are exact."""

WITHOUT = """
import sys
from pathlib import Path
from numpy._core._multiarray_umath import __cpu_features__
import stationplan as sp
from stationplan.demo import write_city

used, folder = sys.argv[1].split(), Path(sys.argv[2])
assert not any(__cpu_features__[name] for name in used)
write_city(folder / "city")
sp.run(sp.load_scenario(sys.argv[3])).save(folder / "out")
"""


def different(one, other):
    """The files, by name, that two folders do not share to the byte."""
    names = {path.name for folder in (one, other) for path in folder.iterdir()}
    return sorted(
        name
        for name in names
        if not all((folder / name).is_file() for folder in (one, other))
        or (one / name).read_bytes() != (other / name).read_bytes()
    )


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """The city, and the plan of the repository's one, made by a process without the vector units above the baseline."""
    if not BEYOND:
        pytest.skip("this processor has nothing above the baseline of the installed numpy")
    folder = tmp_path_factory.mktemp("without")
    settings = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(BEYOND), "OPENBLAS_CORETYPE": "Prescott"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT, " ".join(BEYOND), str(folder), str(DEMO / "scenario.toml")],
        env=settings,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_city_is_the_same_without_the_newer_vector_units(without):
    assert different(without / "city", DEMO) == []


def test_the_results_are_the_same_without_the_newer_vector_units(without, demo_plan, tmp_path):
    demo_plan.save(tmp_path / "out")
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"plan.json", "sites.csv", "sites.xlsx", "plan.gpkg", "map.html", "report.html", "report.docx"} <= made
    # The manifest records how long it took.
    assert different(without / "out", tmp_path / "out") == ["manifest.json"]
    one, other = (json.loads((folder / "out/manifest.json").read_text("utf-8")) for folder in (without, tmp_path))
    assert {**one, "timings_s": None} == {**other, "timings_s": None}


@pytest.mark.parametrize("towards", [np.inf, -np.inf], ids=["up", "down"])
def test_the_city_does_not_hang_on_the_last_digit_of_any_function(monkeypatch, tmp_path, towards):
    def moved(function):
        def call(*arguments, **settings):
            found = function(*arguments, **settings)
            return tuple(map(nudged, found)) if isinstance(found, tuple) else nudged(found)

        return call

    def nudged(values):
        return np.nextafter(values, towards)

    for name in INEXACT:
        monkeypatch.setattr(np, name, moved(getattr(np, name)))
    # Beyond numpy: the C library, by map projections, arcs and random numbers, and BLAS, by splines.
    for name in ("project", "unproject"):
        monkeypatch.setattr(ground, name, moved(getattr(ground, name)))
    buffer, spline = shapely.buffer, ground.CubicSpline
    monkeypatch.setattr(shapely, "buffer", lambda *at, **how: shapely.transform(buffer(*at, **how), nudged))
    monkeypatch.setattr(ground, "CubicSpline", lambda *at: moved(spline(*at)))

    class Moved(np.random.Generator):
        normal = moved(np.random.Generator.normal)
        lognormal = moved(np.random.Generator.lognormal)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Moved(np.random.PCG64(seed)))
    monkeypatch.setattr(ground, "middle", ground.middle.__wrapped__)  # else kept from before
    assert np.hypot(3.0, 4.0) != 5.0
    assert shapely.Point(0.0, 0.0).buffer(1.0).bounds != (-1.0, -1.0, 1.0, 1.0)
    write_city(tmp_path)
    assert different(tmp_path, DEMO) == []
