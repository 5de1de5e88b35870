"""The columns of a data file that a job reads."""

from __future__ import annotations

from pipelines.features.spec import Categorical
from pipelines.input.fragments import Projection
from pipelines.job.rules import ReadingRules


def projection(rules: ReadingRules, *, target: bool = False) -> Projection:
    """Return the columns that a job reads: all of them where a user function runs first."""
    features, theirs = rules.features.columns, rules.predictions
    cohorts = [cohort.column for cohort in rules.cohorts.values()]
    others = [*rules.key_columns, *rules.shown, rules.time, rules.batches.column, *cohorts]
    if theirs:
        others += [theirs.label, theirs.score, theirs.version, *theirs.probabilities.values()]
    if target:
        others.append(rules.target.column)
    raw = [name for name in others if name]
    coded = [name for name, feature in features.items() if isinstance(feature, Categorical)]
    codes = frozenset({*coded, *cohorts} - set(rules.key_columns))
    if rules.features.function is not None:  # it makes the features
        return Projection(None, codes, tuple(dict.fromkeys(raw)))
    names = tuple(dict.fromkeys([*features, *raw]))
    return Projection(None if rules.key == "content" else names, codes, names)
