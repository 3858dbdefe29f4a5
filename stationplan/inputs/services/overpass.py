"""Requests to OpenStreetMap's services through OSMnx, with retries and waiting times that the user can see.

OSMnx retries busy servers without limit and does not show the waiting time. Therefore its requests carry two hooks that
the requests library calls: one before sending, which waits for a free slot, and one on the response, which raises on
refusals. Then this module waits, reports how long, and retries. Cached responses are not requested again and need no
waiting.
"""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from stationplan.errors import FaultList, InputError, Message, ServiceError, say
from stationplan.inputs.roads.rules import RULE_TAGS

if TYPE_CHECKING:  # an extra: imported where roads are fetched
    from requests import PreparedRequest, Response

_log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

OVERPASS_URL = "https://overpass-api.de/api"
NOMINATIM_URL = "https://nominatim.openstreetmap.org"

_BUSY = frozenset({429, 502, 503, 504})
_FIRST_WAIT_S, _LONGEST_WAIT_S = 15, 240
"""Waiting times double with each retry. The time that a server requests is respected up to the longest."""

_FREE_SLOTS = re.compile(r"^\d+ slots? available now", re.MULTILINE)
_NEXT_SLOT = re.compile(r"^Slot available after: .*?, in (-?\d+) seconds", re.MULTILINE)


@dataclass(frozen=True)
class Services:
    """URLs of OpenStreetMap's services, and settings of the requests.

    ``contact`` is an address in ASCII at which the operators may reach the user; their usage policies require one.
    ``retries`` is how often a request to a busy or failing server is repeated for one response; ``timeout_s`` limits
    one response.
    """

    contact: str
    overpass_url: str = OVERPASS_URL
    nominatim_url: str = NOMINATIM_URL
    timeout_s: int = 180
    retries: int = 5


Tell = Callable[[Message], None]
"""Called with a message on the current step, and in each second of a wait with the seconds left."""


def load_osmnx() -> ModuleType:
    """Return the module OSMnx, which is an extra.

    Raises
    ------
    InputError
        It is not installed.
    """
    try:
        import osmnx  # noqa: PLC0415 - an extra, and slow to import
        import osmnx._errors  # noqa: PLC0415
    except ImportError:
        faults = FaultList()
        faults.add(
            say("Fetching roads requires the package osmnx."),
            say("Install it: pip install 'stationplan[fetch]'"),
            code="missing_package",
        )
        raise InputError(faults.faults) from None
    found: ModuleType = osmnx
    return found


@dataclass(frozen=True)
class Client:
    """Client of the services: their settings, the folder of cached responses, and functions to report and to sleep."""

    services: Services
    cache: Path
    tell: Tell
    sleep: Callable[[float], None]

    def ask(self, url: str, question: Callable[[], _Answer]) -> _Answer:
        """Return OSMnx's result from the responses of a server, retrying while it is busy or breaks off.

        A large place takes several responses; each good one is cached and resets the count of retries. A server that
        cannot be reached at all is not retried.

        Raises
        ------
        InputError
            A cached response is damaged.
        ServiceError
            All retries failed.
        """
        import requests  # noqa: PLC0415 - comes with OSMnx

        host = host_of(url)
        kept, tries = 0, 0
        while True:
            asked_s = None
            try:
                with self._osmnx_set():
                    return question()
            except _TryAgainError as error:
                what, asked_s = error.what, error.wait_s
            except requests.exceptions.RequestException as error:
                _log.info("%s", error)
                what, lasting = _connection_fault(host, error, self.services.timeout_s)
                if lasting:
                    break
            except json.JSONDecodeError:
                raise _damaged(self.cache) from None
            if (now := len(list(self.cache.glob("*.json")))) > kept:
                kept, tries = now, 0
            if tries == self.services.retries:
                break
            self._wait(asked_s if asked_s is not None else _FIRST_WAIT_S * 2**tries, what)
            tries += 1
        raise ServiceError(
            what,
            say(
                "Try later, use a mirror with --overpass-url or --nominatim-url, or use an extract file (.osm.pbf) "
                "instead."
            ),
        )

    @contextmanager
    def _osmnx_set(self) -> Iterator[None]:
        """Set OSMnx's global settings within a block, and restore them afterwards; not thread-safe."""
        settings = load_osmnx().settings
        ours = {
            "cache_folder": self.cache,
            "use_cache": True,
            "doh_url_template": None,  # otherwise a host name that cannot be resolved is sent to a third party
            "http_user_agent": f"stationplan ({self.services.contact})",
            "http_referer": self.services.contact,
            "http_accept_language": "zh-CN,zh;q=0.9,en;q=0.5",
            "nominatim_url": self.services.nominatim_url,
            "overpass_url": self.services.overpass_url,
            "overpass_rate_limit": False,  # OSMnx would wait for slots without any message
            "requests_kwargs": {"auth": self._before, "hooks": {"response": _refuse_bad_answer}},
            "requests_timeout": self.services.timeout_s,
            "useful_tags_way": [*RULE_TAGS, "name", "service"],
        }
        before = {key: getattr(settings, key) for key in ours}
        resolve = socket.getaddrinfo  # OSMnx replaces it to stay with one server
        try:
            for key, value in ours.items():
                setattr(settings, key, value)
            yield
        finally:
            socket.getaddrinfo = resolve
            for key, value in before.items():
                setattr(settings, key, value)

    def _before(self, request: PreparedRequest) -> PreparedRequest:
        """Wait for a slot before a request is sent to Overpass, the only service used with POST."""
        if request.method == "POST":
            self._await_slot()
            self.tell(say("Requesting roads from {host}", host=host_of(self.services.overpass_url)))
        return request

    def _await_slot(self) -> None:
        """Wait until Overpass has a free slot, according to its status page."""
        import requests  # noqa: PLC0415 - comes with OSMnx

        url = f"{self.services.overpass_url.rstrip('/')}/status"
        headers = {"User-Agent": f"stationplan ({self.services.contact})", "Referer": self.services.contact}
        for _ in range(self.services.retries + 1):
            try:
                answer = requests.get(url, headers=headers, timeout=self.services.timeout_s)
            except requests.exceptions.RequestException as error:
                _log.info("%s", error)
                return  # the request itself will show what is wrong
            slots = [int(seconds) for seconds in _NEXT_SLOT.findall(answer.text)]
            if not answer.ok or _FREE_SLOTS.search(answer.text) or not slots:
                return
            self._wait(max(min(slots), 1), say("All query slots of {host} are in use.", host=host_of(url)))

    def _wait(self, seconds: float, why: Message) -> None:
        seconds = round(min(seconds, _LONGEST_WAIT_S))
        _log.info("%s Waiting %d s.", why, seconds)
        for left in range(seconds, 0, -1):
            self.tell(say("{why} Retrying in {left} s.", why=why, left=left))
            self.sleep(1)


class _TryAgainError(Exception):
    """A server is busy or failed temporarily; ``wait_s`` is the waiting time (s) that it requests, if stated."""

    def __init__(self, what: Message, wait_s: float | None = None) -> None:
        self.what, self.wait_s = what, wait_s
        super().__init__(str(what))


def _refuse_bad_answer(response: Response, *_: object, **__: object) -> None:
    """Raise on a response that OSMnx would retry without limit, or would accept as complete."""
    if response.is_redirect:
        return
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
            say("{host} refused the request (HTTP {status}).", host=host, status=response.status_code),
            say("Check the address of the service, and --contact; or use an extract file (.osm.pbf) instead."),
        )
    # Nominatim returns a list of places; Overpass returns an object with a list of elements.
    if not isinstance(answer, list) and not (isinstance(answer, dict) and isinstance(answer.get("elements"), list)):
        raise _TryAgainError(say("{host} returned an unexpected answer.", host=host))
    remark = str(answer.get("remark", "")) if isinstance(answer, dict) else ""
    if "error" in remark:
        raise ServiceError(
            say("{host} aborted the query: {remark}", host=host, remark=remark[:200]),
            say("Request a smaller area, raise --timeout, or use an extract file (.osm.pbf) instead."),
        )


def _connection_fault(host: str, error: Exception, limit_s: int) -> tuple[Message, bool]:
    """Return what is wrong with a connection, and whether a retry is useless.

    requests has one class for a server that is not available and for one that stops responding in the middle of a
    response.
    """
    import requests  # noqa: PLC0415 - comes with OSMnx

    if isinstance(error, requests.exceptions.ReadTimeout) or "Read timed out" in str(error):
        return say("{host} did not answer within {limit} s.", host=host, limit=limit_s), False
    if isinstance(error, requests.exceptions.ConnectionError) and "aborted" not in str(error):
        return say("{host} cannot be reached.", host=host), True
    return say("The answer of {host} was interrupted.", host=host), False


def _damaged(folder: Path) -> InputError:
    faults = FaultList()
    faults.add(
        say("A cached answer in {folder} is damaged.", folder=folder),
        say("Delete that folder, or pass --no-cache."),
        code="unreadable",
    )
    return InputError(faults.faults)


def host_of(url: str) -> str:
    """Return the host and port of a URL.

    >>> host_of("https://overpass-api.de/api")
    'overpass-api.de'
    """
    return urlsplit(url).netloc or url
