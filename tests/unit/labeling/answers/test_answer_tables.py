"""Bytes of an answer file decide what it is: encodings, delimiters, compression, exports of others."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from labeling.answers.answer_files import AnswerForm, read_answers
from labeling.answers.intake import Answer
from labeling.questions.survey import Survey
from pipelines.errors import AnswersUnreadable

TABLE = "key,batch,answer\n007,b,yes\n8,b,\n"
LINES = '{"key": "007", "batch": "b", "answer": "yes"}\n{"key": 8, "batch": "b", "answer": null}\n'
TASK = {
    "id": 1,
    "data": {"prediction_id": "p1"},
    "annotations": [
        {
            "id": 2,
            "result": [{"from_name": "answer", "value": {"choices": ["no"]}}],
            "created_at": "2026-11-21T09:00:00Z",
            "updated_at": "2026-11-21T09:00:00Z",
        }
    ],
}


def read(folder: Path, content: bytes, told: list[str] | None = None) -> list[Answer]:
    path = folder / "answers"
    path.write_bytes(content)
    form = AnswerForm(Survey("Late?", ("yes", "no"), ()))
    said = told if told is not None else []
    return read_answers(
        path, form, lambda batch, keys: [f"{batch}/{k}" for k in keys], tell=said.append
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_table_is_read_whatever_its_delimiter_and_mark(
    tmp_path: Path, delimiter: str, encoding: str, *, packed: bool
) -> None:
    content = TABLE.replace(",", delimiter).encode(encoding)

    answers = read(tmp_path, gzip.compress(content) if packed else content)

    assert [(one.prediction_id, one.answer) for one in answers] == [("b/007", "yes"), ("b/8", None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", [LINES, json.dumps([TASK])], ids=["lines", "export"])
def test_json_is_read_behind_a_mark(tmp_path: Path, text: str, encoding: str) -> None:
    assert read(tmp_path, text.encode(encoding))[0].state == "valid"


def test_json_lines_are_a_table(tmp_path: Path) -> None:
    found = [(one.prediction_id, one.answer) for one in read(tmp_path, LINES.encode())]

    assert found == [("b/007", "yes"), ("b/8", None)]


def test_a_quoted_header_shows_its_delimiter(tmp_path: Path) -> None:
    assert read(tmp_path, b'"prediction_id";"answer"\n"p1";"yes"\n')[0].answer == "yes"


@pytest.mark.parametrize(
    "name", ["WorkerId", "worker", "annotator_id", "Labeler", "rater", "completed_by", "coder name"]
)
def test_who_answered_may_be_called_otherwise(tmp_path: Path, name: str) -> None:
    told: list[str] = []

    answers = read(tmp_path, f"prediction_id,answer,{name}\np1,yes,W1\np1,no,W2\n".encode(), told)

    assert [one.annotator for one in answers] == ["W1", "W2"]
    assert told == [f"hint: answers: column {name!r} says who answered"]


def test_two_columns_of_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AnswersUnreadable, match="WorkerId, rater"):
        read(tmp_path, b"prediction_id,answer,WorkerId,rater\np1,yes,W1,W2\n")


def test_an_export_of_another_project_is_told_by_what_it_lacks(tmp_path: Path) -> None:
    result = [{"from_name": "sentiment", "value": {"choices": ["no"]}}]
    other = TASK | {"data": {"id": 1}, "annotations": [TASK["annotations"][0] | {"result": result}]}  # type: ignore[index]

    with pytest.raises(AnswersUnreadable, match=r"no task has a prediction_id.*'sentiment'"):
        read(tmp_path, json.dumps([other]).encode())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"prediction_id,answer\np1,\xe9\n", "row 1: answer is no UTF-8"),
        (gzip.compress(TABLE.encode(), mtime=0)[:-9], "no whole .gz file"),
        (b'{"prediction_id": "p1"\n', "is no JSON export"),
    ],
)
def test_broken_bytes_are_told(tmp_path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(AnswersUnreadable, match=problem):
        read(tmp_path, content)
