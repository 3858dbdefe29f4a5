"""The output folder of a plan: written completely under a temporary name, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from stationplan.api.plan_file import PLAN_NAME, plan_bytes
from stationplan.documents import report_page, write_pdf, write_word
from stationplan.domain import Density, Language, Plan, Study
from stationplan.errors import OutputExistsError
from stationplan.inputs.demand.saved_models import write_model
from stationplan.report import (
    datum_document,
    districts_csv,
    document_text,
    plan_report,
    render_validation,
    sites_csv,
    validation_text,
    write_geopackage,
    write_surface,
    write_workbook,
)
from stationplan.siting import SOLVER_SEED
from stationplan.storage.files import drafted, sweep
from stationplan.webmap import render, render_surface

MAP_NAME = "map.html"
MODEL_SUFFIX = ".skops"

RESULT_NAMES = frozenset(
    {
        *("plan.json", "sites.csv", "sites.xlsx", "plan.gpkg", PLAN_NAME, MAP_NAME),
        *("report.html", "report.docx", "report.pdf"),
        *("scenario.resolved.toml", "manifest.json", "done.json"),
        *("surface.gpkg", "surface.parquet", "districts.csv", "validation.json", "validation.html"),
    }
)
"""All files that are written here, besides models (``.skops``); only these may be removed on replacement."""

_VERSIONS = ("stationplan", "folium", "geopandas", "highspy", "numba", "numpy", "osmium", "pyproj", "scipy", "shapely")


def save(
    plan: Plan,
    folder: Path,
    *,
    lang: Language = "zh",
    overwrite: bool = False,
    map_path: Path | None = None,
    fingerprint: str | None = None,
) -> None:
    """Write all outputs of a plan into ``folder``; with ``map_path`` the map is written there instead.

    With ``fingerprint``, a further file ``done.json`` records it and the SHA-256 of all others.

    The destination does not change until all files are written, so a killed run leaves the old result intact. The map
    is moved last.

    Raises
    ------
    OutputExistsError
        As for :func:`refuse_existing`.
    """
    folder = folder.resolve()
    _recover(folder)
    refuse_existing(folder, map_path, overwrite=overwrite)
    told = plan_report(plan, lang=lang)
    with _replacing(folder) as draft:
        pages = {
            "plan.json": document_text(plan),
            "sites.csv": "\ufeff" + sites_csv(plan),
            MAP_NAME: render(plan, lang=lang),
            "report.html": report_page(told),
            "scenario.resolved.toml": plan.study.scenario_toml,
            "manifest.json": manifest_text(plan.study),
        }
        _write_texts(draft, pages)
        write_workbook(plan, draft / "sites.xlsx", lang=lang)
        write_word(told, draft / "report.docx")
        write_pdf(told, draft / "report.pdf")
        write_geopackage(plan, draft / "plan.gpkg")
        (draft / PLAN_NAME).write_bytes(plan_bytes(plan))
        if fingerprint is not None:
            hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(draft.iterdir())}
            done = json.dumps({"schema": 2, "fingerprint": fingerprint, "sha256": hashes}, indent=1)
            _write_texts(draft, {"done.json": f"{done}\n"})
    if map_path is not None:
        map_path.parent.mkdir(parents=True, exist_ok=True)
        beside = map_path.with_name(f".{map_path.name}.part")
        shutil.move(folder / MAP_NAME, beside)
        beside.replace(map_path)


def save_density(
    density: Density, folder: Path, *, lang: Language = "zh", overwrite: bool = False, parquet: bool = False
) -> None:
    """Write a demand surface into ``folder``: cells, districts, validation, map, and one fitted model per group.

    Raises
    ------
    OutputExistsError
        As for :func:`refuse_existing`.
    """
    folder = folder.resolve()
    _recover(folder)
    refuse_existing(folder, None, overwrite=overwrite)
    with _replacing(folder) as draft:
        pages = {
            "districts.csv": "\ufeff" + districts_csv(density),
            "validation.json": validation_text(density),
            "validation.html": render_validation(density, lang=lang),
            MAP_NAME: render_surface(density, lang=lang),
            "scenario.resolved.toml": density.study.scenario_toml,
            "manifest.json": manifest_text(density.study),
        }
        _write_texts(draft, pages)
        write_surface(density, draft / "surface.gpkg")
        if parquet:
            write_surface(density, draft / "surface.parquet")
        for made in density.surface.groups:
            if made.learned is not None:
                write_model(made.learned, draft / f"{made.group}{MODEL_SUFFIX}")


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts by file name, without newline conversion; lone surrogates are written as escapes."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace", newline="")


def refuse_existing(folder: Path, map_path: Path | None, *, overwrite: bool) -> None:
    """Raise if the output folder or the map exists and may not be replaced.

    Replacing removes the folder. Therefore a file, or a folder with anything other than results, is never replaced.

    Raises
    ------
    OutputExistsError
        The folder or the map exists and ``overwrite`` is false; or, in any case, the folder is a file, contains files
        that are not results, or contains the current directory.
    """
    folder = folder.resolve()
    if not folder.name or Path.cwd().is_relative_to(folder):
        raise OutputExistsError(str(folder))  # never the current directory or a parent of it
    for path in filter(None, (folder, map_path)):
        if path.exists() and not overwrite:
            raise OutputExistsError(str(path))
    if _aside(folder).exists() and not overwrite:
        raise OutputExistsError(str(folder))
    if folder.is_dir():
        strangers = sorted(
            path.name for path in folder.iterdir() if path.name not in RESULT_NAMES and path.suffix != MODEL_SUFFIX
        )
        if strangers:
            raise OutputExistsError(str(folder), strangers)
    elif folder.exists():
        raise OutputExistsError(str(folder))


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that replaces ``folder`` at the end of the block, or is removed if the block fails."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    made = tempfile.mkdtemp(prefix=f".{folder.name}.{os.getpid()}.", suffix=".part", dir=folder.parent)
    with drafted(Path(made)) as draft:
        yield draft
        draft.chmod(0o777 & ~_umask())
        old = _aside(folder)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.rename(old)
        try:
            draft.rename(folder)
        finally:
            _recover(folder)
        shutil.rmtree(old, ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _recover(folder: Path) -> None:
    """Restore a result that had been moved away by a run that was killed between its two renames."""
    if _aside(folder).is_dir() and not folder.exists():
        _aside(folder).rename(folder)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def manifest_text(study: Study) -> str:
    """Return ``manifest.json`` as text: inputs of a study, versions, and seconds of each step."""
    values = {
        "schema": 1,
        "scenario": study.scenario_fingerprint,
        "inputs": [
            {"role": item.role, "path": item.path, "sha256": item.sha256, "datum": item.datum} for item in study.inputs
        ],
        "datums": datum_document(study.datums),
        "sources": list(study.sources),
        "crs": study.area.crs,
        "seeds": {"solver": SOLVER_SEED},
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in _VERSIONS}},
        "timings_s": dict(study.timings_s),
    }
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"
