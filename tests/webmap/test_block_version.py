"""The version of the map's data block: its content does not change without a new one, and no other one is read.

After a change of the block raise ``VERSION`` in ``stationplan/webmap/payload.py`` and in
``stationplan/webmap/assets/model.js``, then write the golden file anew and commit it with the reason::

    STATIONPLAN_GOLDEN=write .venv/bin/pytest tests/webmap/test_block_version.py
"""

from __future__ import annotations

import json
import os
import re

import pytest
from support.environment import ROOT
from support.map_block import block_of
from support.village import village

import stationplan as sp
from stationplan.webmap.files import asset
from stationplan.webmap.payload import VERSION

GOLDEN = ROOT / "tests/golden/map-block.json"
CHANGED = (
    "The content of the map's data block has changed. Raise VERSION in stationplan/webmap/payload.py and in "
    "stationplan/webmap/assets/model.js, then write tests/golden/map-block.json anew: "
    "STATIONPLAN_GOLDEN=write .venv/bin/pytest tests/webmap/test_block_version.py"
)
LABELS = "text"
"""Labels are words, which may change within a version: a comparison of pages has labels of its own."""
COLUMNS = re.compile(r"sites\.(?!closed|lat|lon)|cover\.|cells\.(?:district|heads)")
"""Numbers here are those of arrays of counts, rows and flags, which hang on the plan and on nothing else."""


def kind(value):
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def leaves(value, path=""):
    """Every value of a content by its path; the items of a list have the same one."""
    if isinstance(value, dict) and path != LABELS:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item, f"{path}[]")
    else:
        yield path, value


def structure(block):
    """What a block holds: kinds of values by path, the arrays of plain counts, and how long all arrays are."""
    kinds, columns = {}, {}
    for path, value in leaves(block.content):
        kinds.setdefault(path, set()).add(kind(value))
        if COLUMNS.match(path) and kind(value) == "number":
            columns.setdefault(path, []).append(block.arrays[value].tolist())
    return {
        "version": block.content["version"],
        "kinds": {path: " or ".join(sorted(found)) for path, found in sorted(kinds.items())},
        "columns": columns,
        "lengths": [len(values) for values in block.arrays],
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    scenario = village(tmp_path_factory.mktemp("village"), 'new = 2\nexplain = ["C3"]')
    return structure(block_of(sp.run(sp.load_scenario(scenario))))


def test_the_block_does_not_change_without_a_new_version(found):
    golden = json.loads(GOLDEN.read_text("utf-8")) if GOLDEN.exists() else {}
    if os.environ.get("STATIONPLAN_GOLDEN") == "write" and found != golden:
        assert found["version"] != golden.get("version"), CHANGED
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        golden = found
    assert found == golden, CHANGED


def test_what_the_golden_file_notices(found):
    assert found["columns"]["sites.open[]"] == [[1] * 6]
    assert {path for path in found["kinds"] if path.startswith("sites.")} >= {"sites.flags", "sites.open[]"}
    assert found["kinds"][LABELS] == "dict"


def test_the_page_reads_the_version_that_is_written(found):
    (known,) = re.findall(r"^const VERSION = (\d+);$", asset("model.js"), re.MULTILINE)
    assert int(known) == VERSION == found["version"]
