"""Reads features of a file in a process of its own, under a limit of memory; ``feature_frames`` starts it by its path.

A layer may be a view that never ends, and a column of a Parquet file may unpack to any size: what GDAL and Arrow need
is what the file claims. It does not import this package, and starts at once.

Protocol, in frames of :mod:`marshal`: the process writes what the file holds, reads what to read from it (lines of
JSON), and writes the features in chunks of well-known binary and columns, then ``None``.
"""

from __future__ import annotations

import json
import marshal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_CHUNK = 50_000
"""Features that are read and sent together."""

_SECONDS = 60
"""Processor time that this process may take."""

_PLAIN = (str, int, float, bool, type(None))


def main() -> int:
    """Serve one file: its path, the limit of memory in MB, and the task (``gdal`` or ``parquet``) are the arguments."""
    path, memory_mb, task = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    try:
        if task == "gdal":
            _read_with_gdal(path, memory_mb)
        else:
            _read_parquet(path, memory_mb)
    except MemoryError:
        return 1
    except BaseException as error:
        _send({"error": f"{error}"[:500] or type(error).__name__})
    return 0


def _limit_memory(memory_mb: int) -> None:
    """Limit the address space of this process beyond what its libraries take, where the system can."""
    try:
        import resource  # noqa: PLC0415 - not on Windows

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (ImportError, OSError):
        return
    limit = memory_mb * 1_000_000 + pages * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY or hard > _SECONDS:  # for the case that its parent has ended
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, hard))


def _send(frame: dict[str, Any] | None) -> None:
    sys.stdout.buffer.write(marshal.dumps(frame))
    sys.stdout.buffer.flush()


def _told() -> Any:  # noqa: ANN401 - JSON
    return json.loads(sys.stdin.readline())


def _plain(values: Sequence[object]) -> list[object]:
    """Return values as the types of :mod:`marshal`; others as the text that they are written as."""
    return [value if type(value) in _PLAIN else _text(value) for value in values]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _read_with_gdal(path: str, memory_mb: int) -> None:
    import pyogrio  # noqa: PLC0415 - only if a file needs it

    _limit_memory(memory_mb)
    _send({"layers": [[None if item is None else str(item) for item in row] for row in pyogrio.list_layers(path)]})
    asked = _told()
    layer = {"layer": asked["layer"], "encoding": asked["encoding"]}
    info = pyogrio.read_info(path, force_feature_count=True, **layer)
    count = int(info["features"])
    _send({"driver": info["driver"], "features": count, "fields": [str(name) for name in info["fields"]]})
    if not _told():
        return
    for start in range(0, count, _CHUNK):
        meta, _, wkb, fields = pyogrio.raw.read(
            path, force_2d=True, datetime_as_string=True, skip_features=start, max_features=_CHUNK, **layer
        )
        _send(
            {
                "crs": meta["crs"],
                "wkb": None if wkb is None else wkb.tolist(),
                "fields": [_plain(column.tolist()) for column in fields],
            }
        )
    _send(None)


def _read_parquet(path: str, memory_mb: int) -> None:
    import geopandas  # noqa: PLC0415 - likewise
    import pyarrow as pa  # noqa: PLC0415
    import shapely  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    pa.set_memory_pool(pa.system_memory_pool())  # others reserve more addresses than they use
    _limit_memory(memory_mb)
    with parquet.ParquetFile(path) as file:
        meta = file.metadata
        unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        _send({"rows": meta.num_rows, "columns": meta.num_columns, "bytes": unpacked})
    if not _told():
        return
    frame = geopandas.read_parquet(path)
    crs = None if frame.crs is None else frame.crs.to_wkt()
    plain = frame.drop(columns=frame.geometry.name)
    _send({"crs": crs, "fields": [str(name) for name in plain.columns]})
    for start in range(0, len(frame), _CHUNK):
        part = plain.iloc[start : start + _CHUNK]
        shapes = frame.geometry.iloc[start : start + _CHUNK].to_numpy()
        columns = [part.iloc[:, i] for i in range(part.shape[1])]
        fields = [_plain(column.astype(object).where(column.notna(), None).tolist()) for column in columns]
        _send({"crs": crs, "wkb": shapely.to_wkb(shapely.force_2d(shapes)).tolist(), "fields": fields})
    _send(None)


if __name__ == "__main__":
    sys.exit(main())
