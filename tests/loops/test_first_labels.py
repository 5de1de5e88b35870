"""A data set without labels: people label rows, a model learns from them, people check it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from functions.cli.commands import run
from tests.fixtures.people import People
from tests.fixtures.terminal import Terminal

ROWS = 240
TRAIN, VERIFY = 60, 40  # rows that people label, and check


def messages(salt: str = "") -> pa.Table:
    """Messages in two kinds that their length and sender tell, without a column that says so."""
    chance = np.random.default_rng(4)
    length = chance.gamma(3, 40, ROWS).round()
    return pa.table(
        {
            "message": [f"m{number}" for number in range(ROWS)],
            "length": length,
            "sender": chance.choice(["friend", "shop", "bank"], ROWS),
            "text": [
                f"dear reader{salt}, number <b>{number}</b> is waiting" for number in range(ROWS)
            ],
        }
    )


def kinds(table: pa.Table) -> dict[str, str]:
    """What is right for each message; nobody but the people of these tests knows."""
    return {
        row["message"]: "spam" if row["length"] > 150 or row["sender"] == "shop" else "ham"
        for row in table.to_pylist()
    }


TRUTH = kinds(messages())


@pytest.mark.parametrize(
    "options, step",
    [
        (["--answer", "spam", "--answer", "ham"], "push --purpose train"),
        (["--target", "sender"], "fit"),
        (["--predicted", "sender"], "score"),
    ],
)
def test_init_names_the_next_step(
    options: list[str], step: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parquet.write_table(messages(), tmp_path / "messages.parquet")
    job = tmp_path / "job"

    code = run(["init", str(job), "--data", str(tmp_path / "messages.parquet"), *options])

    assert code == 0
    assert f"next: recheck {step} {job / 'recheck.toml'}" in capsys.readouterr().out


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Terminal:
    """A job as `init` writes it from data without labels, with small budgets and draws of its own."""
    seed = sha256(request.node.name.encode()).hexdigest()[:32]
    parquet.write_table(messages(), tmp_path / "messages.parquet")
    made = Terminal(tmp_path / "job" / "recheck.toml")
    answers = ("--answer", "spam", "--answer", "ham")
    data = ("--data", tmp_path / "messages.parquet")
    made.init(*data, *answers, "--key", "message", "--seed", seed)
    made.edit("budget = 300", f"budget = {VERIFY}")
    made.edit("[labeling]", f"[labeling]\ntrain_budget = {TRAIN}")
    return made


def drawn(terminal: Terminal, purpose: str) -> dict[str, str]:
    """The key of each drawn prediction."""
    rows = terminal.rows("select purpose, prediction_id, key from samples")
    return {row["prediction_id"]: row["key"] for row in rows if row["purpose"] == purpose}


def overall(terminal: Terminal) -> Mapping[str, float]:
    """The accuracy of the whole batch."""
    [found] = [
        one
        for one in terminal.ok("estimate")["estimates"]
        if (one["metric"], one["cohort"], one["period"]) == ("accuracy", None, "batch")
    ]
    return found


def verified(terminal: Terminal) -> tuple[int, int, int]:
    """Rows that were drawn, asked and answered; the estimate and the status agree."""
    [state] = terminal.ok("status")["batches"]
    found = overall(terminal)
    assert (found["n_asked"], found["n_answered"]) == (state["sampled"], state["answered"])
    return state["sampled"], state["asked"], state["answered"]


def write(folder: Path, answers: Sequence[tuple[str, str]]) -> Path:
    """A file of answers by key."""
    path = folder / "answers.csv"
    keys, said = zip(*answers, strict=True)
    csv.write_csv(pa.table({"key": keys, "batch": ["all"] * len(keys), "answer": said}), path)
    return path


def test_from_nothing_to_an_estimate(terminal: Terminal, people: People) -> None:
    """Rows that nobody labeled are asked, learned from, scored, checked by people and judged."""
    asked = terminal.ok("push", "--purpose", "train")
    training = drawn(terminal, "train")
    people.answer(asked["project"], {one: TRUTH[key] for one, key in training.items()})
    assert terminal.ok("pull")["labels"] == TRAIN

    fitted = terminal.ok("fit")
    assert fitted["rows"] + fitted["metrics"]["holdout_rows"] == TRAIN
    [scored] = terminal.ok("score")["batches"]
    assert scored["predictions"] == ROWS
    terminal.ok("sample")
    checked = terminal.ok("push")
    assert (checked["created"], checked["project"] == asked["project"]) == (VERIFY, False)
    verifying = drawn(terminal, "verify")
    people.answer(checked["project"], {one: TRUTH[key] for one, key in verifying.items()})
    assert terminal.ok("pull")["labels"] == VERIFY

    found = overall(terminal)
    rows = terminal.rows("select key, label from predictions")
    truth = np.mean([TRUTH[row["key"]] == row["label"] for row in rows])
    assert (found["n_asked"], found["n_answered"]) == (VERIFY, VERIFY)
    assert found["low"] <= truth <= found["high"]
    assert truth > 0.8
    assert all(promise["ok"] is not False for promise in terminal.ok("doctor")["promises"])


def test_a_repeat_asks_nothing_and_a_larger_budget_asks_more(
    terminal: Terminal, people: People
) -> None:
    """Whoever was asked stays asked."""
    first = terminal.ok("push", "--purpose", "train")
    before = drawn(terminal, "train")
    again = terminal.ok("push", "--purpose", "train")
    terminal.edit(f"train_budget = {TRAIN}", f"train_budget = {TRAIN + 15}")

    more = terminal.ok("push", "--purpose", "train")

    after = drawn(terminal, "train")
    assert [(one["created"], one["existing"]) for one in (first, again, more)] == [
        (TRAIN, 0),
        (0, TRAIN),
        (15, TRAIN),
    ]
    assert before.items() < after.items()
    assert people.tasks(first["project"]).keys() == after.keys()
    assert people.count(first["project"]) == TRAIN + 15


def test_a_row_of_both_purposes_is_asked_and_counted_in_each(
    terminal: Terminal, people: People, tmp_path: Path
) -> None:
    """A budget of the whole batch draws every row for both."""
    terminal.edit(f"train_budget = {TRAIN}", f"train_budget = {ROWS}")
    labeled = terminal.ok("push", "--purpose", "train")
    everything = drawn(terminal, "train")
    terminal.ok("pull", "--file", write(tmp_path, list(TRUTH.items())))
    terminal.ok("fit")
    terminal.ok("score")
    terminal.ok("sample")
    checked = terminal.ok("push")
    verifying = drawn(terminal, "verify")
    assert verifying.keys() < everything.keys()
    assert overall(terminal)["n_answered"] == 0

    both = list(verifying)[:4]
    people.answer(labeled["project"], {both[0]: "ham", both[1]: "ham"})
    people.answer(checked["project"], {both[1]: "spam", both[2]: "spam"})

    pulled = terminal.ok("pull")
    assert (pulled["annotations"], pulled["labels"]) == (4, 2)
    assert verified(terminal) == (VERIFY, VERIFY, 2)
    key = verifying[both[3]]
    assert terminal.ok("pull", "--file", write(tmp_path, [(key, TRUTH[key])]))["labels"] == 1
    assert verified(terminal) == (VERIFY, VERIFY, 3)


@pytest.fixture
def asked(terminal: Terminal, people: People) -> Terminal:  # noqa: ARG001 - it sets where they are
    """The same job, its training rows asked for."""
    terminal.ok("push", "--purpose", "train")
    return terminal


def test_answers_by_file_train_as_well(asked: Terminal, tmp_path: Path) -> None:
    """And a label that is corrected makes another version, while the same ones make none."""
    keys = sorted(drawn(asked, "train").values())
    pulled = asked.ok("pull", "--file", write(tmp_path, [(key, TRUTH[key]) for key in keys]))
    first, again = asked.ok("fit"), asked.ok("fit")
    wrong = {"spam": "ham", "ham": "spam"}[TRUTH[keys[0]]]

    asked.ok("pull", "--file", write(tmp_path, [(keys[0], wrong)]))

    corrected = asked.ok("fit")
    assert (pulled["labels"], pulled["outcomes"]) == (TRAIN, 0)
    assert first["version"] == again["version"] != corrected["version"]


def test_a_row_that_reads_otherwise_is_asked_anew(
    asked: Terminal, tmp_path: Path, people: People
) -> None:
    """The old answer is to the old row: it trains no more; a row that is gone makes room for another."""
    before = drawn(asked, "train")
    asked.ok("pull", "--file", write(tmp_path, [(key, TRUTH[key]) for key in before.values()]))
    changed, gone, *others = before.values()
    rows = [row for row in messages().to_pylist() if row["message"] != gone]
    other = [row | {"text": "something else"} if row["message"] == changed else row for row in rows]
    parquet.write_table(pa.Table.from_pylist(other), tmp_path / "messages.parquet")

    pushed = asked.ok("push", "--purpose", "train")

    after = drawn(asked, "train")
    assert (pushed["created"], pushed["existing"]) == (2, TRAIN - 2)
    assert (gone in after.values(), {changed, *others} < set(after.values())) == (False, True)
    assert asked.ok("push", "--purpose", "train")["created"] == 0
    fitted = asked.ok("fit")
    assert fitted["rows"] + fitted["metrics"]["holdout_rows"] == TRAIN - 2
    assert set(after) <= people.tasks(pushed["project"]).keys()


def test_a_row_without_a_name_of_its_own_is_not_asked(asked: Terminal, tmp_path: Path) -> None:
    """A missing key names no row, nor one whose copies differ; of identical copies one is asked."""
    rows = messages().to_pylist()
    rows += [{**rows[0], "message": None}, {**rows[1], "text": "another"}, rows[2]]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "messages.parquet")
    asked.edit(f"train_budget = {TRAIN}", "train_budget = 1000")

    asked.ok("push", "--purpose", "train")

    assert sorted(drawn(asked, "train").values()) == sorted(TRUTH.keys() - {"m1"})


def test_numbers_are_learned_from_answers(tmp_path: Path, people: People) -> None:
    parquet.write_table(messages(), tmp_path / "messages.parquet")
    terminal = Terminal(tmp_path / "job" / "recheck.toml")
    terminal.job.parent.mkdir()
    terminal.job.write_text(NUMBERS)
    project = terminal.ok("push", "--purpose", "train")["project"]
    rows = {row["message"]: row for row in messages().to_pylist()}
    asked = drawn(terminal, "train")
    said = [(key, str(3 * rows[key]["length"] + 1)) for key in asked.values()]

    assert terminal.ok("pull", "--file", write(tmp_path, said))["labels"] == TRAIN

    fitted = terminal.ok("fit")
    assert fitted["metrics"]["mae"] < 1
    assert people.tasks(project).keys() == asked.keys()


NUMBERS = f"""
name = "numbers"
task = "regression"

[data]
path = "../messages.parquet"
key = ["message"]

[features.columns]
length = {{ kind = "numeric" }}

[model]
estimator = "LinearRegression"

[sampling]
seed = "00112233445566778899aabbccddeeff"

[labeling]
question = "How many?"
show = ["length"]
train_budget = {TRAIN}
"""
