"""A plan's folder is enough: read back, it gives every output again in either language, and damage is refused."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.village import village

import stationplan as sp
from stationplan.api.plan_file import PLAN_NAME, plan_bytes
from stationplan.domain import Language
from stationplan.errors import InputError, say
from stationplan.storage.records import packed, unpacked

LANGUAGES: tuple[Language, ...] = ("zh", "en")


@pytest.fixture(scope="module")
def saved(demo_plan, tmp_path_factory):
    """The folders of the demo's plan, by language."""
    folder = tmp_path_factory.mktemp("saved")
    for lang in LANGUAGES:
        demo_plan.save(folder / lang, lang=lang)
    return folder


@pytest.mark.parametrize(("kept", "lang"), [("zh", "en"), ("zh", "zh"), ("en", "zh")])
def test_a_folder_gives_every_output_again_in_either_language(saved, tmp_path, kept, lang, chinese_font):
    sp.load_plan(saved / kept).save(tmp_path / "again", lang=lang)
    files = sorted(path.name for path in (saved / lang).iterdir())
    assert files == sorted(path.name for path in (tmp_path / "again").iterdir())
    assert {PLAN_NAME, "map.html", "report.html", "report.docx", "report.pdf", "plan.gpkg"} <= set(files)
    differ = [name for name in files if (saved / lang / name).read_bytes() != (tmp_path / "again" / name).read_bytes()]
    assert differ == ["manifest.json"]


def test_the_file_is_at_most_twice_as_large_as_the_geopackage(saved):
    for lang in LANGUAGES:
        folder = saved / lang
        assert (folder / PLAN_NAME).stat().st_size <= 2 * (folder / "plan.gpkg").stat().st_size


def test_a_plan_read_back_and_saved_again_keeps_its_bytes(saved, demo_plan):
    plan = sp.load_plan(saved / "zh")
    assert plan_bytes(plan) == plan_bytes(demo_plan) == (saved / "zh" / PLAN_NAME).read_bytes()
    assert isinstance(plan, sp.StudyPlan)
    assert plan.demand.draws is None


@pytest.mark.parametrize(
    "question",
    [
        'aim = "median"\nnew = 2\nfar_min = 60',
        'aim = "served"\nnew = 2\ncapacity = 100',
        "phases = [{ name = 'a', new = 1 }, { name = 'b', new = 1 }]\nfrontier = []",
        "new = 2\nexplain = ['C3']\nfrontier = [1, 2]",
    ],
)
def test_every_kind_of_plan_is_read_back(tmp_path, question):
    plan = sp.run(sp.load_scenario(village(tmp_path / "village", question)))
    plan.save(tmp_path / "first", lang="zh")
    plan.save(tmp_path / "english", lang="en")
    sp.load_plan(tmp_path / "first").save(tmp_path / "again", lang="en")
    for name in ("plan.json", "report.html", "map.html", "sites.xlsx", "sites.csv", "report.docx", "plan.gpkg"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "english" / name).read_bytes(), name


# ---- what is refused --------------------------------------------------------------------------------------------


def refusal(folder) -> str:
    with pytest.raises(InputError) as caught:
        sp.load_plan(folder)
    (fault,) = caught.value.faults
    return str(fault)


def test_a_folder_without_a_plan_says_so(tmp_path):
    assert "The folder does not exist" in refusal(tmp_path / "nowhere")
    (tmp_path / "map.html").write_text("", encoding="utf-8")
    assert "This is a file, not a folder. Give the folder" in refusal(tmp_path / "map.html")
    assert "The folder contains no plan" in refusal(tmp_path)
    (tmp_path / "plan.json").write_text("{}")
    assert "This folder was written by an older version" in refusal(tmp_path)


def rewritten(path, **changes):
    """Write the file again with other fields."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    head = json.loads(parts["record.json"]) | changes
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {"record.json": json.dumps(head).encode()}).items():
            archive.writestr(name, content)


def test_a_file_of_another_version_is_refused_with_the_reason(saved, tmp_path):
    (tmp_path / PLAN_NAME).write_bytes((saved / "zh" / PLAN_NAME).read_bytes())
    rewritten(tmp_path / PLAN_NAME, version=99)
    assert "version 99" in refusal(tmp_path)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(data=st.data())
def test_a_damaged_file_is_refused_and_never_crashes(saved, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray((saved / "zh" / PLAN_NAME).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:at]
    else:
        content[at] ^= data.draw(st.integers(1, 255))
    (folder / PLAN_NAME).write_bytes(bytes(content))
    try:
        plan = sp.load_plan(folder)
    except InputError as error:
        assert len(error.faults) == 1
    else:  # a bit that nothing reads, such as a date of the zip
        assert len(plan.chosen) == 20


@pytest.mark.parametrize(
    "change",
    [
        {"record": {}},
        {"record": []},
        {"arrays": []},
        {"arrays": [{"dtype": "O", "shape": [1], "axes": [0], "at": 0}]},
        {"arrays": [{"dtype": "<f8", "shape": [10**12], "axes": [0], "at": 0}]},
    ],
)
def test_fields_that_are_not_those_of_a_plan_are_refused(saved, tmp_path, change):
    (tmp_path / PLAN_NAME).write_bytes((saved / "zh" / PLAN_NAME).read_bytes())
    rewritten(tmp_path / PLAN_NAME, **change)
    assert "damaged" in refusal(tmp_path)


# ---- records in files -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Small:
    """A record of every plain kind of value."""

    number: int
    share: float
    text: str
    maybe: str | None
    pair: tuple[int, str]
    many: tuple[float, ...]
    values: np.ndarray


@settings(deadline=None, derandomize=True)
@given(
    number=st.integers(-(10**15), 10**15),
    share=st.floats(allow_nan=False),
    text=st.text(),
    maybe=st.none() | st.text(),
    many=st.lists(st.floats(allow_nan=False)).map(tuple),
)
def test_values_come_back_as_they_were(tmp_path_factory, number, share, text, maybe, many):
    path = tmp_path_factory.mktemp("record") / "small"
    record = Small(number, share, text, maybe, (number, text), many, np.arange(6.0).reshape(2, 3).T)
    path.write_bytes(packed(record, kind="small", version=1))
    read = unpacked(path, Small, name="small", version=1)
    assert (read.number, read.share, read.text, read.maybe) == (number, share, text, maybe)
    assert (read.pair, read.many) == ((number, text), many)
    assert np.array_equal(read.values, record.values)
    assert read.values.strides == record.values.strides


def test_what_cannot_be_kept_is_refused():
    record = Small(1, 1.0, "", None, (1, ""), (), np.zeros(1))
    with pytest.raises(TypeError, match="a set cannot be kept"):
        packed(replace(record, text={1}), kind="small", version=1)


def test_messages_come_back_as_messages(tmp_path):
    @dataclass(frozen=True)
    class Note:
        said: type(say("All"))

    note = Note(say("{count} of {all}", count=1, all=say("All")))
    (tmp_path / "note").write_bytes(packed(note, kind="note", version=1))
    Note.__annotations__["said"] = type(note.said)
    assert unpacked(tmp_path / "note", Note, name="note", version=1) == note
