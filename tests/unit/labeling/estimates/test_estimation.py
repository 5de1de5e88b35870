from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from labeling.estimates.estimate import Estimate
from labeling.estimates.estimation import estimates
from labeling.estimates.families.chosen import Wanted
from labeling.estimates.window_views import Scoring
from labeling.formulas.shares import share
from pipelines.tables.schemas import ANNOTATIONS, DESIGNS, SAMPLES

_START = datetime(2026, 11, 20, tzinfo=UTC)
_CLASSES = Wanted("classification", ("a", "b", "c"))
_NUMBERS = Wanted("regression")


def _at(minute: int) -> datetime:
    return _START + timedelta(minutes=minute)


@dataclass(frozen=True)
class Row:
    """One prediction of a batch, with what people say when they are asked."""

    key: str
    label: str
    answers: tuple[str, ...] = ()
    stratum: str = ""
    cohorts: dict[str, str] = field(default_factory=dict)
    is_drawn: bool = True
    digest: str = "d"


@dataclass(frozen=True)
class Draw:
    """One draw of one batch."""

    batch: str
    rows: Sequence[Row]
    version: str = "v1"
    draw_no: int = 1
    series: int = 1
    minute: int = 0
    purpose: str = "verify"
    anew: frozenset[str] | None = None  # keys that are drawn here; all drawn ones by default

    def _head(self) -> dict[str, object]:
        names = ("batch", "version", "draw_no", "series", "purpose")
        return {name: getattr(self, name) for name in names} | {"known_at": _at(self.minute)}

    def _drawn(self) -> list[Row]:
        return [row for row in self.rows if row.is_drawn]

    def designs(self) -> list[dict[str, object]]:
        size = Counter(_stratum(row) for row in self.rows)
        taken = Counter(_stratum(row) for row in self._drawn())
        return [
            self._head()
            | {"stratum": name, "size": size[name], "allocated": taken[name]}
            | {"domains": json.dumps(self._domains(name))}
            for name in size
        ]

    def _domains(self, stratum: str) -> dict[str, dict[str, int]]:
        found: dict[str, Counter[str]] = {}
        for row in self.rows:
            if _stratum(row) == stratum:
                for domain in ("", *(f"{name}={value}" for name, value in row.cohorts.items())):
                    found.setdefault(domain, Counter())[row.label] += 1
        return {domain: dict(counts) for domain, counts in found.items()}

    def samples(self) -> list[dict[str, object]]:
        return [
            self._head()
            | {"prediction_id": f"{self.batch}/{row.key}", "key": row.key, "label": row.label}
            | {"value": _number(row.label), "stratum": _stratum(row), "shown_digest": row.digest}
            | {"cohorts": list(row.cohorts.items())}
            for row in self._drawn()
            if self.anew is None or row.key in self.anew
        ]

    def annotations(self) -> list[dict[str, object]]:
        return [
            {
                "purpose": self.purpose,
                "annotation_id": f"{self.batch}/{row.key}/{place}",
                "prediction_id": f"{self.batch}/{row.key}",
                "shown_digest": row.digest,
                "annotator": f"person {place}",
                "answer": answer,
                "state": "valid",
                "known_at": _at(self.minute + 1),
            }
            for row in self._drawn()
            for place, answer in enumerate(row.answers)
        ]


def _stratum(row: Row) -> str:
    return row.stratum or row.label


def _number(label: str) -> float | None:
    try:
        return float(label)
    except ValueError:
        return None


@dataclass(frozen=True)
class Tables:
    """What a store holds."""

    designs: pa.Table
    samples: pa.Table
    annotations: pa.Table

    def shuffled(self, seed: int) -> Tables:
        rng = np.random.default_rng(seed)
        parts = (self.designs, self.samples, self.annotations)
        return Tables(*(part.take(rng.permutation(part.num_rows)) for part in parts))

    def estimated(self, wanted: Wanted = _CLASSES, as_of: datetime | None = None) -> list[Estimate]:
        tables = (self.designs, self.samples, self.annotations)
        return estimates(*tables, wanted=wanted, seed="s", as_of=as_of)

    def and_answer(self, batch: str, key: str, **more: object) -> Tables:
        """Return the tables with one more row of annotations."""
        row = Draw(batch, [Row(key, "a", ("a",))]).annotations()[0] | more
        rows = pa.Table.from_pylist([row], schema=ANNOTATIONS)
        return replace(self, annotations=pa.concat_tables([self.annotations, rows]))


def _tables(*draws: Draw) -> Tables:
    return Tables(
        pa.Table.from_pylist([row for draw in draws for row in draw.designs()], schema=DESIGNS),
        pa.Table.from_pylist([row for draw in draws for row in draw.samples()], schema=SAMPLES),
        pa.Table.from_pylist([row for d in draws for row in d.annotations()], schema=ANNOTATIONS),
    )


def _find(
    found: Sequence[Estimate], metric: str = "accuracy", period: str = "batch", **wanted: object
) -> Estimate:
    """Return the one estimate with these fields; all rows, unless a cohort is named."""
    fields = {"class_": None, "cohort": None, "metric": metric, "period": period} | wanted
    (one,) = [e for e in found if all(getattr(e, name) == value for name, value in fields.items())]
    return one


def _rows(label: str, answers: Sequence[str | None], undrawn: int = 0, **more: object) -> list[Row]:
    """Return rows of one predicted label: one per answer, None for a missing one, and others."""
    stratum = str(more.pop("stratum", label))
    tag = str(more.pop("tag", ""))
    cohorts = dict(more.pop("cohorts", {}))  # type: ignore[call-overload]
    drawn = [
        Row(f"{tag}{stratum}{n}", label, (answer,) if answer else (), stratum, cohorts)
        for n, answer in enumerate(answers)
    ]
    rest = [
        Row(f"{tag}{stratum}u{n}", label, (), stratum, cohorts, is_drawn=False)
        for n in range(undrawn)
    ]
    return drawn + rest


_LABELS = st.sampled_from(["a", "b", "c"])
_CENSUS = st.lists(
    st.tuples(_LABELS, _LABELS, st.sampled_from(["s", "t"]), st.sampled_from(["x", "y"])),
    min_size=1,
    max_size=40,
)


def _census(rows: list[tuple[str, str, str, str]]) -> Draw:
    return Draw(
        "2026-11-20",
        [
            Row(str(n), said, (true,), stratum, {"side": side})
            for n, (said, true, stratum, side) in enumerate(rows)
        ],
    )


@settings(max_examples=25, deadline=None)
@given(_CENSUS)
def test_a_census_gives_scikit_learns_figures(rows: list[tuple[str, str, str, str]]) -> None:
    """Overall, by class and by cohort, without an error."""
    found = _tables(_census(rows)).estimated()

    for cohort, chosen in (
        (None, rows),
        ("side=x", [row for row in rows if row[3] == "x"]),
        ("side=y", [row for row in rows if row[3] == "y"]),
    ):
        if chosen:
            said, true = ([row[place] for row in chosen] for place in (0, 1))
            expected: dict[tuple[str, str | None], float]
            expected = {("accuracy", None): float(np.mean(np.array(said) == np.array(true)))}
            parts = metrics.precision_recall_fscore_support(
                true, said, labels=["a", "b", "c"], zero_division=np.nan
            )
            for name, values in zip(("precision", "recall", "f1"), parts, strict=False):
                expected |= {(name, c): v for c, v in zip("abc", values, strict=True)}
            for (metric, class_), value in expected.items():
                one = _find(found, metric, class_=class_, cohort=cohort)
                if np.isnan(value):
                    assert (one.value, one.low, one.high) == (None, 0, 1)
                else:
                    assert one.value == pytest.approx(value)
                    assert one.low == pytest.approx(value)
                    assert one.stderr == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=20))
def test_a_census_of_numbers_gives_scikit_learns_errors(rows: list[tuple[float, float]]) -> None:
    draw = Draw("all", [Row(str(n), str(s), (str(t),), "one") for n, (s, t) in enumerate(rows)])
    said, true = zip(*rows, strict=True)

    found = _tables(draw).estimated(_NUMBERS)

    assert _find(found, "mae").value == pytest.approx(metrics.mean_absolute_error(true, said))
    assert _find(found, "rmse").value == pytest.approx(
        metrics.root_mean_squared_error(true, said), abs=1e-9
    )
    assert _find(found, "mae").stderr == 0


def _week() -> Tables:
    """Two days: 80 % and 50 % right, of 90 and 30 rows, 10 answers each."""
    right = ["a"] * 8 + ["b"] * 2
    half = ["a"] * 5 + ["b"] * 5
    return _tables(
        Draw("2026-11-20", _rows("a", right, 80)), Draw("2026-11-21", _rows("a", half, 20))
    )


def test_a_window_is_estimated_once_from_all_strata_of_its_batches() -> None:
    found = _find(_week().estimated(), period="week")

    alone = share([90, 30], [10, 10], [8, 5])
    assert found.value == pytest.approx(alone.value)
    assert found.low == pytest.approx(alone.low)
    assert found.high == pytest.approx(alone.high)
    assert (found.window, found.rows, found.n_asked, found.n_answered) == ("2026-W47", 120, 20, 20)


def test_a_batch_has_one_row_and_lies_in_every_longer_period() -> None:
    accuracy = [e for e in _week().estimated() if e.metric == "accuracy"]

    assert [(e.period, e.window) for e in accuracy] == [
        ("batch", "2026-11-20"),
        ("batch", "2026-11-21"),
        ("day", "2026-11-20"),
        ("day", "2026-11-21"),
        ("week", "2026-W47"),
        ("month", "2026-11"),
        ("all", "all"),
    ]


def test_a_batch_that_nobody_drew_from_adds_its_rows_to_its_windows() -> None:
    """Of its newest scoring; and it is a fact of them, so that they are restated."""
    tables = _tables(Draw("2026-11-20", _rows("a", ["a"] * 5)))
    scored = [
        Scoring("2026-11-20", "v1", 5, _at(0)),
        Scoring("2026-11-18", "v1", 70, _at(2)),
        Scoring("2026-11-18", "v1", 60, _at(3)),
        Scoring("2026-11-30", "v1", 900, _at(4)),
    ]

    found = estimates(
        tables.designs, tables.samples, tables.annotations, wanted=_CLASSES, seed="s", scored=scored
    )

    week, day = _find(found, period="week"), _find(found, period="batch")
    assert (week.rows, week.rows_covered, week.as_of) == (65, 5, _at(3))
    assert (day.rows, day.rows_covered, day.as_of) == (5, 5, _at(1))
    assert _find(found, period="all").rows == 965


def test_a_version_that_lost_a_batch_of_a_window_is_restated() -> None:
    """Another version in its place is a fact for the one that it left."""
    one = Draw("2026-11-19", _rows("a", ["a"] * 5), version="v1")
    other = Draw("2026-11-20", _rows("b", ["b"] * 5), version="v1")
    replaced = replace(other, version="v2", draw_no=2, series=2, minute=9)

    before = _find(_tables(one, other).estimated(), period="week", version="v1")
    after = _find(_tables(one, other, replaced).estimated(), period="week", version="v1")

    assert before.rows > after.rows
    assert before.as_of < after.as_of


def test_a_window_of_several_versions_has_a_row_for_each() -> None:
    tables = _tables(
        Draw("2026-11-20", _rows("a", ["a"] * 4, 6)),
        Draw("2026-11-21", _rows("a", ["b"] * 4, 6), version="v2"),
    )

    found = [e for e in tables.estimated() if (e.metric, e.period) == ("accuracy", "week")]

    assert [(e.version, e.value) for e in found] == [(None, 0.5), ("v1", 1), ("v2", 0)]


def test_a_batch_without_an_answer_says_nothing_of_its_window() -> None:
    """Its rows are asked, not covered, and could change the value."""
    tables = _tables(
        Draw("2026-11-20", _rows("a", ["a"] * 8 + ["b"] * 2, 80)),
        Draw("2026-11-21", _rows("a", [None] * 10, 20)),
    )

    found = _find(tables.estimated(), period="week")

    assert found.value == pytest.approx(0.8)
    assert (found.rows, found.rows_covered, found.n_asked, found.n_answered) == (120, 90, 20, 10)
    assert found.value_if_missing_wrong == pytest.approx(0.8 * 90 / 120)
    assert found.value_if_missing_right == pytest.approx((0.8 * 90 + 30) / 120)


def _begun(answers: Sequence[str | None], undrawn: int = 6_700) -> Tables:
    """Two weeks: 249 of 300 right, then some answers of another 300 questions."""
    open_ = [None] * (300 - len(answers))
    return _tables(
        Draw("2026-W45", _rows("a", ["a"] * 249 + ["b"] * 51)),
        Draw("2026-W46", _rows("a", [*answers, *open_], undrawn)),
    )


@pytest.mark.parametrize("answers", [["b"], ["a"] * 7])
def test_a_batch_that_was_just_begun_says_nothing_of_a_wider_window(answers: list[str]) -> None:
    found = _begun(answers).estimated()

    month = _find(found, period="month")
    assert month.value == pytest.approx(0.83)
    assert (month.rows, month.rows_covered) == (7_300, 300)
    assert not month.just_begun


def test_it_has_a_figure_of_its_own_from_the_first_answer_on() -> None:
    found = _begun(["b"]).estimated()

    for period in ("batch", "week"):
        own = _find(found, period=period, window="2026-W46")
        assert (own.value, own.rows_covered, own.just_begun) == (0, 7_000, True)
    assert not _find(found, period="week", window="2026-W45").just_begun
    assert "just_begun" not in _find(found, period="week", window="2026-W45").record()


def test_eight_answers_are_enough_for_every_window() -> None:
    found = _begun(["a"] * 4 + ["b"] * 4).estimated()

    month = _find(found, period="month")
    assert month.value == pytest.approx((249 + 7_000 / 2) / 7_300)
    assert month.rows_covered == 7_300
    assert not _find(found, window="2026-W46").just_begun


@pytest.mark.parametrize("state", ["skipped", "deleted"])
def test_a_small_batch_is_covered_when_all_its_questions_are_decided(state: str) -> None:
    """Skipped and retracted ones are."""
    tables = _tables(
        Draw("2026-W45", _rows("a", ["a"] * 10)), Draw("2026-W46", _rows("a", ["b", None], 8))
    )
    before = _find(tables.estimated(), period="month")

    tables = tables.and_answer("2026-W46", "a1", answer=None, state=state)
    after = _find(tables.estimated(), period="month")

    assert (before.value, before.rows_covered) == (1, 10)
    assert (after.value, after.rows_covered) == (0.5, 20)


def test_its_labels_do_not_weigh_in_either() -> None:
    """80 % of 90 a and none of 10 b were right; 90 b of the next day are not known yet."""
    tables = _tables(
        Draw(
            "2026-11-20", _rows("a", ["a"] * 8 + ["b"] * 2, 80) + _rows("b", ["a"] * 2, 8, tag="b")
        ),
        Draw("2026-11-21", _rows("a", [None] * 2, 8) + _rows("b", [None] * 10, 80)),
    )

    assert _find(tables.estimated(), period="week").value == pytest.approx(0.72)


def test_missing_answers_count_as_wrong_and_as_right_in_their_strata() -> None:
    rows = _rows("a", ["a", "a", "b", None], 36) + _rows("b", ["b", "b", None, None], 56)

    found = _find(_tables(Draw("all", rows)).estimated())

    assert found.value == pytest.approx(0.4 * 2 / 3 + 0.6)
    assert found.value_if_missing_wrong == pytest.approx(0.4 * 2 / 4 + 0.6 * 2 / 4)
    assert found.value_if_missing_right == pytest.approx(0.4 * 3 / 4 + 0.6)


def test_a_missing_answer_may_be_a_class_that_was_missed() -> None:
    rows = _rows("a", ["a", "a"] * 3) + _rows("b", ["a", "a", "a", "b", None])

    found = _find(_tables(Draw("all", rows)).estimated(), "recall", class_="a")

    assert found.value == pytest.approx(6 / (6 + 5 * 3 / 4))
    assert found.value_if_missing_wrong == pytest.approx(6 / 10)
    assert found.value_if_missing_right == pytest.approx(6 / 9)


@pytest.mark.parametrize("metric", ["recall", "f1"])
def test_a_rare_class_of_which_few_rows_were_found_has_limits_and_no_point(metric: str) -> None:
    rows = _rows("a", ["a"] * 5, 5) + _rows("b", ["a", "a", *["b"] * 48], 50)

    found = _find(_tables(Draw("all", rows)).estimated(), metric, class_="a")

    assert (found.value, found.value_if_missing_wrong) == (None, None)
    assert found.low is not None
    assert 0.2 < found.low < 1


def test_a_window_that_is_answered_in_full_has_points() -> None:
    rows = _rows("a", ["a"]) + _rows("b", ["a", "b"])

    found = _find(_tables(Draw("all", rows)).estimated(), "recall", class_="a")

    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_class_that_the_model_stopped_finding_has_a_recall_of_0() -> None:
    rows = _rows("b", ["a", *["b"] * 9], 90)

    found = _find(_tables(Draw("all", rows)).estimated(), "recall", class_="a")

    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_with_all_answers_nothing_is_missing() -> None:
    for found in _week().estimated():
        if found.value is not None:
            assert found.value_if_missing_wrong == pytest.approx(found.value, abs=1e-12)
            assert found.value_if_missing_right == pytest.approx(found.value, abs=1e-12)


def test_a_missing_number_is_at_worst_as_far_off_as_any_other() -> None:
    rows = [Row(str(n), "10", (t,), "one") for n, t in enumerate(["11", "13"])]
    rows.append(Row("missing", "10", (), "one"))

    found = _find(_tables(Draw("all", rows)).estimated(_NUMBERS), "mae")

    assert found.value == pytest.approx(2)
    assert found.value_if_missing_wrong == pytest.approx((1 + 3 + 3) / 3)
    assert found.value_if_missing_right == pytest.approx((1 + 3) / 3)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 9), st.lists(st.floats(0, 9), max_size=3), st.sampled_from("st")),
        min_size=1,
        max_size=30,
    ),
    st.integers(0, 9),
)
def test_errors_are_ordered_and_do_not_depend_on_the_order_of_rows(
    rows: list[tuple[float, list[float], str]], seed: int
) -> None:
    """To the last bit, although sums of floats depend on theirs."""
    drawn = [
        Row(str(n), str(said), tuple(map(str, people)), stratum)
        for n, (said, people, stratum) in enumerate(rows)
    ]
    more = [Row(f"u{n}", "0", (), "s", is_drawn=False) for n in range(9)]
    tables = _tables(Draw("all", drawn + more))

    found = tables.estimated(_NUMBERS)

    assert found == tables.shuffled(seed).estimated(_NUMBERS)
    for one in found:
        if one.value is not None:
            assert one.value_if_missing_wrong is not None
            assert one.value_if_missing_right is not None
            side = -1 if one.metric == "bias" and one.value < 0 else 1
            assert side * one.value_if_missing_right <= side * one.value
            assert side * one.value <= side * one.value_if_missing_wrong


def test_a_part_of_a_stratum_stands_for_its_own_rows_however_often_it_was_asked() -> None:
    """A cohort's part of a stratum may be asked more often than the stratum is: 10 of 100 rows."""
    north = {"area": "north"}
    rows = [Row("s1", "0", ("0",), "s", north), Row("s2", "0", (), "s", north)]
    rows += [Row(f"su{n}", "0", (), "s", north, is_drawn=False) for n in range(8)]
    rows += [Row(f"other{n}", "0", (), "s", is_drawn=False) for n in range(170)]
    rows += [Row(f"t{n}", "0", ("1",), "t", north) for n in range(9)]
    rows += [Row(f"tu{n}", "0", (), "t", north, is_drawn=False) for n in range(81)]

    found = _find(_tables(Draw("all", rows)).estimated(_NUMBERS), "mae", cohort="area=north")

    assert found.value == pytest.approx(0.9)
    assert found.value_if_missing_right == pytest.approx(found.value)


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_errors_are_unreliable_where_few_answers_show_no_tail(metric: str) -> None:
    """A census is what it is, whatever part of the sum one answer makes."""
    away = ["1"] * 10 + ["90"]
    rows = [Row(str(n), "0", (t,), "one") for n, t in enumerate(away)]
    rest = [Row(f"u{n}", "0", (), "one", is_drawn=False) for n in range(50)]

    census = _find(_tables(Draw("all", rows)).estimated(_NUMBERS), metric)
    sample = _find(_tables(Draw("all", [*rows, *rest])).estimated(_NUMBERS), metric)

    assert (census.largest or 0) >= 0.9
    assert (census.reliable, sample.reliable) == (True, False)


def test_people_who_disagree_make_a_row_half_right() -> None:
    """Dropping ties would say that all is right."""
    rows = [Row("1", "a", ("a", "b")), Row("2", "a", ("a", "a"))]

    found = _find(_tables(Draw("all", rows)).estimated())

    assert (found.value, found.n_answered) == (0.75, 2)


def test_a_cohort_is_weighed_by_its_own_rows_in_each_stratum() -> None:
    """North: 10 rows of stratum s, half right; 30 of t, all right."""
    north, south = {"area": "north"}, {"area": "south"}
    rows = _rows("a", ["a", "b"], 8, stratum="s", cohorts=north, tag="n")
    rows += _rows("a", ["a", "a"], 28, stratum="t", cohorts=north, tag="n")
    rows += _rows("a", ["b", "b"], 98, stratum="s", cohorts=south, tag="s")

    found = _find(_tables(Draw("all", rows)).estimated(), cohort="area=north")

    assert found.value == pytest.approx((0.5 * 10 + 30) / 40)
    assert (found.rows, found.n_asked) == (40, 4)


def test_a_cohort_of_which_nothing_was_asked_is_left_out() -> None:
    rows = _rows("a", ["a", "a"]) + _rows("a", [], 5, stratum="t", cohorts={"area": "west"})

    assert all(e.cohort is None for e in _tables(Draw("all", rows)).estimated())


def test_the_seen_in_training_cohort_is_one_like_the_others() -> None:
    rows = _rows("a", ["a", "a"], 3, cohorts={"seen_in_training": "true"})

    assert _find(_tables(Draw("all", rows)).estimated(), cohort="seen_in_training=true").value == 1


def test_merged_strata_of_a_cohort_count_each_answer_with_its_rows() -> None:
    """One answer stands for 90 rows, another for 10: 90 % right, not half."""
    north = {"area": "north"}
    rows = _rows("a", ["a"], 89, stratum="s", cohorts=north)
    rows += _rows("a", ["b"], 9, stratum="t", cohorts=north)

    assert _find(_tables(Draw("all", rows)).estimated(), cohort="area=north").value == (
        pytest.approx(0.9)
    )


def test_a_top_up_belongs_to_its_series() -> None:
    first = _rows("a", ["a", "a"], 8)
    more = [*first, *_rows("a", ["b", "b"], tag="more")]
    more = [row for row in more if row.is_drawn] + [row for row in more if not row.is_drawn][:6]
    added = frozenset(row.key for row in more if row.key.startswith("more"))
    tables = _tables(Draw("all", first), Draw("all", more, draw_no=2, minute=5, anew=added))

    found = _find(tables.estimated())

    assert (found.value, found.rows, found.n_asked, found.n_answered) == (0.5, 10, 4, 4)


def test_a_redraw_begins_anew_and_the_earlier_draw_can_still_be_asked_for() -> None:
    first = Draw("all", _rows("a", ["a", "a"], 8))
    again = Draw("all", _rows("a", ["b", "b"], 8, tag="new"), draw_no=2, series=2, minute=5)
    tables = _tables(first, again)

    assert _find(tables.estimated()).value == 0
    assert _find(tables.estimated(as_of=_at(1))).value == 1


def test_a_replaced_batch_is_judged_by_the_same_answers_with_its_new_labels() -> None:
    old = Draw("all", _rows("a", ["a", "b", "b"], 7))
    rows = [replace(row, label="b", stratum="a", answers=()) for row in old.rows]
    new = Draw("all", rows, version="v2", draw_no=2, series=2, minute=5)

    found = _find(_tables(old, new).estimated())

    assert found.value == pytest.approx(2 / 3)
    assert (found.version, found.n_answered) == ("v2", 3)


def test_an_answer_to_another_row_than_is_shown_now_does_not_count() -> None:
    old = Draw("all", _rows("a", ["a", "b"], 8))
    rows = [replace(old.rows[0], digest="changed", answers=()), *old.rows[1:]]
    new = Draw("all", rows, version="v2", draw_no=2, series=2, minute=5)

    found = _find(_tables(old, new).estimated())

    assert (found.value, found.n_answered, found.n_asked) == (0, 1, 2)


def test_rows_that_a_replaced_batch_lost_do_not_count() -> None:
    old = Draw("all", _rows("a", ["a", "b"], 8))
    new = Draw("all", old.rows[1:], version="v2", draw_no=2, series=2, minute=5)

    found = _find(_tables(old, new).estimated())

    assert (found.value, found.rows, found.n_asked) == (0, 9, 1)


@pytest.mark.parametrize(
    "more", [{"state": "skipped", "answer": None}, {"state": "invalid"}, {"purpose": "train"}]
)
def test_what_is_no_valid_answer_does_not_count(more: dict[str, object]) -> None:
    tables = _tables(Draw("all", _rows("a", [None, "b"], 8))).and_answer("all", "a0", **more)

    assert _find(tables.estimated()).n_answered == 1


def test_an_answer_for_a_row_that_nobody_drew_does_not_count() -> None:
    tables = _tables(Draw("all", _rows("a", ["b", "b"], 8))).and_answer("all", "au0")

    found = _find(tables.estimated())

    assert (found.value, found.n_asked, found.n_answered) == (0, 2, 2)


def test_a_design_without_answers_is_listed_with_what_is_unknown() -> None:
    found = _find(_tables(Draw("all", _rows("a", [None] * 3, 7))).estimated())

    assert (found.value, found.low, found.high) == (None, 0, 1)
    assert (found.value_if_missing_wrong, found.value_if_missing_right) == (0, 1)
    assert (found.rows, found.rows_covered, found.n_asked, found.n_answered) == (10, 0, 3, 0)


@pytest.mark.parametrize("wanted", [_CLASSES, _NUMBERS])
def test_without_designs_there_are_no_estimates(wanted: Wanted) -> None:
    assert not _tables().estimated(wanted)


def test_a_late_answer_restates_the_estimate_and_the_earlier_one_can_be_repeated() -> None:
    before = _tables(Draw("2026-11-20", _rows("a", ["a", None], 8)))
    after = before.and_answer("2026-11-20", "a1", answer="b", known_at=_at(60))
    early, late = _find(before.estimated()), _find(after.estimated())

    assert (early.value, late.value) == (1, 0.5)
    assert (early.as_of, late.as_of) == (_at(1), _at(60))
    assert _find(after.estimated(as_of=early.as_of)) == early


def test_a_window_is_as_of_its_own_last_fact() -> None:
    tables = _week().and_answer("2026-11-21", "a0", answer="b", known_at=_at(60))

    found = {e.window: e.as_of for e in tables.estimated() if e.period in {"day", "week"}}

    assert found == {"2026-11-20": _at(1), "2026-11-21": _at(60), "2026-W47": _at(60)}


def test_a_retracted_answer_does_not_count() -> None:
    tables = _week().and_answer(
        "2026-11-20", "a0", annotation_id="2026-11-20/a0/0", state="deleted", known_at=_at(60)
    )

    assert _find(tables.estimated(), window="2026-11-20").n_answered == 9


_PEOPLE = st.lists(_LABELS, max_size=3).map(tuple)
_DRAWN = st.lists(
    st.tuples(_LABELS, _PEOPLE, st.sampled_from("st"), st.sampled_from("xy"), st.booleans()),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(_DRAWN, min_size=1, max_size=3), st.integers(0, 9))
def test_figures_are_ordered_and_do_not_depend_on_the_order_of_rows(
    days: list[list[tuple[str, tuple[str, ...], str, str, bool]]], seed: int
) -> None:
    tables = _tables(
        *(
            Draw(
                f"2026-11-2{day}",
                [
                    Row(str(n), said, people, stratum, {"side": side}, drawn)
                    for n, (said, people, stratum, side, drawn) in enumerate(rows)
                ],
            )
            for day, rows in enumerate(days)
        )
    )

    found = tables.estimated()

    assert found == tables.shuffled(seed).estimated()
    for one in found:
        assert one.low is not None
        assert one.high is not None
        assert 0 <= one.low <= one.high <= 1
        assert one.rows_covered <= one.rows
        assert one.n_answered <= one.n_asked <= one.rows
        if one.value is not None:
            assert one.low <= one.value <= one.high
            assert one.value_if_missing_wrong is not None
            assert one.value_if_missing_right is not None
            assert one.value_if_missing_wrong <= one.value <= one.value_if_missing_right


def test_without_an_answer_set_every_label_that_occurs_is_a_class() -> None:
    found = _week().estimated(replace(_CLASSES, answers=()))

    assert {e.class_ for e in found if e.metric == "f1"} == {"a", "b"}


def test_only_the_wanted_metrics_are_estimated() -> None:
    wanted = replace(_CLASSES, metrics=("accuracy", "f1"))

    assert {e.metric for e in _week().estimated(wanted)} == {"accuracy", "f1"}


def test_a_record_holds_no_nan() -> None:
    record = _find(_week().estimated(), period="week").record()

    assert "NaN" not in json.dumps(record, default=str)


def test_estimating_classes_imports_neither_pandas_nor_scipy(tmp_path: Path) -> None:
    """Each costs about a second, which a person waits for."""
    tables = _week()
    for name in ("designs", "samples", "annotations"):
        table = getattr(tables, name)
        with pa.ipc.new_file(tmp_path / name, table.schema) as file:
            file.write_table(table)
    program = """
import sys
from datetime import UTC, datetime
import pyarrow as pa
from labeling.answers.agreement import agreement
from labeling.estimates.families.chosen import Wanted
from labeling.estimates.estimation import estimates
from labeling.answers.current import label_questions

tables = [pa.ipc.open_file(f"{sys.argv[1]}/{name}").read_all() for name in sys.argv[2:]]
assert estimates(*tables, wanted=Wanted("classification"), seed="s", as_of=datetime.now(UTC))
assert label_questions(tables[2], tables[1], numbers=False).num_rows
assert agreement(tables[2], tables[1], numbers=False).questions
print(*sorted({"pandas", "scipy", "sklearn", "apache_beam"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", program, str(tmp_path), "designs", "samples", "annotations"]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert not done.stdout.strip()


def test_rows_that_people_cannot_call_right_are_told_with_each_figure_that_they_touch() -> None:
    """Of 200 rows, 50 are predicted as a class that is no answer; 40 of them are of one cohort."""
    rows = [
        *_rows("a", ["a"] * 10, 140, cohorts={"side": "x"}),
        *_rows("sorry", ["a"] * 5, 35, cohorts={"side": "y"}, stratum="t"),
        *_rows("sorry", ["b"] * 5, 5, cohorts={"side": "x"}, stratum="u"),
    ]
    found = _tables(Draw("2026-11-20", rows)).estimated()

    accuracy = _find(found)
    assert accuracy.unlisted == 50 / 200
    assert accuracy.note is not None
    assert accuracy.note.startswith(
        "25.00% of its rows are predicted as classes that people cannot"
    )
    assert _find(found, cohort="side=x").unlisted == 10 / 160
    assert _find(found, "recall", class_="a").unlisted == 50 / 200
    assert _find(found, "precision", class_="a").unlisted is None


def test_predictions_that_are_all_answers_are_told_nothing_of() -> None:
    found = _tables(Draw("2026-11-20", _rows("a", ["a"] * 10, 140))).estimated()

    assert {one.note for one in found} == {None}
