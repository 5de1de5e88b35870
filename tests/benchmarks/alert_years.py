"""How many years of alerts have a false alarm, and how soon an alert sees a class that is lost.

A year is 53 weeks of a model that is exactly as good as its line, so that every
alarm is false. Of each week 300 rows are asked about, and `recheck run` is
called 30 times while the answers come in. Each week gets its one look, through
the product's `looks`; beside it stands what a look at every run would give.
Prints one line a cell, with its goal, and exits with 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

import numpy as np

from labeling.estimates.alerts import CROSSED, Watch, looks
from labeling.estimates.estimate import Estimate
from labeling.formulas.answered_strata import AnsweredStrata, strata
from labeling.formulas.intervals import Interval, Intervals
from labeling.formulas.mean_errors import Spread, means, roots
from labeling.formulas.ratios import ClassShares, recall
from labeling.formulas.shares import shares
from pipelines.columns.buffers import Bools, Floats, Int64s
from pipelines.job.sections import AlertLook, AlertRule, Batches

WEEKS, RUNS, ASKED, COHORTS = 53, 30, 300, 20
_AT = datetime(2026, 12, 1, tzinfo=UTC)
_ROWS = 10_000.0
_ESTIMATE = Estimate(
    metric="accuracy",
    class_=None,
    value=None,
    low=None,
    high=None,
    stderr=None,
    value_if_missing_wrong=None,
    value_if_missing_right=None,
    cohort=None,
    period="week",
    window="2026-W45",
    version="v1",
    rows=int(_ROWS),
    rows_covered=int(_ROWS),
    n_asked=ASKED,
    n_answered=ASKED,
    as_of=_AT,
)


@dataclass(frozen=True)
class Cell:
    """A measured share, and what it should be."""

    name: str
    share: float
    most: float = 1.0
    least: float = 0.0

    @property
    def is_held(self) -> bool:
        """Whether the goal is reached."""
        return self.least <= self.share <= self.most


def rule(metric: str = "accuracy", **more: object) -> AlertRule:
    """Return a line of `[[alerts]]`."""
    return AlertRule.model_validate({"metric": metric, **more})


def fires(estimate: Estimate, lines: Sequence[AlertRule]) -> bool:
    """Say whether the first line is crossed by an estimate that is looked at."""
    watch = Watch(lines, AlertLook(), Batches(by="week"))
    whole = replace(estimate, n_asked=estimate.n_answered)
    return looks([whole], watch, at=_AT)[0][0].state == CROSSED


@cache
def share_fires(right: int, answers: int, lines: int, line: float) -> bool:
    """Say whether an alert on accuracy fires, with so many lines in the job."""
    found = shares(strata([_ROWS], [answers], [right]))[0]
    watched = [rule(below=line), *(rule(below=line, cohort=f"a={n}") for n in range(1, lines))]
    return fires(_with(_ESTIMATE, found, answers), watched)


def accuracy_years(rng: np.random.Generator, years: int, lines: int, line: float) -> Bools:
    """Return which years have a false alarm on accuracy, one look a week: (Y,).

    The answers of a week are shared by the lines, which watch one cohort each.
    """
    return _any(_accuracy(rng, (years, WEEKS, lines), lines, line))


def every_run_years(rng: np.random.Generator, years: int, lines: int, line: float) -> Bools:
    """Return the same, if every run of `recheck` were a look: (Y,)."""
    each = ASKED // lines
    arrived = np.maximum(np.arange(1, RUNS + 1) * each // RUNS, 1)
    rights = rng.random((years, WEEKS, lines, each)) < line
    sums = rights.cumsum(axis=3)[:, :, :, arrived - 1]
    return _any(_fired(sums, np.broadcast_to(arrived, sums.shape), lines, line))


def _any(fired: Bools) -> Bools:
    """Say of each year whether anything fired in it: (Y,)."""
    return np.asarray(fired.reshape(len(fired), -1).any(axis=1), np.bool_)


def _accuracy(
    rng: np.random.Generator, shape: tuple[int, int, int], lines: int, line: float
) -> Bools:
    each = ASKED // lines
    enough = int(np.ceil(0.9 * each))
    answers = np.minimum(enough + rng.integers(0, each // RUNS + 1, shape), each)
    return _fired(rng.binomial(answers, line), answers, lines, line)


def _fired(right: Int64s, answers: Int64s, lines: int, line: float) -> Bools:
    pairs, place = np.unique(right * 1_000 + answers, return_inverse=True)
    fired = [share_fires(int(pair) // 1_000, int(pair) % 1_000, lines, line) for pair in pairs]
    return np.array(fired)[place].reshape(right.shape)


def recall_years(rng: np.random.Generator, years: int, prevalence: float) -> Bools:
    """Return which years have a false alarm on a recall of .5, exactly at its line: (Y,).

    Half of the class is predicted as it, and half of what is predicted is right.
    """
    predicted = prevalence
    inside = max(2, round(ASKED * predicted))
    sides = (
        (inside, rng.binomial(inside, 0.5, years * WEEKS), predicted),
        (
            ASKED - inside,
            rng.binomial(ASKED - inside, prevalence / 2 / (1 - predicted), years * WEEKS),
            1 - predicted,
        ),
    )
    right, missed = (_stratum(_ROWS * rows, many, found) for many, found, rows in sides)
    line = [rule("recall", **{"class": "rare", "below": 0.5})]
    ratios = recall(right, missed, np.full(years * WEEKS, predicted))
    fired = [
        fires(_of_class(ratios[week], right[week], missed[week], predicted), line)
        for week in range(years * WEEKS)
    ]
    return _any(np.array(fired).reshape(years, WEEKS))


def lost_class(
    rng: np.random.Generator, weeks: int, prevalence: float, answers: int, predicted: float
) -> float:
    """Return in which share of first weeks an alert on recall sees that a class is lost.

    Args:
        rng: where chance comes from.
        weeks: how many are tried.
        prevalence: of the class in the rows.
        answers: in the week.
        predicted: the share of rows that are still predicted as the class, all wrong.

    Returns:
        The share of weeks in which "recall below .5" fires.
    """
    inside = max(2, round(answers * predicted)) if predicted else 0
    lost = prevalence / (1 - predicted)
    found = rng.binomial(answers - inside, lost, weeks)
    missed = _stratum(_ROWS * (1 - predicted), answers - inside, found)
    nothing = Interval(None, 0, 1)
    right = shares(strata([_ROWS * predicted], [inside], [0]))[0] if inside else nothing
    sides = Intervals(
        *(
            np.full(weeks, np.nan if end is None else end)
            for end in (right.value, right.low, right.high)
        )
    )
    ratios = recall(sides, missed, np.full(weeks, predicted))
    line = [rule("recall", **{"class": "rare", "below": 0.5})]
    fired = [
        fires(_of_class(ratios[week], right, missed[week], predicted, answers), line)
        for week in range(weeks)
    ]
    return float(np.mean(fired))


def tails_of_errors(rng: np.random.Generator, rows: int) -> dict[str, Floats]:
    """Return absolute errors: of hourly counts with a skewed tail, and times lognormal ones."""
    hour = rng.integers(0, 24, rows)
    expected = (80 + 50 * np.sin(hour / 12 * np.pi)) * rng.gamma(4, 0.25, rows)
    peak = np.where(rng.random(rows) < 0.01, 4, 1)
    counts = np.abs(rng.negative_binomial(3, 3 / (3 + expected)) * peak - expected)
    noise = rng.normal(size=rows)
    return {
        "hourly counts": counts,
        "× lognormal .8": counts * np.exp(0.8 * noise - 0.32),
        "× lognormal 1.3": counts * np.exp(1.3 * noise - 0.845),
    }


def error_years(
    rng: np.random.Generator, years: int, errors: Floats, metric: str, side: str
) -> Bools:
    """Return which years have a false alarm on MAE or RMSE, exactly at its line: (Y,)."""
    strata, each = 5, 60
    power = 1 if metric == "mae" else 2
    truth = float((errors**power).mean() ** (1 / power))
    parts = np.array_split(errors, strata)
    weeks = years * WEEKS
    drawn = np.stack([part[rng.integers(0, len(part), (weeks, each))] for part in parts], axis=1)
    found = means(spread_of(drawn**power, len(errors)))
    found = roots(found) if power == 2 else found
    line = [rule(metric, **{side: truth})]
    fired = [
        fires(_with(replace(_ESTIMATE, metric=metric), found[week], strata * each), line)
        for week in range(weeks)
    ]
    return _any(np.array(fired).reshape(years, WEEKS))


def spread_of(errors: Floats, rows: int) -> Spread:
    """Return the errors of replays as strata: from (R, H, n), each replay being a group."""
    replays, strata, n = errors.shape
    count = np.full(replays * strata, float(n))
    away = errors - errors.mean(axis=2, keepdims=True)
    third = (away**3).mean(axis=2) * n**2 / ((n - 1) * (n - 2))
    means_of = errors.mean(axis=2).ravel()
    group = np.repeat(np.arange(replays), strata)
    size = np.full(replays * strata, rows / strata)
    sums = errors.sum(axis=2).ravel()
    answered = AnsweredStrata(size, count, count, means_of, sums, group, replays)
    return Spread(answered, errors.var(axis=2, ddof=1).ravel(), third.ravel())


def _with(estimate: Estimate, found: Interval, answers: int) -> Estimate:
    return replace(estimate, value=found.value, low=found.low, high=found.high, n_answered=answers)


def _of_class(
    found: Interval, right: Interval, missed: Interval, predicted: float, answers: int = ASKED
) -> Estimate:
    of_class = replace(
        _ESTIMATE, metric="recall", class_="rare", rests_on=ClassShares(right, missed, predicted)
    )
    return _with(of_class, found, answers)


def _stratum(rows: float, answers: int, found: Int64s) -> Intervals:
    """Return the shares of samples from one stratum: (R,)."""
    many = len(found)
    count, right = np.full(many, float(answers)), found.astype(np.float64)
    size, group = np.full(many, rows), np.arange(many)
    return shares(AnsweredStrata(size, count, count, right / answers, right, group, many))


def cells(years: int) -> Iterator[Cell]:
    """Measure every cell."""
    rng = np.random.default_rng(2026)
    for line in (0.8, 0.9, 0.95):
        one, many = (accuracy_years(rng, years, n, line) for n in (1, COHORTS))
        yield Cell(f"accuracy at {line}, one line, one look a week", one.mean(), 0.05)
        yield Cell(f"accuracy at {line}, {COHORTS} cohorts", many.mean(), 0.05)
    for lines in (1, COHORTS):
        each = every_run_years(rng, min(years, 200), lines, 0.9)
        yield Cell(f"(not done) a look at every run, {lines} lines", each.mean())
    for prevalence in (0.05, 0.2):
        found = recall_years(rng, years, prevalence)
        yield Cell(f"recall at .5, class of {prevalence:.0%}", found.mean(), 0.05)
    for name, errors in tails_of_errors(rng, 20_000).items():
        for metric in ("mae", "rmse"):
            for side in ("above", "below"):
                found = error_years(rng, max(years // 5, 50), errors, metric, side)
                yield Cell(f"{metric} {side} its line, {name}", found.mean(), 0.05)
    for prevalence, answers in ((0.05, 100), (0.05, 200), (0.1, 100)):
        for predicted in (0.0, 0.0005, 0.001):
            share = lost_class(rng, 2_000, prevalence, answers, predicted)
            name = f"lost class of {prevalence:.0%}, n = {answers}, {predicted:.2%} still predicted"
            is_sure = not predicted or answers >= 200
            yield Cell(name, share, least=0.9 if is_sure else 0.0)


def first_sure(prevalence: float, predicted: float = 0.0) -> int:
    """Return from how many answers on 90 % of first weeks see that a class is lost."""
    rng = np.random.default_rng(1)
    tried = (50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 600, 800, 1_000, 1_500, 2_000)
    return next(n for n in tried if lost_class(rng, 1_000, prevalence, n, predicted) >= 0.9)


def main() -> None:
    """Measure and print; `--years` says how thoroughly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=1_000, help="per cell")
    years = parser.parse_args().years
    missed = 0
    print("| cell | share | goal | |\n|---|---|---|---|")
    for cell in cells(years):
        goal = f"≥ {cell.least:.2f}" if cell.least else f"≤ {cell.most:.2f}"
        print(f"| {cell.name} | {cell.share:.3f} | {goal} | {'' if cell.is_held else 'MISSED'} |")
        missed += not cell.is_held
    print("\n| a class of | none predicted | .05 % still predicted, all wrong | .1 % |")
    print("|---|---|---|---|")
    for prevalence in (0.1, 0.05, 0.02, 0.01):
        ns = [f"n = {first_sure(prevalence, predicted)}" for predicted in (0.0, 0.0005, 0.001)]
        print(f"| {prevalence:.0%} | {' | '.join(ns)} |")
    sys.exit(int(missed > 0))


if __name__ == "__main__":
    main()
