"""P1 to P3 after SIGKILL between any two steps: no half batch, no lost row, and a repeat heals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.app import open_app
from functions.steps.query import query
from tests.fixtures import crashes
from tests.fixtures.world import World, edited, small

TABLES = ("predictions", "quarantine", "samples", "designs", "annotations", "estimates")
COMMITS = {"create", "create_write_transaction"}
WHEN = {"known_at", "as_of", "attempt"}  # and a repeated replace is another attempt


@pytest.fixture(scope="module")
def drawn(scored: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same, with a sample, and answers to it in a file."""
    world = scored.copy(tmp_path_factory.mktemp("drawn"))
    world.ok("sample", "--budget", 12)
    rows = world.rows("select prediction_id, label from samples order by prediction_id")
    lines = [f"{row['prediction_id']},{row['label']}" for row in rows]
    (world.folder / "answers.csv").write_text("\n".join(["prediction_id,answer", *lines]) + "\n")
    return world


def facts(world: World) -> dict[str, list[str]]:
    """Everything that the tables say, as people query them, but for when."""
    return {
        name: sorted(
            str([value for column, value in row.items() if column not in WHEN])
            for row in query(open_app(world.job), f"from {name}")[1]
        )
        for name in TABLES
    }


def predicted(world: World) -> dict[str, int]:
    """How many predictions a reader sees in each batch; each key once."""
    rows = open_app(world.job).store.table("predictions").read(["batch", "key"]).to_pylist()
    assert len({(row["batch"], row["key"]) for row in rows}) == len(rows)
    return dict(Counter(row["batch"] for row in rows))


def nothing_to_see(world: World) -> None:
    """Where the repeat tells all."""
    del world


def sweep(
    start: World,
    folder: Path,
    words: Callable[[World], list[str]],
    look: Callable[[World], None] = nothing_to_see,
) -> int:
    """Kill a command after each of its steps; each time look, repeat, and compare to no kill."""
    clean = start.copy(folder / "clean")
    told, steps = crashes.run(words(clean))
    assert told.code == 0, told
    wanted = facts(clean)
    for number, _ in enumerate(steps, 1):
        world = start.copy(folder / str(number))
        crashes.killed(words(world), number)
        look(world)
        again, _ = crashes.run(words(world))
        assert again.code == 0, (number, steps[number - 1], again)
        assert facts(world) == wanted, (number, steps[number - 1])
        assert world.broken_promises() == [], (number, steps[number - 1])
    return len(steps)


def test_a_first_scoring_can_be_killed_anywhere(base: World, scored: World, tmp_path: Path) -> None:
    """Every batch is complete or absent; the repeat gives the same bytes under the same names."""
    whole = predicted(scored)

    def look(world: World) -> None:
        assert predicted(world).items() <= whole.items()

    steps = sweep(base, tmp_path, lambda world: world.words("score"), look)

    assert steps > 20


def test_a_replacing_can_be_killed_anywhere(scored: World, tmp_path: Path) -> None:
    """The old batch or the new one, never both, never neither; others stay as they are."""
    start = scored.copy(tmp_path / "start")
    one_more = edited(small(), "income", {7: 1000.0, 12: 2000.0})
    start.write(one_more, row_group_size=31)
    old, replaced = predicted(start), start.copy(tmp_path / "replaced")
    batch = replaced.ok("score", "--replace", "--early")["batches"][0]["batch"]
    new = predicted(replaced)

    def look(world: World) -> None:
        assert predicted(world) in (old, {**old, batch: new[batch]})

    sweep(start, tmp_path, lambda w: w.words("score", "--batch", batch, "--replace"), look)


def test_a_draw_can_be_killed_anywhere(scored: World, tmp_path: Path) -> None:
    """A draw without its design never happened; the repeat draws the very same rows."""

    def look(world: World) -> None:
        drawn = world.rows("select batch, sum(size) as n from designs group by all order by all")
        rows = "select batch, count(*) as n from populations group by all order by all"
        assert world.rows(rows) == drawn

    sweep(scored, tmp_path, lambda w: w.words("sample", "--budget", "12"), look)


def test_a_top_up_can_be_killed_anywhere(drawn: World, tmp_path: Path) -> None:
    sweep(drawn, tmp_path, lambda w: w.words("sample", "--budget", "20"))


def test_taking_answers_can_be_killed_anywhere(drawn: World, tmp_path: Path) -> None:
    """Each answer counts once."""
    sweep(drawn, tmp_path, lambda w: w.words("pull", "--file", str(w.folder / "answers.csv")))


def test_an_estimate_can_be_killed_anywhere(drawn: World, tmp_path: Path) -> None:
    start = drawn.copy(tmp_path / "start")
    start.ok("pull", "--file", start.folder / "answers.csv")

    sweep(start, tmp_path, lambda w: w.words("estimate"))


def test_a_fit_can_be_killed_anywhere(scored: World, tmp_path: Path) -> None:
    """A package is whole or not there; the old model scores until the new one is live."""
    start = scored.copy(tmp_path / "start")
    start.edit(r"holdout = 0.2", "holdout = 0.3")
    old = start.ok("score")["version"]

    told, steps = crashes.run(start.copy(tmp_path / "clean").words("fit"))
    new = told.answer["version"]
    assert new != old
    for number, _ in enumerate(steps, 1):
        world = start.copy(tmp_path / str(number))
        crashes.killed(world.words("fit"), number)
        assert world.ok("score", "--replace")["version"] in (old, new)
        again, _ = crashes.run(world.words("fit"))
        assert again.answer["version"] == new, (number, again)
        assert world.ok("score", "--replace")["version"] == new
        assert world.broken_promises() == [], (number, steps[number - 1])


def test_a_scoring_that_was_killed_counts_in_no_figure(scored: World, tmp_path: Path) -> None:
    """The rows of a window are those that readers see, whatever a killed run has recorded."""
    start = scored.copy(tmp_path / "start")
    drawn, other = sorted(predicted(start))
    start.ok("sample", "--batch", drawn, "--budget", 12)
    rows = start.rows("select prediction_id, label from samples order by 1")
    lines = [f"{row['prediction_id']},{row['label']}" for row in rows]
    (start.folder / "answers.csv").write_text("\n".join(["prediction_id,answer", *lines]) + "\n")
    start.ok("pull", "--file", start.folder / "answers.csv")
    start.write(small().slice(0, 50), row_group_size=31)
    words = ["score", "--batch", other, "--replace"]
    _, steps = crashes.run(start.copy(tmp_path / "clean").words(*words))

    for number in [place for place, step in enumerate(steps, 1) if step in COMMITS]:
        world = start.copy(tmp_path / str(number))
        crashes.killed(world.words(*words), number)
        told = world.ok("estimate")["estimates"]

        whole = {one["rows"] for one in told if one["period"] == "all" and not one["cohort"]}
        assert whole == {sum(predicted(world).values())}, (number, steps[number - 1])
        world.ok(*words)
        world.ok("estimate")
        assert world.broken_promises() == [], (number, steps[number - 1])
