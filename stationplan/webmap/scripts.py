"""The scripts of the page: plain ES modules, concatenated in the order of their dependencies.

A page opened from disk cannot load modules, and a bundler would be an additional dependency. The modules therefore keep
to one form: ``import { a, b } from "./c.js";`` on a separate line, and ``export`` before a function, constant or class.
Each module becomes a function that returns its exports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from stationplan.errors import ConsistencyError
from stationplan.webmap.files import asset

_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./([\w-]+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*/\*\*(?:(?!\*/).)*\*/\n", re.MULTILINE | re.DOTALL)


def script(entry: str) -> str:
    """Return a module and everything it imports as one script, which leaves only what it hangs on ``window``."""
    return "(() => {\n" + "".join(_with(entry, {}, ()).values()) + "})();\n"


def _with(name: str, done: Mapping[str, str], above: tuple[str, ...]) -> dict[str, str]:
    """Return the modules that are done and, behind them, a further one after those that it imports."""
    if name in done:
        return dict(done)
    if name in above:
        raise ConsistencyError(f"modules import each other: {' -> '.join((*above, name))}")
    text = asset(f"{name}.js")
    for match in _IMPORT.finditer(text):
        done = _with(match[2], done, (*above, name))
    exported = [match[2] for match in _EXPORT.finditer(text)]
    body = _COMMENT.sub("", text)
    body = _IMPORT.sub(lambda match: f"const {{ {match[1]} }} = {_variable(match[2])};", body)
    body = _EXPORT.sub(lambda match: match[1], body)
    other = _OTHER.search(body)
    if other:
        raise ConsistencyError(f"{name}.js: {other[0]!r} is not of the form that is put together")
    made = f'const {_variable(name)} = (() => {{\n"use strict";\n{body}return {{ {", ".join(exported)} }};\n}})();\n'
    return {**done, name: made}


def _variable(name: str) -> str:
    return f"module_{name.replace('-', '_')}"
