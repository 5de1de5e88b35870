"""`recheck report`: where the page goes, which batches and time it is about, and which rows it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.world import DAYS, WRONG, World


@pytest.fixture
def answered(world: World) -> World:
    """Every third answer contradicts the prediction."""
    world.answer_a_third_wrongly(20)
    return world


def _sections(made: dict[str, Any]) -> dict[str, Any]:
    return {one["id"]: one for one in made["page"]["sections"]}


def test_the_page_goes_where_somebody_wants_it(answered: World) -> None:
    path = answered.folder / "page.html"

    made = answered.ok("report", "--output", path)

    assert made["report"] == str(path)
    assert path.read_text().startswith("<!doctype html>")
    assert not list(answered.store.glob("reports/*"))
    assert answered.refused("report", "--output", answered.folder / "no" / "page.html").code == 1


def test_a_page_of_a_batch_counts_its_rows_alone_and_replaces_nothing(answered: World) -> None:
    whole = Path(answered.ok("report")["report"])
    before = whole.read_text()

    made = answered.ok("report", "--batch", DAYS[0])

    estimates = answered.ok("estimate", "--batch", DAYS[0])["estimates"]
    [accuracy] = [
        one
        for one in estimates
        if (one["metric"], one["period"], one["cohort"]) == ("accuracy", "batch", None)
    ]
    shown = made["page"]["newest"]["chart"]["series"][0]["points"][0]
    assert (shown["value"], shown["low"]) == (accuracy["value"], accuracy["low"])
    assert {row["batch"] for row in _sections(made)["wrong"]["chart"]["points"]} == {DAYS[0]}
    assert (made["report"] != str(whole), whole.read_text()) == (True, before)
    assert answered.refused("report", "--batch", "1999-01-01").code == 4


def test_a_page_of_an_earlier_time_knows_nothing_of_later_answers(answered: World) -> None:
    [first] = answered.rows("select max(known_at) as at from annotations")
    before = answered.ok("report")["page"]
    rows = answered.rows("select prediction_id, label from samples order by 1")
    lines = [f"{row['prediction_id']},{WRONG[row['label']]},later" for row in rows]
    path = answered.folder / "later.csv"
    path.write_text("\n".join(["prediction_id,answer,annotator", *lines]) + "\n")
    answered.ok("pull", "--file", path)

    then = answered.ok("report", "--as-of", first["at"])["page"]

    assert then["newest"] == before["newest"]
    assert then["sections"] == before["sections"]
    assert answered.ok("report")["page"]["newest"] != before["newest"]


@pytest.mark.parametrize("rows", ["none", "keys", "shown"])
def test_pages_name_keys_of_wrong_rows_and_show_the_rows_on_wish(
    answered: World, rows: str
) -> None:
    """Pages get mailed: what people saw of a row is on them only where the job file says so."""
    text = answered.job.read_text("utf-8")
    table = f'\n[report]\nrows = "{rows}"\n' if rows != "keys" else ""
    answered.job.write_text(text + table, "utf-8")

    made = answered.ok("report")

    page = Path(made["report"]).read_text()
    wrong = answered.ok("errors")["errors"]
    income = wrong[0]["shown"]["income"]
    assert ("wrong" in _sections(made)) == (rows != "none")
    assert (f">{wrong[0]['key']}<" in page) == (rows != "none")
    assert (income in page) == (rows == "shown")
