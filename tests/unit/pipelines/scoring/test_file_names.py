"""Names of files of predictions: what they are made from, they can be read from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.scoring.file_names import Origin, attempt_of, empty_name, predictions_name

ATTEMPTS = st.text("0123456789abcdef", min_size=1, max_size=32)
ORIGINS = st.builds(Origin, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**13))


@given(ATTEMPTS, ORIGINS, st.booleans())
def test_a_name_tells_the_attempt_that_wrote_it(
    attempt: str,
    origin: Origin,
    is_cut: bool,  # noqa: FBT001  # hypothesis gives it by position
) -> None:
    assert attempt_of(predictions_name(attempt, origin, is_cut=is_cut)) == attempt
    assert attempt_of(empty_name(attempt)) == attempt


@given(st.sets(st.tuples(ORIGINS, st.booleans()), max_size=5))
def test_other_content_has_another_name(made: set[tuple[Origin, bool]]) -> None:
    names = {predictions_name("a", origin, is_cut=is_cut) for origin, is_cut in made}

    assert len(names) == len(made)
    assert empty_name("a") not in names
