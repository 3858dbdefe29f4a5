"""``stationplan fetch``: fetch the roads of a place from OpenStreetMap into one file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.console import Console

from stationplan.cli import printing
from stationplan.cli.options import CountsJsonOption, LangOption, OverwriteOption, VerboseOption, refuse_existing_file
from stationplan.cli.session import session_of
from stationplan.cli.terminal import plain
from stationplan.errors import FaultList, Message, say
from stationplan.text.catalogue import number, translate, words

if TYPE_CHECKING:
    from stationplan.domain import Language
    from stationplan.inputs.services.fetch import Box, Fetched
    from stationplan.inputs.services.overpass import Services

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.

_PROJECT = "a planner of rest stations for outdoor workers"
"""What service operators see as contact if the user gives none."""

_CONTACT = r"[^@\s]+@[^@\s]+|https?://\S+"


def fetch_roads(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Output file for the roads (NAME.graphml).", show_default=False)
    ],
    place: Annotated[
        list[str] | None, typer.Option(help="Name of a place, such as 成都市锦江区; may be repeated.")
    ] = None,
    bbox: Annotated[
        str | None, typer.Option(help="Rectangle instead of a name: WEST,SOUTH,EAST,NORTH in degrees (WGS-84).")
    ] = None,
    point: Annotated[
        str | None, typer.Option(help="Centre of a square instead of a name: LON,LAT in degrees (WGS-84).")
    ] = None,
    dist: Annotated[
        float | None, typer.Option(help="With --point: metres from the centre to the sides of the square.", min=1)
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option(help="E-mail or web address for the operators of the services, whose policies require one."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for cached answers (default: the user's cache folder).")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Ignore cached answers and do not cache new ones.")
    ] = False,
    overpass_url: Annotated[str | None, typer.Option(help="Address of another Overpass server.")] = None,
    nominatim_url: Annotated[str | None, typer.Option(help="Address of another Nominatim server.")] = None,
    timeout: Annotated[int, typer.Option(help="Time limit of one request (s).", min=1)] = 180,
    retries: Annotated[int, typer.Option(help="Number of retries when a server is busy.", min=0)] = 5,
    overwrite: OverwriteOption = False,
    as_json: CountsJsonOption = False,
    lang: LangOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Fetch the roads of a place from OpenStreetMap as GraphML, which any scenario can use as its road file.

    Public services are queried, which are free and often busy: busy servers are retried and each wait is shown; answers
    are cached. For a prefecture or more use an extract file (.osm.pbf) instead.
    """
    from stationplan.inputs.osm import OSM_SOURCE

    printing.log_to_stderr(verbose)
    spoken = session_of(context).lang
    request = _Request(place or [], bbox, point, dist, contact, overpass_url, nominatim_url, timeout, retries)
    kept = None if no_cache else cache or cache_folder(os.environ, sys.platform, Path.home())
    fetched = _fetch(request, out, cache=kept, overwrite=overwrite, lang=spoken)
    if as_json:
        printing.print_document(
            {
                "path": str(out),
                "places": list(fetched.places),
                "nodes": fetched.nodes,
                "edges": fetched.edges,
                "source": OSM_SOURCE,
                "date": fetched.date,
            }
        )
    else:
        _print(fetched, out, spoken)


def cache_folder(environment: Mapping[str, str], platform: str, home: Path) -> Path:
    """Return the folder for cached responses: our subfolder of the user's cache folder of the system.

    >>> cache_folder({"XDG_CACHE_HOME": "/tmp/c"}, "linux", Path("/me")).as_posix()
    '/tmp/c/stationplan'
    >>> cache_folder({}, "darwin", Path("/me")).as_posix()
    '/me/Library/Caches/stationplan'
    """
    named = Path(environment.get("LOCALAPPDATA" if platform == "win32" else "XDG_CACHE_HOME", ""))
    usual = {"win32": "AppData/Local", "darwin": "Library/Caches"}.get(platform, ".cache")
    return (named if named.is_absolute() else home / usual) / "stationplan"


class _Request(NamedTuple):
    """The request as given on the command line."""

    places: Sequence[str]
    bbox: str | None
    point: str | None
    reach_m: float | None
    contact: str | None
    overpass_url: str | None
    nominatim_url: str | None
    timeout_s: int
    retries: int


def _fetch(request: _Request, out: Path, *, cache: Path | None, overwrite: bool, lang: Language) -> Fetched:
    """Fetch roads to ``out``, and show the waits for services."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from stationplan.inputs.services import fetch as service

    where = _where(request, out)
    refuse_existing_file(out, overwrite=overwrite)
    printing.tell_swept(out, lang)
    services = _services(request)
    out.parent.mkdir(parents=True, exist_ok=True)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def tell(message: Message) -> None:
            bar.update(task, description=plain(translate(message, lang)).markup)

        fetched = service.fetch_roads(where, out, services=services, cache=cache, tell=tell)
    if request.contact is None:
        hint = say(
            "No contact address was given; the operators of the services may refuse anonymous requests. Add --contact."
        )
        errors.print(plain(translate(hint, lang), "yellow"))
    return fetched


def _services(request: _Request) -> Services:
    from stationplan.inputs.services.overpass import NOMINATIM_URL, OVERPASS_URL, Services

    return Services(
        contact=request.contact or _PROJECT,
        overpass_url=request.overpass_url or OVERPASS_URL,
        nominatim_url=request.nominatim_url or NOMINATIM_URL,
        timeout_s=request.timeout_s,
        retries=request.retries,
    )


def _print(fetched: Fetched, out: Path, lang: Language) -> None:
    console = printing.standard_output()
    word = words(lang)
    for place in fetched.places:
        console.print(plain(word("Found: {place}", place=place)))
    nodes, edges = number(fetched.nodes), number(fetched.edges)
    console.print(plain(word("Fetched: {nodes} nodes, {edges} edges.", nodes=nodes, edges=edges)))
    printing.print_path(console, word("Roads"), out, lang)
    if fetched.date:
        console.print(plain(word("Data of {date}; use --no-cache to request newer data.", date=fetched.date)))
    console.print(plain(word("Data © OpenStreetMap contributors, ODbL 1.0.")))


def _where(request: _Request, out: Path) -> tuple[str, ...] | Box:
    """Return the places or the box to fetch; raise with all errors of the command line."""
    faults = FaultList()
    if out.suffix.lower() != ".graphml":
        faults.add(say("Fetched roads are GraphML."), say("Use the extension .graphml."), key="--out")
    places = tuple(place.strip() for place in request.places)
    ways = (bool(places), request.bbox is not None, request.point is not None)
    if sum(ways) != 1 or not all(places):
        faults.add(
            say("Roads are fetched by place name, rectangle, or around a point."),
            say("Pass one of --place, --bbox, or --point with --dist."),
        )
    if (request.point is None) != (request.reach_m is None):
        faults.add(say("A point and its distance must be given together."), say("Pass --point together with --dist."))
    for option, url in (("--overpass-url", request.overpass_url), ("--nominatim-url", request.nominatim_url)):
        if url is not None and not url.startswith(("http://", "https://")):
            faults.add(say("{text} is not a web address.", text=url), say("It must begin with https://."), key=option)
    if request.contact is not None and not (
        request.contact.isascii() and re.fullmatch(_CONTACT, request.contact, re.ASCII)
    ):
        faults.add(
            say("{text} is not an e-mail or web address.", text=request.contact),
            say("Use a form such as name@example.org or https://example.org."),
            key="--contact",
        )
    box = None
    if request.bbox is not None:
        box = _box(request.bbox, faults)
    elif request.point is not None and request.reach_m is not None:
        box = _square(request.point, request.reach_m, faults)
    faults.raise_any()
    return places if box is None else box


def _box(text: str, faults: FaultList) -> Box | None:
    from stationplan.inputs.services.fetch import Box

    sides = _numbers(text)
    if len(sides) == 4 and _is_rectangle(box := Box(*sides)):
        return box
    faults.add(
        say("{text} is not a valid rectangle.", text=text),
        say("Use WEST,SOUTH,EAST,NORTH in degrees, such as 104.05,30.62,104.10,30.67."),
        key="--bbox",
    )
    return None


def _square(text: str, reach_m: float, faults: FaultList) -> Box | None:
    from stationplan.inputs.services.fetch import box_around

    place = _numbers(text)
    if len(place) == 2 and abs(place[0]) <= 180 and abs(place[1]) <= 90:
        box = box_around(place[0], place[1], reach_m)
        if _is_rectangle(box):
            return box
    faults.add(
        say("{text} cannot be the centre of such a square.", text=text),
        say("Use LON,LAT in degrees, such as 104.08,30.65."),
        key="--point",
    )
    return None


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return []


def _is_rectangle(box: Box) -> bool:
    return -180 <= box.west < box.east <= 180 and -90 <= box.south < box.north <= 90
