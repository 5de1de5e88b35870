"""Numbers of the house: how large modules, functions and folders are, and how they lean on each other.

    python docs/house_numbers.py [FOLDER]

Lines of a function are counted without its docstring. A room is a folder of a
package, or a file beside the folders; an arrow says that one room imports
another, however often, anywhere but for type checkers alone.

"To follow a row" is the number of files that one reads to follow a row from its
file to the commit of its prediction: all that `functions/steps/score.py`
imports, directly or not, without what no row passes through (BESIDE), and
without what the libraries of `pipelines` lean on in turn: of these, the modules
count whose functions the walk calls, and are not followed further.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

PACKAGES = ("pipelines", "labeling", "infra", "functions")
WALK = "functions.steps.score"
LIBRARIES = ("columns", "identity", "features", "models", "sampling", "tables")  # know no job
BESIDE = (
    "functions.app",  # wires; no row
    "functions.runs",
    "functions.batches.failures",
    "functions.batches.model",  # opens the package, before the first row
    "infra",  # where things run and lie
    "pipelines.errors",
    "pipelines.features.spec",  # says what the columns are
    "pipelines.features.user_function",
    "pipelines.identity.settings_digest",  # digests of the job file
    "pipelines.job",
    "pipelines.models.catalogue",
    "pipelines.models.package",
    "pipelines.tables.files",  # a port
    "pipelines.tables.schemas",
    "pipelines.tables.snapshot",
)


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file."""

    path: Path
    lines: int
    tree: ast.Module


def sources(root: Path, folders: Iterable[str]) -> dict[str, Source]:
    """Return every Python file below some folders by its dotted name."""
    found = {}
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            text = path.read_text("utf-8")
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Source(path, len(text.splitlines()), ast.parse(text))
    return found


def imported(source: Source, known: Collection[str]) -> set[str]:
    """Return the modules among `known` that a file imports, but for type checkers alone."""
    names = set()
    for node in _running(source.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {_module(node.module, alias.name, known) for alias in node.names}
    return names & set(known)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
        for child in ast.iter_child_nodes(node):
            yield from _running(child)


def _module(package: str, name: str, known: Collection[str]) -> str:
    return f"{package}.{name}" if f"{package}.{name}" in known else package


def walk(modules: dict[str, Source]) -> list[str]:
    """Return the modules that one reads to follow a row through `score`, sorted."""
    read: set[str] = set()
    waiting = [WALK]
    while waiting:
        name = waiting.pop()
        if name in read or _is_below(name, BESIDE):
            continue
        read.add(name)
        if not _is_below(name, [f"pipelines.{library}" for library in LIBRARIES]):
            waiting += imported(modules[name], modules)
    return sorted(read)


def _is_below(name: str, homes: Iterable[str]) -> bool:
    return any(name == home or name.startswith(f"{home}.") for home in homes)


def arrows(modules: dict[str, Source], package: str) -> tuple[int, int]:
    """Count the rooms of a package, and the pairs of which one imports the other."""

    def room(name: str) -> str:
        return ".".join(name.split(".")[:2])

    inside = [name for name in modules if name.startswith(f"{package}.")]
    pairs = {
        (room(name), room(other))
        for name in inside
        for other in imported(modules[name], modules)
        if other.startswith(f"{package}.") and room(other) != room(name)
    }
    return len({room(name) for name in inside}), len(pairs)


def functions(modules: Iterable[Source]) -> list[int]:
    """Return the lines of every function, without its docstring."""
    return [
        (node.end_lineno or 0) - node.lineno + 1 - len((_text(node) or "").splitlines())
        for source in modules
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _text(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    return ast.get_docstring(node, clean=False)


def _spread(values: list[int]) -> str:
    return f"median {median(values):.0f}, p90 {quantiles(values, n=10)[-1]:.0f}, most {max(values)}"


def report(root: Path) -> Iterator[str]:
    """Yield the numbers of a checkout, a line each."""
    modules, tests = sources(root, PACKAGES), sources(root, ["tests"])
    own = {name: one for name, one in modules.items() if one.path.name != "__init__.py"}
    lengths = [one.lines for one in own.values()]
    folders = Counter(str(one.path.parent.relative_to(root)) for one in own.values())
    [(largest, most)] = folders.most_common(1)
    tested, code = sum(one.lines for one in tests.values()), sum(lengths)
    yield f"modules             {len(own)}, lines: {_spread(lengths)}"
    yield f"functions           {len(functions(own.values()))}, lines: {_spread(functions(own.values()))}"
    yield f"largest folder      {largest}, {most} modules"
    yield f"tests / code        {tested} / {code} lines = {tested / code:.2f}"
    for package in PACKAGES:
        rooms, pairs = arrows(modules, package)
        yield f"{package:<20}{rooms} rooms, {pairs} arrows"
    if WALK in modules:
        names = walk(modules)
        yield f"to follow a row     {len(names)} files"
        yield from (f"  {name}" for name in names)


if __name__ == "__main__":
    print(*report(Path(sys.argv[1] if len(sys.argv) > 1 else ".")), sep="\n")
