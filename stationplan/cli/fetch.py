"""``stationplan fetch``: roads of a place from OpenStreetMap, as one file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Optional

import typer

from stationplan.cli.options import LangOption, OverwriteOption, VerboseOption
from stationplan.cli.terminal import stoppable

# ruff: noqa: UP045 - typer reads Optional on every supported Python


def fetch(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the roads (NAME.graphml).", show_default=False)],
    place: Annotated[Optional[str], typer.Option(help="Name of the place, such as 成都市锦江区.")] = None,
    bbox: Annotated[
        Optional[str], typer.Option(help="Rectangle instead of a name: WEST,SOUTH,EAST,NORTH in degrees (WGS-84).")
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
    timeout: Annotated[float, typer.Option(help="Seconds that one answer may take.", min=1)] = 180.0,
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

        kept = Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache") / "stationplan"
        fetch_and_tell(
            Wish(place, bbox, contact, overpass_url, nominatim_url, timeout, retries),
            out,
            cache=None if no_cache else cache or kept,
            overwrite=overwrite,
            as_json=as_json,
            verbose=verbose,
            lang=context.obj,
        )
