"""Output in any encoding, width and state of the standard streams; the exit code tells how the work ended."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.village import village

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses a POSIX shell")


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = village(tmp_path_factory.mktemp("village"), "new = 1")
    path.write_text(path.read_text("utf-8").replace('name = "Village"', 'name = "村庄"'), encoding="utf-8")
    return path


def shell(line, scenario, **environment):
    """Run a line of bash, in which ``$S`` is the program and ``$V`` the scenario."""
    settings = {
        **os.environ,
        "LANG": "C.UTF-8",
        "LC_ALL": "",
        "S": f"{sys.executable} -m stationplan",
        "V": str(scenario),
    }
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env={**settings, **environment}, capture_output=True, check=False
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1:strict", "gb18030"])
def test_characters_that_the_encoding_lacks_are_replaced(scenario, tmp_path, encoding):
    legacy = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": encoding}
    done = shell(f"$S run $V --out {tmp_path}/out --lang zh", scenario, **legacy)
    assert (done.returncode, done.stderr) == (0, b"")
    first = done.stdout.splitlines()[0]
    assert first == ("村庄".encode("gb18030") if encoding == "gb18030" else b"??")


def test_a_reader_that_ends_early_is_no_fault(scenario):
    done = shell("$S check $V --lang en | head -1", scenario)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"cells.csv (demand): 12 records")


def test_closed_streams_do_not_disturb_the_work(scenario, tmp_path):
    done = shell(f"$S run $V --out {tmp_path}/out >&- 2>&-", scenario)
    assert done.returncode == 0
    assert b"no-such-text" not in done.stdout and len(list((tmp_path / "out").iterdir())) == 11
    done = shell(f"$S run {tmp_path}/gone.toml >&-", scenario)
    assert done.returncode == 2 and b"gone.toml" in done.stderr


@pytest.mark.parametrize("columns", ["0", "1", "20"])
def test_a_narrow_terminal_loses_no_text(scenario, tmp_path, columns):
    done = shell(f"$S run $V --out {tmp_path}/out --lang en", scenario, COLUMNS=columns)
    assert done.returncode == 0 and b"C3" in done.stdout and b"500.0" in done.stdout
    assert b"Usage: stationplan" in shell("$S --help", scenario, COLUMNS=columns).stdout
