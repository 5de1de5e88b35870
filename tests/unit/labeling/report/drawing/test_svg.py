from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from labeling.report.drawing.svg import tag
from tests.fixtures.readers import Page


@given(st.dictionaries(st.sampled_from(["class", "x", "aria-label"]), st.text()), st.text())
@example({"class": '"><b>'}, "</text><script>")
def test_an_element_holds_any_text(attributes: dict[str, str], text: str) -> None:
    page = Page(tag("text", attributes, text))

    (found,) = page.of("text")
    assert found.keys() == attributes.keys()
    assert {name for name, _ in page.tags} == {"text"}
