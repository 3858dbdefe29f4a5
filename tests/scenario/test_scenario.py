"""The scenario file: its keys, their defaults, and how its faults are reported."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.environment import ROOT

import stationplan as sp
from stationplan.domain.modes import CAR_SPEED
from stationplan.errors import Fault, FaultList, InputError, abridged, say
from stationplan.hours import weekly
from stationplan.scenario import ScenarioFile
from stationplan.scenario.schema import MOST_SLOTS

SMALL = """
schema = 1
name = "Village"
[roads]
nodes = "nodes.csv"
edges = "edges.csv"
datum = "wgs84"
[demand]
file = "cells.csv"
datum = "wgs84"
[stations]
file = "stations.csv"
datum = "wgs84"
[candidates]
file = "candidates.csv"
datum = "wgs84"
[plan]
new = 2
"""
DEFAULTS = tomllib.loads((ROOT / "stationplan/defaults.toml").read_text("utf-8"))


def load(folder: Path, text: str) -> sp.Scenario:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return sp.load_scenario(path)


def faults_of(folder: Path, text: str) -> dict[str | None, str]:
    """The faults of a scenario, dotted key to what is said."""
    with pytest.raises(InputError) as caught:
        load(folder, text)
    assert all(fault.file == str(folder / "study.toml") for fault in caught.value.faults)
    return {fault.key: f"{fault.what} {fault.cure}" for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        (SMALL.replace("new = 2", "new = 2\nbugdet = 5"), "plan.bugdet", "budget"),
        (SMALL.replace("[plan]", "[demnad]\n[plan]"), "demnad", "demand"),
        (SMALL + "[groups.rider]\ncutof_min = 5.0", "groups.rider.cutof_min", "cutoff_min"),
        (SMALL + "[slots.noon]\nhour = '12:00-13:00'", "slots.noon.hour", "hours"),
        (SMALL + "[hosts.bank]\ntag = []", "hosts.bank.tag", "tags"),
        (SMALL.replace('"Village"', '{ zh = "村", en = "Village", em = "" }'), "name.em", "en"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(tmp_path, text, key, near):
    assert f"Did you mean {near}?" in faults_of(tmp_path, text)[key]


def test_an_unknown_key_like_no_other_lists_the_known_ones(tmp_path):
    said = faults_of(tmp_path, SMALL.replace("new = 2", "new = 2\nqqqq = 1"))["plan.qqqq"]
    assert all(key in said for key in ("budget", "new", "required", "forbidden", "floor_share", "target_share"))


def test_all_faults_come_at_once_with_dotted_keys(tmp_path):
    text = (
        SMALL.replace("new = 2", "new = -1\ntarget_share = 1.5\ntime_limit_s = inf").replace(
            'file = "cells.csv"\ndatum = "wgs84"', 'file = "cells.csv"\ndatum = "nad27"'
        )
        + '[groups.rider]\nmode = "boat"\ncutoff_min = "soon"\n'
    )
    said = faults_of(tmp_path, text)
    assert set(said) == {
        "plan.new",
        "plan.target_share",
        "plan.time_limit_s",
        "demand.datum",
        "groups.rider.mode",
        "groups.rider.cutoff_min",
    }
    assert "0 or more is expected" in said["plan.new"]
    assert all(f"'{datum}'" in said["demand.datum"] for datum in ("nad27", "wgs84", "cgcs2000", "gcj02", "bd09"))
    assert "a number is expected" in said["groups.rider.cutoff_min"]


def test_faults_between_keys_come_at_once(tmp_path):
    text = (
        SMALL.replace('edges = "edges.csv"\n', "")
        .replace('file = "stations.csv"\ndatum = "wgs84"', 'osm = "town.osm"\nhosts = ["union_built", "kiosk"]')
        .replace("new = 2", 'required = ["A"]\nforbidden = ["A"]')
        .replace("[roads]", '[area]\nfile = "districts.geojson"\ncrs = "EPSG:4326"\n[roads]')
        + '[slots.day]\nname = "day"\nhours = "08:00-12:00,14:00-18:00"\n'
        + "[groups.rider]\nprofile = { day = 0.5 }\n"
        + '[hosts.bank]\nhours = "sometimes"\nexcludes = ["plumber"]\n'
    )
    said = faults_of(tmp_path, text)
    assert set(said) == {
        "plan",
        "plan.required",
        "roads",
        "area.datum",
        "area.crs",
        "stations.hosts",
        "hosts.union_built.tags",
        "slots.day.hours",
        "groups.rider.profile",
        "hosts.bank.hours",
        "hosts.bank.excludes",
    }
    assert "sum to 0.5, not to 1" in said["groups.rider.profile"]
    assert "Unknown host type kiosk" in said["stations.hosts"]


def test_a_scenario_that_extends_another_changes_what_it_names(tmp_path):
    below = tmp_path / "below"
    below.mkdir()
    (below / "base.toml").write_text(SMALL.replace("new = 2", 'new = 2\nforbidden = ["A", "B"]'), encoding="utf-8")
    extended = load(tmp_path, 'extends = "below/base.toml"\n[plan]\nforbidden = ["C"]\nclose = 1\n')
    plan = extended.file.plan
    assert (plan.new, plan.forbidden, plan.close) == (2, ["C"], 1)
    assert extended.file.name.text.en == "Village"
    assert list(extended.folders) == [tmp_path, below]
    whole = load(tmp_path, SMALL.replace("new = 2", 'new = 2\nforbidden = ["C"]\nclose = 1'))
    assert extended.toml == whole.toml


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends = 1", "A scenario file name is expected."),
        ('extends = "study.toml"', "A scenario cannot extend itself."),
        (f"extends = 'other.toml'\n{'.'.join('a' * 3000)} = 1", "Tables and lists are nested more than 20 deep."),
        (f"{'.'.join('a' * 21)} = 1", "Tables and lists are nested more than 20 deep."),
        ('extends = "a\\u0000b.toml"', "The scenario file does not exist."),
        ('extends = "other.toml"', "A scenario cannot extend itself."),
        ('extends = "absent.toml"', "The scenario file does not exist."),
    ],
)
def test_a_scenario_extends_one_that_is_there_and_another(tmp_path, text, said):
    (tmp_path / "other.toml").write_text('extends = "study.toml"', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert [str(fault.what) for fault in caught.value.faults] == [said]


@pytest.mark.parametrize("table", ["roads", "stations", "candidates"])
def test_an_undeclared_datum_is_refused(tmp_path, table):
    head, tail = SMALL.split(f"[{table}]")
    silent = tail.replace('datum = "wgs84"\n', "", 1)
    assert "gcj02" in faults_of(tmp_path, f"{head}[{table}]{silent}")[f"{table}.datum"]


@pytest.mark.parametrize("value", ["true", '"5"', "2.5", "nan"])
def test_a_value_of_another_type_is_refused_and_not_turned_into_a_number(tmp_path, value):
    assert set(faults_of(tmp_path, SMALL.replace("new = 2", f"new = {value}"))) == {"plan.new"}


@pytest.mark.parametrize("crs", ["EPSG:1", "EPSG:4326", "EPSG:2226", "EPSG:3857", "utm"])
def test_only_a_projected_crs_that_keeps_metres_is_taken(tmp_path, crs):
    # EPSG:2226 is in US feet; EPSG:3857 (web Mercator) stretches lengths by 16 % at 30 degrees.
    text = SMALL.replace("[roads]", f'[area]\ncrs = "{crs}"\n[roads]')
    assert crs in faults_of(tmp_path, text)["area.crs"]


def test_what_is_silent_is_filled_from_the_defaults(tmp_path):
    file = load(tmp_path, SMALL).file
    assert list(file.slots) == list(DEFAULTS["slots"])
    assert list(file.groups) == list(DEFAULTS["groups"])
    assert file.groups["sanitation"].cutoff_m == 1000.0
    assert set(file.hosts) == set(DEFAULTS["hosts"])
    assert file.roads.speed_kmh == {"walk": 4.5, "ebike": 15.0}
    assert file.roads.car_speed_kmh == CAR_SPEED.by_class_kmh
    assert file.roads.straight_car_kmh == 30.0
    assert file.name.zh == file.name.en == "Village"
    assert (file.plan.floor_share, file.plan.target_share, file.plan.budget) == (0.0, 0.0, None)


def test_listed_groups_replace_the_defaults_and_known_ids_inherit(tmp_path):
    text = SMALL + (
        "[groups.rider]\ncutoff_min = 4.0\nworkers = { jobs = 0.01 }\n"
        '[groups.guard]\nname = "Guards"\nmode = "walk"\ncutoff_min = 5.0\nworkers = { jobs = 0.1 }\n'
        "profile = { dawn = 0, morning = 0, noon = 0, afternoon = 0, evening = 0, night = 1 }\n"
    )
    groups = load(tmp_path, text).file.groups
    assert list(groups) == ["rider", "guard"]
    rider = groups["rider"]
    assert rider.cutoff_min == 4.0
    assert (rider.mode, rider.cutoff_m) == ("ebike", DEFAULTS["groups"]["rider"]["cutoff_m"])
    assert rider.profile == DEFAULTS["groups"]["rider"]["profile"]
    assert groups["guard"].cutoff_m is None


def test_hosts_and_speeds_are_added_to_the_defaults(tmp_path):
    text = SMALL + (
        "[roads.car_speed_kmh]\nprimary = 33.0\n"
        "[hosts.bank]\ncost = 1.0\n"
        '[hosts.temple]\nname = "Temple"\nhours = "24小时"\ncost = 0.0\n'
    )
    file = load(tmp_path, text).file
    assert file.roads.car_speed_kmh == {**CAR_SPEED.by_class_kmh, "primary": 33.0}
    assert set(file.hosts) == {*DEFAULTS["hosts"], "temple"}
    assert (file.hosts["bank"].cost, file.hosts["bank"].hours.text) == (1.0, DEFAULTS["hosts"]["bank"]["hours"])


def test_hours_are_parsed_once_and_written_back_as_they_were(tmp_path):
    text = SMALL + (
        '[slots.work]\nname = "w"\nhours = "早上8点-12点"\n[slots.night]\nname = "n"\nhours = "22:00-05:00"\n'
        "[groups.rider]\nprofile = { work = 0.5, night = 0.5 }\n"
        '[hosts.bank]\nhours = "周一至周五 9：00-17：00"\n'
        '[actions.longer]\nname = "l"\nat = "stations"\nhours = "24小时"\ncost = 1.0\n'
        '[actions.small]\nname = "s"\ncost = 1.0\n'
    )
    scenario = load(tmp_path, text)
    file, again = scenario.file, tomllib.loads(scenario.toml)
    assert [(slot.id, slot.start_min, slot.end_min) for slot in file.day_slots] == [
        ("work", 480, 720),
        ("night", 1320, 1740),
    ]
    assert file.hosts["bank"].hours.week == weekly([((540, 1020),)] * 5 + [()] * 2)
    assert file.actions["longer"].hours.week == weekly([((0, 1440),)] * 7)
    assert file.actions["small"].hours is None
    assert [again["slots"][key]["hours"] for key in file.slots] == ["早上8点-12点", "22:00-05:00"]
    assert again["hosts"]["bank"]["hours"] == "周一至周五 9：00-17：00"
    assert (again["actions"]["longer"]["hours"], "hours" in again["actions"]["small"]) == ("24小时", False)


@pytest.mark.parametrize("count", [MOST_SLOTS, MOST_SLOTS + 1])
def test_a_scenario_has_as_many_slots_as_the_schema_says(tmp_path, count):
    slots = [f'[slots.s{i}]\nname = "{i}"\nhours = "{i // 60:02d}:{i % 60:02d}-23:59"\n' for i in range(count)]
    profile = ", ".join(f"s{i} = {i == 0:d}" for i in range(count))
    text = SMALL + "".join(slots) + f"[groups.rider]\nprofile = {{ {profile} }}\n"
    if count <= MOST_SLOTS:
        assert len(load(tmp_path, text).file.day_slots) == 48
    else:
        assert faults_of(tmp_path, text) == {
            "slots": "There are 49 time slots; the limit is 48. "
            "Merge adjacent slots; a whole day in half-hours has 48 slots."
        }


@pytest.mark.parametrize("key", ["slots.day", "hosts.bank", "actions.a"])
def test_hours_that_are_no_text_are_refused_as_any_other_value(tmp_path, key):
    said = faults_of(tmp_path, f'{SMALL}[{key}]\nname = "x"\nhours = 8\n')
    assert said[f"{key}.hours"].startswith("8 is not valid: text in quotes is expected.")


@pytest.mark.parametrize("source", ["data/demo/scenario.toml", "examples/porto-alegre.toml"])
def test_the_resolved_copy_loads_back_to_the_same_scenario(tmp_path, source):
    scenario = sp.load_scenario(ROOT / source)
    again = load(tmp_path, scenario.toml)
    assert again.file == scenario.file
    assert again.toml == scenario.toml
    assert again.fingerprint == scenario.fingerprint


def test_the_resolved_copy_writes_out_every_default(tmp_path):
    written = tomllib.loads(load(tmp_path, SMALL).toml)
    assert written["plan"] == {
        "aim": "coverage",
        "new": 2,
        "phases": [],
        "required": [],
        "forbidden": [],
        "preferred": [],
        "preferred_workers": 0.0,
        "closable": [],
        "close": 0,
        "keep_coverage": False,
        "min_spacing_m": 0.0,
        "target_share": 0.0,
        "cross_target_share": 0.0,
        "backup_weight": 0.0,
        "floor_share": 0.0,
        "frontier": [],
        "robustness_draws": 10,
        "explain": [],
        "gap": 0.0,
        "time_limit_s": 60.0,
    }
    assert written["open_share"] == 0.5
    assert written["roads"]["max_snap_m"] == 500.0
    for table in ("slots", "groups", "hosts"):
        assert set(written[table]) == set(DEFAULTS[table])


def test_the_fingerprint_follows_the_meaning_and_not_the_layout(tmp_path):
    plain = load(tmp_path, SMALL).fingerprint
    assert load(tmp_path, "# a remark\n" + SMALL).fingerprint == plain
    assert load(tmp_path, SMALL.replace("new = 2", "target_share = 0.0\nnew = 2")).fingerprint == plain
    assert load(tmp_path, SMALL.replace("new = 2", "new = 3")).fingerprint != plain


def test_data_is_looked_up_in_the_given_folder_first_and_then_beside_the_scenario(tmp_path):
    beside, data = tmp_path / "study", tmp_path / "data"
    beside.mkdir()
    data.mkdir()
    (beside / "study.toml").write_text(SMALL)
    for place, name in ((beside, "cells.csv"), (data, "cells.csv"), (beside, "nodes.csv")):
        (place / name).write_text("id\n1\n")
    scenario = sp.load_scenario(beside / "study.toml", data=data)
    assert scenario.locate("cells.csv") == data / "cells.csv"
    assert scenario.locate("nodes.csv") == beside / "nodes.csv"
    with pytest.raises(InputError, match=r"edges\.csv does not exist"):
        scenario.locate("edges.csv")
    assert sp.load_scenario(beside / "study.toml").locate("cells.csv") == beside / "cells.csv"


def test_a_data_folder_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "study.toml").write_text(SMALL)
    with pytest.raises(InputError, match="nowhere does not exist"):
        sp.load_scenario(tmp_path / "study.toml", data=tmp_path / "nowhere")


@pytest.mark.parametrize("path", ["../secret.csv", "in/../../secret.csv", "/etc/hostname", "link.csv"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, path):
    study = tmp_path / "study"
    (study / "in").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("id\n1\n")
    (study / "link.csv").symlink_to(tmp_path / "secret.csv")
    scenario = load(study, SMALL)
    with pytest.raises(InputError, match="lies outside the data folder") as caught:
        scenario.locate(path)
    assert "--data" in str(caught.value.faults[0].cure)


def test_a_fault_of_toml_gives_its_row(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(SMALL.replace("new = 2", "new = "))
    with pytest.raises(InputError) as caught:
        sp.load_scenario(path)
    (fault,) = caught.value.faults
    assert fault.row == SMALL.split("\n").index("new = 2") + 1
    assert "not valid TOML" in str(fault.what)


@pytest.mark.parametrize(
    ("data", "said"),
    [(None, "does not exist"), ("folder", "cannot be read"), ("名 = 1".encode("gb18030"), "cannot be read")],
)
def test_a_scenario_that_cannot_be_read_is_told_and_not_raised_as_it_is(tmp_path, data, said):
    path = tmp_path / "study.toml"
    if data == "folder":
        path.mkdir()
    elif data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=said):
        sp.load_scenario(path)


def test_a_scenario_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(SMALL, encoding="utf-8-sig")
    assert sp.load_scenario(path).file.plan.new == 2


@given(count=st.integers(0, 60), limit=st.integers(1, 30))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_faults_of_one_kind_are_listed_up_to_a_limit_and_then_counted(count, limit):
    faults = FaultList("cells.csv")
    for row in range(count):
        faults.add(say("{row} is odd.", row=row), say("Make it even."), row=row)
    faults.add(say("The file is old."), say("Send a new one."))
    short = abridged(faults.faults, limit=limit)
    listed = [fault for fault in short if fault.row is not None]
    assert [fault.row for fault in listed] == list(range(min(count, limit)))
    more = [fault for fault in short if "more like this one" in fault.what.template]
    assert len(short) == len(listed) + 1 + len(more)
    assert [fault.what.values["count"] for fault in more] == ([count - limit] if count > limit else [])


def test_a_fault_says_its_place():
    what, cure = say("Odd."), say("Mend it.")
    assert Fault(what, cure, "a.csv", 3).place == "a.csv:3"
    assert Fault(what, cure, "a.toml", None, "plan.new").place == "a.toml [plan.new]"
    assert str(Fault(what, cure, None, None, "plan.new")) == "[plan.new]: Odd. Mend it."
    assert str(Fault(what, cure)) == "Odd. Mend it."


def test_every_table_of_the_schema_refuses_what_it_does_not_know():
    def tables(schema: dict[str, object]) -> list[dict[str, object]]:
        return [schema, *schema.get("$defs", {}).values()]  # type: ignore[union-attr, dict-item, list-item]

    found = [table for table in tables(ScenarioFile.model_json_schema()) if table.get("type") == "object"]
    assert len(found) > 8
    assert all(table["additionalProperties"] is False for table in found)
