"""The command line, called in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from stationplan.cli.app import main


def call(*arguments, capsys):
    """Run the program here; return exit code, standard output and standard error."""
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return caught.value.code or 0, said.out, said.err


def program(*arguments, folder, **environment):
    """Run the program in a process of its own, in English unless set otherwise."""
    settings = {**os.environ, "LC_ALL": "", "LC_MESSAGES": "", "LANG": "C.UTF-8", "COLUMNS": "200", **environment}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "from stationplan.cli import main; main()", *map(str, arguments)],
        cwd=folder,
        env=settings,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
