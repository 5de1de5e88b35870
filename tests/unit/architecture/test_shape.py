"""How large things are, and what each says of itself."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from tests.fixtures.repository import ROOT, Function, Module, functions_of, modules, python, texts

MOST_LINES = 300  # of a module
MOST_STEPS = 40  # lines of a function of the product, without its docstring
MOST_TESTED = 60  # lines of any other function
MOST_MODULES = 14  # of a folder
DESCRIBED = 3  # parameters from which on a docstring has sections

# An option is a parameter, and goes on by its name.
LONG_FUNCTIONS = {"functions/cli/jobs.py init"}


def test_every_module_says_what_it_is_for() -> None:
    """Tests may let their names speak."""
    spoken = {name: tree for name, tree in python().items() if not name.startswith("tests/")}

    assert [name for name, tree in spoken.items() if not ast.get_docstring(tree)] == []


def test_modules_are_short() -> None:
    lengths = {name: len(texts()[_path(module)].splitlines()) for name, module in modules().items()}

    assert {name for name, lines in lengths.items() if lines > MOST_LINES} == set()


def test_functions_are_short() -> None:
    limits = dict.fromkeys(map(_path, modules().values()), MOST_STEPS)

    long = {
        f"{name} {node.name}"
        for name, tree in python().items()
        for node in functions_of(tree)
        if _lines(node) > limits.get(name, MOST_TESTED)
    }

    assert long - LONG_FUNCTIONS == set()


def _path(module: Module) -> str:
    return module.path.relative_to(ROOT).as_posix()


def _lines(function: Function) -> int:
    text = ast.get_docstring(function, clean=False) or ""
    return (function.end_lineno or 0) - function.lineno + 1 - len(text.splitlines())


def test_a_folder_is_taken_in_at_a_glance() -> None:
    """The commands are as many as they are; every other folder holds few modules."""
    sizes = Counter(
        module.path.parent.as_posix()
        for module in modules().values()
        if module.path.stem != "__init__" and module.room != "functions.steps"
    )

    assert {folder: size for folder, size in sizes.items() if size > MOST_MODULES} == {}


def test_no_error_is_swallowed() -> None:
    """An `except` says what it does about the error, or why nothing is right."""
    swallowed = [
        f"{name}:{node.lineno}"
        for name, tree in python().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        if len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
    ]

    assert swallowed == []


NO_VERBS = {"A", "All", "An", "Each", "Every", "One", "Options", "The", "What", "Whether"}


def test_a_docstring_of_a_function_begins_with_a_verb() -> None:
    """A property says what it is; a class and a module, too."""
    nouns = [
        f"{module.name}:{function.lineno} {function.name}"
        for module in modules().values()
        for function in functions_of(module.tree)
        if (ast.get_docstring(function) or "").partition(" ")[0] in NO_VERBS
        if not any("property" in ast.unparse(each) for each in function.decorator_list)
        if module.room != "functions.cli"  # a group of commands is a noun
    ]

    assert nouns == []


def test_a_function_of_many_parameters_describes_them() -> None:
    """With `Args:`, and with `Returns:` or `Yields:` where anything is returned.

    What implements a port may say "see the port" instead.
    """
    missing = [
        f"{module.name}:{function.lineno} {function.name} has no {section}"
        for module in modules().values()
        if module.room != "functions.cli"  # an option of a command has its help
        for function in _public(module)
        for section in _sections_missing(function)
    ]

    assert missing == []


def _public(module: Module) -> Iterator[Function]:
    """Yield the public functions of a public module, and the public methods of its classes."""
    if any(part.startswith("_") for part in module.name.split(".")):
        return
    bodies: list[list[ast.stmt]] = [module.tree.body]
    while bodies:
        for node in bodies.pop():
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                bodies.append(node.body)
            elif isinstance(node, Function) and not node.name.startswith("_"):
                yield node


def _sections_missing(function: Function) -> Iterator[str]:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    if len([each for each in named if each.arg not in ("self", "cls")]) < DESCRIBED:
        return
    text = ast.get_docstring(function) or ""
    lines = {line.strip() for line in text.splitlines()}
    if "see the port" in text:
        return
    if "Args:" not in lines:
        yield "Args"
    returns_nothing = isinstance(function.returns, ast.Constant) and function.returns.value is None
    if not returns_nothing and not lines & {"Returns:", "Yields:"}:
        yield "Returns"
