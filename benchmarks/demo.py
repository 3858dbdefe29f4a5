"""The whole command ``stationplan demo`` against its limit of 20 seconds."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.result import Result

_LIMIT_S = 20.0
_RUNS = 3


def demo_seconds(_shared: Path) -> list[Result]:
    """Time the command in a fresh folder, its input files made by the first run."""
    command = [str(Path(sys.executable).with_name("stationplan")), "demo"]
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(_RUNS + 1):
            begin = time.perf_counter()
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            seconds.append(time.perf_counter() - begin)
    first, rest = seconds[0], statistics.median(seconds[1:])
    return [
        Result("first run, making the city", f"{first:.1f} s", f"limit {_LIMIT_S:.0f} s", _LIMIT_S / first, ">= 1"),
        Result("median of later runs", f"{rest:.1f} s", f"limit {_LIMIT_S:.0f} s", _LIMIT_S / rest, ">= 1"),
    ]
