"""The file that a user may send after an unexpected error: traceback and versions, and nothing of the inputs."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

_LIBRARIES = (
    *("stationplan", "folium", "geopandas", "highspy", "numba", "numpy", "osmium", "pandas", "pyarrow", "pydantic"),
    *("pyogrio", "pyproj", "python-calamine", "rich", "scipy", "shapely", "typer"),
)


def write_failure(error: BaseException, arguments: Sequence[str]) -> Path | None:
    """Write a report on an unexpected error to the folder of temporary files; ``None`` where that is not possible.

    It names the command and its options without their values, and leaves out the message of the error, which may quote
    inputs.
    """
    name = f"stationplan-error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        path = Path(tempfile.gettempdir()) / name
        path.write_text("\n".join(_lines(error, arguments)) + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return path


def _lines(error: BaseException, arguments: Sequence[str]) -> Iterator[str]:
    options = [text.partition("=")[0] for text in arguments if text.startswith("-")]
    yield f"command: stationplan {' '.join([*arguments[:1], *options])}"
    yield f"python: {platform.python_version()} on {platform.platform()}"
    yield f"encoding: {sys.getfilesystemencoding()}, {getattr(sys.stdout, 'encoding', None)}"
    yield "versions: " + ", ".join(f"{library} {_version(library)}" for library in _LIBRARIES)
    seen: set[int] = set()
    raised: BaseException | None = error
    while raised is not None and id(raised) not in seen:
        seen.add(id(raised))
        yield ""
        yield f"{type(raised).__module__}.{type(raised).__qualname__} (its message may quote inputs and is left out)"
        yield "".join(traceback.format_tb(raised.__traceback__)).rstrip()
        raised = raised.__cause__ or raised.__context__


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "missing"
