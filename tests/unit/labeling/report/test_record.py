"""The report as plain JSON types says what the page says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import labeling.report
from labeling.estimates.calibration import Answered, Pairs, calibration
from labeling.report import ReportData, record, render
from tests.fixtures.readers import Page
from tests.fixtures.report_data import batches, days, estimate, report_data, unknown, usual
from tests.fixtures.repository import ROOT

_NUMBERS: dict[str, Any] = {"metric": "mae", "value": 1.3, "low": 1.1, "high": 1.6}
_CASES = {
    "nothing": report_data(batches=()),
    "unknown": report_data([unknown("week", "2026-W47"), unknown("all", "all")], pushed=50),
    "usual": usual(),
    "by name": report_data(
        [estimate("batch", "north"), estimate("batch", "south"), estimate("all", "all")],
        batches=batches(["north", "south"]),
    ),
    "scores": usual(
        calibration=calibration(Answered(np.array([0.6, 0.9]), np.array([0.0, 1.0]), np.ones(2)))
    ),
    "numbers": report_data(
        [estimate(**_NUMBERS)],
        task="regression",
        pairs=Pairs(np.array([1.0, 2.0]), np.array([2.0, 2.5]), np.ones(2)),
    ),
}


def _values(value: Any) -> Iterator[Any]:
    """Yield everything within a record that is no container."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _values(one)
    else:
        yield value


def _section(of: ReportData, name: str) -> dict[str, Any]:
    (found,) = [one for one in record(of)["sections"] if one["id"] == name]
    return dict(found)


@pytest.mark.parametrize("of", _CASES.values(), ids=_CASES)
def test_json_takes_it_as_it_is(of: ReportData) -> None:
    page = record(of)

    assert json.loads(json.dumps(page, allow_nan=False)) == page
    assert {type(value) for value in _values(page)} <= {str, int, float, bool, type(None)}


@pytest.mark.parametrize("of", _CASES.values(), ids=_CASES)
def test_it_has_the_numbers_of_the_page(of: ReportData) -> None:
    """Each number behind the words of the page, in its order, to the last bit."""
    page = record(of)
    sections = [*([page["newest"]] if page["newest"] else []), *page["sections"]]

    cells = [cell for one in sections for row in one["table"]["rows"] for cell in row]

    numbers = [float(cell) for cell in cells if isinstance(cell, int | float)]
    assert numbers == Page(render(of)).figures


@pytest.mark.parametrize("of", _CASES.values(), ids=_CASES)
def test_it_says_what_the_page_says(of: ReportData) -> None:
    said, page = Page(render(of)).said, record(of)

    words = [page["headline"], *page["leads"], *page["watched"]]
    words += [one[name] for one in page["sections"] for name in ("chapter", "title", "sentence")]
    words += [step["command"] for step in page["next_steps"] if not step["is_done"]]
    assert all(" ".join(text.split()) in said for text in words)


def test_a_chart_over_time_has_each_window_with_its_interval() -> None:
    chart = _section(usual(), "time")["chart"]

    wide, fine = chart["series"]
    assert (chart["kind"], chart["unit"], chart["limit"]) == ("over_time", "share", None)
    assert [point["window"] for point in fine["points"]] == days("2026-11-16", 7)
    (week,) = wide["points"]
    assert (week["value"], week["low"], week["high"]) == (0.6625, 0.6203, 0.7098)
    assert week["begin"] == "2026-11-16T00:00:00+00:00"
    assert {one["state"] for one in chart["asked"]} == {"answered"}


def test_what_nobody_answered_has_no_value() -> None:
    chart = _section(report_data([unknown("week", "2026-W47")]), "time")["chart"]

    assert [one["value"] for one in chart["series"][0]["points"]] == [None]


def test_counts_have_names() -> None:
    chart = _section(usual(), "volume")["chart"]

    assert chart["kind"] == "counts_over_time"
    assert chart["points"][0]["counts"] == {"scored": 990, "refused": 10}


def test_the_guide_names_every_key_and_every_kind_of_chart() -> None:
    guide = (ROOT / "docs/guides/operations.md").read_text(encoding="utf-8")
    pages = [record(of) for of in _CASES.values()]

    sections = [one for page in pages for one in page["sections"]]
    names = {name for page in pages for name in page} | {name for one in sections for name in one}
    names |= {one["chart"]["kind"] for one in sections}
    assert {name for name in names if f"`{name}`" not in guide} == set()


def test_infinity_is_none() -> None:
    """JSON has no word for it."""
    of = report_data([estimate(**(_NUMBERS | {"high": float("inf")}))], task="regression")

    newest = record(of)["newest"]

    assert newest["chart"]["series"][0]["points"][0]["high"] is None


def test_findings_hold_no_markup() -> None:
    """A text of a user stays as it is: to escape it is the business of the page."""
    nasty = "<b>&"
    shops = [estimate("all", "all", cohort=f"shop={name}") for name in (nasty, "x")]
    of = report_data([*usual().estimates, *shops], job=nasty, note=nasty)

    page = record(of)

    (group,) = _section(of, "cohorts")["chart"]["series"]
    assert (page["job"], page["note"]) == (nasty, nasty)
    assert nasty in [point["label"] for point in group["points"]]


def test_nothing_but_the_drawing_knows_markup() -> None:
    folder = Path(labeling.report.__file__).parent
    modules = [path for path in folder.rglob("*.py") if "markupsafe" in path.read_text()]

    homes = {path.relative_to(folder).parts[0] for path in modules}
    assert homes == {"drawing", "page.py"}
