"""What the right figure is, where it is known by other means: in a simulation, or a back-test.

Whoever knows it writes a file, and a report shows it beside each estimate.
Nothing is computed from it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from labeling.estimates.windows import Period

EXAMPLE = (
    '{"windows": [{"metric": "accuracy", "period": "week", "window": "2026-W47", "value": 0.93}]}'
)


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class Truth(_Closed):
    """The right value of one metric over all rows of one window."""

    metric: Literal["accuracy", "mae", "rmse"]  # those that have no class
    period: Period
    window: str
    value: float


class KnownTruth(_Closed):
    """All that is known of a job by other means."""

    note: str = ""  # stands at the top of the report, in the words of who wrote it
    windows: tuple[Truth, ...] = ()


def known_truth(text: str) -> KnownTruth:
    """Read what such a file says, as JSON.

    Raises:
        ValueError: it is something else; the message says what, in one line.

    >>> known_truth(EXAMPLE).windows[0].value
    0.93
    """
    try:
        return KnownTruth.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place or 'the file'}: {first['msg']}") from error
