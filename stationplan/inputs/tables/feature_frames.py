"""Features as :mod:`feature_process` sends them, counted while they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import shapely

from stationplan.domain import ObjectArray
from stationplan.errors import FaultList, InputError, say
from stationplan.inputs.limits import memory_of, refuse_above
from stationplan.inputs.tables.bounded import MEMORY_MB, SECONDS, BoundedProcess, ProcessEnded, bounded_process
from stationplan.scenario import Limits

_PROCESS = Path(__file__).with_name("feature_process.py")
_BYTES_A_VERTEX = 16

Frame = dict[str, object]


@dataclass(frozen=True, eq=False)
class SentFeatures:
    """Columns of values, shapes (``None``: a table without), and the CRS as the file states it (empty: not)."""

    fields: list[list[object]]
    shapes: ObjectArray | None
    crs: str


@contextmanager
def feature_process(path: Path, task: Literal["gdal", "parquet"], faults: FaultList) -> Iterator[BoundedProcess]:
    """Yield the process that reads a file; where it ends too early, within the block, the file is refused.

    Raises
    ------
    InputError
        The file takes more memory or time than a process may have.
    """
    try:
        with bounded_process(_PROCESS, path, task, seconds=SECONDS) as process:
            yield process
    except ProcessEnded as error:
        what = say("Reading the file takes more than {cap} MB of memory.", cap=MEMORY_MB)
        if error.timed_out:
            what = say("The file could not be read in {seconds} seconds.", seconds=round(SECONDS))
        faults.add(
            what, say("Clip it to the study area, or export it again without what is not needed."), code="too_large"
        )
        raise InputError(faults.faults) from None


def frame_of(process: BoundedProcess) -> Frame | None:
    """Return the next frame, ``None`` at the end.

    Raises
    ------
    RuntimeError
        The library could not read the file; in its words.
    """
    frame = cast("Frame | None", process.receive())
    if frame is not None and "error" in frame:
        raise RuntimeError(str(frame["error"]))
    return frame


def received(process: BoundedProcess, columns: int, limits: Limits, faults: FaultList) -> SentFeatures:
    """Return all features that follow.

    Raises
    ------
    InputError
        Their shapes, or values, are above the limits.
    """
    fields: list[list[object]] = [[] for _ in range(columns)]
    shapes: list[ObjectArray] = []
    crs, drawn_bytes, size = "", 0, 0
    while (frame := frame_of(process)) is not None:
        for column, values in zip(fields, cast("list[list[object]]", frame["fields"]), strict=True):
            size += memory_of(values)
            column.extend(values)
        refuse_above(-(-size // 1_000_000), "table_mb", limits, faults)
        crs = str(frame["crs"] or "")
        if frame["wkb"] is not None:
            wkb = cast("list[bytes | None]", frame["wkb"])
            drawn_bytes += sum(len(shape) for shape in wkb if shape is not None)
            refuse_above(drawn_bytes // _BYTES_A_VERTEX, "vertices", limits, faults)
            shapes.append(np.asarray(shapely.from_wkb(np.array(wkb, dtype=object)), dtype=object))
    return SentFeatures(fields, np.concatenate(shapes) if shapes else None, crs)
