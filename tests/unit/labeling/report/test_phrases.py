from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.report.phrases import figure, phrase


@given(st.text(), st.text())
def test_a_text_is_put_in_as_it_is(one: str, other: str) -> None:
    """Also one that looks like a template."""
    assert phrase("{} and {}", one, figure(other)).text == f"{one} and {other}"


def test_figures_stay_marked_within_longer_phrases() -> None:
    between = phrase("between {} and {}", figure("1"), figure("2"))

    whole = phrase("{} of {}.", between, "all")

    assert [part.text for part in whole.parts if part.is_figure] == ["1", "2"]


def test_a_sentence_begins_with_a_capital_or_a_figure() -> None:
    assert phrase("between {}", figure("x")).capitalized().text == "Between x"
    assert phrase("{} were right", figure("x %")).capitalized().text == "x % were right"


def test_each_gap_needs_a_text() -> None:
    with pytest.raises(ValueError, match="zip"):
        phrase("{} and {}", "one")
