"""Who may import what: the rooms in their order, and each technology in its home."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.repository import is_inside, modules, run

# A technology and its homes: nothing else imports it, not even inside a function.
HOMES = {
    "apache_beam": ("pipelines.beam", "infra.engines.local"),
    "boto3": ("infra.clouds.aws",),
    "botocore": ("infra.clouds.aws",),
    "click": ("functions.cli",),
    "cryptography": ("infra.signing",),
    "deltalake": (
        "infra.databases.delta_input",
        "pipelines.tables.delta",
        "pipelines.tables.delta_edits",
    ),
    "duckdb": ("functions.steps.query", "infra.databases.duckdb_files"),
    "adbc_driver_postgresql": ("infra.databases.postgres",),
    "sqlite3": ("infra.databases.sqlite_files",),
    "filelock": ("infra.clouds.folder", "labeling.labelstudio.local"),
    "google": ("infra.clouds.gcp",),
    "httpx": (
        "infra.channels.webhook",
        "labeling.labelstudio.client",
        "labeling.labelstudio.refusals",
    ),
    "jinja2": ("labeling.report.page",),
    "krippendorff": (),  # the oracle of a test
    "label_studio_sdk": ("labeling.labelstudio.client", "labeling.labelstudio.refusals"),
    "markupsafe": ("labeling.report",),
    "pandas": ("pipelines.sklearn.transformer",),
    "PIL": ("pipelines.columns.image_files", "pipelines.features.pixels"),
    "requests": ("infra.clouds.gcp",),
    "rich": ("functions.cli.output",),
    "scipy": ("pipelines.sklearn.matrices", "labeling.formulas", "labeling.estimates.bounds"),
    "sklearn": ("pipelines.sklearn",),
    "skops": ("pipelines.sklearn.persistence",),
    "tenacity": ("infra.bucket_copy",),
    "threadpoolctl": ("pipelines.sklearn.threads",),
    "tomlkit": (
        "functions.new_job.input_sections",
        "functions.new_job.job_text",
        "functions.new_job.toml_parts",
    ),
    "urllib3": ("infra.clouds.gcp",),
}

# What a cold start must not pay for: each costs about a second.
HEAVY = ("apache_beam", "pandas", "sklearn", "label_studio_sdk")

# Named after one of the heavy technologies, so allowed to import it.
EDGES = ("pipelines.beam", "pipelines.sklearn", "labeling.labelstudio", "infra.engines.local")


@functools.cache
def _imports() -> dict[str, set[str]]:
    """Return the first part of whatever each module imports, at its top or inside a function."""
    return {
        name: {imported.split(".")[0] for imported in _imported(module.tree)}
        for name, module in modules().items()
    }


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_imports_go_one_way() -> None:
    """The contracts of import-linter in pyproject.toml hold."""
    linter = Path(sys.executable).with_name("lint-imports")

    result = run(linter, "--no-cache")

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("technology", HOMES)
def test_a_technology_is_imported_only_where_it_lives(technology: str) -> None:
    """A file named after a noun of the domain knows no technology."""
    homes = HOMES[technology]

    users = {name for name, imported in _imports().items() if technology in imported}

    assert {name for name in users if not is_inside(name, homes)} == set()
    assert [home for home in homes if not any(is_inside(name, (home,)) for name in users)] == []


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
    light = [
        name for name in modules() if is_inside(name, (package,)) and not is_inside(name, EDGES)
    ]

    loaded = _loaded(light, heavy)

    assert not loaded, {name: own for name in light if (own := _loaded([name], heavy))}


def _loaded(names: list[str], heavy: set[str]) -> list[str]:
    """Return which of the heavy modules a fresh process has after importing these."""
    program = f"import sys, {', '.join(names)}; print(*sorted({heavy!r} & set(sys.modules)))"
    result = run(sys.executable, "-c", program)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def test_whoever_reads_scores_or_trains_takes_no_whole_job() -> None:
    """Records of what is needed (`pipelines.job.rules`) travel to workers and into notebooks."""
    takers = {
        module.name
        for module in modules().values()
        if is_inside(module.name, ("pipelines",)) and not is_inside(module.name, ("pipelines.job",))
        if any(_names_a_job(node) for node in ast.walk(module.tree))
    }

    assert takers == set()


def _names_a_job(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "pipelines.job.job_file"
    return (isinstance(node, ast.Name) and node.id == "Job") or (
        isinstance(node, ast.Attribute) and node.attr == "Job"
    )


# What works on the files of a store, and knows no path.
BEHIND_THE_PORT = (
    "infra.engines",
    "infra.registry",
    "infra.staged_input",
    "infra.store",
    "functions.batches.attempts",
    "functions.batches.model",
    "functions.batches.publish",
    "functions.alert_log",
    "functions.draws",
    "functions.estimates",
    "functions.looks",
    "functions.promises",
    "functions.runs",
    "functions.tables",
    "labeling.labelstudio.push",
    "pipelines.models",
    "pipelines.scoring",
    "pipelines.tables",
)


def test_whatever_works_on_a_store_knows_no_path() -> None:
    """A store may be a bucket: its files are read and written by the port, in `infra.clouds`."""
    inside = {name: used for name, used in _imports().items() if is_inside(name, BEHIND_THE_PORT)}

    assert [
        home for home in BEHIND_THE_PORT if not any(is_inside(n, (home,)) for n in inside)
    ] == []
    assert {name for name, imported in inside.items() if "pathlib" in imported} == set()


# Whatever else gives a whole file its name, with the reason why it does not go through the port.
RENAMES = {
    "infra.clouds.folder",  # implements the port
    "infra.bucket_copy",  # a download of any size, which `Files.put` would take as one piece of memory
    "infra.row_files",  # the rows of a table of any size, written as they come
    "labeling.labelstudio.local.server",  # a whole data folder of the server, not a file of a store
}


def test_files_get_their_names_in_one_place() -> None:
    """A file is whole or absent because `Files.put` writes it; nobody else replaces files by hand."""
    renaming = {
        module.name
        for module in modules().values()
        if any(_renames(node) for node in ast.walk(module.tree))
    }

    assert renaming == RENAMES


def _renames(node: ast.AST) -> bool:
    """Whether a node is `path.replace(target)`, `path.rename(target)`, or the same by `os`.

    A text's `replace` takes two arguments; that of a time and of a record names them.
    """
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    if isinstance(node.func.value, ast.Name) and node.func.value.id in ("os", "shutil"):
        return node.func.attr in ("replace", "rename", "renames", "move")
    return node.func.attr in ("replace", "rename") and len(node.args) == 1 and not node.keywords
