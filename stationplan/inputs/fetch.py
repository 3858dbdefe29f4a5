"""Roads from OpenStreetMap's services, through OSMnx: a place is looked up by Nominatim, its roads asked of Overpass.

OSMnx retries busy servers without end and hides the waiting. So its requests carry a hook (of the library requests)
that stops at a refusal; then we wait, tell how long, and ask again. Answers already in the cache are not asked for
twice.
"""

from __future__ import annotations

import logging
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from stationplan.errors import FaultList, InputError, Message, ServiceError, say
from stationplan.inputs.rules import RULE_TAGS

if TYPE_CHECKING:  # an extra: imported where roads are fetched
    from networkx import MultiDiGraph
    from requests import Response
    from shapely import MultiPolygon, Polygon

_log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

OVERPASS_URL = "https://overpass-api.de/api"
NOMINATIM_URL = "https://nominatim.openstreetmap.org"

_BUSY = frozenset({429, 502, 503, 504})
_FIRST_WAIT_S, _LONGEST_WAIT_S = 15, 240
"""Waits double with each try. A server that says how long to wait is believed up to the longest."""

_FREE_SLOTS = re.compile(r"^\d+ slots? available now", re.MULTILINE)
_NEXT_SLOT = re.compile(r"^Slot available after: .*?, in (-?\d+) seconds", re.MULTILINE)


@dataclass(frozen=True)
class Services:
    """Where OpenStreetMap's services are asked, and how.

    ``contact`` is an address that the operators may write to; their usage policies ask for one. ``retries`` is how
    often a busy or failing server is asked again; ``timeout_s`` bounds one answer.
    """

    contact: str
    overpass_url: str = OVERPASS_URL
    nominatim_url: str = NOMINATIM_URL
    timeout_s: float = 180.0
    retries: int = 5


@dataclass(frozen=True)
class Box:
    """A rectangle in WGS-84 degrees."""

    west: float
    south: float
    east: float
    north: float


Tell = Callable[[Message], None]
"""Called with what is being done, and each second of a wait with the seconds left."""


def fetch_roads(
    where: str | Box,
    path: Path,
    *,
    services: Services,
    cache: Path | None = None,
    tell: Tell = lambda message: _log.info("%s", message),
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[int, int]:
    """Write the roads of a place or a rectangle as GraphML of OSMnx, and return the numbers of nodes and of edges.

    All ways with the tag ``highway`` that are in use are taken, islands too, with the tags that the rules of the road
    read; bends between crossings become the edges' geometry. The file appears whole or not at all. Answers are kept
    in the folder ``cache`` and used again from there; without one they are kept until all is done.

    Raises
    ------
    InputError
        The place is not known or has no outline, or no road lies there; or OSMnx is not installed.
    ServiceError
        A service cannot be reached, stays busy, or answers with something else than was asked for.
    """
    if cache is None:
        with tempfile.TemporaryDirectory() as folder:
            return fetch_roads(where, path, services=services, cache=Path(folder), tell=tell, sleep=sleep)
    ox = _osmnx()
    with _settings(services, cache):
        outline = _outline(where, services, tell, sleep)
        tell(say("Asking {host} for roads", host=_host(services.overpass_url)))

        def download() -> MultiDiGraph[int]:
            _await_slot(services, tell, sleep)
            whole: MultiDiGraph[int] = ox.graph_from_polygon(
                outline, network_type="all", simplify=False, retain_all=True
            )
            return whole

        try:
            graph = _patiently(download, services, services.overpass_url, tell, sleep)
        except ox._errors.InsufficientResponseError:
            faults = FaultList()
            faults.add(
                say("No road lies in {place}.", place=_shown(where)),
                say("Check the name or the rectangle; the roads of OpenStreetMap may not be drawn there yet."),
                code="empty",
            )
            raise InputError(faults.faults) from None
        tell(say("Joining {count} road nodes", count=len(graph)))
        graph = ox.simplify_graph(graph, edge_attrs_differ=list(RULE_TAGS))
        graph.graph.pop("created_date", None)  # the same answers give the same file
        tell(say("Writing {path}", path=path))
        draft = path.with_name(f".{path.name}.part")
        try:
            ox.save_graphml(graph, draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    return len(graph), graph.number_of_edges()


def _osmnx() -> ModuleType:
    try:
        import osmnx  # noqa: PLC0415 - an extra, and slow to import
        import osmnx._errors  # noqa: PLC0415
    except ImportError:
        faults = FaultList()
        faults.add(
            say("Fetching roads needs the package osmnx."),
            say("Install it: pip install 'stationplan[fetch]'"),
            code="missing_package",
        )
        raise InputError(faults.faults) from None
    found: ModuleType = osmnx
    return found


@contextmanager
def _settings(services: Services, cache: Path) -> Iterator[None]:
    """Set OSMnx's global settings for a block, and put back what was."""
    ox = _osmnx()
    ours = {
        "cache_folder": cache,
        "use_cache": True,
        "doh_url_template": None,  # else a host that cannot be resolved is asked of a third party
        "http_user_agent": f"stationplan ({services.contact})",
        "http_referer": services.contact,
        "http_accept_language": "zh-CN,zh;q=0.9,en;q=0.5",
        "nominatim_url": services.nominatim_url,
        "overpass_url": services.overpass_url,
        "overpass_rate_limit": False,  # slots are awaited by _await_slot, which tells of it
        "requests_kwargs": {"hooks": {"response": _refuse_bad_answer}},
        "requests_timeout": services.timeout_s,
        "useful_tags_way": [*RULE_TAGS, "name", "service"],
    }
    before = {key: getattr(ox.settings, key) for key in ours}
    resolve = socket.getaddrinfo  # OSMnx replaces it to stay with one server
    try:
        for key, value in ours.items():
            setattr(ox.settings, key, value)
        yield
    finally:
        socket.getaddrinfo = resolve
        for key, value in before.items():
            setattr(ox.settings, key, value)


class _TryAgainError(Exception):
    """A server is busy or failed for now; ``wait_s`` is how long it asks to wait, if it says so."""

    def __init__(self, what: Message, wait_s: float | None = None) -> None:
        self.what, self.wait_s = what, wait_s
        super().__init__(str(what))


def _refuse_bad_answer(response: Response, *_: object, **__: object) -> None:
    """Stop at an answer that OSMnx would retry without end, or would take for all of the roads."""
    host = urlsplit(response.url).netloc
    try:
        answer = response.json()
    except ValueError:
        answer = None
    finally:
        response.close()
    if response.status_code in _BUSY:
        asked = response.headers.get("Retry-After", "")
        wait_s = float(asked) if asked.isdecimal() else None
        raise _TryAgainError(
            say("{host} is busy (HTTP {status}).", host=host, status=response.status_code), wait_s=wait_s
        )
    if not response.ok:
        raise ServiceError(
            say("{host} refused with HTTP {status}.", host=host, status=response.status_code),
            say("Check the address of the service, and --contact; or use an extract file (.osm.pbf) instead."),
        )
    if answer is None:
        raise _TryAgainError(say("{host} answered with something that is not JSON.", host=host))
    remark = str(answer.get("remark", "")) if isinstance(answer, dict) else ""
    if "error" in remark:
        raise ServiceError(
            say("{host} gave up: {remark}", host=host, remark=remark[:200]),
            say("Ask for a smaller place, raise --timeout, or use an extract file (.osm.pbf) instead."),
        )


def _patiently(
    ask: Callable[[], _Answer], services: Services, url: str, tell: Tell, sleep: Callable[[float], None]
) -> _Answer:
    """Return an answer, asking again after a wait where the server is busy or the connection breaks.

    A server that cannot be reached at all is not waited for.

    Raises
    ------
    ServiceError
        It stays so for all tries.
    """
    import requests  # noqa: PLC0415 - comes with OSMnx

    host = _host(url)
    wait_s = float(_FIRST_WAIT_S)
    for left in range(services.retries, -1, -1):
        asked_s = None
        try:
            return ask()
        except _TryAgainError as error:
            what, asked_s = error.what, error.wait_s
        except requests.exceptions.ReadTimeout:
            what = say("{host} did not answer within {limit} s.", host=host, limit=services.timeout_s)
        except requests.exceptions.RequestException as error:
            _log.info("%s", error)
            what = say("{host} broke off its answer.", host=host)
            if isinstance(error, requests.exceptions.ConnectionError) and "aborted" not in str(error):
                what = say("{host} cannot be reached.", host=host)
                break
        if left:
            _wait(min(asked_s if asked_s is not None else wait_s, _LONGEST_WAIT_S), what, tell, sleep)
            wait_s *= 2
    raise ServiceError(
        what,
        say(
            "Try later, name a mirror with --overpass-url or --nominatim-url, "
            "or use an extract file (.osm.pbf) instead."
        ),
    )


def _wait(seconds: float, why: Message, tell: Tell, sleep: Callable[[float], None]) -> None:
    for left in range(round(seconds), 0, -1):
        tell(say("{why} Asking again in {left} s.", why=why, left=left))
        sleep(1)


def _await_slot(services: Services, tell: Tell, sleep: Callable[[float], None]) -> None:
    """Wait until Overpass has a free slot for us, as far as its page of status tells."""
    import requests  # noqa: PLC0415 - comes with OSMnx

    host = _host(services.overpass_url)
    headers = {"User-Agent": f"stationplan ({services.contact})", "Referer": services.contact}
    for _ in range(services.retries + 1):
        answer = requests.get(
            f"{services.overpass_url.rstrip('/')}/status", headers=headers, timeout=services.timeout_s
        )
        slots = [int(seconds) for seconds in _NEXT_SLOT.findall(answer.text)]
        if not answer.ok or _FREE_SLOTS.search(answer.text) or not slots:
            return
        pause_s = min(max(min(slots), 1), _LONGEST_WAIT_S)
        _wait(pause_s, say("All slots of {host} are taken.", host=host), tell, sleep)


def _outline(
    where: str | Box, services: Services, tell: Tell, sleep: Callable[[float], None]
) -> Polygon | MultiPolygon:
    """Return the outline of a place or a rectangle, WGS-84 degrees."""
    if isinstance(where, Box):
        import shapely  # noqa: PLC0415 - only here

        return shapely.box(where.west, where.south, where.east, where.north)
    ox = _osmnx()
    tell(say("Looking up {place} at {host}", place=where, host=_host(services.nominatim_url)))
    faults = FaultList()
    try:
        found = _patiently(lambda: ox.geocode_to_gdf(where), services, services.nominatim_url, tell, sleep)
    except ox._errors.InsufficientResponseError:
        faults.add(
            say("The place {place} is not known.", place=where),
            say("Write its full name, such as 四川省成都市锦江区, or give --bbox."),
            code="unknown_place",
        )
    except TypeError:
        faults.add(
            say("The place {place} is known as a point only, without an outline.", place=where),
            say("Name the district that it lies in, or give --bbox."),
            code="no_outline",
        )
    else:
        outline: Polygon | MultiPolygon = found.geometry.iloc[0]
        return outline
    raise InputError(faults.faults)


def _host(url: str) -> str:
    return urlsplit(url).netloc or url


def _shown(where: str | Box) -> str:
    if isinstance(where, str):
        return where
    return f"{where.west},{where.south},{where.east},{where.north}"
