"""What ``stationplan fetch`` does: ask for roads, show the waiting, tell what was saved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from stationplan.cli.show import log_to_stderr, print_document
from stationplan.cli.terminal import plain
from stationplan.domain import Language
from stationplan.errors import FaultList, Message, OutputExistsError, say
from stationplan.i18n import number, translate, words
from stationplan.inputs.fetch import NOMINATIM_URL, OVERPASS_URL, Box, Services, fetch_roads

_PROJECT = "a planner of rest stations for outdoor workers"
"""What the operators see where the user gives no address of his own."""


@dataclass(frozen=True)
class Wish:
    """What the user asks for, as written."""

    place: str | None
    bbox: str | None
    contact: str | None
    overpass_url: str | None
    nominatim_url: str | None
    timeout_s: float
    retries: int


def fetch_and_tell(
    wish: Wish,
    out: Path,
    *,
    cache: Path | None,
    overwrite: bool,
    as_json: bool,
    verbose: bool,
    lang: Language,
) -> None:
    """Fetch roads to ``out`` and print what was saved."""
    log_to_stderr(verbose)
    where = _where(wish, out)
    if out.exists() and not (overwrite and out.is_file()):
        raise OutputExistsError(str(out))
    services = Services(
        contact=wish.contact or _PROJECT,
        overpass_url=wish.overpass_url or OVERPASS_URL,
        nominatim_url=wish.nominatim_url or NOMINATIM_URL,
        timeout_s=wish.timeout_s,
        retries=wish.retries,
    )
    errors = Console(stderr=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    with errors.status(plain(translate(say("Reading roads"), lang)).markup) as status:

        def tell(message: Message) -> None:
            status.update(plain(translate(message, lang)).markup)

        nodes, edges = fetch_roads(where, out, services=services, cache=cache, tell=tell)
    if as_json:
        print_document({"path": str(out), "nodes": nodes, "edges": edges})
        return
    console = Console(highlight=False, soft_wrap=True)
    word = words(lang)
    console.print(plain(word("Fetched: {nodes} nodes, {edges} edges.", nodes=number(nodes), edges=number(edges))))
    console.print(plain(word("{label}: {path}", label=word("Roads"), path=out)))
    console.print(plain(word("Data © OpenStreetMap contributors, ODbL 1.0.")))


def _where(wish: Wish, out: Path) -> str | Box:
    faults = FaultList()
    if out.suffix.lower() != ".graphml":
        faults.add(say("Fetched roads are GraphML."), say("Let the name end in .graphml."), key="--out")
    if (wish.place is None) == (wish.bbox is None):
        faults.add(say("Roads are fetched for a place or for a rectangle."), say("Give --place or --bbox."))
    for option, url in (("--overpass-url", wish.overpass_url), ("--nominatim-url", wish.nominatim_url)):
        if url is not None and not url.startswith(("http://", "https://")):
            faults.add(say("{text} is no web address.", text=url), say("Begin it with https://."), key=option)
    box = None
    if wish.bbox is not None:
        box = _box(wish.bbox, faults)
    faults.raise_any()
    return box if box is not None else wish.place or ""


def _box(text: str, faults: FaultList) -> Box | None:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = math.nan
    if -180 <= west < east <= 180 and -90 <= south < north <= 90:
        return Box(west, south, east, north)
    faults.add(
        say("{text} is no rectangle.", text=text),
        say("Write WEST,SOUTH,EAST,NORTH in degrees, such as 104.05,30.62,104.10,30.67."),
        key="--bbox",
    )
    return None
