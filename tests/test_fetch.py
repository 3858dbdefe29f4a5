"""``stationplan fetch`` against stand-ins that speak the protocol of Overpass and Nominatim, and their faults."""

from __future__ import annotations

import json
import socket

import numpy as np
import osmnx as ox
import pytest
from osm_services import (
    NODES,
    OUTLINE,
    STATUS_FREE,
    STATUS_TAKEN,
    Answer,
    answer,
    place,
    serving,
    streets,
)
from osmnx import _nominatim
from pyproj import Geod

from stationplan.cli.app import BAD_INPUT, DONE, FAILED, main
from stationplan.errors import InputError, ServiceError
from stationplan.inputs import fetch as fetching
from stationplan.inputs.fetch import Box, Services, fetch_roads
from stationplan.inputs.roads import read_road_files
from stationplan.scenario import Limits

POLYGON = {"type": "Polygon", "coordinates": [OUTLINE]}
GOOD = {
    "/api/interpreter": [answer(streets())],
    "/api/status": [Answer(STATUS_FREE.encode())],
    "/search": [answer(place(POLYGON))],
}
NAME = "成都市锦江区"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """OSMnx waits a second before it asks Nominatim, which here is ourselves."""
    monkeypatch.setattr(_nominatim.time, "sleep", lambda _: None)


def services(server, *, retries=3, contact="plan@example.org"):
    return Services(contact, f"{server.url}/api", server.url, timeout_s=5, retries=retries)


def run(server, path, *, where=NAME, cache=None, **options):
    """Fetch, and return the result, the seconds slept and what was told."""
    slept, told = [], []
    result = fetch_roads(
        where,
        path,
        services=services(server, **options),
        cache=cache,
        tell=lambda m: told.append(str(m)),
        sleep=slept.append,
    )
    return result, sum(slept), told


def test_a_place_becomes_a_graph_with_the_tags_that_rules_read(tmp_path):
    with serving(GOOD) as server:
        (nodes, edges), slept, told = run(server, tmp_path / "roads.graphml")
    # Crossings and ends stay; node 4 is a bend. The residential street and the footway go both ways.
    assert (nodes, edges, slept) == (7, 8, 0)
    graph = ox.load_graphml(tmp_path / "roads.graphml")
    assert set(graph) == {1, 2, 3, 5, 6, 7, 8}
    geod = Geod(ellps="WGS84")
    bend = graph.edges[2, 5, 0]
    assert (bend["highway"], bend["oneway"], bend["maxspeed"]) == ("tertiary", True, "40")
    assert [tuple(np.round(xy, 6)) for xy in bend["geometry"].coords] == [NODES[2], NODES[4], NODES[5]]
    straight = geod.line_length(*zip(*[NODES[i] for i in (2, 4, 5)], strict=True))
    assert bend["length"] == pytest.approx(straight, rel=5e-3)  # OSMnx measures on a sphere
    assert graph.edges[1, 2, 0]["foot"] == "yes"
    assert graph.edges[7, 8, 0]["bicycle"] == "yes"
    assert [text.split(" at ")[0] for text in told][:1] == [f"Looking up {NAME}"]
    assert list(tmp_path.iterdir()) == [tmp_path / "roads.graphml"]


def test_what_is_fetched_is_read_as_roads(tmp_path):
    with serving(GOOD) as server:
        run(server, tmp_path / "roads.graphml")
    pieces = read_road_files([tmp_path / "roads.graphml"], datum="wgs84", layer=None, limits=Limits())
    places = set(zip(pieces.lon.round(6).tolist(), pieces.lat.round(6).tolist(), strict=True))
    assert places == set(NODES.values())


def test_the_services_are_asked_as_their_policies_want(tmp_path):
    with serving(GOOD) as server:
        run(server, tmp_path / "roads.graphml")
    methods = {(method, path) for method, path, _, _ in server.requests}
    assert methods == {("GET", "/search"), ("GET", "/api/status"), ("POST", "/api/interpreter")}
    for _, path, query, headers in server.requests:
        assert headers["User-Agent"] == "stationplan (plan@example.org)", path
        if path == "/search":
            assert (query["q"], query["format"], query["polygon_geojson"]) == ([NAME], ["json"], ["1"])
        if path == "/api/interpreter":
            assert "[out:json]" in query["data"][0]
            assert "(poly:'30." in query["data"][0]


def test_a_rectangle_needs_no_name(tmp_path):
    with serving(GOOD) as server:
        (nodes, _), _, _ = run(server, tmp_path / "roads.graphml", where=Box(104.07, 30.64, 104.09, 30.66))
        assert (nodes, server.asked("/search")) == (7, 0)


def test_answers_are_kept_and_not_asked_for_again(tmp_path):
    with serving(GOOD) as server:
        for name in ("one", "two"):
            run(server, tmp_path / f"{name}.graphml", cache=tmp_path / "cache")
        assert (server.asked("/search"), server.asked("/api/interpreter")) == (1, 1)
    assert (tmp_path / "one.graphml").read_bytes() == (tmp_path / "two.graphml").read_bytes()


@pytest.mark.parametrize("status", [429, 504])
def test_a_busy_server_is_asked_again_after_a_growing_wait(tmp_path, status):
    busy = Answer(b"<html>busy</html>", status)
    with serving({**GOOD, "/api/interpreter": [busy, busy, answer(streets())]}) as server:
        (nodes, _), slept, told = run(server, tmp_path / "roads.graphml")
        assert (nodes, server.asked("/api/interpreter")) == (7, 3)
    assert slept == 15 + 30
    assert sum(f"is busy (HTTP {status}). Asking again in 1 s." in text for text in told) == 2


def test_a_server_that_says_how_long_to_wait_is_believed(tmp_path):
    busy = Answer(b"", 429, {"Retry-After": "4"})
    with serving({**GOOD, "/api/interpreter": [busy, answer(streets())]}) as server:
        assert run(server, tmp_path / "roads.graphml")[1] == 4


def test_a_slot_is_awaited(tmp_path):
    with serving({**GOOD, "/api/status": [Answer(STATUS_TAKEN.encode()), Answer(STATUS_FREE.encode())]}) as server:
        _, slept, told = run(server, tmp_path / "roads.graphml")
        assert (slept, server.asked("/api/interpreter")) == (7, 1)
    assert any("slots" in text and "in 7 s" in text for text in told)


def test_a_connection_that_breaks_off_is_tried_again(tmp_path):
    broken = answer(streets(), cut=True)
    with serving({**GOOD, "/api/interpreter": [broken, answer(streets())]}) as server:
        assert run(server, tmp_path / "roads.graphml")[0][0] == 7
        assert server.asked("/api/interpreter") == 2


LASTING = {
    "busy": ({"/api/interpreter": [Answer(b"", 504)]}, "is busy (HTTP 504)", 4),
    "cut": ({"/api/interpreter": [answer(streets(), cut=True)]}, "broke off its answer", 4),
    "no JSON": ({"/api/interpreter": [Answer(b"<html>")]}, "not JSON", 4),
    "refused": ({"/api/interpreter": [Answer(b"", 403)]}, "refused with HTTP 403", 1),
    "gave up": (
        {"/api/interpreter": [answer({**streets(), "remark": "runtime error: Query timed out"})]},
        "gave up: runtime error: Query timed out",
        1,
    ),
    "Nominatim busy": ({"/search": [Answer(b"", 429)]}, "is busy (HTTP 429)", 0),
}


@pytest.mark.parametrize("case", LASTING)
def test_a_fault_that_stays_ends_after_the_tries_and_leaves_nothing(tmp_path, case):
    answers, said, tries = LASTING[case]
    with serving({**GOOD, **answers}) as server:
        with pytest.raises(ServiceError) as caught:
            run(server, tmp_path / "roads.graphml")
        assert server.asked("/api/interpreter") == tries
    assert said in str(caught.value.what)
    assert ".osm.pbf" in str(caught.value.cure)
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_cannot_be_reached_is_told_by_its_name(tmp_path):
    with serving(GOOD) as server:
        gone = server.url
    with pytest.raises(ServiceError) as caught:
        fetch_roads(
            Box(104.07, 30.64, 104.09, 30.66),
            tmp_path / "roads.graphml",
            services=Services("x", f"{gone}/api", gone, retries=1),
            sleep=lambda _: None,
        )
    assert str(caught.value.what) == f"{gone.removeprefix('http://')} cannot be reached."


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"/search": [answer([])]}, "unknown_place"),
        ({"/search": [answer(place({"type": "Point", "coordinates": [104.08, 30.65]}))]}, "no_outline"),
        ({"/api/interpreter": [answer({**streets(), "elements": []})]}, "empty"),
    ],
)
def test_a_place_without_roads_is_bad_input(tmp_path, answers, code):
    with serving({**GOOD, **answers}) as server, pytest.raises(InputError) as caught:
        run(server, tmp_path / "roads.graphml")
    assert [fault.code for fault in caught.value.faults] == [code]
    assert list(tmp_path.iterdir()) == []


def test_the_settings_of_osmnx_are_put_back(tmp_path):
    before = {name: getattr(ox.settings, name) for name in dir(ox.settings) if not name.startswith("_")}
    resolve = socket.getaddrinfo
    with serving({**GOOD, "/api/interpreter": [Answer(b"", 403)]}) as server, pytest.raises(ServiceError):
        run(server, tmp_path / "roads.graphml")
    assert {name: getattr(ox.settings, name) for name in before} == before
    assert socket.getaddrinfo is resolve


def command(capsys, server, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(
            [
                *("fetch", *map(str, arguments), "--no-cache", "--timeout", "5", "--retries", "0"),
                *("--overpass-url", f"{server.url}/api", "--nominatim-url", server.url),
            ]
        )
    return ended.value.code, *capsys.readouterr()


def test_the_command_writes_the_file_and_tells_the_counts(tmp_path, capsys):
    path = tmp_path / "new/roads.graphml"
    with serving(GOOD) as server:
        code, out, _ = command(capsys, server, "--place", NAME, "-o", path, "--json")
        assert (code, json.loads(out)) == (DONE, {"path": str(path), "nodes": 7, "edges": 8})
        before = path.read_bytes()
        code, _, err = command(capsys, server, "--place", NAME, "-o", path)
        assert (code, "--overwrite" in err) == (BAD_INPUT, True)
        assert command(capsys, server, "--bbox", "104.07,30.64,104.09,30.66", "-o", path, "--overwrite")[0] == DONE
    assert path.read_bytes() == before


def test_the_command_tells_an_unreachable_service_and_ends_with_one(tmp_path, capsys):
    with serving({**GOOD, "/api/interpreter": [Answer(b"", 504)]}) as server:
        code, _, err = command(capsys, server, "--place", NAME, "-o", tmp_path / "roads.graphml")
    assert code == FAILED
    assert "504" in err
    assert "--overpass-url" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--place"),
        (["--place", "x", "--bbox", "1,2,3,4"], "--bbox"),
        (["--bbox", "104.1,30.6,104.0,30.7"], "rectangle"),
        (["--bbox", "here"], "rectangle"),
    ],
)
def test_wrong_calls_are_told_before_anything_is_asked(tmp_path, capsys, arguments, said):
    with serving(GOOD) as server:
        code, _, err = command(capsys, server, *arguments, "-o", tmp_path / "roads.graphml")
        assert server.requests == []
    assert code == BAD_INPUT
    assert said in err
    code, _, err = command(capsys, server, "--place", NAME, "-o", tmp_path / "roads.osm")
    assert (code, ".graphml" in err) == (BAD_INPUT, True)


def test_stopping_leaves_nothing_half_written(tmp_path, monkeypatch):
    def stop(graph, path):
        path.write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(ox, "save_graphml", stop)
    with serving(GOOD) as server, pytest.raises(KeyboardInterrupt):
        run(server, tmp_path / "roads.graphml")
    assert list(tmp_path.iterdir()) == []


def test_without_osmnx_the_command_to_install_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "osmnx", None)
    with pytest.raises(InputError, match=r"pip install 'stationplan\[fetch\]'"):
        fetch_roads(NAME, tmp_path / "roads.graphml", services=Services("x"))
    assert fetching.OVERPASS_URL.startswith("https://")
