"""The commands as a set: where each lives, what its help says, and what its help costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.environment import ROOT

from stationplan.cli.app import COMMANDS, make_command

CLI = ROOT / "stationplan/cli"
SHARED = {"failure", "session", "stopping", "streams", "__init__", "app", "options", "printing", "terminal"}
"""Modules that hold no command."""

VERBS = {"Check", "Compare", "Draw", "Estimate", "Fetch", "List", "Plan", "Report", "Save", "Show", "Write"}
OUTPUTS = re.compile(r"\b(map|page|report|tables?|workbook|surface|folder|file|GraphML|JSON)\b|--out|out/")
ENGLISH = make_command("en")
CHINESE = make_command("zh")
OPTIONS = [(name, number) for name, command in ENGLISH.commands.items() for number in range(len(command.params))]


def test_every_command_has_the_module_that_is_named_as_it():
    assert {name: function.__module__ for name, function in COMMANDS.items()} == {
        name: f"stationplan.cli.{name}" for name in COMMANDS
    }
    assert {path.stem for path in CLI.glob("*.py")} - SHARED == set(COMMANDS) == set(ENGLISH.commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_starts_with_a_verb_and_names_the_output(name):
    said = ENGLISH.commands[name].help
    assert said.split()[0] in VERBS
    assert OUTPUTS.search(said)
    assert re.search(r"[\u4e00-\u9fff]", CHINESE.commands[name].help)


@pytest.mark.parametrize(
    "command", [*ENGLISH.commands.values(), *CHINESE.commands.values()], ids=lambda item: item.name
)
def test_nothing_of_the_help_is_read_as_markup(command):
    # The terminal's library would take [roads] for a style and leave it out.
    texts = [command.help, *(getattr(option, "help", None) or "" for option in command.params)]
    assert [text for text in texts if "[" in text] == []


@pytest.mark.parametrize(("name", "number"), OPTIONS)
def test_every_option_is_documented_in_both_languages(name, number):
    option, translated = ENGLISH.commands[name].params[number], CHINESE.commands[name].params[number]
    if option.name == "help":
        assert option.help
        return
    assert re.match(r"[A-Z]", option.help), option.name
    assert option.help.endswith((".", ")")), option.name
    assert re.search(r"[\u4e00-\u9fff]", translated.help), option.name


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_and_version_load_no_heavy_library(arguments):
    code = (
        "import sys\nfrom stationplan.cli import main\n"
        f"try:\n    main({arguments})\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'geopandas', 'shapely', 'numba', 'folium'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.stem)
def test_modules_and_functions_are_short(path: Path):
    text = path.read_text("utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    assert len(text.splitlines()) <= 500
    assert [function.name for function in functions if function.end_lineno - function.lineno >= 100] == []
