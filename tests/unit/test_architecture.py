"""The rules of the house, each one checked: imports, names, sizes, what a tracked file may hold."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("pipelines", "labeling", "infra", "functions")

# A technology and its homes: nothing else imports it, not even inside a function.
HOMES = {
    "apache_beam": ("pipelines.beam", "infra.engines"),
    "boto3": ("infra.clouds",),
    "click": ("functions.cli",),
    "cryptography": ("infra.signing",),
    "deltalake": ("pipelines.tables.delta",),
    "duckdb": ("functions.steps.query",),
    "filelock": ("infra.store", "labeling.labelstudio"),
    "google": ("infra.clouds",),
    "jinja2": ("labeling.report",),
    "krippendorff": (),  # the oracle of a test
    "label_studio_sdk": ("labeling.labelstudio",),
    "pandas": ("pipelines.sklearn",),
    "PIL": ("pipelines.features.pixels", "labeling.questions.images"),
    "rich": ("functions.cli.output",),
    "sklearn": ("pipelines.sklearn",),
    "skops": ("pipelines.sklearn",),
    "tomlkit": ("functions.steps.init", "functions.new_job.job_text"),
}

# What a cold start must not pay for: each costs about a second.
HEAVY = ("apache_beam", "pandas", "sklearn", "label_studio_sdk")

# Named after one of the heavy technologies, so allowed to import it.
EDGES = ("pipelines.beam", "pipelines.sklearn", "labeling.labelstudio", "infra.engines.local")

SAYS_NOTHING = re.compile(r"(^|/)(utils?|helpers?|common|core|misc|manager)(\.py|/)")
MACHINE_PATH = re.compile(r"(?<![\w.])/(root|work|farm)/\w")  # the roots of build machines
REGISTRY = re.compile(r"https?://\S*(/simple|/packages/|registry|/maven)")
BINARY = {".png", ".xz", ".parquet", ".svg", ".zip", ".gz", ".npy", ".arrow"}


@functools.cache
def _tracked() -> tuple[Path, ...]:
    """Return every file that git tracks or would track, in a work tree or not."""
    listed = _run("git", "ls-files", "--cached", "--others", "--exclude-standard").stdout
    return tuple(path for name in listed.splitlines() if (path := ROOT / name).is_file())


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _texts() -> Iterator[tuple[str, str]]:
    for path in _tracked():
        if path.suffix not in BINARY:
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def _python() -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in _texts() if name.endswith(".py"))


def _modules() -> dict[str, Path]:
    """Return our modules by dotted name."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {_dotted(path): path for path in paths}


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def _imports() -> dict[str, set[str]]:
    """Return the first part of whatever each module imports, at its top or inside a function."""
    trees = {name: ast.parse(path.read_text("utf-8")) for name, path in _modules().items()}
    return {name: {one.split(".")[0] for one in _imported(tree)} for name, tree in trees.items()}


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _inside(module: str, homes: tuple[str, ...]) -> bool:
    return any(module == home or module.startswith(f"{home}.") for home in homes)


def test_imports_go_one_way() -> None:
    """The contracts of import-linter in pyproject.toml hold."""
    linter = Path(sys.executable).with_name("lint-imports")

    result = _run(linter, "--no-cache")

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("technology", HOMES)
def test_a_technology_is_imported_only_where_it_lives(technology: str) -> None:
    """A file named after a noun of the domain knows no technology."""
    strangers = {name for name, imported in _imports().items() if technology in imported}
    strangers = {name for name in strangers if not _inside(name, HOMES[technology])}

    assert strangers == set()


@pytest.mark.parametrize(
    ("package", "heavy"),
    [
        ("pipelines", {*HEAVY, "scipy"}),
        ("labeling", {*HEAVY}),
        ("infra", {*HEAVY}),
        ("functions", {*HEAVY}),
    ],
)
def test_a_module_imports_nothing_heavy(package: str, heavy: set[str]) -> None:
    """A cold start pays for no engine and no model library that it does not use."""
    pure = [name for name in _modules() if _inside(name, (package,)) and not _inside(name, EDGES)]

    loaded = _loaded(pure, heavy)

    assert not loaded, {name: found for name in pure if (found := _loaded([name], heavy))}


def _loaded(modules: list[str], heavy: set[str]) -> list[str]:
    """Return which of the heavy modules a fresh process has after importing these."""
    program = f"import sys, {', '.join(modules)}; print(*sorted({heavy!r} & set(sys.modules)))"
    result = _run(sys.executable, "-c", program)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def test_every_module_says_what_it_is_for() -> None:
    """Tests may let their names speak."""
    spoken = [(name, text) for name, text in _python() if not name.startswith("tests/")]

    silent = [name for name, text in spoken if not ast.get_docstring(ast.parse(text))]

    assert silent == []


def test_functions_are_short() -> None:
    """No function is over 60 lines, its docstring included."""
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, text in _python()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno >= 60
    ]

    assert long == []


def test_no_error_is_swallowed() -> None:
    """An `except` says what it does about the error, or why nothing is right."""
    swallowed = [
        f"{name}:{node.lineno}"
        for name, text in _python()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ExceptHandler)
        if len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
    ]

    assert swallowed == []


def test_names_say_something() -> None:
    assert [name for name, _ in _texts() if SAYS_NOTHING.search(name)] == []


def test_the_product_knows_no_demo() -> None:
    """What only a demo needs stands with its example."""
    modules = {
        name for name, text in _texts() if name.startswith(PACKAGES) and "demo" in text.lower()
    }

    assert modules == set()


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert [name for name, text in _texts() if MACHINE_PATH.search(text)] == []


def test_no_file_names_where_packages_come_from() -> None:
    """An address of a package index belongs to the machine, never to the repository."""
    assert [name for name, text in _texts() if REGISTRY.search(text)] == []
