from __future__ import annotations

from labeling.estimates.confusion import Confusion, ConfusionRow
from labeling.report import render
from labeling.report.chapters.mistakes import confusion_figure
from labeling.report.chart import Matrix
from labeling.report.drawing.drawings import drawn
from tests.fixtures.report_data import usual


def _of(classes: int) -> Confusion:
    names = tuple(f"class {place:02d}" for place in range(classes))
    shares = {names[0]: 0.25, names[1]: 0.75}
    return Confusion(names, tuple(ConfusionRow(name, 100, 10, shares) for name in names))


def test_up_to_twenty_classes_are_all_in_the_matrix_at_the_width_of_the_page() -> None:
    figure = confusion_figure(usual(confusion=_of(20)))

    assert figure is not None
    assert isinstance(figure.chart, Matrix)
    assert (len(figure.chart.answers), len(figure.chart.rows), figure.notes) == (20, 20, [])
    assert not figure.is_half
    assert "rarer" not in render(usual(confusion=_of(20)))


def test_a_cell_is_shaded_by_its_share_of_the_row() -> None:
    """By its share of all rows, a rare class would be white whatever was said of it."""
    figure = confusion_figure(usual(confusion=_of(3)))

    assert figure is not None
    matrix = drawn(figure.chart).matrix
    assert matrix is not None
    assert [cell.shade for cell in matrix.rows[0][2]] == [0.25, 0.75, 0.0]
