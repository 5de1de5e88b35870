from __future__ import annotations

from labeling.estimates.confusion import confusion
from labeling.report import ReportData, record, render
from labeling.report.frequent_classes import MOST_NAMED, most_frequent
from tests.fixtures.judged import Row, judged
from tests.fixtures.report_data import estimate, report_data

_FEW, _MANY = MOST_NAMED, 1000
_METRICS = ("precision", "recall", "f1")
_MEGABYTE = 1_000_000


def _classes(count: int) -> tuple[str, ...]:
    return tuple(f"class {number:04d}" for number in range(count))


def _data(count: int) -> ReportData:
    """A class with three rows and two others with two; all others have one each, and all are answered."""
    names = _classes(count)
    rows = [Row(name, (name,)) for name in names]
    rows += [Row(names[-1], (names[0],))] * 2 + [
        Row(names[5], (names[5],)),
        Row(names[7], (names[8],)),
    ]
    of_classes = [
        estimate("all", "all", metric=metric, class_=name) for metric in _METRICS for name in names
    ]
    matrix = confusion(judged({"all": rows}).evidence(), names)
    return report_data([estimate("all", "all"), *of_classes], confusion=matrix)


def _section(data: ReportData, name: str) -> dict[str, object]:
    found: dict[str, object] = next(one for one in record(data)["sections"] if one["id"] == name)
    return found


def _rows(data: ReportData, name: str) -> list[list[object]]:
    table = _section(data, name)["table"]
    assert isinstance(table, dict)
    rows: list[list[object]] = table["rows"]
    return rows


def test_the_most_frequent_ones_stand_in_the_order_of_the_answers() -> None:
    of = _data(_MANY).confusion
    assert of is not None

    named = [row.label for row in most_frequent(of, 3)]

    assert named == ["class 0005", "class 0007", "class 0999"]


def test_a_page_of_many_classes_is_small_and_names_the_frequent_ones() -> None:
    page = render(_data(_MANY))

    assert len(page) < 3 * _MEGABYTE
    assert "class 0999" in page
    assert "class 0500" not in page
    assert "970 rarer classes" in page


def test_the_rest_is_one_class_on_the_page_and_each_its_own_in_json() -> None:
    """The joined row of the matrix has the share of all rows that it stands for."""
    data = _data(_MANY)

    classes, pairs = _rows(data, "classes"), _rows(data, "confusion")

    assert "people said another class" in render(data)
    assert len(classes) == len(_METRICS) * _MANY
    assert {(row[0], row[3]) for row in pairs} >= {("class 0500", "class 0500")}
    assert ("class 0999", "class 0000") in {(row[0], row[3]) for row in pairs}
    assert len(pairs) == _MANY + 2


def test_of_few_classes_the_page_leaves_out_none() -> None:
    page = render(_data(_FEW))

    assert all(name in page for name in _classes(_FEW))
    assert "rarer class" not in page.replace("rarer classes: only in the table", "")
    assert "another class" not in page
