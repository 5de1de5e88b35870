"""What people read before they begin, and how their pictures are drawn."""

from __future__ import annotations

import io

import pyarrow as pa
from PIL import Image

from labeling.questions.shown import ShownColumn, shown_rows
from labeling.questions.survey import Survey, fitted, instructions_html

TABLE = (ShownColumn("carrier", "tabular"),)
PHOTO = (ShownColumn("photo", "image"),)


def pictures(*sides: int) -> list[str]:
    """Rows of one square picture each, as people see them."""
    content = []
    for side in sides:
        written = io.BytesIO()
        Image.new("RGB", (side, side)).save(written, "PNG")
        content.append(written.getvalue())
    return shown_rows(pa.record_batch({"photo": content}), PHOTO)


def test_instructions_are_text_and_a_link() -> None:
    survey = Survey("?", (), TABLE, "One.\n\n<b>Two.</b>", 'https://example.com/"x')

    assert instructions_html(survey) == (
        "<p>One.</p><p>&lt;b&gt;Two.&lt;/b&gt;</p>"
        '<p><a href="https://example.com/&quot;x" target="_blank" rel="noopener">Guideline</a></p>'
    )


def test_pictures_are_small_if_all_of_them_are() -> None:
    survey = Survey("Which digit?", ("0", "1"), PHOTO)

    assert fitted(survey, pictures(8, 28)).small_pictures
    assert not fitted(survey, pictures(8, 800)).small_pictures
    assert not fitted(survey, []).small_pictures


def test_a_survey_without_pictures_stays_as_it_is() -> None:
    survey = Survey("Late?", ("yes", "no"), TABLE)

    assert fitted(survey, ['{"row":[]}']) is survey
