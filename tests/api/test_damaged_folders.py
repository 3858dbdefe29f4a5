"""Plan folders with missing, foreign, truncated or edited files: refused with the reason, or made again."""

from __future__ import annotations

import io
import json
import random
import shutil
import zipfile

import pytest
from support.program import call
from support.village import village

import stationplan as sp
from stationplan.api.plan_file import PLAN_NAME
from stationplan.batch import run_batch
from stationplan.storage.records import packed


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plans")
    sp.run(sp.load_scenario(village(folder / "in", "new = 1"))).save(folder / "plan")
    return folder / "plan"


@pytest.fixture
def plan(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "plan")


def outcomes(plan, tmp_path, capsys):
    """Exit code and last words of each command that reads a plan folder."""
    calls = {
        "map": ("map", plan, "-o", tmp_path / "m.html"),
        "report": ("report", plan, "--out", tmp_path / "r"),
        "compare": ("compare", plan, plan, "-o", tmp_path / "c.html"),
    }
    found = {}
    for name, arguments in calls.items():
        code, _, err = call(*arguments, "--lang", "en", capsys=capsys)
        assert "Unexpected error" not in err and "Traceback" not in err
        found[name] = (code, err)
    return found


def zipped(parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def parts_of(record):
    with zipfile.ZipFile(record) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def without(record):
    record.unlink()


def edited(record):
    parts = parts_of(record)
    parts["record.json"] = parts["record.json"].replace(b'"C3"', b'"C9"')
    record.write_bytes(zipped(parts))


def other_arrays(record):
    parts = parts_of(record)
    head = json.loads(parts["record.json"])
    head["arrays"][0]["at"] += 8
    parts["record.json"] = json.dumps(head).encode()
    record.write_bytes(zipped(parts))


DAMAGES = {
    "missing": without,
    "empty": lambda record: record.write_bytes(b""),
    "truncated": lambda record: record.write_bytes(record.read_bytes()[:-1000]),
    "no zip": lambda record: record.write_text("plan"),
    "foreign": lambda record: record.write_bytes(packed(sp.load_plan(record.parent).study, kind="other", version=1)),
    "edited": edited,
    "other arrays": other_arrays,
    "one part": lambda record: record.write_bytes(zipped({"record.json": parts_of(record)["record.json"]})),
    "no object": lambda record: record.write_bytes(zipped({"record.json": b"[]", "arrays.xz": b""})),
    "a folder": lambda record: (record.unlink(), record.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_refused_by_every_command(plan, tmp_path, capsys, damage):
    DAMAGES[damage](plan / PLAN_NAME)
    for code, err in outcomes(plan, tmp_path, capsys).values():
        assert code == 2 and str(plan) in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan"]


def test_random_bytes_are_refused_or_change_nothing(plan, tmp_path, capsys):
    record, random_ = plan / PLAN_NAME, random.Random(7)
    good = record.read_bytes()
    assert call("map", plan, "-o", tmp_path / "good.html", capsys=capsys)[0] == 0
    page = (tmp_path / "good.html").read_bytes()
    for _ in range(40):
        raw = bytearray(good)
        for _ in range(random_.choice((1, 3, 50))):
            raw[random_.randrange(len(raw))] = random_.randrange(256)
        record.write_bytes(raw)
        code, _, err = call("map", plan, "-o", tmp_path / "m.html", "--overwrite", "--lang", "en", capsys=capsys)
        assert code == 2 or ((tmp_path / "m.html").exists() and code == 0), err
    record.write_bytes(good)
    assert call("map", plan, "-o", tmp_path / "m.html", "--overwrite", capsys=capsys)[0] == 0
    assert (tmp_path / "m.html").read_bytes() == page


def test_the_record_is_enough(plan, tmp_path, capsys):
    for path in plan.iterdir():
        if path.name != PLAN_NAME:
            path.write_text("edited", encoding="utf-8")
    assert {code for code, _ in outcomes(plan, tmp_path, capsys).values()} == {0}


@pytest.mark.parametrize("name", ["plan.json", "map.html", "report.html", "plan.record"])
@pytest.mark.parametrize("change", ["remove", "cut", "edit"])
def test_a_batch_plans_units_again_whose_files_were_changed(batch, tmp_path, name, change):
    scenario, made = batch
    out = shutil.copytree(made, tmp_path / "out")
    path = out / "units" / "West" / name
    raw = path.read_bytes()
    if change == "remove":
        path.unlink()
    else:
        path.write_bytes(raw[: len(raw) // 2] if change == "cut" else raw.replace(b"a", b"b", 1))
    assert run_batch(scenario, out, by="county").kept == 1
    for path in made.rglob("*"):
        assert path.is_dir() or path.read_bytes() == (out / path.relative_to(made)).read_bytes(), path


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("batch")
    scenario = sp.load_scenario(village(folder / "in", "new = 1"))
    assert run_batch(scenario, folder / "out", by="county").kept == 0
    return scenario, folder / "out"
