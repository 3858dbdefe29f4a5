"""A list of 200,000 stations looked at by ``stationplan check``, against the limit of 20 seconds."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xlsxwriter

from benchmarks.result import Result

_ROWS = 200_000
_LIMIT_S = 20.0
_HEADER = ["编码", "名称", "地址", "经度", "纬度", "场所类型", "开放时间"]
_HOURS = ["08:30-17:30", "8:00—12:00，14:00—17:30", "全天", "24小时"]
_HOSTS = ["银行网点", "加油站", "邮政网点", "公共厕所"]


def table_seconds(_shared: Path) -> list[Result]:
    """Time the command on the same list as CSV in GB18030 and as a workbook; one row in a hundred is faulty."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for path, write in ((Path(folder, "list.csv"), _write_csv), (Path(folder, "list.xlsx"), _write_workbook)):
            write(path)
            seconds, found = _check(path)
            results.append(
                Result(
                    f"{_ROWS:,} rows, {path.suffix}, {len(found['findings']):,} findings",
                    f"{seconds:.1f} s",
                    f"limit {_LIMIT_S:.0f} s",
                    _LIMIT_S / seconds,
                    ">= 1",
                    f"{found['rows']:,} rows, {found['kept']:,} kept",
                )
            )
    return results


def _check(path: Path) -> tuple[float, dict[str, list[object]]]:
    command = [str(Path(sys.executable).with_name("stationplan")), "check", str(path), "--as", "stations", "--json"]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - begin, json.loads(done.stdout)


def _rows() -> Iterator[list[object]]:
    """Yield stations as dense as in a large city, a fifth of them beside another, one in a hundred without a place."""
    random = np.random.default_rng(20261124)
    lon, lat = random.uniform(103.0, 105.0, _ROWS), random.uniform(30.0, 31.5, _ROWS)
    twins = np.flatnonzero(random.random(_ROWS) < 0.2)[1:]
    lon[twins], lat[twins] = lon[twins - 1] + 0.0004, lat[twins - 1]
    for i in range(_ROWS):
        name = f"城{i % 977}区{i % 3001}街农行支行工会驿站（中国农业银行{i % 3001}街支行）"
        where = ["", ""] if i % 100 == 99 else [f"{lon[i]:.6f}", f"{lat[i]:.6f}"]
        yield [f"S{i}", name, f"{i % 3001}街{i % 99}号", *where, _HOSTS[i % 4], _HOURS[i % 4]]


def _write_csv(path: Path) -> None:
    with path.open("w", encoding="gb18030", newline="") as stream:
        csv.writer(stream).writerows([_HEADER, *_rows()])


def _write_workbook(path: Path) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("站点")
        for number, row in enumerate([_HEADER, *_rows()]):
            sheet.write_row(number, 0, row)
