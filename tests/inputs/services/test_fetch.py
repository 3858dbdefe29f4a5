"""``stationplan fetch`` against stand-ins that speak the protocol of Overpass and Nominatim, and their faults."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import osmnx as ox
import pytest
from osmnx import _nominatim
from pyproj import Geod
from support.osm_services import (
    NODES,
    OUTLINE,
    STATUS_FREE,
    STATUS_TAKEN,
    Answer,
    answer,
    overpass,
    place,
    serving,
    streets,
)

from stationplan.cli.app import BAD_INPUT, DONE, FAILED, main
from stationplan.cli.fetch import cache_folder
from stationplan.errors import InputError, ServiceError
from stationplan.inputs.osm import OSM_SOURCE
from stationplan.inputs.roads.sources import read_road_files
from stationplan.inputs.services.fetch import Box, box_around, fetch_roads
from stationplan.inputs.services.overpass import OVERPASS_URL, Services
from stationplan.scenario import Limits

POLYGON = {"type": "Polygon", "coordinates": [OUTLINE]}
GOOD = {
    "/api/interpreter": [answer(streets())],
    "/api/status": [Answer(STATUS_FREE.encode())],
    "/search": [answer(place(POLYGON))],
}
NAME = "成都市锦江区"
BOX = Box(104.07, 30.64, 104.09, 30.66)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """OSMnx waits a second before it asks Nominatim, which here is ourselves."""
    monkeypatch.setattr(_nominatim.time, "sleep", lambda _: None)


def services(server, *, retries=3, contact="plan@example.org", timeout_s=5):
    return Services(contact, f"{server.url}/api", server.url, timeout_s=timeout_s, retries=retries)


def run(server, path, *, where=(NAME,), cache=None, **options):
    """Fetch, and return what was fetched, the seconds slept and the messages."""
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
        fetched, slept, told = run(server, tmp_path / "roads.graphml")
    # Crossings and ends stay; node 4 is a bend. The residential street and the footway go both ways.
    assert (fetched.nodes, fetched.edges, slept) == (7, 8, 0)
    assert (fetched.places, fetched.date) == (("锦江区, 成都市, 四川省, 中国",), "2026-11-23")
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
    assert pieces.date == "2026-11-23"


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
            assert "[out:json][timeout:5]" in query["data"][0]
            assert "(poly:'30." in query["data"][0]


def test_a_rectangle_needs_no_name(tmp_path):
    with serving(GOOD) as server:
        fetched, _, _ = run(server, tmp_path / "roads.graphml", where=BOX)
        assert (fetched.nodes, fetched.places, server.asked("/search")) == (7, (), 0)


def test_a_square_reaches_as_far_as_osmnxs():
    box = box_around(104.08, 30.65, 750)
    theirs = ox.utils_geo.bbox_from_point((30.65, 104.08), 750)
    # OSMnx measures on a sphere.
    np.testing.assert_allclose(
        np.subtract((box.west, box.south, box.east, box.north), (104.08, 30.65) * 2),
        np.subtract(theirs, (104.08, 30.65) * 2),
        rtol=5e-3,
    )


def test_places_are_joined(tmp_path):
    west = {"type": "Polygon", "coordinates": [[[lon - 0.013, lat] for lon, lat in OUTLINE]]}
    east = {"type": "Polygon", "coordinates": [[[lon + 0.0125, lat] for lon, lat in OUTLINE]]}
    # The western half ends at 104.077, so each half alone lacks streets of the other.
    halves = [answer(place(west)), answer(place(east))]
    with serving({**GOOD, "/search": halves}) as server:
        fetched, _, _ = run(server, tmp_path / "roads.graphml", where=("锦江区", "武侯区"))
        assert [query["q"] for _, path, query, _ in server.requests if path == "/search"] == [["锦江区"], ["武侯区"]]
    assert (len(fetched.places), fetched.nodes) == (2, 2)


def test_a_ring_that_nothing_joins_is_kept(tmp_path):
    ring = [{"type": "way", "id": 1, "nodes": [1, 2, 4, 1], "tags": {"highway": "residential"}}]
    ring += [{"type": "node", "id": n, "lon": NODES[n][0], "lat": NODES[n][1]} for n in (1, 2, 4)]
    with serving({**GOOD, "/api/interpreter": [answer(overpass(ring))]}) as server:
        fetched, _, _ = run(server, tmp_path / "roads.graphml")
    assert (fetched.nodes, fetched.edges) == (3, 6)


def test_answers_are_kept_and_serve_again_without_a_network(tmp_path):
    with serving(GOOD) as server:
        first, _, _ = run(server, tmp_path / "one.graphml", cache=tmp_path / "cache")
    again, _, _ = run(server, tmp_path / "two.graphml", cache=tmp_path / "cache")
    assert first == again
    assert (tmp_path / "one.graphml").read_bytes() == (tmp_path / "two.graphml").read_bytes()


def test_a_damaged_answer_is_told_with_its_folder(tmp_path):
    with serving(GOOD) as server:
        run(server, tmp_path / "one.graphml", where=BOX, cache=tmp_path / "cache")
        (kept,) = (tmp_path / "cache").rglob("*.json")
        kept.write_text(kept.read_text()[:100])
        with pytest.raises(InputError, match="damaged") as caught:
            run(server, tmp_path / "two.graphml", where=BOX, cache=tmp_path / "cache")
    assert str(kept.parent) in str(caught.value)
    assert not (tmp_path / "two.graphml").exists()


def test_the_oldest_answer_dates_the_roads(tmp_path):
    dates = ["2026-11-23", "2026-11-20", "2026-11-22", "2026-11-21"]
    large = Box(103.8, 30.3, 104.4, 30.9)  # some 57 by 67 km: more than the 50 km that OSMnx asks for at once
    parts = [answer(overpass(streets()["elements"], date=date)) for date in dates]
    with serving({**GOOD, "/api/interpreter": parts}) as server:
        fetched, _, _ = run(server, tmp_path / "roads.graphml", where=large)
        assert (server.asked("/api/interpreter"), server.asked("/api/status")) == (4, 4)
    assert (fetched.date, fetched.nodes) == ("2026-11-20", 7)


def test_tries_count_for_each_answer_of_a_large_place(tmp_path):
    busy = Answer(b"", 504)
    large = Box(103.8, 30.3, 104.4, 30.9)
    parts = [busy, answer(streets())] * 4
    with serving({**GOOD, "/api/interpreter": parts}) as server:
        assert run(server, tmp_path / "roads.graphml", where=large, retries=1)[0].nodes == 7
        assert server.asked("/api/interpreter") == 8


def test_a_server_that_has_moved_is_followed(tmp_path):
    moved = Answer(b"<html>moved</html>", 308, {"Location": "/new/interpreter"})
    with serving({**GOOD, "/api/interpreter": [moved], "/new/interpreter": [answer(streets())]}) as server:
        assert run(server, tmp_path / "roads.graphml")[0].nodes == 7


@pytest.mark.parametrize("status", [429, 504])
def test_a_busy_server_is_asked_again_after_a_growing_wait(tmp_path, status):
    busy = Answer(b"<html>busy</html>", status)
    with serving({**GOOD, "/api/interpreter": [busy, busy, answer(streets())]}) as server:
        fetched, slept, told = run(server, tmp_path / "roads.graphml")
        assert (fetched.nodes, server.asked("/api/interpreter")) == (7, 3)
    assert slept == 15 + 30
    assert sum(f"is busy (HTTP {status}). Retrying in 1 s." in text for text in told) == 2


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
        assert run(server, tmp_path / "roads.graphml")[0].nodes == 7
        assert server.asked("/api/interpreter") == 2


LASTING = {
    "busy": ({"/api/interpreter": [Answer(b"", 504)]}, "is busy (HTTP 504)", 4),
    "cut": ({"/api/interpreter": [answer(streets(), cut=True)]}, "was interrupted", 4),
    "no JSON": ({"/api/interpreter": [Answer(b"<html>")]}, "an unexpected answer", 4),
    "other JSON": ({"/api/interpreter": [answer({"error": "no"})]}, "an unexpected answer", 4),
    "refused": ({"/api/interpreter": [Answer(b"", 403)]}, "refused the request (HTTP 403)", 1),
    "gave up": (
        {"/api/interpreter": [answer({**streets(), "remark": "runtime error: Query timed out"})]},
        "aborted the query: runtime error: Query timed out",
        1,
    ),
    "Nominatim busy": ({"/search": [Answer(b"", 429)]}, "is busy (HTTP 429)", 0),
    "Nominatim unable": ({"/search": [answer({"error": "no database"})]}, "an unexpected answer", 0),
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


def test_a_server_that_falls_silent_is_asked_again(tmp_path):
    silent = answer(streets(), stall=True)
    with serving({**GOOD, "/api/interpreter": [silent, answer(streets())]}) as server:
        fetched, slept, told = run(server, tmp_path / "roads.graphml", timeout_s=1)
    assert (fetched.nodes, slept) == (7, 15)
    assert any("did not answer within 1 s." in text for text in told)


def test_a_status_page_that_is_missing_is_not_needed(tmp_path):
    with serving({**GOOD, "/api/status": [Answer(b"", 404)]}) as server:
        assert run(server, tmp_path / "roads.graphml")[0].nodes == 7


def test_a_service_that_cannot_be_reached_is_told_by_its_name(tmp_path):
    with serving(GOOD) as server:
        gone = server.url
    with pytest.raises(ServiceError) as caught:
        fetch_roads(
            BOX,
            tmp_path / "roads.graphml",
            services=Services("x", f"{gone}/api", gone, retries=1),
            sleep=lambda _: None,
        )
    assert str(caught.value.what) == f"{gone.removeprefix('http://')} cannot be reached."


BOW_TIE = [[104.07, 30.64], [104.09, 30.66], [104.09, 30.64], [104.07, 30.66], [104.07, 30.64]]
PROVINCE = {"type": "Polygon", "coordinates": [[[97, 26], [108, 26], [108, 34], [97, 34], [97, 26]]]}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"/search": [answer([])]}, "unknown_place"),
        ({"/search": [answer(place({"type": "Point", "coordinates": [104.08, 30.65]}))]}, "no_outline"),
        ({"/search": [answer(place({"type": "Polygon", "coordinates": [BOW_TIE]}))]}, "bad_outline"),
        ({"/search": [answer(place(PROVINCE))]}, "too_large"),
        ({"/api/interpreter": [answer(overpass([]))]}, "empty"),
    ],
)
def test_a_place_without_roads_is_bad_input(tmp_path, answers, code):
    with serving({**GOOD, **answers}) as server, pytest.raises(InputError) as caught:
        run(server, tmp_path / "roads.graphml")
    assert [fault.code for fault in caught.value.faults] == [code]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "where",
    [Box(104.0832, 30.6502, 104.0835, 30.6508), Box(104.0839, 30.6495, 104.0841, 30.6505)],
    ids=["roads only beside it", "one node"],
)
def test_a_rectangle_without_a_whole_road_is_bad_input(tmp_path, where):
    with serving(GOOD) as server, pytest.raises(InputError, match=r"There are no roads in 104\.08") as caught:
        run(server, tmp_path / "roads.graphml", where=where)
    assert [fault.code for fault in caught.value.faults] == ["empty"]


def test_every_unknown_place_is_named(tmp_path):
    with serving({**GOOD, "/search": [answer([])]}) as server, pytest.raises(InputError) as caught:
        run(server, tmp_path / "roads.graphml", where=("甲", "乙"))
    assert [fault.what.values["place"] for fault in caught.value.faults] == ["甲", "乙"]


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
                *("fetch", "--no-cache", "--timeout", "5", "--retries", "0"),
                *("--overpass-url", f"{server.url}/api", "--nominatim-url", server.url),
                *map(str, arguments),
            ]
        )
    return ended.value.code, *capsys.readouterr()


def test_the_command_writes_the_file_and_tells_the_counts(tmp_path, capsys):
    path = tmp_path / "new/roads.graphml"
    with serving(GOOD) as server:
        code, out, _ = command(capsys, server, "--place", NAME, "-o", path, "--json")
        assert code == DONE
        told = json.loads(out)
        assert (told.pop("source"), told.pop("places")) == (OSM_SOURCE, ["锦江区, 成都市, 四川省, 中国"])
        assert told == {"path": str(path), "nodes": 7, "edges": 8, "date": "2026-11-23"}
        before = path.read_bytes()
        code, _, err = command(capsys, server, "--place", NAME, "-o", path)
        assert (code, "--overwrite" in err) == (BAD_INPUT, True)
        assert command(capsys, server, "--bbox", "104.07,30.64,104.09,30.66", "-o", path, "--overwrite")[0] == DONE
        assert path.read_bytes() == before
        there = ("--point", "104.08,30.65", "--dist", "2000")
        code, out, err = command(capsys, server, *there, "-o", path, "--overwrite")
        assert (code, "7 nodes" in out, "2026-11-23" in out, "--contact" in err) == (DONE, True, True, True)
        code, out, err = command(capsys, server, "--place", NAME, "--contact", "a@b.cn", "-o", path, "--overwrite")
        assert (code, "Found: 锦江区" in out, "--contact" in err) == (DONE, True, False)


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
        (["--place", " "], "--place"),
        (["--point", "104,30"], "--dist"),
        (["--place", "x", "--dist", "5"], "--point"),
        (["--point", "104,91", "--dist", "5"], "square"),
        (["--point", "179.999,0", "--dist", "5000"], "square"),
        (["--point", "104,30", "--dist", "inf"], "square"),
        (["--place", "x", "--contact", "张三"], "张三"),
        (["--place", "x", "--contact", "a@b.cn\nX: y"], "mail or web"),
        (["--place", "x", "--overpass-url", "overpass"], "https://"),
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
        fetch_roads((NAME,), tmp_path / "roads.graphml", services=Services("x"))
    assert OVERPASS_URL.startswith("https://")


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, "/me/.cache/stationplan"),
        ("linux", {"XDG_CACHE_HOME": "/var/c"}, "/var/c/stationplan"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/me/.cache/stationplan"),  # the specification wants it ignored
        ("darwin", {}, "/me/Library/Caches/stationplan"),
        ("win32", {}, "/me/AppData/Local/stationplan"),
    ],
)
def test_answers_are_kept_where_the_system_keeps_caches(platform, environment, expected):
    assert cache_folder(environment, platform, Path("/me")).as_posix() == expected
