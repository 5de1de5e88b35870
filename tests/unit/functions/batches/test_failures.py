"""Of several batches that failed, the first speaks for all."""

from __future__ import annotations

from functions.batches.failures import first_of
from pipelines.errors import BatchRefused, InputUnreadable, RecheckError


def test_where_none_failed_there_is_no_error() -> None:
    assert first_of({}) is None


def test_the_first_batch_by_name_tells_its_error_and_the_names_of_the_others() -> None:
    failed: dict[str, RecheckError] = {
        "c": BatchRefused("bad rows", fix="mend"),
        "a": InputUnreadable("no file", fix="write it"),
        "b": BatchRefused("bad rows", fix="mend"),
    }

    error = first_of(failed)

    assert type(error) is InputUnreadable
    assert (error.problem, error.fix) == ("no file (and 2 more: b, c)", "write it")
