"""The job file: what it may say, and what is told of what it may not."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.errors import JobInvalid
from pipelines.identity.settings_digest import content_of
from pipelines.job.job_file import Job, load

WHOLE = """
name = "loans"
task = "classification"
[data]
path = "loans.parquet"
key = "loan"
time = "opened"
[target]
column = "outcome"
answers = ["late", "paid"]
[features]
known_after = ["closed"]
[features.columns]
"debt ratio" = {kind = "numeric"}
product = {kind = "categorical"}
[model]
[sampling]
seed = "0123456789abcdef"
[labeling]
show = ["product"]
[cohorts.product]
column = "product"
"""


def read(folder: Path, text: str) -> Job:
    path = folder / "recheck.toml"
    path.write_text(text, "utf-8")
    return load(path)


def told(folder: Path, text: str) -> JobInvalid:
    with pytest.raises(JobInvalid) as found:
        read(folder, text)
    assert found.value.problem.startswith(f"{folder / 'recheck.toml'}: ")
    assert found.value.fix
    return found.value


def edited(pattern: str, replacement: str) -> str:
    text, count = re.subn(pattern, lambda _: replacement, WHOLE, count=1)
    assert count == 1
    return text


def test_a_job_file_is_read(tmp_path: Path) -> None:
    """One key column may stand without its brackets; what is not said has its default."""
    job = read(tmp_path, WHOLE)

    assert job.key_columns == ("loan",)
    assert list(job.features.columns) == ["debt ratio", "product"]
    assert (job.model_name, job.sampling.budget, job.batches.by) == ("model", 300, "all")


def test_predictions_made_elsewhere_carry_the_name_they_are_given(tmp_path: Path) -> None:
    text = edited(r"\[model\]", '[predictions]\nlabel = "guess"\nname = "vendor"')

    assert read(tmp_path, text).model_name == "vendor"


@pytest.mark.parametrize(
    ("pattern", "replacement", "problem", "fix"),
    [
        (r"task = .*", 'task = "clasification"', 'task = "clasification"', None),
        (r'key = "loan"', "key = 5", "data.key = 5 is not allowed: ", None),
        (r"\[sampling\]", "[smapling]", "unknown key smapling", "did you mean sampling?"),
        (r"seed = .*", "", "sampling.seed is missing", "add sampling.seed"),
        (r"seed = .*", 'seed = "abc"', 'sampling.seed = "abc"', None),
        (r'kind = "numeric"', 'kind = "numerc"', "features.columns.debt ratio", None),
        (
            r'kind = "numeric"',
            'kind = "numeric", imputt = "mean"',
            "unknown key features.columns.debt ratio.imputt",
            "did you mean impute?",
        ),
        (
            r'"debt ratio" = .*',
            '"debt (ratio)" = {kind = "numeric", bins = -1}',
            "features.columns.debt (ratio).bins = -1",
            None,
        ),
        (
            r'column = "product"',
            'column = "product"\nedge = [1.0]',
            "unknown key cohorts.product.edge",
            "did you mean edges?",
        ),
        (r"\[model\]", "[model]\nholdout = 1.5", "model.holdout = 1.5", None),
        (r"\[model\]", '[model]\nname = "a/b"', 'model.name = "a/b"', None),
        (r"\[sampling\]", "[sampling]\nbudget = 0", "sampling.budget = 0", None),
        (r"\[sampling\]", f"[sampling]\nbudget = {10**30}", f"sampling.budget = {10**30}", None),
        (r"\[labeling\]", "[labeling]\noverlap = nan", "labeling.overlap = NaN", None),
        (
            r"\[labeling\]",
            '[labeling]\nguideline = "ftp://x"',
            'labeling.guideline = "ftp://x"',
            None,
        ),
        (
            r"\[model\]",
            '[batches]\ntimezone = "Mars/Phobos"\n[model]',
            'batches.timezone = "Mars/Phobos" is not allowed: must be an IANA time zone',
            None,
        ),
        (
            r"\[model\]",
            "[batches]\nsettle = inf\n[model]",
            "batches.settle = Infinity",
            None,
        ),
    ],
)
def test_an_error_says_key_found_and_allowed(
    tmp_path: Path, pattern: str, replacement: str, problem: str, fix: str | None
) -> None:
    error = told(tmp_path, edited(pattern, replacement))

    assert problem in error.problem
    assert (fix or "docs/reference/job.md") in error.fix
    assert "Value error" not in error.problem


def test_the_allowed_values_are_told(tmp_path: Path) -> None:
    error = told(tmp_path, edited(r"task = .*", 'task = "clasification"'))

    assert "'classification' or 'regression'" in error.problem


def test_every_error_is_told_at_once(tmp_path: Path) -> None:
    text = edited(r"task = .*", 'task = "x"').replace("[sampling]", "[smapling]")

    problem = told(tmp_path, text).problem

    assert all(word in problem for word in ("task", "unknown key smapling", "sampling is missing"))


@pytest.mark.parametrize(
    ("pattern", "replacement", "problem"),
    [
        (r"\[model\]", "", "either [model] or [predictions]"),
        (r"\[model\]", '[model]\n[predictions]\nlabel = "x"', "either [model] or [predictions]"),
        (r"\[model\]", '[batches]\nexpect = "day"\n[model]', "batches.expect needs batches"),
        (
            r"\[model\]",
            '[batches]\nby = "week"\nexpect = "day"\n[model]',
            'batches.expect = "day" is shorter',
        ),
        (r"\[model\]", '[batches]\nby = "path"\n[model]', "goes with {batch} in data.path"),
        (r"loans\.parquet", "{batch}.parquet", "goes with {batch} in data.path"),
        (r'time = "opened"', '[batches]\nby = "day"', 'batches.by = "day" needs data.time'),
        (
            r"\[model\]",
            '[batches]\nby = "column"\n[model]',
            '`column` goes with by = "column"',
        ),
        (r'"debt ratio" = .*\nproduct.*', "", "features.columns is empty"),
        (r"answers = .*", 'answers = ["paid"]', "at least two answers"),
        (r"answers = .*", "", "at least two answers"),
        (r"answers = .*", 'answers = ["a", "a"]', "each answer may stand once"),
        (r"answers = .*", 'answers = ["1", "1.0"]', "each answer may stand once"),
        (r"answers = .*", 'answers = ["", "a"]', "an answer needs at least one letter"),
        (r'"debt ratio" =', '"outcome" =', "'outcome' may not stand in features.columns: it is"),
        (r'"debt ratio" =', '"closed" =', "'closed' may not stand in features.columns"),
        (r"show = .*", 'show = ["outcome"]', "'outcome' may not stand in labeling.show"),
        (
            r"\[model\]",
            '[predictions]\nlabel = "product"',
            "'product' may not stand in labeling.show: it holds the prediction",
        ),
        (r"\[cohorts\.product\]", '[cohorts."a=b"]', "a cohort may not be called 'a=b'"),
        (r"\[cohorts\.product\]", "[cohorts.seen_in_training]", "may not be called"),
        (
            r"seed = ",
            'cohorts = ["prodct"]\nseed = ',
            "sampling.cohorts names 'prodct', which is not in [cohorts] (did you mean product?)",
        ),
        (
            r"\[model\]",
            '[[alerts]]\nmetric = "mae"\nabove = 1.0\n[model]',
            'alerts.metric: a classification has no "mae", but accuracy, precision',
        ),
        (
            r"\[model\]",
            '[[alerts]]\nmetric = "recall"\nclass = "lat"\nbelow = 0.5\n[model]',
            'alerts.class = "lat" is none of late, paid',
        ),
        (
            r"\[model\]",
            '[[alerts]]\nmetric = "accuracy"\nbelow = 0.5\ncohort = "prodct=car"\n[model]',
            "alerts.cohort names 'prodct'",
        ),
        (
            r"\[model\]",
            '[[alerts]]\nmetric = "accuracy"\n[model]',
            "an alert takes `below` or `above`",
        ),
        (
            r"\[model\]",
            '[predictions]\nlabel = "x"\nprobabilities = {lat = "p", paid = "q"}',
            "predictions.probabilities names 'lat', which is none of late, paid (did you mean late?)",
        ),
        (
            r"\[model\]",
            '[predictions]\nlabel = "x"\nscore = "s"\nprobabilities = {late = "p"}',
            "predictions has `score` = 's' and `probabilities`",
        ),
        (
            r"\[model\]",
            '[predictions]\nlabel = "x"\nprobabilities = {True = "p", true = "q"}',
            "each answer may stand once",
        ),
        (
            r"\[model\]",
            '[predictions]\nlabel = "x"\nscore = "s"\nscore_of = "lat"',
            "predictions.score_of = 'lat' is none of late, paid (did you mean late?)",
        ),
        (
            r"\[model\]",
            '[predictions]\nlabel = "x"\nscore_of = "late"',
            "predictions.score_of goes with `score`, and with two answers",
        ),
        (
            r"\[labeling\]",
            '[labeling]\nallow_revealing = ["ag"]',
            "labeling.allow_revealing names 'ag', which is not in labeling.show",
        ),
        (r'column = "product"', 'column = "product"\nedges = [2.0, 1.0]', "edges must ascend"),
        (r'name = "loans"', 'name = "loans"\nmetrics = ["rmse"]', 'has no "rmse"'),
    ],
)
def test_what_cannot_stand_together_is_told(
    tmp_path: Path, pattern: str, replacement: str, problem: str
) -> None:
    assert problem in told(tmp_path, edited(pattern, replacement)).problem


def test_an_alert_may_watch_what_the_model_was_trained_on(tmp_path: Path) -> None:
    alert = (
        '[[alerts]]\nmetric = "accuracy"\nbelow = 0.5\ncohort = "seen_in_training=true"\n[model]'
    )

    assert read(tmp_path, edited(r"\[model\]", alert)).alerts[0].cohort == "seen_in_training=true"


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ('unit = "kg"', "labeling.unit is for numbers"),
        ("minimum = 0", "labeling.minimum is for numbers"),
        ('cannot_tell = ["late"]', "labeling.cannot_tell has 'late', which is an answer, too"),
        ('cannot_tell = ["dark", "dark"]', "labeling.cannot_tell: each reason may stand once"),
        ('cannot_tell = [""]', "labeling.cannot_tell"),
    ],
)
def test_what_people_may_answer_fits_the_task(tmp_path: Path, added: str, problem: str) -> None:
    assert problem in told(tmp_path, edited(r"\[labeling\]", f"[labeling]\n{added}")).problem


def test_limits_of_numbers_ascend(tmp_path: Path) -> None:
    numbers = re.sub(r"answers = .*", "", edited('"classification"', '"regression"'))
    text = numbers.replace("[labeling]", "[labeling]\nminimum = 5\nmaximum = 5")

    assert "labeling.minimum must be below labeling.maximum" in told(tmp_path, text).problem


@pytest.mark.parametrize("answers", ["[0, 1]", "[0.0, 1.0]", '["0", "1"]', '["0.0", "1.0"]'])
def test_answers_are_spelled_as_targets_are(tmp_path: Path, answers: str) -> None:
    """Else no row of the training data would have one of them."""
    assert read(tmp_path, edited(r"answers = .*", f"answers = {answers}")).target.answers == (
        "0",
        "1",
    )


def test_a_regression_has_no_probabilities(tmp_path: Path) -> None:
    given = '[predictions]\nlabel = "x"\nprobabilities = {late = "p"}'
    text = edited(r"\[model\]", given).replace("classification", "regression")

    problem = told(tmp_path, re.sub(r"answers = .*", "", text)).problem

    assert "predictions.probabilities names 'late', which is no class of a regression" in problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"name = ", "not TOML"),
        (b"name = 'a'\nname = 'b'", "not TOML"),
        (b"\xff\xfe", "cannot be read (UnicodeDecodeError)"),
        (b"", "name is missing"),
    ],
)
def test_a_file_that_is_no_job_file_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "recheck.toml"
    path.write_bytes(content)

    with pytest.raises(JobInvalid, match=re.escape(problem)):
        load(path)


@pytest.mark.parametrize("place", ["nothing.toml", "."])
def test_a_file_that_is_not_there_is_told_with_how_to_make_one(tmp_path: Path, place: str) -> None:
    with pytest.raises(JobInvalid, match="cannot be read") as error:
        load(tmp_path / place)

    assert "recheck init" in error.value.fix


def test_a_folder_is_told_with_the_job_file_in_it(tmp_path: Path) -> None:
    read(tmp_path, WHOLE)

    with pytest.raises(JobInvalid) as error:
        load(tmp_path)

    assert str(tmp_path / "recheck.toml") in error.value.fix


def test_the_digest_is_of_what_is_said_not_of_how(tmp_path: Path) -> None:
    """Comments, order and defaults that are spelled out do not matter; a value does."""
    job = read(tmp_path, WHOLE)
    tables = WHOLE.split("\n[")
    other = "\n[".join([tables[0], *reversed(tables[1:])]) + "# a remark\n"

    assert read(tmp_path, other).digest() == job.digest()
    assert read(tmp_path, edited(r"seed", "budget = 300\nseed")).digest() == job.digest()
    assert read(tmp_path, edited(r"seed", "budget = 301\nseed")).digest() != job.digest()


def test_metrics_of_scores_are_listed_by_name(tmp_path: Path) -> None:
    job = read(tmp_path, edited(r"\[data\]", 'metrics = ["accuracy", "roc_auc"]\n[data]'))

    assert job.metrics == ("accuracy", "roc_auc")


@pytest.mark.parametrize(
    "line, why",
    [
        (
            'metric = "calibration_error"\nabove = 0.1',
            '"calibration_error" cannot be watched: a line',
        ),
        (
            'metric = "mcc"\nabove = 0.5',
            '"mcc" takes `below` and not `above`: the higher the better',
        ),
        ('metric = "brier"\nbelow = 0.5', '"brier" takes `above` and not `below`: the lower the'),
    ],
)
def test_a_line_that_cannot_be_watched_is_refused_with_the_reason(
    tmp_path: Path, line: str, why: str
) -> None:
    with pytest.raises(JobInvalid, match=why):
        read(tmp_path, edited(r"\[model\]", f"[[alerts]]\n{line}\n[model]"))


@pytest.mark.parametrize(
    "line", ['metric = "roc_auc"\nbelow = 0.8', 'metric = "log_loss"\nabove = 1']
)
def test_listed_metrics_are_watched_on_their_bad_side(tmp_path: Path, line: str) -> None:
    job = read(tmp_path, edited(r"\[model\]", f"[[alerts]]\n{line}\n[model]"))

    assert job.alerts[0].metric in line


@pytest.mark.parametrize("after", ["0d", "7", "7 d", "-1d", "1w"])
def test_a_wait_is_hours_or_days(tmp_path: Path, after: str) -> None:
    with pytest.raises(JobInvalid, match=r"alert_look\.after"):
        read(tmp_path, edited(r"\[data\]", f'alert_look = {{after = "{after}"}}\n[data]'))


def test_a_look_at_its_default_leaves_the_digest(tmp_path: Path) -> None:
    default = 'alert_look = {answered = 0.9, after = "7d"}\n[data]'
    sooner = 'alert_look = {after = "12h"}\n[data]'

    plain, same, other = (
        read(tmp_path, edited(r"\[data\]", text)) for text in ("[data]", default, sooner)
    )

    assert plain.digest() == same.digest() != other.digest()
    assert other.alert_look.wait == timedelta(hours=12)


def asking(for_: str, predictions: str = "", answers: str = '["late", "paid"]') -> str:
    """A job that asks more about a class."""
    text = edited(r'seed = "0123456789abcdef"', f'seed = "0123456789abcdef"\nfor = {for_}')
    text = re.sub(r"answers = .*", f"answers = {answers}", text)
    return re.sub(r"\[model\]", f"[predictions]\n{predictions}", text) if predictions else text


LATE = '{metric = "f1", class = "late"}'


@pytest.mark.parametrize(
    "predictions",
    ["", 'label = "x"\nscore = "p"', 'label = "x"\nprobabilities = {late = "p"}'],
    ids=["a model", "a score of two classes", "a column of the class"],
)
def test_a_class_may_be_asked_for_where_its_probability_is_known(
    tmp_path: Path, predictions: str
) -> None:
    aim = read(tmp_path, asking(LATE, predictions)).sampling.for_

    assert aim is not None
    assert (aim.metric, aim.class_) == ("f1", "late")


def test_the_class_that_is_asked_for_is_spelled_as_answers_are(tmp_path: Path) -> None:
    aim = read(tmp_path, asking('{metric = "recall", class = 1.0}', answers="[0, 1]")).sampling.for_

    assert aim is not None
    assert aim.class_ == "1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            asking('{metric = "f1", class = "lat"}'),
            "'lat' is none of late, paid (did you mean late?)",
        ),
        (asking('{metric = "mcc", class = "late"}'), "sampling.for.metric"),
        (asking('{metric = "f1"}'), "sampling.for.class is missing"),
        (asking(LATE, 'label = "x"'), "needs the probability of 'late' in every row"),
        (
            asking(LATE, 'label = "x"\nscore = "p"', '["late", "paid", "lost"]'),
            "needs the probability of 'late' in every row",
        ),
        (
            asking(LATE)
            .replace("classification", "regression")
            .replace('answers = ["late", "paid"]', ""),
            "a regression has none",
        ),
    ],
    ids=["another class", "another metric", "no class", "no score", "three classes", "numbers"],
)
def test_a_class_that_cannot_be_asked_for_is_told_with_the_reason(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert problem in told(tmp_path, text).problem


def test_a_file_that_asks_for_no_class_keeps_its_digest(tmp_path: Path) -> None:
    plain = read(tmp_path, WHOLE)

    assert "for" not in json.dumps(content_of(plain, by_alias=True)["sampling"])
    assert read(tmp_path, asking(LATE)).digest() != plain.digest()
