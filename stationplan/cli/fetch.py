"""``stationplan fetch``: roads of a place from OpenStreetMap, as one file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Optional

import typer

from stationplan.cli.options import LangOption, OverwriteOption, VerboseOption
from stationplan.cli.terminal import stoppable

# ruff: noqa: UP045 - typer reads Optional on every supported Python


def cache_folder(environment: Mapping[str, str], platform: str, home: Path) -> Path:
    """Return where answers are kept: our folder in the one that the system keeps for caches.

    >>> cache_folder({"XDG_CACHE_HOME": "/tmp/c"}, "linux", Path("/me")).as_posix()
    '/tmp/c/stationplan'
    >>> cache_folder({}, "darwin", Path("/me")).as_posix()
    '/me/Library/Caches/stationplan'
    """
    named = Path(environment.get("LOCALAPPDATA" if platform == "win32" else "XDG_CACHE_HOME", ""))
    usual = {"win32": "AppData/Local", "darwin": "Library/Caches"}.get(platform, ".cache")
    return (named if named.is_absolute() else home / usual) / "stationplan"


def fetch(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the roads (NAME.graphml).", show_default=False)],
    place: Annotated[
        Optional[list[str]], typer.Option(help="Name of a place, such as 成都市锦江区; may be repeated.")
    ] = None,
    bbox: Annotated[
        Optional[str], typer.Option(help="Rectangle instead of a name: WEST,SOUTH,EAST,NORTH in degrees (WGS-84).")
    ] = None,
    point: Annotated[
        Optional[str], typer.Option(help="Middle of a square instead of a name: LON,LAT in degrees (WGS-84).")
    ] = None,
    dist: Annotated[
        Optional[float], typer.Option(help="With --point: metres from there to the sides of the square.", min=1)
    ] = None,
    contact: Annotated[
        Optional[str],
        typer.Option(help="Mail or web address for the operators of the services, who ask for one in their policies."),
    ] = None,
    cache: Annotated[
        Optional[Path], typer.Option(help="Folder that keeps the answers (default: the user's cache folder).")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Ask anew, and keep no answers.")] = False,
    overpass_url: Annotated[Optional[str], typer.Option(help="Address of another Overpass server.")] = None,
    nominatim_url: Annotated[Optional[str], typer.Option(help="Address of another Nominatim server.")] = None,
    timeout: Annotated[int, typer.Option(help="Seconds that one answer may take.", min=1)] = 180,
    retries: Annotated[int, typer.Option(help="How often a busy server is asked again.", min=0)] = 5,
    overwrite: OverwriteOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON on standard output.")] = False,
    lang: LangOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Fetch the roads of a place from OpenStreetMap as GraphML, which any scenario may name as its file of roads.

    This asks public services, which are free and often busy: waits are shown, and answers are kept for the next time.
    For a prefecture or more take an extract file (.osm.pbf) instead.
    """
    with stoppable():
        from stationplan.cli.fetching import Wish, fetch_and_tell  # noqa: PLC0415 - loads all of the geography

        fetch_and_tell(
            Wish(place or [], bbox, point, dist, contact, overpass_url, nominatim_url, timeout, retries),
            out,
            cache=None if no_cache else cache or cache_folder(os.environ, sys.platform, Path.home()),
            overwrite=overwrite,
            as_json=as_json,
            verbose=verbose,
            lang=context.obj,
        )
