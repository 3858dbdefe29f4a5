"""The rules of the source, read from the source itself: imports, printing, documentation."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import import_module, metadata
from pathlib import Path

import pytest
from support.environment import IN_CI, ROOT

SOURCE = ROOT / "stationplan"

PACKAGES = [
    "errors",
    "domain",
    "geo",
    "hours",
    "text",
    "storage",
    "scenario",
    "inputs",
    "demand",
    "access",
    "siting",
    "planning",
    "figures",
    "documents",
    "report",
    "webmap",
    "api",
    "batch",
    "",  # the package itself: the public names
    "demo",
    "cli",
    "__main__",
]
"""From top to bottom. A module imports from packages above its own, or from its own."""

MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix("__init__").rstrip("."): path
    for path in sorted(SOURCE.rglob("*.py"))
}
"""Path of each module by its name inside the package; the package itself is ``""``."""


TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))

REPLACERS = ("setattr", "delattr", "getattr", "patch", "patch.object")
"""Ends of the functions that take the name of what they replace or read."""

EXTRAS = {
    *(
        "distributed",
        "exactextract",
        "fsspec",
        "geoalchemy2",
        "h3",
        "networkx",
        "osmnx",
        "psycopg",
        "pyarrow",
        "rasterio",
        "requests",
    ),
    *("skops", "sklearn", "sqlalchemy", "threadpoolctl"),
}
"""Libraries that users may leave out."""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def package_of(module: str) -> str:
    """The package of the list that holds a module."""
    return max((name for name in PACKAGES if name == module or module.startswith(f"{name}.")), key=len)


def own_imports(path: Path) -> set[str]:
    """Modules of the package that a file imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(tree(path)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            inside = name.removeprefix("stationplan").removeprefix(".") if name.split(".")[0] == "stationplan" else None
            if inside is not None:
                found.add(inside if inside in MODULES else inside.rpartition(".")[0])
    return found


def other_imports(nodes: list[ast.stmt] | list[ast.AST]) -> set[str]:
    """First names of the other packages that some statements import."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found - {"stationplan", "__future__"}


def test_every_module_is_in_a_known_package():
    assert {
        module for module in MODULES if module.split(".")[0] not in {name.split(".")[0] for name in PACKAGES}
    } == set()
    assert {name for name in PACKAGES if name not in MODULES} == set()


def test_the_architecture_page_lists_the_packages_in_this_order():
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    listed = re.findall(r"^(\w+)(?:\.py|/)", page.split("```")[1], re.MULTILINE)
    assert listed == [name for name in PACKAGES if name]


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_upwards_only(module):
    here = PACKAGES.index(package_of(module))
    below = {name for name in own_imports(MODULES[module]) if PACKAGES.index(package_of(name)) > here}
    assert below == set()


def test_map_and_report_do_not_import_each_other():
    imports = {name: own_imports(path) for name, path in MODULES.items()}
    of_map = {target for name in MODULES if package_of(name) == "webmap" for target in imports[name]}
    of_report = {target for name in MODULES if package_of(name).startswith("report") for target in imports[name]}
    assert {name for name in of_map if name.startswith("report")} == set()
    assert {name for name in of_report if name.startswith("webmap")} == set()


def test_siting_knows_matrices_only():
    own, foreign = set(), set()
    for name, path in MODULES.items():
        if package_of(name) == "siting":
            own |= {package_of(target) for target in own_imports(path)}
            foreign |= other_imports(list(ast.walk(tree(path))))
    assert own <= {"siting", "domain", "errors"}
    assert foreign - set(sys.stdlib_module_names) <= {"numpy", "scipy", "numba", "highspy"}
    assert not foreign & {"csv", "io", "json", "os", "pathlib", "shutil", "tempfile"}


def test_importing_the_package_loads_no_heavy_library():
    code = "import stationplan, sys; print([n for n in ('numpy', 'pandas', 'geopandas', 'numba') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_only_the_command_line_prints():
    printing = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for name, path in MODULES.items()
        if package_of(name) != "cli"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_hours_are_parsed_where_they_are_read_and_nowhere_after():
    parsers = {"parse_hours", "parse_slot", "opening_hours", "slot_hours"}
    parsing = {
        name
        for name, path in MODULES.items()
        for node in ast.walk(tree(path))
        if package_of(name) != "hours"
        and (
            (isinstance(node, ast.ImportFrom) and parsers & {alias.name for alias in node.names})
            or (isinstance(node, ast.Attribute) and node.attr in parsers)
        )
    }
    assert parsing == {"scenario.fields", "inputs.sites.row_hours", "inputs.sites.hour_columns"}


def test_only_the_command_line_reads_the_environment():
    reading = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for name, path in MODULES.items()
        if package_of(name) != "cli"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert reading == []


@pytest.mark.parametrize("module", MODULES)
def test_optional_libraries_are_never_needed_to_import(module):
    assert not other_imports(tree(MODULES[module]).body) & {*EXTRAS, "sklearn", "playwright"}


def test_every_library_imported_is_a_declared_dependency():
    def canonical(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    needed = [text for text in metadata.requires("stationplan") or [] if 'extra == "dev"' not in text]
    declared = {canonical(re.split(r"[^\w.-]", text)[0]) for text in needed}
    declared.add("markupsafe")  # Jinja's own escaping
    owners = metadata.packages_distributions()
    foreign = {name for path in MODULES.values() for name in other_imports(list(ast.walk(tree(path))))}
    libraries = foreign - set(sys.stdlib_module_names)
    assert {name for name in libraries if not {canonical(owner) for owner in owners.get(name, [])} & declared} == set()


# ---- sizes, names, docstrings ---------------------------------------------------------------------------------------


def test_no_module_is_above_500_lines():
    sizes = {name: len(path.read_text("utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: size for name, size in sizes.items() if size > 500} == {}


def test_no_file_of_tests_is_above_500_lines():
    sizes = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in TEST_FILES}
    assert sizes
    assert {name: size for name, size in sizes.items() if size > 500} == {}


def is_compiled(node: ast.FunctionDef) -> bool:
    return any("njit" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_no_function_is_above_100_lines():
    # Kernels that numba compiles are one loop each; parting them costs speed.
    long = {
        f"{name}.{node.name}": node.end_lineno - node.lineno + 1
        for name, path in MODULES.items()
        for node in functions(path)
        if node.end_lineno - node.lineno + 1 > 100 and not is_compiled(node)
    }
    assert long == {}


def test_no_basename_occurs_twice_in_one_package_tree():
    places: dict[tuple[str, str], list[str]] = {}
    for name, path in MODULES.items():
        if path.name != "__init__.py":
            places.setdefault((name.split(".")[0], path.stem), []).append(name)
    assert {key: names for key, names in places.items() if len(names) > 1} == {}


def test_no_class_name_has_two_meanings():
    places: dict[str, list[str]] = {}
    for name, path in MODULES.items():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):  # private ones are local to a module
                places.setdefault(node.name, []).append(name)
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}


def public_functions(body: list[ast.stmt], prefix: str = "") -> list[tuple[str, ast.FunctionDef]]:
    """Public functions of a module and methods of its public classes, by their name."""
    found = []
    for node in body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            found.append((prefix + node.name, node))
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += public_functions(node.body, f"{node.name}.")
    return found


def raises(function: ast.FunctionDef) -> bool:
    """Whether the body of a function, without functions inside it, raises anything."""
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function]
    inside = {id(node) for one in inner for node in ast.walk(one)}
    return any(
        (isinstance(node, ast.Raise) and node.exc is not None)
        or (isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "raise_any")
        for node in ast.walk(function)
        if id(node) not in inside
    )


@pytest.mark.parametrize("module", MODULES)
def test_what_a_public_function_raises_is_documented(module):
    # A command's docstring is its help; its errors are the exit codes of the program.
    commands = package_of(module) == "cli"
    undocumented = [
        name
        for name, node in public_functions(tree(MODULES[module]).body)
        if raises(node) and not commands and not re.search(r"^Raise |Raises\n", ast.get_docstring(node) or "")
    ]
    assert undocumented == []


@pytest.mark.parametrize("module", [name for name in MODULES if package_of(name) == "domain"])
def test_every_array_of_a_record_is_described(module):
    # Shape, unit and meaning are in the docstring of the class, beside the name of the field.
    missing = [
        f"{node.name}.{item.target.id}"
        for node in tree(MODULES[module]).body
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(one) for one in node.decorator_list)
        for item in node.body
        if isinstance(item, ast.AnnAssign) and re.search(r"Array|NDArray|cs[rc]_array", ast.unparse(item.annotation))
        if not re.search(rf"``{item.target.id}\b", ast.get_docstring(node) or "")
    ]
    assert missing == []


def named_aims(node: ast.AST, ids: frozenset[str]) -> bool:
    """Whether a comparison, a pattern or a table distinguishes aims by their names."""

    def strings(item: ast.AST) -> set[str]:
        found = {one.value for one in ast.walk(item) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        return found & ids

    def speaks_of_aim(item: ast.AST) -> bool:
        return any(getattr(one, "attr", getattr(one, "id", "")) == "aim" for one in ast.walk(item))

    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return any(map(strings, sides)) and any(map(speaks_of_aim, sides))
    if isinstance(node, ast.Match):
        return speaks_of_aim(node.subject)
    return isinstance(node, ast.Dict) and len({name for key in node.keys if key for name in strings(key)}) > 2


def test_no_module_but_its_own_names_an_aim():
    from stationplan.planning.aims import AIMS  # noqa: PLC0415 - only here

    ids = frozenset(AIMS)
    naming = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for name, path in MODULES.items()
        if not name.startswith("planning.aims.")
        for node in ast.walk(tree(path))
        if named_aims(node, ids)
    ]
    assert naming == []
    old = ast.parse("share = {'fair': 1, 'served': 0, 'cost': 2}\nif plan.aim in ('worst', 'regret'): pass")
    assert sum(named_aims(node, ids) for node in ast.walk(old)) == 2


# ---- the tests themselves -------------------------------------------------------------------------------------------


def called(node: ast.AST) -> set[str]:
    """Names of the functions and methods that a function calls."""
    calls = [item.func for item in ast.walk(node) if isinstance(item, ast.Call)]
    return {
        func.id if isinstance(func, ast.Name) else func.attr
        for func in calls
        if hasattr(func, "id") or hasattr(func, "attr")
    }


def asserts(node: ast.AST) -> bool:
    checks = {"raises", "warns", "fail", "expect", "assert_allclose", "assert_array_equal", "assert_frame_equal"}
    return any(isinstance(item, ast.Assert) for item in ast.walk(node)) or bool(called(node) & checks)


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize(
    "path", [path for path in TEST_FILES if path.name.startswith("test_")], ids=lambda path: path.name
)
def test_every_test_asserts_something(path):
    tests = [function for function in functions(path) if function.name.startswith("test_")]
    assert tests, "the module holds no test"
    everything = [*functions(path), *functions(ROOT / "tests/conftest.py")]
    checkers = {function.name for function in everything if asserts(function)}
    # A helper that calls a checker is a checker.
    for _ in range(3):
        checkers |= {function.name for function in everything if called(function) & checkers}
    assert [function.name for function in tests if not asserts(function) and not called(function) & checkers] == []


def private_names_used(path: Path) -> list[str]:
    """Private names of our own modules that a test imports, reads or replaces, as ``line: name``."""
    nodes = list(ast.walk(tree(path)))
    ours, found = set(), []
    for node in nodes:
        if isinstance(node, ast.ImportFrom | ast.Import):
            module = getattr(node, "module", None)
            for alias in node.names:
                whole = f"{module}.{alias.name}" if module else alias.name
                if whole.split(".")[0] in {"stationplan", "benchmarks", "support"}:
                    ours.add((alias.asname or alias.name).split(".")[0])
                    found += [f"{node.lineno}: {whole}" for part in whole.split(".") if is_private(part)]
    for node in nodes:
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if ast.unparse(node).split(".")[0] in ours:
                found.append(f"{node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(REPLACERS):
            texts = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            found += [f"{node.lineno}: {name}" for text in texts for name in text.split(".") if is_private(name)]
    return found


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_tests_use_no_private_name_and_no_other_test_module(path):
    assert private_names_used(path) == []
    imported = other_imports(list(ast.walk(tree(path))))
    assert {name for name in imported if name.startswith("test_") or name == "conftest"} == set()


def test_private_names_are_found_however_they_are_used(tmp_path):
    path = tmp_path / "test_made_up.py"
    path.write_text(
        "from stationplan.siting import _a\n"
        "import stationplan.geo as geo\n"
        "from stationplan import demand\n"
        "geo._b()\n"
        "demand.heads._c = 1\n"
        'monkeypatch.setattr(geo, "_d", 1)\n'
        'monkeypatch.setattr("stationplan.geo._e", 1)\n'
        'mock.patch("stationplan.geo._f", 1)\n'
        "page._children, geo.__name__\n"
    )
    assert {found[-2:] for found in private_names_used(path)} == {"_a", "_b", "_c", "_d", "_e", "_f"}


def test_every_folder_of_tests_is_one_of_the_package():
    tests = ROOT / "tests"
    folders = {path.parent.relative_to(tests) for path in TEST_FILES if path.name.startswith("test_")}
    assert {str(folder) for folder in folders if not (SOURCE / folder / "__init__.py").is_file()} == set()


# ---- the package ----------------------------------------------------------------------------------------------------


def test_the_package_says_that_it_is_typed():
    assert (SOURCE / "py.typed").is_file()
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "py.typed" in settings["tool"]["setuptools"]["package-data"]["stationplan"]


def test_the_version_stands_in_one_place():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert settings["project"]["version"] == metadata.version("stationplan")


def test_every_file_the_package_reads_is_shipped():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    shipped = {path for pattern in patterns["stationplan"] for path in SOURCE.glob(pattern)}
    files = {path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path for path in files - shipped if path.suffix != ".py"} == set()


@pytest.mark.parametrize("module", ["stationplan", "stationplan.siting", "stationplan.access", "stationplan.geo"])
def test_public_functions_are_documented(module):
    loaded = import_module(module)
    public = [getattr(loaded, name) for name in loaded.__all__]
    documented = [value for value in public if inspect.isfunction(value) or inspect.isclass(value)]
    assert documented
    assert [value.__name__ for value in documented if not (inspect.getdoc(value) or "").strip()] == []


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        if IN_CI:
            pytest.fail("CI runs from a git checkout")
        pytest.skip("needs a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_names_a_registry_or_a_home_folder():
    hosts = ["pypi" + ".org", "python" + "hosted", "registry" + ".npmjs", "conda" + ".anaconda", "pypi" + ".tuna"]
    homes = [r"(?<![\w.~-])/(?:work|root)" + "/", r"(?<![\w.~-])/(?:home|Users)/" + r"\w+" + "/"]
    bad = re.compile("|".join([*map(re.escape, hosts), *homes]))
    texts = {path: path.read_bytes().decode("utf-8", "replace") for path in tracked_files()}
    assert len(texts) > 50
    assert [f"{path.relative_to(ROOT)}: {hit[0]}" for path, text in texts.items() for hit in bad.finditer(text)] == []
