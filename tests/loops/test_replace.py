"""A batch is scored anew after people answered: their answers stay with the rows that they saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from tests.fixtures.terminal import Terminal

ROWS, BUDGET = 400, 60
Record = dict[str, Any]


def loans() -> list[Record]:
    """Loans and whether they were paid back, which income and debt nearly tell."""
    chance = np.random.default_rng(11)
    income, debt = chance.normal(size=ROWS), chance.normal(size=ROWS)
    noise = chance.normal(0, 0.7, ROWS)
    return [
        {
            "loan": f"L{number}",
            "income": float(income[number]),
            "debt": float(debt[number]),
            "home": ["own", "rent"][number % 2],
            "outcome": "paid" if income[number] - debt[number] + noise[number] > -0.5 else "lost",
        }
        for number in range(ROWS)
    ]


TRUTH = {row["loan"]: row["outcome"] for row in loans()}


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Scored, drawn, and answered but for ten rows."""
    write(tmp_path, loans())
    made = Terminal(tmp_path / "job" / "recheck.toml")
    made.init("--data", tmp_path / "loans.parquet", "--target", "outcome", "--key", "loan")
    made.edit("budget = 300", f"budget = {BUDGET}")
    made.ok("fit")
    made.ok("score")
    made.ok("sample")
    answer(made, sorted(sample(made))[10:])
    return made


def write(folder: Path, rows: Sequence[Record]) -> None:
    parquet.write_table(pa.Table.from_pylist(list(rows)), folder / "loans.parquet")


def sample(terminal: Terminal) -> dict[str, Record]:
    """The drawn rows by key."""
    return {row["key"]: row for row in terminal.rows("select * from samples")}


def answer(terminal: Terminal, keys: Sequence[str], day: int = 1) -> Record:
    """People say the truth about these loans."""
    path = terminal.job.with_name("answers.csv")
    said = {
        "key": list(keys),
        "batch": ["all"] * len(keys),
        "answer": [TRUTH[key] for key in keys],
        "annotator": ["ann"] * len(keys),
        "created": [f"2026-05-{day:02d}T12:00:00Z"] * len(keys),
    }
    csv.write_csv(pa.table(said), path)
    return terminal.ok("pull", "--file", path)


def overall(terminal: Terminal, *options: object) -> Record:
    """The accuracy of the batch."""
    [found] = [
        one
        for one in terminal.ok("estimate", *options)["estimates"]
        if (one["metric"], one["cohort"], one["period"]) == ("accuracy", None, "batch")
    ]
    return dict(found)


def refit(terminal: Terminal) -> None:
    """Another model of the same data, and the batch scored by it."""
    terminal.edit("holdout = 0.2", "holdout = 0.2\nparameters = { C = 0.001 }")
    terminal.ok("fit")
    [scored] = terminal.ok("score", "--replace")["batches"]
    assert scored["status"] == "replaced"


def replace(terminal: Terminal, rows: Sequence[Record]) -> Mapping[str, Any]:
    """Other data under the same batch, scored and drawn from."""
    write(terminal.job.parent.parent, rows)
    assert terminal.ok("score")["batches"][0]["status"] == "changed"
    terminal.ok("score", "--replace")
    [drawn] = terminal.ok("sample")["batches"]
    return dict(drawn)


def test_another_model_is_judged_by_the_same_rows_and_answers(terminal: Terminal) -> None:
    """Versions are compared on one sample: three times as sharp as on two."""
    before, earlier = sample(terminal), overall(terminal)
    refit(terminal)
    [drawn] = terminal.ok("sample")["batches"]

    after, later = sample(terminal), overall(terminal)

    assert drawn["reason"] == "carried over"
    assert after.keys() == before.keys()
    for key, row in after.items():
        for name in ("prediction_id", "shown_digest", "stratum", "inclusion_probability"):
            assert row[name] == before[key][name]
    assert (later["n_asked"], later["n_answered"]) == (BUDGET, BUDGET - 10)
    assert later["version"] != earlier["version"]
    labels = {row["key"]: row["label"] for row in terminal.rows("select * from predictions")}
    assert {key: row["label"] for key, row in after.items()} == {key: labels[key] for key in after}


def test_what_was_known_before_can_still_be_asked_for(terminal: Terminal) -> None:
    earlier = overall(terminal)
    refit(terminal)
    terminal.ok("sample")
    later = overall(terminal)
    answer(terminal, sorted(sample(terminal))[:10], day=2)

    assert overall(terminal, "--as-of", earlier["as_of"]) == earlier
    assert overall(terminal, "--as-of", later["as_of"]) == later
    assert overall(terminal)["n_answered"] == BUDGET


def test_until_it_is_drawn_anew_the_earlier_estimate_stands(terminal: Terminal) -> None:
    """Between `score --replace` and `sample` nothing is known of the new version."""
    earlier = overall(terminal)

    refit(terminal)

    assert overall(terminal) == earlier


def test_new_rows_get_strata_of_their_own_and_gone_rows_leave(terminal: Terminal) -> None:
    before = sample(terminal)
    gone = set(sorted(before)[:15])  # ten of them unanswered
    new = [row | {"loan": f"N{place}"} for place, row in enumerate(loans()[:100])]
    rows = [row for row in loans() if row["loan"] not in gone] + new

    drawn = replace(terminal, rows)

    after = sample(terminal)
    supplement = {key for key, row in after.items() if row["stratum"].startswith("new 1 · ")}
    assert before.keys() - after.keys() == gone
    assert supplement == {key for key in after if key.startswith("N")}
    assert len(supplement) > 5
    assert sum(stratum["size"] for stratum in drawn["strata"]) == len(rows)
    found = overall(terminal)
    assert (found["rows"], found["n_asked"]) == (len(rows), len(after))
    assert found["n_answered"] == BUDGET - 15
    again = terminal.ok("sample")["batches"][0]
    assert (again, sample(terminal)) == (drawn, after)


def test_an_answer_to_a_row_that_changed_is_stale_until_it_is_given_again(
    terminal: Terminal,
) -> None:
    """A table speaks of rows as they stand when it is pulled; of the others it says nothing new."""
    answered = sorted(sample(terminal))[10:]
    changed = answered[:5]
    rows = [row | {"debt": 0.0} if row["loan"] in changed else row for row in loans()]

    replace(terminal, rows)

    assert overall(terminal)["n_answered"] == len(answered) - 5
    [state] = terminal.ok("status")["batches"]
    assert (state["sampled"], state["answered"]) == (BUDGET, BUDGET - 15)
    assert answer(terminal, answered)["annotations"] == len(changed)
    assert answer(terminal, answered)["annotations"] == 0
    assert overall(terminal)["n_answered"] == len(answered)


def test_the_way_back_gives_the_earlier_answers_back(terminal: Terminal) -> None:
    """Rows that read as before are the questions that they were."""
    before = overall(terminal)
    replace(terminal, [row | {"debt": 0.0} for row in loans()])
    assert overall(terminal)["n_answered"] == 0

    replace(terminal, loans())

    after = overall(terminal)
    assert {**after, "as_of": None} == {**before, "as_of": None}


def test_a_version_that_learned_the_answers_is_not_judged_by_them(terminal: Terminal) -> None:
    """The same rows, but all targets away save those of the rows that people checked."""
    checked = sample(terminal)
    data = terminal.job.parent.parent
    write(data, [row if row["loan"] in checked else row | {"outcome": None} for row in loans()])
    terminal.ok("fit")
    write(data, loans())
    terminal.ok("score", "--replace")

    for options in ([], ["--redraw", "once more"]):
        told = terminal.refused("sample", *options)

        assert told["code"] == "draw_refused"
        assert "far more than chance would give" in told["problem"]


def test_an_unknown_row_is_named_as_the_file_names_it(terminal: Terminal) -> None:
    path = terminal.job.with_name("strange.csv")
    path.write_text("key,batch,answer\nL999,all,paid\n")

    pulled = terminal.ok("pull", "--file", path)

    assert (pulled["unknown"], pulled["unknown_ids"]) == (1, ["L999 of batch all"])


def test_every_promise_holds_after_replacements(terminal: Terminal) -> None:
    overall(terminal)
    refit(terminal)
    terminal.ok("sample")
    overall(terminal)
    replace(terminal, loans()[: ROWS - 50])
    overall(terminal)

    assert [one for one in terminal.ok("doctor")["promises"] if one["ok"] is False] == []
