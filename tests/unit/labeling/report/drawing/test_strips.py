from __future__ import annotations

from labeling.report.chart import IntervalMark, Lines
from labeling.report.drawing.strips import count_strip, strip
from labeling.report.scale import Scale
from tests.fixtures.readers import Page

_whole = Scale(0, 1)


def test_a_strip_draws_what_is_known_and_nothing_else() -> None:
    page = Page(strip(IntervalMark(0.5, 0.4, 0.6, 0.3, 0.7, 0.45), _whole, Lines(0.5, 0.8)))

    assert [one["cx"] for one in page.marks("value")] == ["50%"]
    assert [(one["x1"], one["x2"]) for one in page.marks("interval")] == [("40%", "60%")]
    assert [(one["x1"], one["x2"]) for one in page.marks("missing")] == [("30%", "70%")]
    assert [one["x1"] for one in page.marks("limit")] == ["80%"]
    assert not {"value", "interval", "missing", "truth"} & {
        str(one.get("class")) for _, one in Page(strip(IntervalMark(None), _whole)).tags
    }


def test_parts_of_a_strip_lie_side_by_side() -> None:
    page = Page(count_strip((("answered", 1), ("open", 3)), Scale(0, 4)))

    (answered,), (open_,) = page.marks("answered"), page.marks("open")
    assert (answered["x"], answered["width"]) == ("0%", "25%")
    assert (open_["x"], open_["width"]) == ("25%", "75%")


def test_what_lies_beyond_the_axis_is_an_arrow_at_its_end_and_no_dot() -> None:
    """A dot would say that the value lies there."""
    page = Page(strip(IntervalMark(2.0, 0.5, 3.0, 0.4, 4.0), _whole))

    assert [tag for tag, one in page.tags if one.get("class") == "value"] == ["path"]
    assert [(one["x1"], one["x2"]) for one in page.marks("interval")] == [("50%", "100%")]
    assert [one["x1"] for one in page.marks("missing-end")] == ["40%"]
