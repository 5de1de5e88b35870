from __future__ import annotations

import re

from labeling.report import render
from tests.fixtures.report_data import usual


def test_more_answers_make_the_interval_shorter() -> None:
    more = [(0, 0.045), (25, 0.04), (50, 0.036), (100, 0.03)]
    page = render(usual(more=more))
    rows = re.findall(r"± ([\d.]+) points</td>", page.replace("\u00a0", " "))

    halves = [float(one) for one in rows]
    assert len(halves) > 3
    assert halves == sorted(halves, reverse=True)
