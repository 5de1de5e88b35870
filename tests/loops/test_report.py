"""The report of a real store: from predictions made elsewhere and answers from a file to one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from tests.fixtures.readers import Page
from tests.fixtures.terminal import Terminal

ROWS = 600
MOODS = ("good <b>", "bad", "none")
NASTY = "<script>alert('shop')</script>"


def reviews() -> pa.Table:
    """Reviews of three days, with a model's verdict; one lacks its key, one its verdict."""
    chance = np.random.default_rng(7)
    truth = chance.choice(MOODS, ROWS)
    verdict = np.where(chance.random(ROWS) < 0.8, truth, chance.choice(MOODS, ROWS))
    ids = [f"r{place}" for place in range(ROWS)]
    return pa.table(
        {
            "review": [None, *ids[1:]],
            "day": [f"2026-11-{16 + place % 3}" for place in range(ROWS)],
            "shop": [NASTY if place % 4 else "plain" for place in range(ROWS)],
            "verdict": [*verdict.tolist()[:-1], None],
            "sure": chance.uniform(0.5, 1, ROWS),
            "stars": chance.uniform(1, 5, ROWS),
            "truth": truth.tolist(),
        }
    )


@pytest.fixture(scope="module")
def data() -> pa.Table:
    return reviews()


@pytest.fixture
def terminal(tmp_path: Path, data: pa.Table) -> Terminal:
    """A job over those verdicts, by day, with shops as cohorts."""
    parquet.write_table(data.drop_columns("truth"), tmp_path / "reviews.parquet")
    made = Terminal(tmp_path / "job" / "recheck.toml")
    answers = [word for mood in MOODS for word in ("--answer", mood)]
    made.init(
        "--data",
        tmp_path / "reviews.parquet",
        "--predicted",
        "verdict",
        "--score",
        "sure",
        *answers,
        "--key",
        "review",
        "--batch-by",
        "day",
    )
    made.edit("budget = 300", "budget = 60")
    return made


def ask(terminal: Terminal, data: pa.Table, *, skip: int = 0) -> None:
    """Score all, ask about a sample, and answer all but the first few from a file."""
    terminal.ok("score")
    terminal.ok("sample")
    truth = dict(zip(data["review"].to_pylist(), data["truth"].to_pylist(), strict=True))
    drawn = terminal.rows("select prediction_id, key from samples order by 1")[skip:]
    said = {
        "prediction_id": [row["prediction_id"] for row in drawn],
        "answer": [truth[row["key"]] for row in drawn],
    }
    path = terminal.job.parent / "answers.csv"
    csv.write_csv(pa.table(said), path)
    terminal.ok("pull", "--file", path)


def read(terminal: Terminal) -> Page:
    path = Path(terminal.ok("report")["report"])
    assert path.parent == terminal.job.parent / "store" / "reports"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    return Page(path.read_text(encoding="utf-8"))


def test_an_empty_store_has_a_page(terminal: Terminal) -> None:
    page = read(terminal)

    assert "What to do next" in page.said
    assert "recheck score recheck.toml" in page.said


def test_a_store_without_answers_has_a_page(terminal: Terminal) -> None:
    terminal.ok("score")
    terminal.ok("sample")

    page = read(terminal)

    assert "Nobody has answered yet" in page.said
    assert "180 rows of 3 batches drawn" in page.said


def test_the_page_says_what_estimate_says(terminal: Terminal, data: pa.Table) -> None:
    """Each number of each overall estimate stands on the page, to the last bit."""
    ask(terminal, data)
    estimates: list[dict[str, Any]] = terminal.ok("estimate")["estimates"]

    figures = set(read(terminal).figures)

    shown = [one for one in estimates if one["metric"] == "accuracy" and one["cohort"] is None]
    shown = [one for one in shown if one["period"] in ("batch", "week", "all")]
    shown += [
        one
        for one in estimates
        if one["period"] == "all" and one["class"] is not None and one["cohort"] is None
    ]
    assert len(shown) > 10
    for one in shown:
        known = [
            one[name]
            for name in (
                "value",
                "low",
                "high",
                "stderr",
                "n_asked",
                "n_answered",
                "rows",
                "rows_covered",
            )
        ]
        assert {float(value) for value in known if value is not None} <= figures


def test_the_page_counts_rows_as_the_tables_do(terminal: Terminal, data: pa.Table) -> None:
    ask(terminal, data, skip=20)

    said = read(terminal).said

    assert "600 source rows 598 scored in 3 batches" in said
    assert "180 asked 160 answered 88 %" in said
    assert "2 rows, 0.3 % of all" in said  # in quarantine


def test_texts_of_the_data_stay_texts(terminal: Terminal, data: pa.Table) -> None:
    ask(terminal, data)

    page = read(terminal)

    assert NASTY in page.said
    assert "good <b>" in page.said
    assert page.of("script") == []


def know(terminal: Terminal, text: str) -> None:
    """Write down what is known by other means."""
    path = terminal.job.parent / "store" / "known" / "job.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def test_what_is_known_by_other_means_is_shown(terminal: Terminal, data: pa.Table) -> None:
    """In the words of who wrote it, and beside the estimate."""
    ask(terminal, data)
    week = {"metric": "accuracy", "period": "week", "window": "2026-W47", "value": 0.8125}
    know(terminal, json.dumps({"note": "A back-test <i>of autumn</i>.", "windows": [week]}))

    page = read(terminal)

    assert "A back-test <i>of autumn</i>." in page.said
    assert 0.8125 in page.figures
    assert "known truth" in page.said
    assert "demo" not in page.said


@pytest.mark.parametrize(
    "content",
    [
        "[",
        "[1]",
        '{"truths": []}',
        '{"windows": [{"period": "week"}]}',
        '{"windows": [{"metric": "accuracy", "period": "week", "window": "2026-W47", "value": NaN}]}',
        '{"windows": [{"metric": "f1", "period": "week", "window": "2026-W47", "value": 0.9}]}',
    ],
)
def test_a_known_truth_that_is_none_is_refused(terminal: Terminal, content: str) -> None:
    know(terminal, content)

    error = terminal.refused("report")

    assert "known/job.json" in error["problem"]
    assert '"metric": "accuracy"' in error["fix"]


def test_the_same_store_gives_the_same_page(terminal: Terminal, data: pa.Table) -> None:
    ask(terminal, data)
    first = Path(terminal.ok("report")["report"]).read_bytes()

    assert Path(terminal.ok("report")["report"]).read_bytes() == first


def test_the_answer_holds_what_the_page_says(terminal: Terminal, data: pa.Table) -> None:
    """All of it as data: each number, in its order."""
    ask(terminal, data)
    answer = terminal.ok("report")
    page = Page(Path(answer["report"]).read_text(encoding="utf-8"))

    sections = [answer["page"]["newest"], *answer["page"]["sections"]]
    cells = [cell for one in sections for row in one["table"]["rows"] for cell in row]

    assert [cell for cell in cells if isinstance(cell, int | float)] == page.figures
    assert " ".join(answer["page"]["headline"].split()) in page.said
    assert len(sections) == len(page.of("figure"))


def test_outcomes_are_told_apart(terminal: Terminal, data: pa.Table) -> None:
    """Answers for rows that nobody drew are counted, held against predictions, and enter nothing."""
    ask(terminal, data)
    before = terminal.ok("estimate")["estimates"]
    others = "select prediction_id, label from predictions where prediction_id not in (select prediction_id from samples) order by 1 limit 8"
    rows = terminal.rows(others)
    path = terminal.job.parent / "outcomes.csv"
    said = [
        row["label"] if place < 6 else "none" if row["label"] != "none" else "bad"
        for place, row in enumerate(rows)
    ]
    csv.write_csv(
        pa.table({"prediction_id": [row["prediction_id"] for row in rows], "answer": said}), path
    )
    terminal.ok("pull", "--file", path)

    page = read(terminal)

    assert "8 answers came by themselves" in page.said
    assert "75 % of those predictions were right" in page.said
    assert json.dumps(terminal.ok("estimate")["estimates"]) == json.dumps(before)


def test_a_page_that_cannot_be_written_is_told(terminal: Terminal) -> None:
    store = terminal.job.parent / "store"
    store.mkdir()
    (store / "reports").write_text("not a folder")

    assert "reports" in terminal.refused("report")["problem"]
