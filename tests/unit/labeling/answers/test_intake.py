"""Answers become rows once, whatever comes twice, late or from nowhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.answers.intake import (
    Answer,
    Held,
    Intake,
    hold,
    take,
    taken_back,
    to_table,
)
from pipelines.tables.schemas import ANNOTATIONS

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOTHING = Held({}, set())
DRAWN = {"p1": "d1", "p2": "d2"}


def said(prediction_id: str = "p1", answer: str | None = "yes", **changes: object) -> Answer:
    known = Answer(
        annotation_id=f"file:{prediction_id}",
        prediction_id=prediction_id,
        shown_digest=None,
        annotator="ann",
        answer=answer,
        state="valid",
        created=NOON,
        updated=NOON,
        lead_time=None,
        source="file",
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def held_after(*intakes: Intake) -> Held:
    tables = [
        to_table(intake.rows, job="j", purpose="verify", known_at=NOON + timedelta(hours=hour))
        for hour, intake in enumerate(intakes)
    ]
    return hold(pa.concat_tables([ANNOTATIONS.empty_table(), *tables[::-1]]))


def test_an_answer_in_a_table_belongs_to_the_question_as_it_stands() -> None:
    (row,) = take([said()], NOTHING, drawn=DRAWN).rows

    assert (row.shown_digest, row.state) == ("d1", "valid")


def test_an_answer_for_a_prediction_that_nobody_drew_is_an_outcome() -> None:
    """It is kept, never counted as a label; a bad one stays invalid."""
    found = [said("p8"), said("p9", "maybe", state="invalid")]

    intake = take(found, NOTHING, drawn=DRAWN, scored={"p8", "p9"})

    assert [row.state for row in intake.rows] == ["outcome", "invalid"]
    assert (intake.outcomes, intake.invalid, intake.labels) == (1, 1, 0)


def test_an_outcome_whose_row_is_drawn_later_counts_when_it_comes_again() -> None:
    """Whether the draw or the file was first makes no difference; a third time adds nothing."""
    before = take([said("p8")], NOTHING, drawn=DRAWN, scored={"p8"})

    after = take([said("p8")], held_after(before), drawn={**DRAWN, "p8": "d8"})
    again = take([said("p8")], held_after(before, after), drawn={**DRAWN, "p8": "d8"})

    assert [(row.state, row.shown_digest) for row in after.rows] == [("valid", "d8")]
    assert (after.labels, again.rows) == (1, ())


def test_what_people_were_asked_never_turns_into_an_outcome() -> None:
    """A later draw left the question out; the answer stays what it was."""
    found = said("p8", source="labelstudio:abc", shown_digest="d8")

    assert take([found], NOTHING, drawn=DRAWN, scored={"p8"}).rows == (found,)


def test_unknown_predictions_are_counted_and_named_before_anything_else() -> None:
    found = [said(f"x{number}", "nonsense", state="invalid") for number in range(12)]

    intake = take([*found, found[0]], NOTHING, drawn=DRAWN)

    assert (intake.rows, intake.unknown, intake.invalid) == ((), 13, 0)
    assert intake.unknown_ids == tuple(f"x{number}" for number in range(10))


def test_the_last_word_of_a_file_counts() -> None:
    """Two rows of one person about one prediction at one time: the later line."""
    intake = take([said(answer="yes"), said(answer="no")], NOTHING, drawn=DRAWN)

    assert [row.answer for row in intake.rows] == ["no"]


def test_an_older_file_does_not_undo_a_newer_one() -> None:
    """Neither does the newer one once more."""
    old, new = said(created=None, updated=None), said(answer="no", created=None, updated=None)
    first = take([old], NOTHING, drawn=DRAWN)
    second = take([new], held_after(first), drawn=DRAWN)
    held = held_after(first, second)

    assert [row.answer for row in second.rows] == ["no"]
    assert take([old], held, drawn=DRAWN).rows == take([new], held, drawn=DRAWN).rows == ()


def test_an_old_export_does_not_undo_a_later_pull() -> None:
    here = said(annotation_id="ls:1:1:x", source="labelstudio:abc", updated=NOON, shown_digest="d1")
    held = held_after(take([here], NOTHING, drawn=DRAWN))
    older = replace(here, source="file", answer="no", updated=NOON - timedelta(hours=1))
    newer = replace(older, updated=NOON + timedelta(hours=1))

    assert take([older], held, drawn=DRAWN).rows == ()
    assert take([newer], held, drawn=DRAWN).rows == (newer,)


def test_a_deleted_answer_stays_deleted_when_an_old_export_comes() -> None:
    here = said(annotation_id="ls:1:1:x", source="labelstudio:abc", shown_digest="d1")
    first = take([here], NOTHING, drawn=DRAWN)
    gone = take(taken_back(first.rows), held_after(first), drawn=DRAWN)

    assert take([replace(here, source="file")], held_after(first, gone), drawn=DRAWN).rows == ()


def test_a_table_given_again_answers_the_question_that_is_asked_anew() -> None:
    """A table speaks of the row as it stands; a third time it says nothing."""
    first = take([said()], NOTHING, drawn=DRAWN)
    asked_anew = {"p1": "d9"}

    again = take([said()], held_after(first), drawn=asked_anew)
    third = take([said()], held_after(first, again), drawn=asked_anew)

    assert [row.shown_digest for row in again.rows] == ["d9"]
    assert (again.labels, again.stale, third.rows) == (1, 0, ())


def test_a_table_given_again_leaves_the_earlier_question_its_answer() -> None:
    """Both count, each where its question is asked; a correction speaks of the present one."""
    first = take([said()], NOTHING, drawn=DRAWN)
    again = take([said()], held_after(first), drawn={"p1": "d9"})
    held = held_after(first, again)

    assert {row.shown_digest for row in held.now.values()} == {"d1", "d9"}
    assert take([said()], held, drawn=DRAWN).rows == ()


def test_a_table_given_again_does_not_contradict_what_was_said_since() -> None:
    """By a later table, to the question that is asked now."""
    first = take([said()], NOTHING, drawn=DRAWN)
    asked_anew = {"p1": "d9"}
    later = take(
        [said(answer="no", annotation_id="file:later", updated=NOON + timedelta(days=1))],
        held_after(first),
        drawn=asked_anew,
    )

    assert take([said()], held_after(first, later), drawn=asked_anew).rows == ()


def test_a_table_that_was_corrected_is_not_brought_back() -> None:
    first = take([said()], NOTHING, drawn=DRAWN)
    corrected = said(answer="no", updated=NOON + timedelta(days=1))
    second = take([corrected], held_after(first), drawn=DRAWN)

    assert take([said()], held_after(first, second), drawn={"p1": "d9"}).rows == ()


def test_an_export_given_again_still_answers_what_was_shown() -> None:
    first = take([said(shown_digest="d1")], NOTHING, drawn=DRAWN)

    again = take([said(shown_digest="d1")], held_after(first), drawn={"p1": "d9"})

    assert again.rows == ()


def test_a_row_that_left_the_draw_keeps_the_answer_to_its_last_question() -> None:
    """By one rule for a file and for Label Studio: it is no outcome, and not unknown."""
    (row,) = take([said()], NOTHING, drawn={}, asked=DRAWN).rows

    assert (row.state, row.shown_digest) == ("valid", "d1")


@pytest.mark.parametrize(
    "later", [{}, {"p1": "d9"}, {"p2": "d2"}, {"p1": "d1", "p2": "d9"}], ids=str
)
def test_the_same_table_adds_nothing_whatever_was_drawn_since(later: dict[str, str]) -> None:
    """Rows leave a draw, come back, and are asked otherwise; a second reading of each finds nothing."""
    table = [said("p1"), said("p2", "no")]
    intakes = [take(table, NOTHING, drawn=DRAWN)]
    asked = dict(DRAWN)
    for drawn in (later, DRAWN, later):
        asked |= drawn
        intakes.append(take(table, held_after(*intakes), drawn=drawn, asked=asked))

        again = take(table, held_after(*intakes), drawn=drawn, asked=asked)

        assert again.rows == ()


def test_a_typo_in_a_later_line_takes_no_answer_back() -> None:
    (row,) = take([said(), said(answer="yse", state="invalid")], NOTHING, drawn=DRAWN).rows

    assert (row.answer, row.state) == ("yes", "valid")


def test_a_typo_in_a_later_file_takes_no_answer_back() -> None:
    first = take([said()], NOTHING, drawn=DRAWN)

    second = take([said(answer="yse", state="invalid")], held_after(first), drawn=DRAWN)

    assert second.rows == ()


def test_a_typo_that_takes_no_answer_back_is_counted_and_named() -> None:
    typo = said(answer="yse", state="invalid")

    later_line = take([said(), typo], NOTHING, drawn=DRAWN)
    later_file = take([typo], held_after(take([said()], NOTHING, drawn=DRAWN)), drawn=DRAWN)

    for intake in (later_line, later_file):
        assert (intake.invalid, [one.answer for one in intake.slips]) == (1, ["yse"])


def test_the_right_file_brings_an_answer_back_that_a_typo_had_replaced() -> None:
    """As earlier releases let it."""
    right, typo = (
        take([answer], NOTHING, drawn=DRAWN)
        for answer in (said(), said(answer="yse", state="invalid"))
    )

    (row,) = take([said()], held_after(right, typo), drawn=DRAWN).rows

    assert (row.answer, row.state) == ("yes", "valid")


@pytest.mark.parametrize("updated", [NOON, None])
def test_a_correction_of_the_same_moment_counts_as_it_comes(updated: datetime | None) -> None:
    first = take([said()], NOTHING, drawn=DRAWN)

    second = take([said(answer="no", updated=updated)], held_after(first), drawn=DRAWN)

    assert [row.answer for row in second.rows] == ["no"]


def test_labels_counts_questions_with_their_first_valid_answer() -> None:
    first = take([said(), said("p2", None, state="skipped")], NOTHING, drawn=DRAWN)
    more = [
        said(annotator="ben", annotation_id="file:ben"),
        said("p2", updated=NOON + timedelta(1)),
    ]

    second = take(more, held_after(first), drawn=DRAWN)

    assert (first.labels, first.skipped, second.labels) == (1, 1, 1)


def test_a_tombstone_is_written_once() -> None:
    (gone,) = taken_back([said()])

    assert gone.state == "deleted"
    assert taken_back([gone]) == []


def test_what_is_held_is_what_was_known_last() -> None:
    """Whatever order the rows of the table have."""
    rows = [said(answer=answer) for answer in ("a", "b", "c")]
    tables = [
        to_table([row], job="j", purpose="verify", known_at=NOON + timedelta(hours=hour))
        for hour, row in enumerate(rows)
    ]

    held = hold(pa.concat_tables([tables[1], tables[2], tables[0]]))

    assert held.now["file:p1"].answer == "c"
    assert held.ever == {("file:p1", answer) for answer in "abc"}


@given(st.lists(st.sampled_from(["p1", "p2", "p3", "p4"]), max_size=8), st.data())
def test_a_repeat_adds_nothing(ids: Sequence[str], data: st.DataObject) -> None:
    """Whatever it holds, once it was taken."""
    found = [said(one, data.draw(st.sampled_from(["yes", "no"]))) for one in ids]
    first = take(found, NOTHING, drawn=DRAWN, scored={"p3"})

    again = take(found, held_after(first), drawn=DRAWN, scored={"p3"})

    assert (again.rows, again.labels, again.unknown) == ((), 0, first.unknown)


def test_answers_come_and_go_without_pandas() -> None:
    """What a pull does to its table must not cost the half second of that import."""
    program = (
        "import sys\n"
        "from datetime import UTC, datetime\n"
        "from labeling.answers.intake import Answer, hold, to_table\n"
        "now = datetime(2026, 11, 21, 9, tzinfo=UTC)\n"
        "one = Answer('a', 'p', 'd', 'ann', 'cat', 'valid', now, None, 1.5, 'file')\n"
        "table = to_table([one], job='j', purpose='verify', known_at=now)\n"
        "assert hold(table).now == {'a': one}\n"
        "assert 'pandas' not in sys.modules"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_two_results_add_up_and_keep_the_first_unknown_ids() -> None:
    strangers = [said(f"x{number}") for number in range(8)]
    first = take([said(), *strangers[:7]], NOTHING, drawn=DRAWN, scored=())
    second = take([said("p2", None, state="skipped"), *strangers], NOTHING, drawn=DRAWN, scored=())

    both = first + second

    assert both.counts == {
        "annotations": 2,
        "labels": 1,
        "skipped": 1,
        "invalid": 0,
        "unknown": 15,
        "stale": 0,
        "outcomes": 0,
    }
    assert both.unknown_ids == (*first.unknown_ids, *second.unknown_ids[:3])


def test_another_reason_corrects_a_reason_once() -> None:
    blurred = said(answer=None, state="skipped", reason="blurred")
    dark = replace(blurred, reason="too dark")
    first = take([blurred], NOTHING, drawn=DRAWN)
    second = take([dark], held_after(first), drawn=DRAWN)

    assert [row.reason for row in second.rows] == ["too dark"]
    assert take([blurred, dark], held_after(first, second), drawn=DRAWN).rows == ()
