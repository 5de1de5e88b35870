"""A file of answers is understood by its content, or refused with the way out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from labeling.answers.answer_files import AnswerForm, read_answers
from labeling.answers.intake import Answer
from labeling.answers.set_aside import SetAside
from labeling.questions.survey import Survey
from pipelines.errors import AnswersUnreadable
from pipelines.input.faults import Faults
from pipelines.input.row_keys import keys_of

ALLOWED = ("yes", "no")
NAIVE = datetime.fromisoformat("2026-11-21")  # as a Parquet file without a zone has it


def identify(batch: str, keys: Sequence[str]) -> list[str]:
    return [f"{batch}/{key}" for key in keys]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "answers"


def read(path: Path, allowed: Sequence[str] = ALLOWED) -> list[Answer]:
    return read_answers(path, AnswerForm(Survey("Late?", tuple(allowed), ())), identify)


def test_a_csv_file_names_predictions(file: Path) -> None:
    file.write_text(
        "prediction_id,answer,annotator,created\np1,yes,ann,2026-11-21T10:00:00+01:00\n"
    )

    (answer,) = read(file)

    assert (answer.prediction_id, answer.answer, answer.state) == ("p1", "yes", "valid")
    assert (answer.annotator, answer.created) == ("ann", datetime(2026, 11, 21, 9, tzinfo=UTC))


def test_a_csv_file_names_keys_and_batches(file: Path) -> None:
    """Keys are text: 007 stays."""
    file.write_text("batch,answer,key,extra\nb1,yes,007,x\nb2,no,7,x\nb1,no,,x\n")

    assert [answer.prediction_id for answer in read(file)] == ["b1/007", "b2/7", ""]


@pytest.mark.parametrize("key", ["2.0", "True", "-0", "e\u0301", "007", " x "])
def test_a_text_key_is_looked_for_as_it_stands(key: str, file: Path) -> None:
    """Scoring leaves it alone, so a file of answers has no other name for its row."""
    file.write_text(f"key,batch,answer\n{key},b,yes\n")

    assert [answer.prediction_id for answer in read(file)] == [f"b/{scored_as(pa.array([key]))}"]


@pytest.mark.parametrize(
    "scored, answered",
    [
        (pa.array([7]), pa.array(["7"])),
        (pa.array(["7"]), pa.array([7])),
        (pa.array([7]), pa.array([7.0])),
        (pa.array([True]), pa.array(["true"])),
        (pa.array([NAIVE.date()]), pa.array(["2026-11-21"])),
        (pa.array(["a"]), pa.array(["a"], pa.string_view())),
    ],
    ids=str,
)
def test_a_key_is_found_whatever_type_either_file_gives_it(
    scored: pa.Array, answered: pa.Array, file: Path
) -> None:
    parquet.write_table(pa.table({"key": answered, "batch": ["b"], "answer": ["yes"]}), file)

    assert [answer.prediction_id for answer in read(file)] == [f"b/{scored_as(scored)}"]


def scored_as(column: pa.Array) -> str:
    """What scoring calls the row of one key."""
    rows = pa.record_batch({"k": column})
    return str(keys_of(rows, ["k"], "", np.arange(1), Faults())[0])


def test_a_batch_may_be_written_as_a_date(file: Path) -> None:
    table = pa.table({"key": ["a"], "batch": [NAIVE.date()], "answer": ["yes"]})
    parquet.write_table(table, file)

    assert [answer.prediction_id for answer in read(file)] == ["2026-11-21/a"]


def test_a_time_finer_than_a_microsecond_is_cut(file: Path) -> None:
    created = pa.array([1_700_000_000_000_000_001], pa.timestamp("ns"))
    parquet.write_table(
        pa.table({"key": ["a"], "batch": ["b"], "answer": ["yes"], "created": created}), file
    )

    (answer,) = read(file)

    assert answer.created == datetime.fromtimestamp(1_700_000_000, UTC)


@pytest.mark.parametrize(
    "name, column",
    [
        ("created", pa.array([1], pa.time64("us"))),
        ("key", pa.array([["a"]])),
        ("answer", pa.array([NAIVE.date()])),
    ],
    ids=str,
)
def test_a_column_of_a_strange_type_is_named(name: str, column: pa.Array, file: Path) -> None:
    plain = {"key": pa.array(["a"]), "batch": pa.array(["b"]), "answer": pa.array(["yes"])}
    parquet.write_table(pa.table(plain | {name: column}), file)

    with pytest.raises(AnswersUnreadable, match=f"column '{name}' holds "):
        read(file)


def test_a_parquet_file_is_read_whatever_its_types(file: Path) -> None:
    table = pa.table(
        {
            "key": [1, 2],
            "batch": pa.array(["b", "b"]).dictionary_encode(),
            "answer": [3.0, None],
            "annotator": [5, 6],
            "created": pa.array([NAIVE, None], pa.timestamp("ns")),
        }
    )
    parquet.write_table(table, file)

    first, second = read(file, ("3", "4"))

    assert (first.prediction_id, first.answer, first.annotator) == ("b/1", "3", "5")
    assert first.created == datetime(2026, 11, 21, tzinfo=UTC)
    assert (second.state, second.created) == ("skipped", None)


def test_an_export_of_label_studio_is_read_like_a_pull(file: Path) -> None:
    annotation = {
        "id": 2,
        "completed_by": 1,
        "result": [{"from_name": "answer", "value": {"choices": ["no"]}}],
        "was_cancelled": False,
        "created_at": "2026-11-21T09:00:00.5Z",
        "updated_at": "2026-11-21T09:00:00.5Z",
    }
    tasks = [
        {"id": 1, "data": {"prediction_id": "p1", "row": {}}, "annotations": [annotation]},
        {"id": 2, "data": {"prediction_id": "p2", "row": {}}, "annotations": []},
    ]
    file.write_text(" \n" + json.dumps(tasks))

    (answer,) = read(file)

    assert (answer.annotation_id, answer.answer, answer.source) == (
        "ls:1:2:20261121T090000500000",
        "no",
        "file",
    )


def test_answers_outside_the_set_are_invalid_not_lost(file: Path) -> None:
    file.write_text("prediction_id,answer\np1,maybe\n")

    assert [(answer.answer, answer.state) for answer in read(file)] == [("maybe", "invalid")]


def test_the_same_row_has_the_same_name_in_any_form(file: Path) -> None:
    """CSV or Parquet, alone or among others; another person or time is another answer."""
    file.write_text(
        "prediction_id,answer,annotator,created\np1,yes,ann,2026-11-21\np1,no,ben,\np1,no,ann,\n"
    )
    in_csv = [answer.annotation_id for answer in read(file)]
    table = pa.table(
        {
            "prediction_id": ["p1"],
            "answer": ["no"],
            "annotator": ["ann"],
            "created": [NAIVE],
        }
    )
    parquet.write_table(table, file)

    assert [answer.annotation_id for answer in read(file)] == in_csv[:1]
    assert len(set(in_csv)) == 3


def test_no_time_is_made_up(file: Path) -> None:
    file.write_text("prediction_id,answer\np1,yes\n")

    assert [(answer.created, answer.updated) for answer in read(file)] == [(None, None)]


@pytest.mark.parametrize(
    "content, problem",
    [
        (b"", "cannot be read"),
        (b"a,b\n1,2\n", "has the columns a, b"),
        (b"key,answer\n1,yes\n", "has the columns key, answer"),
        (b"prediction_id,answer\n1,yes,too,many\n", "line 2: it has 4 values"),
        (b"prediction_id,answer\n1,\xff\xfe\n", "row 1: answer is no UTF-8"),
        (b"PAR1 and no more", "cannot be read"),
        (b"[{]", "is no JSON export"),
        (b'{"tasks": []}', "is no JSON export"),
        (b'[{"prediction_id": "p1", "answer": "yes"}]', "is no JSON export"),
        (b'[{"id": 1, "data": null, "annotations": null}]', "is no JSON export"),
        (b"prediction_id,answer,answer\np1,yes,no\n", "has several columns answer"),
        (b"prediction_id,answer,created\np1,yes,yesterday\n", "row 1: created is 'yesterday'"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_way_out(
    content: bytes, problem: str, file: Path
) -> None:
    file.write_bytes(content)

    with pytest.raises(AnswersUnreadable, match=problem) as refused:
        read(file)

    assert refused.value.fix


ENDS = pa.array([2**61, None, 0], pa.timestamp("us"))


@pytest.mark.parametrize(
    "content, unread",
    [
        ("p1,yes,ann,0001-01-01T00:00:00+14:00", "row 1: created is"),
        ("p1,yes,ann,9999-12-31T23:59:59-14:00", "row 1: created is"),
        ("p1,yes,ann,tomorrow", "row 1: created is"),
        ("p1,yes", "line 2: it has 2 values"),
        ("p1,\udcff,ann,", "row 1: answer is no UTF-8"),
        ("\udcff,yes,ann,", "row 1: prediction_id is no UTF-8"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_and_the_others_go_on(
    content: str, unread: str, file: Path
) -> None:
    rows = f"prediction_id,answer,annotator,created\n{content}\np2,no,ben,2026-11-21\n"
    file.write_text(rows, errors="surrogateescape")
    aside = SetAside()

    answers = read_answers(file, AnswerForm(Survey("Late?", ALLOWED, ())), identify, aside)

    assert [answer.prediction_id for answer in answers] == ["p2"]
    assert [unread in named for named in aside.named] == [True]


def test_a_time_beyond_all_years_costs_its_row(file: Path) -> None:
    ids = ["p1", "p2", "p3"]
    parquet.write_table(
        pa.table({"prediction_id": ids, "answer": ["yes"] * 3, "created": ENDS}), file
    )

    assert [answer.prediction_id for answer in read(file)] == ["p2", "p3"]


@pytest.mark.parametrize("task", [5, None, [], {"id": 1}, {"id": None, "annotations": []}])
def test_a_task_that_is_none_is_set_aside(task: object, file: Path) -> None:
    annotation = {
        "id": 2,
        "result": [{"from_name": "answer", "value": {"choices": ["\ud800"]}}],
        "created_at": "2026-11-21T09:00:00Z",
        "updated_at": "2026-11-21T09:00:00Z",
    }
    good = {"id": 7, "data": {"prediction_id": "p1"}, "annotations": [annotation]}
    file.write_text(json.dumps([task, good]))
    aside = SetAside()

    (answer,) = read_answers(file, AnswerForm(Survey("Late?", ALLOWED, ())), identify, aside)

    assert (answer.answer, answer.state, len(aside.named)) == ("?", "invalid", 1)


def test_a_file_that_is_nothing_but_brackets_is_refused(file: Path) -> None:
    file.write_text("[" * 100_000)

    with pytest.raises(AnswersUnreadable, match="no JSON export"):
        read(file)


@pytest.mark.parametrize("names", ["prediction_id,answer", "key,batch,answer"])
def test_a_day_without_answers_is_normal(names: str, file: Path) -> None:
    """As CSV, as Parquet and as an export."""
    file.write_text(f"{names}\n")
    assert read(file) == []
    parquet.write_table(pa.table({name: pa.array([], "string") for name in names.split(",")}), file)
    assert read(file) == []
    file.write_text("[]")
    assert read(file) == []


def test_a_missing_file_is_refused(file: Path) -> None:
    with pytest.raises(AnswersUnreadable, match="No such file"):
        read(file)


@pytest.mark.parametrize("word", ["", '""', "NULL", '"NULL"', "\\N", "?"])
def test_a_word_that_means_nothing_is_no_answer(file: Path, word: str) -> None:
    file.write_text(f"prediction_id,answer\np1,{word}\n")

    [answer] = read_answers(file, AnswerForm(Survey("Late?", ("yes", "no"), ()), ("?",)), identify)

    assert (answer.answer, answer.state) == (None, "skipped")


@pytest.mark.parametrize(
    ("allowed", "state"),
    [((), "skipped"), (("1", "2"), "skipped"), (("NA", "DE"), "valid"), (("DE", "FR"), "invalid")],
)
def test_na_means_nothing_among_numbers_alone(
    file: Path, allowed: Sequence[str], state: str
) -> None:
    file.write_text("prediction_id,answer\np1,NA\n")

    assert [answer.state for answer in read(file, allowed)] == [state]


def test_a_file_that_declares_immense_numbers_of_rows_is_not_read(file: Path) -> None:
    nothing = pa.nulls(1_000_000, pa.string())
    with parquet.ParquetWriter(
        file, pa.schema({"prediction_id": "string", "answer": "string"})
    ) as w:
        for _ in range(11):
            w.write_table(pa.table({"prediction_id": nothing, "answer": nothing}))

    with pytest.raises(AnswersUnreadable, match="more rows than 10,000,000"):
        read(file)


def test_a_file_of_too_many_bytes_is_not_read(file: Path) -> None:
    with file.open("wb") as written:
        written.truncate(2**30 + 1)

    with pytest.raises(AnswersUnreadable, match="more bytes than"):
        read(file)


def test_a_reason_is_kept_with_a_skipped_row(tmp_path: Path) -> None:
    """A later file with another reason corrects it, as it would an answer."""
    file = tmp_path / "answers.csv"
    file.write_text("prediction_id,answer\np1,cannot tell: blurred\n")

    [answer] = read_answers(file, AnswerForm(Survey("?", ("yes", "no"), ())), identify)

    assert (answer.state, answer.answer, answer.reason) == ("skipped", None, "blurred")


def test_a_number_in_a_file_obeys_the_limits_and_may_have_a_comma(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text('prediction_id,answer\np1,"3,5"\np2,"35"\n')

    answers = read_answers(file, AnswerForm(Survey("?", (), (), maximum=10)), identify)

    assert [(one.answer, one.state) for one in answers] == [("3.5", "valid"), ("35", "invalid")]
