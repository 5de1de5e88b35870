"""What people read after a push and an estimate: short, the most useful first, with the way on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from functions.cli.tables import estimate_table
from functions.steps.push import Pushed
from labeling.estimates.alerts import WatchedLine
from labeling.estimates.estimate import Estimate

JOB = Path("a job/recheck.toml")


def of(window: str, period: str = "batch", **changes: object) -> Estimate:
    known: dict[str, object] = {
        "metric": "accuracy", "class_": None, "value": 0.9, "low": 0.85, "high": 0.94, "stderr": 0.02,
        "value_if_missing_wrong": 0.9, "value_if_missing_right": 0.9, "cohort": None, "period": period,
        "window": window, "version": "v1", "rows": 1000, "rows_covered": 1000, "n_asked": 100,
        "n_answered": 100, "as_of": datetime(2026, 11, 21, tzinfo=UTC),
    }  # fmt: skip
    return Estimate(**(known | changes))  # type: ignore[arg-type]


def unanswered(window: str, period: str = "batch") -> Estimate:
    return of(window, period, value=None, low=0.0, high=1.0, n_answered=0)


def lines(found: Sequence[Estimate], *batches: str) -> list[str]:
    return list(estimate_table.estimated(found, batches, JOB))


def test_overall_comes_first_then_cohorts_then_the_newest_windows() -> None:
    cohort = of("all", "all", cohort="channel=chat", value=0.5, n_asked=20, n_answered=20)
    weeks = [of(f"2026-W{week}", value=week / 100) for week in (41, 42)]

    told = lines([*weeks, of("all", "all", rows=2000, rows_covered=2000), cohort])

    assert [line.split("  ")[0] for line in told[:2]] == ["", "all batches"]
    order = [told.index(word) for word in ("cohorts", "newest batches")]
    assert order == sorted(order)
    assert " ".join(told[1].split()) == "all batches 90.0 % 85.0 to 94.0 % 100 of 100"
    assert [line.split()[0] for line in told[order[1] + 1 :][:2]] == ["2026-W42", "2026-W41"]


def test_without_answers_one_line_says_so_and_one_says_what_to_do() -> None:
    told = lines([unanswered("w"), unanswered("all", "all")])

    assert told[0] == "no answers yet: 100 questions are drawn"
    assert "recheck push 'a job/recheck.toml'" in told[1]
    assert len(told) == 2


def test_without_a_draw_the_way_to_one_is_told() -> None:
    assert lines([]) == ["nothing was drawn yet", "next: recheck sample 'a job/recheck.toml'"]


def test_a_window_without_answers_says_so_in_words() -> None:
    told = lines([of("2026-W41"), unanswered("2026-W42"), of("all", "all", rows=2000)])

    assert [line for line in told if "2026-W42" in line] == [
        "  2026-W42   no answers yet  -               0 of 100"
    ]


def test_the_named_batch_leads() -> None:
    told = lines([of("2026-W41", value=0.7), of("all", "all", rows=2000)], "2026-W41")

    assert told[1].startswith("2026-W41       70.0 %")
    assert told[4].startswith("  all batches  90.0 %")


def test_many_missing_answers_are_told_with_what_they_could_change() -> None:
    few = of("w", n_answered=70, value_if_missing_wrong=0.6, value_if_missing_right=0.95)

    told = lines([few])

    assert "  with the 30 missing answers it may be 52.6 to 99.5 %" in told


def test_classes_stand_in_a_row_each() -> None:
    found = [of("w", metric=metric, class_="spam") for metric in ("precision", "recall", "f1")]

    told = lines([of("w"), *found])

    cell = "90.0 % (85.0 to 94.0 %)"
    assert f"  spam  {cell}  {cell}  {cell}" in told


def test_an_error_whose_tail_was_missed_is_marked() -> None:
    told = lines([of("w", metric="mae", value=30.891, low=25.6, high=37.21, reliable=False)])

    doubt = "unreliable: the answers do not show the tail of the errors"
    assert told[1] == f"w  30.89  25.6 to 37.21  100 of 100  {doubt}"


def test_what_is_about_the_same_rows_is_told_once() -> None:
    """The week of the only batch, and a cohort that holds every row."""
    same = [of("2026-W41", "week"), of("all", "all"), of("2026-W41", cohort="plan=free")]

    told = lines([of("2026-W41"), *same], "2026-W41")

    assert len(told) == 4
    assert told[1].startswith("2026-W41")


def test_long_sections_end_with_how_many_more_there_are() -> None:
    cohorts = [
        of("w", cohort=f"plan={number:02d}", rows=50, n_answered=number) for number in range(20)
    ]

    told = lines([of("w"), *cohorts])

    assert "  … and 8 more cohorts" in told
    assert not any("plan=07" in line for line in told)
    assert told[-1].startswith("21 figures in all: add --json")


def test_a_push_says_where_people_answer() -> None:
    done = Pushed(3, 10, 2, "http://127.0.0.1:8080/projects/3")

    assert list(estimate_table.pushed(done, is_dry=False)) == [
        "project 3: 10 tasks made, 2 there before",
        "people answer at http://127.0.0.1:8080/projects/3/data?labeling=1",
    ]


def test_a_dry_push_names_no_project_that_is_not_there() -> None:
    assert list(estimate_table.pushed(Pushed(None, 10, 0), is_dry=True)) == [
        "a new project: 10 tasks would be made, 0 there before"
    ]


def test_rows_of_which_nothing_is_known_are_told() -> None:
    """Every drawn row answered is no census of a window of which half was drawn."""
    told = lines([of("w1"), of("w2"), of("all", "all", rows=2000, low=0.9, high=0.9)])

    [said] = [line for line in told if "exact, for these" in line]
    assert said.endswith("covers 1,000 of 2,000 rows")


def test_a_recall_without_a_point_shows_what_it_is_at_least() -> None:
    recall = of("w", metric="recall", class_="late", value=None, low=0.31, high=1.0)
    f1 = of("w", metric="f1", class_="late", value=None, low=0.2, high=0.8)

    told = lines([of("w"), recall, f1])

    assert " ".join(told[-3].split()) == "late at least 31.0 % 20.0 to 80.0 %"


def test_every_line_that_is_watched_shows_its_state_and_the_reason() -> None:
    alert = WatchedLine(
        metric="recall", class_="late", cohort=None, period="week", window="2026-W42",
        side="below", limit=0.5, state="clear", reason="at least 0.62 (0.71 from 300 answers)",
    )  # fmt: skip

    told = list(estimate_table.watched([alert]))

    assert told[:2] == ["", "lines watched"]
    assert " ".join(told[2].split()) == (
        "recall of 'late' below 0.5 2026-W42 clear at least 0.62 (0.71 from 300 answers)"
    )
    assert list(estimate_table.watched([])) == []
