"""Why people could not tell: the reasons of skipped questions, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pyarrow as pa

from labeling.answers.current import latest_annotations
from pipelines.columns.relations import where_in


def reasons_of(reasons: Iterable[str | None]) -> dict[str, int]:
    """Count reasons, the most frequent first; None is none.

    >>> reasons_of(["blurred", None, "too dark", "blurred"])
    {'blurred': 2, 'too dark': 1}
    """
    counts = Counter(reason for reason in reasons if reason is not None)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def cannot_tell(annotations: pa.Table) -> dict[str, int]:
    """Count the reasons that people give now, the most frequent first.

    Args:
        annotations: in the columns of `schemas.ANNOTATIONS`, in any order.

    Returns:
        The number of skipped questions by reason; those without one are left out.
    """
    skipped = where_in(latest_annotations(annotations), "state", "skipped")
    return reasons_of(skipped.column("reason").to_pylist())
