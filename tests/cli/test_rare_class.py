"""A job that asks more about a rare class, from `init` to `doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.app import open_app
from pipelines.tables.schemas import PREDICTIONS
from pipelines.tables.table import Table
from tests.fixtures.world import World, loans, made

_FOR = 'for = {metric = "f1", class = "fraud"}'


def payments(rows: int = 1600) -> pa.Table:
    """Two weeks of payments, about 3 % of them fraud, with another system's guesses."""
    rng = np.random.default_rng(0)
    size = rng.normal(0, 1, rows) + 3 * (rng.random(rows) < 0.03)
    chance = 1 / (1 + np.exp(-(np.log(0.03 / 0.97) + 3 * size - 4.5)))
    guess = np.where(chance > 0.5, "fraud", "usual")
    return pa.table(
        {
            "id": [f"{row:05d}" for row in range(rows)],
            "week": np.where(np.arange(rows) < rows // 2, "w1", "w2"),
            "size": size,
            "guess": guess,
            "sure": np.maximum(chance, 1 - chance),
            "truth": np.where(rng.random(rows) < chance, "fraud", "usual"),
        }
    )


def rows_of(world: World) -> pa.Table:
    return pq.read_table(world.data)


def init(world: World, *options: object) -> dict[str, object]:
    named = ["--data", world.data, "--key", "id", "--batch-by", "week", "--known-after", "truth"]
    return world.ok("init", world.job.parent, *named, *options, job=False)


@pytest.fixture
def plain(tmp_path: Path) -> World:
    """A job that asks about all alike."""
    world = World(tmp_path)
    world.write(payments())
    init(world, "--predicted", "guess", "--score", "sure")
    world.edit("budget = 300", "budget = 150")
    return world


@pytest.fixture
def asking(plain: World) -> World:
    """A job that asks more about fraud, scored."""
    plain.edit(r"# for = .*", _FOR)
    plain.ok("score")
    return plain


def answer(world: World) -> None:
    """Everybody says what is right."""
    rows = rows_of(world)
    file = world.folder / "answers.parquet"
    pq.write_table(
        rows.select(["id", "week", "truth"]).rename_columns(["key", "batch", "answer"]), file
    )
    world.ok("pull", "--file", file)


def test_init_offers_to_ask_more_about_a_class_under_5_percent(plain: World) -> None:
    """As a line to uncomment, which runs then."""
    assert f"# {_FOR}  # asks more about 'fraud'" in plain.job.read_text()


def test_a_class_that_init_doubts_is_offered_with_that_doubt(tmp_path: Path) -> None:
    """It says beside it that a class of one row in two thousand may be none."""
    world = World(tmp_path)
    guesses = ["kept"] * 1000 + ["lost"] * 999 + ["lots"]
    world.write(pa.table({"loan": list(range(2000)), "guess": guesses}))

    told = world.run(
        "init", world.job.parent, "--data", world.data, "--predicted", "guess", "--key", "loan",
        job=False, as_json=False,
    )  # fmt: skip

    assert "if it is a class, the line `# for = …`" in told.out


def test_init_says_so_where_it_offers(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write(payments())

    told = world.run(
        "init", world.job.parent, "--data", world.data, "--predicted", "guess", "--score", "sure",
        job=False, as_json=False,
    )  # fmt: skip

    assert "class 'fraud' has" in told.out
    assert "if it is a class" not in told.out
    assert "% of the rows: the line `# for = …` of [sampling] asks more about it" in told.out


def test_init_says_what_the_line_needs_where_nothing_tells_the_probability(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write(payments())
    answer = init(world, "--predicted", "guess")

    assert answer["rare_class"]["class"] == "fraud"  # type: ignore[index]
    assert "name its probability in [predictions]" in world.job.read_text()


def test_init_offers_nothing_where_every_class_has_rows_enough(tmp_path: Path) -> None:
    assert "# for =" not in made(tmp_path, loans(300)).job.read_text()


def test_score_keeps_the_probability_of_the_class(asking: World) -> None:
    found = asking.rows("select key, label, score, class_score from predictions order by key")

    expected = [one["score"] if one["label"] == "fraud" else 1 - one["score"] for one in found]
    assert [one["class_score"] for one in found] == expected


def test_files_of_predictions_are_what_they_were_without_it(plain: World) -> None:
    """And the column is null."""
    plain.ok("score")

    files = list(plain.store.glob("predictions/**/*.parquet"))

    assert all("class_score" not in pq.read_schema(file).names for file in files)
    assert plain.rows("select count(class_score) as n from predictions") == [{"n": 0}]


def test_a_batch_that_was_scored_without_it_is_refused_until_it_is_scored_anew(
    plain: World,
) -> None:
    plain.ok("score")
    plain.edit(r"# for = .*", _FOR)

    told = plain.refused("sample", "--batch", "w1")

    assert "was scored without the probability of 'fraud'" in told.error["problem"]
    assert "--batch w1 --replace" in told.error["fix"]
    plain.ok("score", "--batch", "w1", "--replace")
    [drawn] = plain.ok("sample", "--batch", "w1")["batches"]
    assert any("p(fraud)" in stratum["stratum"] for stratum in drawn["strata"])


def test_a_store_of_an_older_release_is_widened(plain: World) -> None:
    plain.ok("score")
    table = open_app(plain.job).store.table("predictions")
    old = pa.schema([field for field in PREDICTIONS if field.name != "class_score"])
    log = plain.store / "predictions" / "_delta_log"
    for file in log.iterdir():
        file.unlink()
    assert not Table(table.store_files, old, ["job", "batch"]).files()
    again = Table(table.store_files, old, ["job", "batch"])
    rows = pq.read_table(next(plain.store.glob("predictions/**/*.parquet")))
    again.append(
        pa.table(
            {"job": ["job"] * len(rows), "batch": ["w0"] * len(rows)}
            | {name: rows[name] for name in old.names if name not in ("job", "batch")},
            schema=old,
        )
    )
    plain.edit(r"# for = .*", _FOR)

    plain.ok("score", "--replace")

    found = plain.rows(
        "select batch, count(class_score) as n from predictions group by all order by all"
    )
    assert [one["n"] > 0 for one in found] == [False, True, True]


def test_a_draw_that_stands_is_kept_when_the_job_begins_to_ask(plain: World) -> None:
    plain.ok("score")
    before = plain.ok("sample")
    plain.edit(r"# for = .*", _FOR)

    after = plain.ok("sample")

    assert after == before


def test_another_class_needs_its_own_probability(asking: World) -> None:
    asking.edit('class = "fraud"', 'class = "usual"')

    assert "probability of 'usual'" in asking.refused("sample", "--batch", "w1").error["problem"]


def test_the_draw_and_its_goal_are_on_record(asking: World) -> None:
    asking.ok("sample", "--batch", "w1")

    rows = asking.rows("select goal, wanted, allocated, size from designs")

    assert {tuple(json.loads(row["goal"]).items())[:2] for row in rows} == {
        (("metric", "f1"), ("class", "fraud"))
    }
    assert all(row["wanted"] > 0 and 2 <= row["allocated"] <= row["size"] for row in rows)


def test_answers_of_earlier_batches_correct_the_probabilities_of_the_next(asking: World) -> None:
    """At 200 answers by the same version; not those of the batch itself."""
    asking.ok("sample", "--batch", "w1", "--budget", 250)
    answer(asking)

    asking.ok("sample", "--batch", "w2")
    asking.ok("sample", "--batch", "w1", "--redraw", "another look")

    goals = asking.rows("select distinct batch, draw_no, goal from designs order by all")
    curves = [len(json.loads(row["goal"])["curve"]) for row in goals]
    assert curves[:2] == [0, 0]
    assert curves[2] >= 3


def test_a_top_up_keeps_every_row_and_the_doctor_finds_nothing_wrong(asking: World) -> None:
    asking.ok("sample")
    before = {row["key"] for row in asking.rows("select key from samples")}
    answer(asking)

    asking.ok("sample", "--budget", 200)

    after = {row["key"] for row in asking.rows("select key from samples")}
    assert before < after
    asking.ok("estimate")
    assert asking.broken_promises() == []


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("allocated", "its allocation does not follow"),
        ("wanted", "do not follow from its predictions"),
    ],
)
def test_the_doctor_finds_a_draw_that_does_not_come_out_again(
    asking: World, column: str, words: str
) -> None:
    asking.ok("sample", "--batch", "w1")
    [file] = asking.store.glob("designs/*.parquet")
    rows = pq.read_table(file)
    values = rows[column].to_pylist()
    values[-1], values[-2] = values[-2], values[-1]
    place = rows.column_names.index(column)
    changed = pa.array(values, rows.schema.field(column).type)
    pq.write_table(rows.set_column(place, rows.schema.field(column), changed), file)

    broken = asking.broken_promises()

    assert any(words in one["detail"] for one in broken if one["id"] == "P2")


def test_the_page_says_that_the_draw_asks_more(asking: World) -> None:
    asking.ok("sample")
    answer(asking)

    asking.ok("report")

    page = next(asking.store.glob("reports/*.html")).read_text()
    assert "The draw asks more about rows that may be “fraud”" in page


def test_a_model_without_probabilities_cannot_be_asked_for_a_class(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write(payments())
    init(world, "--target", "truth", "--known-after", "guess", "--known-after", "sure")
    world.edit(r'estimator = "LogisticRegression"', 'estimator = "RidgeClassifier"')
    world.edit(r"# for = .*", _FOR)
    world.ok("fit")

    told = world.refused("score")

    assert "RidgeClassifier) gives none" in told.error["problem"]
    assert "take `for` out of [sampling]" in told.error["fix"]


def test_a_model_gives_the_probability_of_the_class(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write(payments())
    init(world, "--target", "truth", "--known-after", "guess", "--known-after", "sure")
    world.edit(r"# for = .*", _FOR)
    world.ok("fit")
    world.ok("score")

    found = world.rows("select label, score, class_score from predictions")

    for one in found:
        expected = one["score"] if one["label"] == "fraud" else 1 - one["score"]
        assert one["class_score"] == pytest.approx(expected, abs=1e-12)
    world.ok("sample", "--batch", "w1", "--budget", 100)
    assert world.broken_promises() == []
