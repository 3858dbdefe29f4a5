"""Runs every benchmark and prints one table: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.batch import batch_seconds
from benchmarks.capacity import capacity_gaps
from benchmarks.covering import covering_gaps
from benchmarks.demand import demand_seconds
from benchmarks.demo import demo_seconds
from benchmarks.map import map_sizes
from benchmarks.median import median_ratios
from benchmarks.result import Result
from benchmarks.roads import road_seconds
from benchmarks.sichuan import sichuan_seconds
from benchmarks.siting import siting_seconds
from benchmarks.tables import table_seconds
from benchmarks.travel import travel_ratios

BENCHMARKS: dict[str, Callable[[Path], list[Result]]] = {
    "batch": batch_seconds,
    "capacity": capacity_gaps,
    "covering": covering_gaps,
    "demand": demand_seconds,
    "demo": demo_seconds,
    "map": map_sizes,
    "median": median_ratios,
    "roads": road_seconds,
    "sichuan": sichuan_seconds,
    "siting": siting_seconds,
    "tables": table_seconds,
    "travel": travel_ratios,
}
"""Every benchmark by name; each takes the folder of real data and returns its rows."""


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="which to run (default: all)")
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"), help="folder of real data")
    given = parser.parse_args()
    table = Table(show_edge=False, pad_edge=False)
    for title in ("benchmark", "case", "ours", "peer or limit", "ratio", "wanted", "exact to"):
        table.add_column(title)
    for name in given.names or BENCHMARKS:
        for row in BENCHMARKS[name](given.shared):
            table.add_row(name, row.case, row.ours, row.peer, f"{row.ratio:.1f}", row.wanted, row.exact)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
