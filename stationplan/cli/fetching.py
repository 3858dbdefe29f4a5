"""What ``stationplan fetch`` does: ask for roads, show the waiting, tell what was saved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from stationplan.cli.show import log_to_stderr, print_document
from stationplan.cli.terminal import plain
from stationplan.domain import Language
from stationplan.errors import FaultList, Message, OutputExistsError, say
from stationplan.inputs.osm import OSM_SOURCE
from stationplan.inputs.services.fetch import Box, Fetched, box_around, fetch_roads
from stationplan.inputs.services.overpass import NOMINATIM_URL, OVERPASS_URL, Services
from stationplan.text.catalogue import number, translate, words

_PROJECT = "a planner of rest stations for outdoor workers"
"""What the operators see where the user gives no address of his own."""

_CONTACT = re.compile(r"[^@\s]+@[^@\s]+|https?://\S+", re.ASCII)


@dataclass(frozen=True)
class Wish:
    """What the user asks for, as written."""

    places: Sequence[str]
    bbox: str | None
    point: str | None
    reach_m: float | None
    contact: str | None
    overpass_url: str | None
    nominatim_url: str | None
    timeout_s: int
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
    out.parent.mkdir(parents=True, exist_ok=True)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def tell(message: Message) -> None:
            bar.update(task, description=plain(translate(message, lang)).markup)

        fetched = fetch_roads(where, out, services=services, cache=cache, tell=tell)
    if wish.contact is None:
        hint = say("No address was given to the services' operators, who may refuse the nameless: add --contact.")
        errors.print(plain(translate(hint, lang), "yellow"))
    if as_json:
        print_document(
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
        _print(fetched, out, lang)


def _print(fetched: Fetched, out: Path, lang: Language) -> None:
    console = Console(highlight=False, soft_wrap=True)
    word = words(lang)
    for place in fetched.places:
        console.print(plain(word("Found: {place}", place=place)))
    nodes, edges = number(fetched.nodes), number(fetched.edges)
    console.print(plain(word("Fetched: {nodes} nodes, {edges} edges.", nodes=nodes, edges=edges)))
    console.print(plain(word("{label}: {path}", label=word("Roads"), path=out)))
    if fetched.date:
        console.print(plain(word("Data of {date}; --no-cache asks for newer ones.", date=fetched.date)))
    console.print(plain(word("Data © OpenStreetMap contributors, ODbL 1.0.")))


def _where(wish: Wish, out: Path) -> tuple[str, ...] | Box:
    """Return what to fetch, or raise with all faults of the call."""
    faults = FaultList()
    if out.suffix.lower() != ".graphml":
        faults.add(say("Fetched roads are GraphML."), say("Let the name end in .graphml."), key="--out")
    places = tuple(place.strip() for place in wish.places)
    ways = (bool(places), wish.bbox is not None, wish.point is not None)
    if sum(ways) != 1 or not all(places):
        faults.add(
            say("Roads are fetched for places, for a rectangle, or around a point."),
            say("Give one of --place, --bbox, and --point with --dist."),
        )
    if (wish.point is None) != (wish.reach_m is None):
        faults.add(say("A point and its distance belong together."), say("Give --point with --dist."))
    for option, url in (("--overpass-url", wish.overpass_url), ("--nominatim-url", wish.nominatim_url)):
        if url is not None and not url.startswith(("http://", "https://")):
            faults.add(say("{text} is no web address.", text=url), say("Begin it with https://."), key=option)
    if wish.contact is not None and not (wish.contact.isascii() and _CONTACT.fullmatch(wish.contact)):
        faults.add(
            say("{text} is no mail or web address.", text=wish.contact),
            say("Write it like name@example.org or https://example.org."),
            key="--contact",
        )
    box = None
    if wish.bbox is not None:
        box = _box(wish.bbox, faults)
    elif wish.point is not None and wish.reach_m is not None:
        box = _square(wish.point, wish.reach_m, faults)
    faults.raise_any()
    return places if box is None else box


def _box(text: str, faults: FaultList) -> Box | None:
    sides = _numbers(text)
    if len(sides) == 4 and _is_rectangle(box := Box(*sides)):
        return box
    faults.add(
        say("{text} is no rectangle.", text=text),
        say("Write WEST,SOUTH,EAST,NORTH in degrees, such as 104.05,30.62,104.10,30.67."),
        key="--bbox",
    )
    return None


def _square(text: str, reach_m: float, faults: FaultList) -> Box | None:
    place = _numbers(text)
    if len(place) == 2 and abs(place[0]) <= 180 and abs(place[1]) <= 90:
        box = box_around(place[0], place[1], reach_m)
        if _is_rectangle(box):
            return box
    faults.add(
        say("{text} is no point that such a square fits around.", text=text),
        say("Write LON,LAT in degrees, such as 104.08,30.65."),
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
