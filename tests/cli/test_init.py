"""What `init` writes runs, and what it cannot write it says with the way out."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from functions.app import open_app
from functions.steps import push
from pipelines.job import job_file
from pipelines.job.job_file import derived_id
from pipelines.models.catalogue import ESTIMATORS
from tests.fixtures.fake_label_studio import FakeLabelStudio
from tests.fixtures.world import Told, World, loans

SENTENCES = ["the rate was too high for us", "please call me back about it", "all went well so far"]


@pytest.fixture
def bare(tmp_path: Path) -> World:
    """Loans with a remark, and no job yet."""
    world = World(tmp_path)
    table = loans(400)
    remarks = [f"{SENTENCES[row % 3]} {row}" for row in range(table.num_rows)]
    world.write(table.append_column("remark", pa.array(remarks)))
    return world


def init(world: World, *options: object, as_json: bool = True) -> Told:
    named = ["--data", world.data, "--key", "loan", *options]
    return world.run("init", world.job.parent, *named, job=False, as_json=as_json)


def without_text(world: World) -> None:
    world.write(pq.read_table(world.data).drop_columns(["remark"]))


@pytest.mark.parametrize("target", ["outcome", "income"])
@pytest.mark.parametrize("text", [True, False], ids=["text", "no text"])
def test_every_estimator_that_a_new_job_names_fits_its_features(
    bare: World, target: str, *, text: bool
) -> None:
    """The first as plain arrays, as its comment says."""
    if not text:
        without_text(bare)
    assert init(bare, "--target", target).code == 0
    [line] = [one for one in bare.job.read_text().splitlines() if one.startswith("estimator")]
    first, *others = [word for word in re.findall(r"\w+", line) if word in ESTIMATORS]

    made = {}
    for name in (first, *others):
        bare.edit('estimator = ".*?"', f'estimator = "{name}"')
        made[name] = bare.ok("fit")["evaluator"]

    assert len(made) == (1 if text else 2)
    assert made[first] == "linear"


def test_a_period_without_its_column_names_the_option_and_the_candidates(bare: World) -> None:
    told = init(bare, "--target", "outcome", "--batch-by", "day")

    assert told.error["code"] == "job_invalid"
    assert "--batch-by day needs --time" in told.error["problem"]
    assert told.error["fix"] == "pass --time opened"


def test_without_a_column_of_times_no_candidate_is_named(bare: World) -> None:
    bare.write(pq.read_table(bare.data).drop_columns(["opened"]))

    told = init(bare, "--target", "outcome", "--batch-by", "week")

    assert "no column looks like a time" in told.error["fix"]


@pytest.mark.parametrize("column", ["product", "region"])
def test_a_column_that_holds_no_times_is_refused(bare: World, column: str) -> None:
    """And no job file stays behind to stand in the way of the next try."""
    told = init(bare, "--target", "outcome", "--time", column, "--batch-by", "day")

    assert told.error["code"] == "schema_mismatch"
    assert not bare.job.exists()


def test_a_column_called_day_makes_batches_by_its_values(bare: World) -> None:
    """A period is meant only together with --time."""
    table = pq.read_table(bare.data)
    bare.write(table.append_column("day", pa.array(["mon", "tue"] * 200)))

    assert init(bare, "--target", "outcome", "--batch-by", "day").answer["batches"] == [
        "mon",
        "tue",
    ]


def test_data_that_is_not_there_is_corrected_on_the_command_line(bare: World) -> None:
    """There is no job file yet that could be corrected."""
    bare.data.unlink()

    told = init(bare, "--target", "outcome")

    assert told.error["code"] == "input_unreadable"
    assert "--data" in told.error["fix"]
    assert "job file" not in told.error["fix"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ([], "nothing says what is predicted"),
        (["--answer", "paid"], "nothing but 'paid'"),
        (["--number", "--answer", "paid"], "contradict each other"),
        (["--number", "--target", "outcome"], "holds no numbers"),
        (["--target", "remark"], "too many to choose from"),
        (["--target", "one"], "column 'one' holds nothing but 'a'"),
    ],
)
def test_what_is_predicted_must_be_said_and_once(
    bare: World, options: list[str], problem: str
) -> None:
    table = pq.read_table(bare.data)
    bare.write(table.append_column("one", pa.array(["a"] * table.num_rows)))

    told = init(bare, *options)

    assert told.error["code"] == "job_invalid"
    assert problem in told.error["problem"]
    assert not bare.job.exists()


def test_few_numbers_are_numbers_on_wish(bare: World) -> None:
    """Up to 20 whole numbers are classes, unless --number says that they are not."""
    assert init(bare, "--target", "region").code == 0
    assert job_file.load(bare.job).task == "classification"
    bare.job.unlink()

    assert init(bare, "--target", "region", "--number").code == 0
    assert job_file.load(bare.job).task == "regression"


@pytest.fixture
def numbers(bare: World) -> World:
    """A job for which people give numbers, as `init` writes it, with a small budget."""
    without_text(bare)
    told = init(bare, "--number", as_json=False)
    assert f"next: recheck push --purpose train {bare.job}" in told.out
    bare.edit(r"\[labeling\]", "[labeling]\ntrain_budget = 60")
    return bare


def test_a_job_without_a_column_of_numbers_asks_people_for_them(
    numbers: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run counts the questions; the real one makes them, and asks for a number."""
    server = FakeLabelStudio()
    monkeypatch.setattr(push, "connect", lambda *_: nullcontext(server))
    app = open_app(numbers.job)

    made = push.push(app, push.PushOptions(purpose="train"))
    again = push.push(app, push.PushOptions(purpose="train", dry_run=True))

    assert (made.created, made.existing) == (60, 0)
    assert (again.created, again.existing) == (0, 60)
    [project] = server.projects()
    assert "<TextArea" in project["label_config"]


def answers(world: World) -> Path:
    """Draw rows for people; their answers follow the age."""
    push.draw_training_rows(open_app(world.job), ())
    ages = {row["loan"]: row["age"] for row in pq.read_table(world.data).to_pylist()}
    rows = world.rows("select prediction_id, key from samples where purpose = 'train'")
    path = world.folder / "answers.csv"
    said = [2.5 * ages[row["key"]] for row in rows]
    pa.csv.write_csv(
        pa.table({"prediction_id": [row["prediction_id"] for row in rows], "answer": said}), path
    )
    return path


def test_numbers_that_people_gave_train_a_model_that_scores(numbers: World) -> None:
    numbers.ok("pull", "--file", answers(numbers))

    fitted = numbers.ok("fit")

    assert fitted["rows"] + fitted["metrics"]["holdout_rows"] == 60
    assert fitted["metrics"]["mae"] < 5
    assert numbers.ok("score")["batches"][0]["predictions"] == 400


def test_status_counts_the_questions_to_train_on(numbers: World) -> None:
    assert "to train" not in numbers.run("status", as_json=False).out
    path = answers(numbers)
    some = path.read_text().splitlines()[:21]
    path.write_text("\n".join(some) + "\n")
    numbers.ok("pull", "--file", path)

    [state] = numbers.ok("status")["batches"]

    assert state["train"] == {"sampled": 60, "asked": 0, "answered": 20}
    assert (state["state"], state["sampled"], state["answered"]) == ("due", 0, 0)
    assert "to train" in numbers.run("status", as_json=False).out


def test_two_rules_for_batches_are_refused(bare: World) -> None:
    """A path with {batch} would win, and the other rule count for nothing."""
    pattern = bare.folder / "{batch}.parquet"

    told = init(bare, "--target", "outcome", "--data", pattern, "--batch-by", "region")

    assert told.error["code"] == "job_invalid"
    assert "--batch-by" in told.error["fix"]
    assert not bare.job.exists()


def test_a_dry_run_prints_the_job(bare: World) -> None:
    told = init(bare, "--number", "--dry-run", as_json=False)

    assert 'task = "regression"' in told.out
    assert not bare.job.exists()


def test_json_is_one_object(bare: World) -> None:
    assert json.loads(init(bare, "--target", "outcome").out).keys() == {"job", "batches"}


def test_data_without_rows_is_told(bare: World) -> None:
    """A header is not enough to guess from."""
    data = bare.folder / "empty.csv"
    data.write_text("k,f,p\n")

    told = bare.run("init", bare.job.parent, "--data", data, "--predicted", "p", job=False)

    assert told.error["code"] == "input_unreadable"
    assert told.error["problem"] == f"{data} has no rows"


def test_a_first_file_without_rows_is_passed_over(bare: World) -> None:
    for name, rows in (("a", ""), ("b", "1,x,cat\n2,y,dog\n")):
        (bare.folder / f"{name}.csv").write_text(f"k,f,p\n{rows}")

    told = bare.run(
        "init", bare.job.parent, "--data", bare.folder / "*.csv", "--predicted", "p", job=False
    )

    assert told.code == 0, told


def test_a_seed_that_is_named_is_the_jobs(bare: World) -> None:
    """So that a page of documentation can promise its figures."""
    seed = "0123456789abcdef0123456789abcdef"

    assert init(bare, "--target", "outcome", "--seed", seed).code == 0
    assert f'seed = "{seed}"' in bare.job.read_text()
    assert f'id = "{derived_id(seed, "job")}"' in bare.job.read_text()


def test_each_new_job_has_an_id_of_its_own(bare: World) -> None:
    """Without a seed both are drawn; no id tells a seed."""
    assert init(bare, "--target", "outcome").code == 0
    made = tomllib.loads(bare.job.read_text())

    assert re.fullmatch("[0-9a-f]{32}", made["id"])
    assert made["id"] != made["sampling"]["seed"]
    assert made["id"] != derived_id(made["sampling"]["seed"], made["name"])


def test_a_seed_that_is_too_short_is_refused(bare: World) -> None:
    assert init(bare, "--target", "outcome", "--seed", "1").error["code"] == "job_invalid"
