"""The user's function: loaded from text alone, checked, and never trusted to be right."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.errors import JobInvalid
from pipelines.features.user_function import UserFunction, load_function, read_source

_HEAD = "import pyarrow as pa\nimport pyarrow.compute as pc\n"
_LENGTH = (
    _HEAD
    + "def prepare(rows):\n    return rows.append_column('length', pc.utf8_length(rows.column('t')))"
)
_CENTRED = _HEAD + (
    "def prepare(rows):\n"
    "    x = rows.column('x')\n"
    "    return pa.record_batch([pc.subtract(x, pc.mean(x))], names=['x'])"
)
_ROWS = pa.record_batch({"t": ["a", "bc", None], "x": [1.0, float("nan"), 5.0]})


def _loaded(source: str) -> UserFunction:
    return load_function("features.py:prepare", source.encode())


def test_a_function_is_loaded_from_beside_the_job(tmp_path: Path) -> None:
    """Nothing is written next to it: a signed folder must stay as it is."""
    (tmp_path / "features.py").write_text(_LENGTH, "utf-8")

    reference = "features.py:prepare"
    function = load_function(reference, read_source(reference, tmp_path))

    assert function(_ROWS).column("length").to_pylist() == [1, 2, None]
    assert [path.name for path in tmp_path.iterdir()] == ["features.py"]


def test_a_function_travels_by_its_source() -> None:
    """A worker gets the text, not an import path."""
    function = _loaded(_LENGTH)

    again = pickle.loads(pickle.dumps(function))  # noqa: S301

    assert str(again(_ROWS)) == str(function(_ROWS))


def test_a_module_may_hold_dataclasses() -> None:
    """They look their own module up while they are made."""
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass One:\n    x: int\ndef prepare(rows):\n    return rows"
    )

    assert _loaded(source)(_ROWS) is _ROWS


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("return rows.column('y')", "fails: KeyError"),
        ("return None", "returned NoneType"),
        ("return rows.slice(1)", "made 2 rows of 3"),
    ],
)
def test_what_a_function_does_wrong_is_said(body: str, problem: str) -> None:
    function = _loaded(f"def prepare(rows):\n    {body}")

    with pytest.raises(JobInvalid, match=problem) as caught:
        function(_ROWS)

    assert "RecordBatch" in caught.value.fix


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def prepare(rows:", "SyntaxError"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("def other(rows): return rows", "no function 'prepare'"),
    ],
)
def test_a_file_without_the_function_is_refused(source: str, problem: str) -> None:
    with pytest.raises(JobInvalid, match=problem):
        _loaded(source)


def test_the_functions_that_are_there_are_listed() -> None:
    with pytest.raises(JobInvalid) as caught:
        _loaded("def other(rows): return rows")

    assert "other" in caught.value.fix


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(JobInvalid, match=r"features\.py"):
        read_source("features.py:prepare", tmp_path)


def test_a_function_of_each_row_alone_passes_the_check() -> None:
    _loaded(_LENGTH).check(_ROWS)


def test_a_function_that_looks_at_other_rows_is_found() -> None:
    """The mean of a batch is one thing in training and another in scoring."""
    rows = pa.record_batch({"x": [1.0, 2.0, 6.0]})

    with pytest.raises(JobInvalid, match="'x' other values when"):
        _loaded(_CENTRED).check(rows)


def test_dictionaries_are_compared_by_their_texts() -> None:
    """Encoding numbers its texts anew in every batch; that is no difference."""
    source = (
        _HEAD + "def prepare(rows):\n"
        "    coded = pc.dictionary_encode(rows.column('t').slice(0))\n"
        "    return pa.record_batch([coded], names=['t'])"
    )

    _loaded(source).check(_ROWS)
