"""What a nightly run takes and leaves out by itself."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.fixtures.world import DAYS, Told, World, loans, made

FIRST, SECOND, LAST = DAYS


def scores(told: Told) -> dict[str, str]:
    steps = told.answer["steps"]
    return {one["batch"]: one["status"] for one in steps if one["step"] == "score"}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A job whose model was fitted as `init` says."""
    world = made(tmp_path_factory.mktemp("learned") / "world", loans(300))
    assert world.spawn("fit", "--batch", f"{FIRST}..{SECOND}").code == 0
    return world


@pytest.fixture
def night(learned: World, tmp_path: Path) -> World:
    return learned.copy(tmp_path / "night")


def test_init_says_where_checking_begins_and_how_to_fit_before_it(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.write(loans(60))
    named = ["--data", world.data, "--target", "outcome", "--key", "loan", "--time", "opened"]

    told = world.run(
        "init", world.job.parent, *named, "--batch-by", "day", job=False, as_json=False
    )

    assert told.out.splitlines()[-1] == f"next: recheck fit --batch {FIRST}..{SECOND} {world.job}"
    assert f'from = "{LAST}"' in world.job.read_text()


def test_a_run_begins_with_the_batch_that_the_job_file_names(night: World) -> None:
    assert scores(night.run("run")) == {FIRST: "earlier", SECOND: "earlier", LAST: "published"}


def drawn(told: Told) -> list[str]:
    return [one["batch"] for one in told.answer["batches"]]


def test_sample_by_itself_leaves_out_what_the_live_model_was_trained_on_too(night: World) -> None:
    night.ok("score")

    assert drawn(night.run("sample")) == [LAST]
    assert drawn(night.run("sample", "--batch", FIRST)) == [FIRST]
    assert drawn(night.run("sample")) == [FIRST, LAST]


def test_sample_takes_all_where_the_model_was_trained_on_all(night: World) -> None:
    night.ok("fit")
    night.ok("score")

    assert drawn(night.run("sample")) == [FIRST, SECOND, LAST]


def test_a_run_leaves_out_what_the_live_model_was_trained_on(night: World) -> None:
    night.edit(r"from = .*\n", "")

    told = night.run("run")

    assert scores(told) == {FIRST: "trained on", SECOND: "trained on", LAST: "published"}
    states = {one["batch"]: one["state"] for one in night.ok("status")["batches"]}
    assert states == {FIRST: "trained on", SECOND: "trained on", LAST: "scored"}


def test_since_and_a_named_batch_are_taken_whatever_was_learned(night: World) -> None:
    assert scores(night.run("run", "--since", SECOND, "--dry-run")) == {
        FIRST: "earlier",
        SECOND: "due",
        LAST: "due",
    }
    assert scores(night.run("run", "--batch", FIRST)) == {FIRST: "published"}


def test_where_every_batch_is_left_out_the_way_out_is_told(night: World) -> None:
    told = night.run("run", "--since", "2030-01-01")

    assert (told.code, set(scores(told).values())) == (0, {"earlier"})
    assert "pass --since" in told.err


def test_a_dry_run_says_how_many_questions_it_would_ask(night: World) -> None:
    """Of what is not scored yet, at most the budget; of what is scored, those that nobody was asked."""
    night.edit(r"budget = \d+", "budget = 20")
    before = night.run("run", "--dry-run")
    night.ok("score", "--batch", LAST)

    after = night.run("run", "--dry-run", "--since", SECOND)

    pushes = [
        step["count"]
        for told in (before, after)
        for step in told.answer["steps"]
        if step["step"] == "push"
    ]
    assert pushes == [None, None]  # without a Label Studio nobody is asked
    samples = [
        (step["batch"], step["status"], step["count"])
        for step in after.answer["steps"]
        if step["step"] == "sample"
    ]
    assert samples == [(SECOND, "due", 20), (LAST, "due", 20)]


@pytest.mark.parametrize(("rule", "state"), [("tell", "changed"), ("replace", "replaced")])
def test_a_changed_batch_is_told_or_replaced_as_the_job_file_says(
    night: World, rule: str, state: str
) -> None:
    night.ok("score", "--batch", LAST)
    table = pq.read_table(night.data)
    ages = pa.array([age + 1 for age in table["age"].to_pylist()])
    night.write(table.set_column(table.column_names.index("age"), "age", ages))
    night.edit(r"from = .*", f'from = "{LAST}"\non_change = "{rule}"')

    assert scores(night.run("run"))[LAST] == state
    assert night.broken_promises() == []


def test_a_first_batch_that_is_no_period_is_refused(night: World) -> None:
    night.edit(r"from = .*", 'from = "yesterday"')

    told = night.refused("run")

    assert 'batches.from = "yesterday" is no day' in told.error["problem"]
