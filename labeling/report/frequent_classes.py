"""The classes that a page names, where there are many."""

from __future__ import annotations

from labeling.estimates.confusion import Confusion, ConfusionRow

MOST_NAMED = 30  # classes; a page of all pairs of 1,000 would be one of 28 MB


def most_frequent(of: Confusion, most: int = MOST_NAMED) -> list[ConfusionRow]:
    """Return the classes that are predicted most often, in the order of the answer set."""
    place = {name: place for place, name in enumerate(of.answers)}
    rows = sorted(of.predicted, key=lambda one: -one.rows)[:most]
    return sorted(rows, key=lambda one: place[one.label])
