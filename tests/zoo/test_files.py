"""Every file that a stranger can bring is read, row for row, or refused in words that help."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from functions.cli.alerting import ALERT
from tests.fixtures.terminal import Answer, Terminal
from tests.zoo.csv_files import CSV_FILES, Make
from tests.zoo.parquet_files import PARQUET_FILES

FILES = {**CSV_FILES, **PARQUET_FILES}
READ = {name: made for name, made in FILES.items() if isinstance(made[1], int)}
AFTER_SCORING = ("sample", "pull", "estimate", "errors", "report", "status", "run")


def test_the_zoo_is_large() -> None:
    assert len(CSV_FILES) + len(PARQUET_FILES) == len(FILES) >= 100


@pytest.mark.parametrize(("make", "outcome"), FILES.values(), ids=FILES)
def test_a_file_is_scored_whole_or_refused_by_name(
    make: Make, outcome: int | str, tmp_path: Path
) -> None:
    """Every row is a prediction or in quarantine; a refusal says which file or column and what to do."""
    data = tmp_path / "data"
    data.mkdir()
    path, terminal = make(data), Terminal(tmp_path / "job" / "recheck.toml")
    before = contents(data)

    code, answer = Terminal.run(
        "init", terminal.job.parent, "--data", path, "--key", "id", "--target", "label"
    )
    for command in ("fit", "score"):
        if code == 0:
            code, answer = Terminal.run(command, terminal.job)

    if isinstance(outcome, str):
        require_refusal(code, answer, outcome)
    else:
        assert code == 0, answer
        batches = answer["batches"]
        assert sum(batch["rows_in"] for batch in batches) == outcome
        assert sum(batch["predictions"] + batch["quarantined"] for batch in batches) == outcome
    assert contents(data) == before


@pytest.mark.parametrize("make", [made for made, _ in READ.values()], ids=READ)
def test_every_command_takes_a_file_that_was_scored(make: Make, tmp_path: Path) -> None:
    """Predictions made elsewhere, answered as predicted: nothing is lost on the way to a figure."""
    data = tmp_path / "data"
    data.mkdir()
    terminal = Terminal(tmp_path / "job" / "recheck.toml")
    terminal.init("--data", make(data), "--key", "id", "--predicted", "label")
    terminal.ok("score")
    predictions = terminal.rows("select prediction_id, label from predictions")
    answers = answered(tmp_path / "answers.csv", predictions)

    for command in AFTER_SCORING:
        terminal.ok(command, *(["--file", answers] if command == "pull" else []))

    (figure,) = overall(terminal.ok("estimate"))
    assert (figure["value"], figure["n_answered"]) == (1, len(predictions))
    assert all(promise["ok"] is not False for promise in terminal.ok("doctor")["promises"])


def require_refusal(code: int, answer: Answer, wanted: str) -> None:
    """Require the error, with a problem and a way out."""
    error = answer["error"]
    assert code not in (0, ALERT), answer
    assert (error["code"], bool(error["problem"]), bool(error["fix"])) == (wanted, True, True)


def contents(folder: Path) -> dict[str, str]:
    """Return a digest of each file of a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def answered(path: Path, predictions: list[Answer]) -> Path:
    """Write answers that say of every prediction that it is right."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prediction_id", "answer"])
        writer.writerows([row["prediction_id"], row["label"]] for row in predictions)
    return path


def overall(answer: Answer) -> list[Answer]:
    """Return the accuracy of the one batch."""
    return [
        row
        for row in answer["estimates"]
        if (row["metric"], row["cohort"], row["period"]) == ("accuracy", None, "batch")
    ]
