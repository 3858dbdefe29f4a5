"""The batch of a small scenario, and comparison of output folders."""

from __future__ import annotations

import filecmp
import subprocess

from stationplan.batch import run_batch

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def batch(scenario, out, **more):
    return run_batch(scenario, out, **{"by": "county", "workers": 2, **more})


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def same(one, other):
    """Whether two folders hold the same files with the same bytes."""
    names = files(one)
    return names == files(other) and filecmp.cmpfiles(one, other, names, shallow=False)[1:] == ([], [])
