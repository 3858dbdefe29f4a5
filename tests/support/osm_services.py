"""Stand-ins for Overpass and Nominatim on loopback: they speak the services' protocol and serve a few streets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

# Two streets that cross, one of them one-way with a bend, and a footway on an island of its own.
NODES = {
    1: (104.080, 30.650),
    2: (104.081, 30.650),
    3: (104.082, 30.650),
    4: (104.081, 30.651),
    5: (104.0815, 30.652),
    6: (104.081, 30.649),
    7: (104.084, 30.650),
    8: (104.085, 30.650),
}
WAYS = [
    (11, [1, 2, 3], {"highway": "residential", "name": "一街", "foot": "yes"}),
    (12, [6, 2, 4, 5], {"highway": "tertiary", "oneway": "yes", "maxspeed": "40"}),
    (13, [7, 8], {"highway": "footway", "bicycle": "yes"}),
]
OUTLINE = [[104.07, 30.64], [104.09, 30.64], [104.09, 30.66], [104.07, 30.66], [104.07, 30.64]]

STATUS_FREE = (
    "Connected as: 1\nCurrent time: 2026-11-24T00:00:00Z\nAnnounced endpoint: none\nRate limit: 2\n"
    "2 slots available now.\nCurrently running queries (pid, space limit, time limit, start time):\n"
)
STATUS_TAKEN = (
    "Connected as: 1\nCurrent time: 2026-11-24T00:00:00Z\nAnnounced endpoint: none\nRate limit: 2\n"
    "Slot available after: 2026-11-24T00:00:07Z, in 7 seconds.\n"
    "Slot available after: 2026-11-24T00:00:30Z, in 30 seconds.\n"
    "Currently running queries (pid, space limit, time limit, start time):\n"
)


def streets() -> dict[str, object]:
    """An answer of Overpass: ways, then their nodes."""
    ways = [{"type": "way", "id": way, "nodes": nodes, "tags": tags} for way, nodes, tags in WAYS]
    nodes = [{"type": "node", "id": node, "lat": lat, "lon": lon} for node, (lon, lat) in NODES.items()]
    return overpass([*ways, *nodes])


def overpass(elements: list[dict[str, object]], *, date: str = "2026-11-23") -> dict[str, object]:
    """What Overpass wraps around the elements found."""
    dated = {"timestamp_osm_base": f"{date}T20:21:11Z", "copyright": "ODbL"}
    return {"version": 0.6, "generator": "Overpass API 0.7.62", "osm3s": dated, "elements": elements}


def place(geometry: dict[str, object]) -> list[dict[str, object]]:
    """An answer of Nominatim."""
    return [
        {
            "place_id": 1,
            "osm_type": "relation",
            "osm_id": 2727066,
            "lat": "30.65",
            "lon": "104.08",
            "class": "boundary",
            "type": "administrative",
            "display_name": "锦江区, 成都市, 四川省, 中国",
            "importance": 0.5,
            "boundingbox": ["30.64", "30.66", "104.07", "104.09"],
            "geojson": geometry,
        }
    ]


@dataclass
class Answer:
    """What a server sends; ``cut`` breaks the connection in the middle of the body, ``stall`` falls silent there."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    stall: bool = False


def answer(value: object, **options: object) -> Answer:
    """An answer in JSON."""
    return Answer(json.dumps(value).encode(), **options)  # type: ignore[arg-type]


@dataclass
class Server:
    """A running server: its answers in turn for each path (the last one stays), and the requests that it got."""

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, list[str]], dict[str, str]]] = field(default_factory=list)

    def asked(self, path: str) -> int:
        """How often a path was asked."""
        return sum(request[1] == path for request in self.requests)


@contextmanager
def serving(answers: dict[str, list[Answer]]) -> Iterator[Server]:
    """Give a server on loopback, gone after the block."""
    server = Server(answers={path: list(queue) for path, queue in answers.items()})

    ended = Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self, query: str) -> None:
            path = urlsplit(self.path).path
            server.requests.append((self.command, path, parse_qs(query), dict(self.headers)))
            queue = server.answers[path]
            given = queue.pop(0) if len(queue) > 1 else queue[0]
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(given.body[: len(given.body) // 2] if given.cut or given.stall else given.body)
            if given.stall:
                ended.wait()
            self.close_connection = True

        def do_GET(self) -> None:
            self._serve(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.url = f"http://127.0.0.1:{running.server_address[1]}"
    try:
        yield server
    finally:
        ended.set()
        running.shutdown()
        thread.join()
        running.server_close()
