"""Lines about the same row, person and time: the order of the lines decides nothing."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from labeling.answers.answer_files import AnswerForm, read_answers
from labeling.answers.intake import Answer
from labeling.questions.survey import Survey
from pipelines.errors import AnswersUnreadable

FORM = AnswerForm(Survey("Late?", ("yes", "no"), ()))


def read(folder: Path, *lines: str, told: list[str] | None = None) -> list[Answer]:
    path = folder / "answers.csv"
    path.write_text("\n".join(lines) + "\n")
    said = told if told is not None else []
    return read_answers(
        path, FORM, lambda batch, keys: [f"{batch}/{k}" for k in keys], tell=said.append
    )


@pytest.mark.parametrize(
    ("lines", "who"),
    [
        (["key,batch,answer", "7,b,yes", "7,b,no"], "nothing says who answered"),
        (["key,batch,answer,annotator", "7,b,no,ann", "7,b,yes,ann"], "the same person without a"),
        (
            [
                "key,batch,answer,annotator,created",
                "7,b,no,ann,2026-11-21",
                "7,b,yes,ann,2026-11-21",
            ],
            "the same person at the same time",
        ),
    ],
)
def test_different_answers_are_refused_whatever_their_order(
    tmp_path: Path, lines: list[str], who: str
) -> None:
    for header, *order in ([lines[0], *some] for some in permutations(lines[1:])):
        with pytest.raises(AnswersUnreadable, match=f"1 rows have .* {who}") as refused:
            read(tmp_path, header, *order)

        assert "the first, 7 of batch b" in refused.value.problem
        assert "annotator" in refused.value.fix


def test_the_same_answer_again_counts_once_and_is_told(tmp_path: Path) -> None:
    told: list[str] = []

    answers = read(tmp_path, "prediction_id,answer", "p1,yes", "p1,yes", "p2,no", told=told)

    assert [answer.prediction_id for answer in answers] == ["p1", "p2"]
    assert told == ["hint: 1 lines answer a row again, by the same person and time, and count once"]


def test_a_valid_answer_stands_beside_empty_and_invalid_lines(tmp_path: Path) -> None:
    for lines in permutations(["p1,", "p1,yes", "p1,maybe"]):
        [answer] = read(tmp_path, "prediction_id,answer", *lines)

        assert (answer.answer, answer.state) == ("yes", "valid")


def test_answers_of_nobody_at_several_times_are_told(tmp_path: Path) -> None:
    """The latest counts, by their times; that may be what the author means."""
    told: list[str] = []
    lines = ["p1,yes,2026-11-21", "p1,no,2026-11-22", "p2,no,2026-11-22"]

    assert len(read(tmp_path, "prediction_id,answer,created", *lines, told=told)) == 3

    assert ["later answers replace 1 earlier ones" in line for line in told] == [True]


def test_lines_of_unknown_rows_are_not_compared(tmp_path: Path) -> None:
    assert len(read(tmp_path, "prediction_id,answer", ",yes", ",no")) == 2
