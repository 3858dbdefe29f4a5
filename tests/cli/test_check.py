"""``stationplan check``: what happened to each record is reported on the screen, as JSON and in a workbook."""

from __future__ import annotations

import csv
import json
import re

import openpyxl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support.environment import ROOT

from stationplan.cli.app import BAD_INPUT, DONE, main
from stationplan.geo import wgs84_to_gcj02
from stationplan.inputs import check_table
from stationplan.scenario import Limits

HEADER = ["编码", "名称", "地址", "经度", "纬度", "场所类型", "开放时间"]
LIST = [
    ["S1", "城东农行支行工会驿站（中国农业银行城东支行）", "一路1号", 104.065012, 30.651204, "银行网点", "08:30-17:30"],
    ["S2", "城东农行支行户外劳动者服务站点", "一路1号", 104.065095, 30.651204, "银行网点", "08:30-17:30"],
    ["S3", "滨江路加油站工会驿站", "二路2号", 104.071, 30.655, "加油站", "全天"],
    ["S4", "颠倒站", "三路3号", 30.66, 104.08, "加油站", "全天"],
    ["S5", "无坐标站", "四路4号", "", "", "加油站", "全天"],
    ["S6", "看天站", "五路5号", 104.09, 30.66, "加油站", "看天"],
    ["S3", "重号站", "六路6号", 104.10, 30.66, "加油站", "全天"],
]


def station_list(folder, rows=LIST, header=HEADER, *, encoding="gb18030"):
    path = folder / "stations.csv"
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def check(capsys, *arguments):
    """Exit code, standard output and standard error of one call."""
    with pytest.raises(SystemExit) as ended:
        main(["check", *map(str, arguments)])
    out, err = capsys.readouterr()
    return ended.value.code, out, err


def told(capsys, *arguments):
    code, out, _ = check(capsys, *arguments, "--json", "--lang", "en")
    return code, json.loads(out)


def test_every_record_is_accounted_for_with_row_reason_and_cure(tmp_path, capsys):
    code, found = told(capsys, station_list(tmp_path), "--as", "stations")
    assert code == BAD_INPUT
    assert (found["rows"], found["kept"], found["usable"]) == (7, 4, False)
    assert [(finding["row"], finding["code"], finding["action"]) for finding in found["findings"]] == [
        (3, "duplicate", "kept"),
        (5, "swapped", "set_aside"),
        (6, "empty", "set_aside"),
        (6, "empty", "set_aside"),
        (7, "unknown_hours", "kept"),
        (8, "repeated_id", "set_aside"),
    ]
    assert all(finding["message"] and finding["cure"] for finding in found["findings"])
    assert {finding["file"] for finding in found["findings"]} == {"stations.csv"}
    (table,) = found["tables"]
    assert (table["set_aside"], table["merged"], table["repaired"]) == (3, 0, 0)


def test_a_pair_of_duplicates_tells_both_rows_and_the_distance_and_merges_on_demand_only(tmp_path, capsys):
    path = station_list(tmp_path, LIST[:3])
    code, found = told(capsys, path, "--as", "stations")
    assert (code, found["kept"]) == (DONE, 3)
    (pair,) = found["findings"]
    # 0.000083 degrees of longitude at 30.65 N are 8 m.
    assert (pair["row"], pair["details"]["first"], pair["details"]["distance"]) == (3, 2, 8)
    code, found = told(capsys, path, "--as", "stations", "--merge-duplicates")
    assert (code, found["kept"], found["findings"][0]["action"]) == (DONE, 2, "merged")


def test_a_list_without_ids_hours_and_hosts_is_kept_and_what_a_scenario_must_say_is_told(tmp_path, capsys):
    rows = [[row[1], row[2], row[3], row[4]] for row in LIST[:3]]
    code, found = told(capsys, station_list(tmp_path, rows, ["名称", "地址", "经度", "纬度"]), "--as", "stations")
    assert (code, found["rows"], found["kept"]) == (DONE, 3, 3)
    assert {finding["code"] for finding in found["findings"]} == {"no_id", "no_hours", "duplicate"}


@pytest.mark.parametrize(
    ("header", "code"),
    [(["名称", "经度", "纬度", "lng"], "ambiguous_column"), (["名称", "经度", "地址", "面积"], "missing_column")],
)
def test_a_table_that_cannot_be_used_at_all_is_told_as_a_finding_too(tmp_path, capsys, header, code):
    exit_code, found = told(capsys, station_list(tmp_path, [["一号", 104, 30, 104]], header), "--as", "stations")
    assert exit_code == BAD_INPUT
    assert [(finding["code"], finding["action"]) for finding in found["findings"]] == [(code, "refused")]


def test_a_column_may_be_named(tmp_path, capsys):
    path = station_list(tmp_path, [["一号", 104.01, 30.01, 7]], ["名称", "经度", "纬度", "lng"])
    code, found = told(capsys, path, "--as", "stations", "--column", "lon=经度")
    assert (code, found["kept"]) == (DONE, 1)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_screen_and_the_workbook_say_the_same(tmp_path, capsys, lang):
    path = station_list(tmp_path)
    book_path = tmp_path / "out/quality.xlsx"
    code, out, _ = check(capsys, path, "--as", "stations", "--lang", lang, "--out", book_path.parent)
    assert code == BAD_INPUT
    book = openpyxl.load_workbook(book_path)
    assert book.sheetnames == (["数据质量", "输入数据"] if lang == "zh" else ["Data quality", "Inputs"])
    rows = [row[2] for row in book.worksheets[0].iter_rows(min_row=2, values_only=True)]
    assert rows == [3, 5, 6, 6, 7, 8]
    shown = re.findall(r"^ *(\d+) │", out, re.MULTILINE)
    assert list(map(int, shown)) == rows
    assert bool(re.search(r"[\u4e00-\u9fff]", out.replace("stations.csv", ""))) or lang == "en"
    assert check(capsys, path, "--as", "stations", "--out", book_path.parent)[0] == BAD_INPUT
    assert "--overwrite" in check(capsys, path, "--as", "stations", "--lang", "en", "--out", book_path)[2]


def test_roads_show_the_datum_that_nobody_declared(tmp_path, capsys, shared_data):
    roads = graph(tmp_path, shared_data)
    capsys.readouterr()
    code, found = told(capsys, yulin_stations(tmp_path, shared_data), "--as", "stations", "--roads", roads)
    assert code == DONE
    (datum,) = found["datums"]
    assert (datum["declared"], datum["used"]) == (None, "gcj02")
    assert set(datum["medians_m"]) == {"wgs84", "gcj02", "bd09"}
    assert min(datum["medians_m"], key=datum["medians_m"].get) == "gcj02"


def test_lines_whose_datum_nobody_said_are_no_evidence(tmp_path, capsys, shared_data):
    graph(tmp_path, shared_data)
    path = yulin_stations(tmp_path, shared_data)
    code, _, err = check(capsys, path, "--as", "stations", "--roads", tmp_path / "streets.geojson", "--lang", "en")
    assert (code, "stationplan roads" in err) == (BAD_INPUT, True)


def test_a_wrongly_declared_datum_is_doubted(tmp_path, capsys, shared_data):
    path, roads = yulin_stations(tmp_path, shared_data), graph(tmp_path, shared_data)
    capsys.readouterr()
    _, found = told(capsys, path, "--as", "stations", "--roads", roads, "--datum", "wgs84")
    (datum,) = found["datums"]
    assert (datum["used"], datum["doubtful"]) == ("wgs84", True)


def yulin_rows(shared_data):
    with (shared_data / "roads/chengdu-yulin/nodes.csv").open(encoding="utf-8") as stream:
        return [(float(row["lon"]), float(row["lat"])) for row in csv.DictReader(stream)]


def yulin_stations(folder, shared_data):
    """A list of 100 places beside junctions of Yulin, in GCJ-02: 10 m to the north-east of each."""
    rows = yulin_rows(shared_data)[::4][:100]
    lon, lat = wgs84_to_gcj02([x + 7e-5 for x, _ in rows], [y + 6e-5 for _, y in rows])
    listed = [
        [f"{i}号站", round(float(x), 6), round(float(y), 6)] for i, (x, y) in enumerate(zip(lon, lat, strict=True))
    ]
    return station_list(folder, listed, ["名称", "经度", "纬度"])


def graph(folder, shared_data):
    """The streets of Yulin as lines."""
    with (shared_data / "roads/chengdu-yulin/edges.csv").open(encoding="utf-8") as stream:
        features = [
            {
                "type": "Feature",
                "properties": {"highway": row["highway"] or "residential"},
                "geometry": shapely.geometry.mapping(shapely.from_wkt(row["wkt"])),
            }
            for row in csv.DictReader(stream)
        ]
    lines, saved = folder / "streets.geojson", folder / "streets.roads.npz"
    lines.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(SystemExit):
        main(["roads", str(lines), "-o", str(saved), "--datum", "wgs84", "--json", "--force"])  # not noded
    return saved


def test_broken_counties_are_repaired_and_counted(shared_data, capsys):
    code, found = told(
        capsys,
        *(shared_data / "sichuan/sichuan_counties_183.geojson", "--as", "districts"),
        *("--district-list", shared_data / "sichuan/county_census2020.csv"),
    )
    assert (code, found["rows"], found["kept"]) == (DONE, 183, 183)
    repaired = [finding for finding in found["findings"] if finding["code"] == "invalid_polygon"]
    assert len(repaired) == 51
    assert all(float(finding["details"]["after"]) > 0 for finding in repaired)
    missing = [finding["details"]["id"] for finding in found["findings"] if finding["code"] == "no_polygon"]
    assert missing == ["511071", "511771", "511971"]


def test_broken_prefectures_are_repaired_and_counted(shared_data, capsys):
    _, found = told(capsys, shared_data / "sichuan/sichuan_prefectures_21.geojson", "--as", "districts")
    codes = [finding["code"] for finding in found["findings"]]
    assert codes == ["looks_gcj02", *["invalid_polygon"] * 15]  # the file is one of DataV's


def test_a_scenario_is_checked_with_all_its_inputs(capsys):
    code, found = told(capsys, ROOT / "data/demo/scenario.toml")
    assert (code, found["usable"]) == (DONE, True)
    assert [(table["role"], table["rows"], table["kept"]) for table in found["tables"]] == [
        ("demand", 1074, 1074),
        ("stations", 80, 80),
        ("candidates", 300, 300),
        ("area", 5, 5),
    ]
    assert {datum["role"]: datum["used"] for datum in found["datums"]} == {
        "demand": "wgs84",
        "stations": "gcj02",
        "candidates": "wgs84",
        "area": "wgs84",
    }


def test_a_scenario_without_a_datum_is_checked_and_refused_with_what_the_roads_say(demo_folder, capsys):
    text = (demo_folder / "scenario.toml").read_text("utf-8")
    path = demo_folder / "scenario.toml"
    path.write_text(text.replace('file = "stations.csv"\ndatum = "gcj02"', 'file = "stations.csv"'), "utf-8")
    code, found = told(capsys, path)
    assert code == BAD_INPUT
    (datum,) = [item for item in found["datums"] if item["role"] == "stations"]
    assert datum["declared"] is None
    assert "Median distance of 80 points" in datum["reason"]


def test_bad_rows_of_a_scenario_are_listed_and_those_of_other_tables_too(demo_folder, capsys):
    cells = (demo_folder / "cells.csv").read_text("utf-8").splitlines()
    cells[2] = cells[2].rsplit(",", 1)[0] + ",many"
    (demo_folder / "cells.csv").write_text("\n".join(cells) + "\n", "utf-8")
    code, found = told(capsys, demo_folder / "scenario.toml")
    assert code == BAD_INPUT
    assert [
        (finding["file"], finding["row"], finding["code"])
        for finding in found["findings"]
        if finding["role"] == "demand"
    ] == [("cells.csv", 3, "not_a_number")]
    assert {table["role"]: table["kept"] for table in found["tables"]}["demand"] == 1073


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{list}"], "--as"),
        (["nothing.csv", "--as", "stations"], "does not exist"),
        (["{list}", "--as", "stations", "--column", "lon"], "NAME=VALUE"),
        (["{list}", "--as", "stations", "--limit", "rows=many"], "not a valid limit"),
        (["{list}", "--as", "stations", "--limit", "height=3"], "unpacked_mb"),
    ],
)
def test_wrong_calls_are_told(tmp_path, capsys, arguments, said):
    path = station_list(tmp_path)
    code, _, err = check(capsys, *(argument.replace("{list}", str(path)) for argument in arguments), "--lang", "en")
    assert code == BAD_INPUT
    assert said in err


def test_a_cap_is_told_and_raised_by_an_option(tmp_path, capsys):
    path = station_list(tmp_path, LIST[:3])
    code, found = told(capsys, path, "--as", "stations", "--limit", "rows=2")
    assert (code, found["findings"][0]["code"]) == (BAD_INPUT, "too_large")
    assert told(capsys, path, "--as", "stations", "--limit", "rows=4")[0] == DONE


def test_observed_counts_are_checked_with_their_groups_and_slots(tmp_path, capsys):
    path = tmp_path / "observed.csv"
    rows = ["经度,纬度,人数,群体,时段", "104.06,30.65,12,外卖骑手,午间", "104.07,30.65,3,rider,noon"]
    rows += ["104.06,30.66,-1,外卖骑手,午间", "104.06,30.67,5,骆驼,午间", "104.06,30.68,5,,", ",30.6,2,,"]
    path.write_text("\n".join(rows) + "\n", "utf-8")
    code, found = told(capsys, path, "--as", "observed")
    assert (code, found["rows"], found["kept"]) == (BAD_INPUT, 6, 3)
    assert [(finding["row"], finding["code"]) for finding in found["findings"]] == [
        (4, "out_of_range"),
        (5, "unknown_word"),
        (7, "empty"),
    ]


def test_a_table_of_ragged_rows_only_is_told_row_by_row(tmp_path, capsys):
    path = tmp_path / "stations.csv"
    path.write_text("名称,经度,纬度\n一号,104\n二号,104,30,5\n", "utf-8")
    code, found = told(capsys, path, "--as", "stations")
    assert (code, found["kept"]) == (BAD_INPUT, 0)
    assert [(finding["row"], finding["code"]) for finding in found["findings"]] == [(2, "row_width"), (3, "row_width")]


CELLS = [
    "",
    "104.06",
    "30.65",
    "abc",
    "nan",
    "全天",
    "看天",
    "银行网点",
    "微型",
    "104.06,30.65",
    "0",
    "413000",
    "S1",
    "𠮷",
]
HEADS = [
    "编码",
    "名称",
    "经度",
    "纬度",
    "坐标",
    "类型",
    "面积",
    "开放时间",
    "场所类型",
    "费用",
    "人口",
    "人数",
    "群体",
    "备注",
]


@given(data=st.data(), role=st.sampled_from(["stations", "candidates", "demand", "observed"]), merge=st.booleans())
@settings(deadline=None, derandomize=True, max_examples=150)
def test_no_record_is_lost_whatever_the_table_holds(tmp_path_factory, data, role, merge):
    header = data.draw(st.lists(st.sampled_from(HEADS), min_size=1, max_size=8, unique=True))
    row = st.lists(st.sampled_from(CELLS), min_size=len(header) - 1, max_size=len(header) + 1)
    rows = data.draw(st.lists(row, max_size=6))
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    found = check_table(
        path, role, source={}, columns={}, merge_duplicates=merge, district_list=None, roads=None, limits=Limits()
    )
    (quality,) = found.quality
    if all(finding.action != "refused" for finding in quality.findings):
        gone = {finding.row for finding in quality.findings if finding.action in {"set_aside", "merged"}}
        assert quality.rows == sum(any(cell.strip() for cell in row) for row in rows)
        assert quality.kept == quality.rows - len(gone)
    else:
        assert found.refused


def test_the_findings_never_go_onto_an_input(tmp_path, capsys):
    path = tmp_path / "list.xlsx"
    book = openpyxl.Workbook()
    for row in (HEADER, *LIST[:3]):
        book.active.append(row)
    book.save(path)
    before = path.read_bytes()
    code, _, err = check(capsys, path, "--as", "stations", "--out", path, "--overwrite", "--lang", "en")
    assert (code, "is an input" in err, path.read_bytes() == before) == (BAD_INPUT, True, True)
    code, _, err = check(capsys, path, "--as", "stations", "--out", tmp_path / "findings.csv", "--lang", "en")
    assert (code, ".xlsx" in err, (tmp_path / "findings.csv").exists()) == (BAD_INPUT, True, False)


def test_a_crs_that_is_none_is_told(tmp_path, capsys):
    path = station_list(tmp_path, LIST[:3])
    for crs in ("EPSG:9999999", "abc", "EPSG:4326"):
        code, _, err = check(capsys, path, "--as", "stations", "--crs", crs, "--lang", "en")
        assert (code, "--crs" in err, crs in err) == (BAD_INPUT, True, True)


def test_what_keeps_a_scenario_from_running_is_in_the_json_too(demo_folder, capsys):
    path = demo_folder / "scenario.toml"
    path.write_text(path.read_text("utf-8").replace("new = 20", 'new = 20\nrequired = ["nobody"]'), "utf-8")
    code, found = told(capsys, path)
    assert (code, found["usable"]) == (BAD_INPUT, False)
    assert [(finding["role"], finding["key"]) for finding in found["findings"] if finding["role"] is None] == [
        (None, "plan.required")
    ]


def test_cells_outside_the_districts_are_set_aside_row_by_row_and_may_be_some_only(demo_folder, capsys):
    cells = (demo_folder / "cells.csv").read_text("utf-8").splitlines()
    cells[4] = re.sub(r"^(\w+),[^,]*,", r"\1,105.9,", cells[4])
    (demo_folder / "cells.csv").write_text("\n".join(cells) + "\n", "utf-8")
    code, found = told(capsys, demo_folder / "scenario.toml")
    assert code == DONE
    assert [
        (f["row"], f["code"]) for f in found["findings"] if f["role"] == "demand" and f["action"] == "set_aside"
    ] == [(5, "outside_area")]
    rest = [re.sub(r"^(\w+),[^,]*,", r"\1,105.9,", line) for line in cells[1:]]
    (demo_folder / "cells.csv").write_text("\n".join([cells[0], *rest]) + "\n", "utf-8")
    code, found = told(capsys, demo_folder / "scenario.toml")
    assert code == BAD_INPUT
    assert any("No cell lies within a district" in finding["message"] for finding in found["findings"])


def test_options_of_one_table_do_not_go_with_a_scenario(capsys):
    code, _, err = check(capsys, ROOT / "data/demo/scenario.toml", "--sheet", "x", "--lang", "en")
    assert (code, "--as" in err) == (BAD_INPUT, True)


def test_totals_and_signatures_below_a_list_are_no_records(tmp_path, capsys):
    rows = [*LIST[:3:2], ["合计", "", "", "", "", "", ""], ["", "填表人：王五", "", "", "", "", ""]]
    code, found = told(capsys, station_list(tmp_path, rows), "--as", "stations")
    assert (code, found["rows"], found["kept"]) == (DONE, 2, 2)
    assert [(finding["row"], finding["code"]) for finding in found["findings"]] == [(4, "no_record"), (5, "no_record")]


def test_coordinates_and_costs_are_read_as_people_write_them(tmp_path, capsys):
    header = ["编码", "名称", "经度", "纬度", "场所类型", "费用"]
    rows = [
        ["C1", "一号", "东经104.065°", "北纬30.651°", "银行", "6,000"],
        ["C2", "二号", "104.071E", "30.655N", "社区", "6000元"],
        ["C3", "三号", "104°04′48″", "30°39'36\"", "党群服务中心", "0.6万元"],
    ]
    code, found = told(capsys, station_list(tmp_path, rows, header), "--as", "candidates")
    assert (code, found["kept"], found["findings"]) == (DONE, 3, [])
