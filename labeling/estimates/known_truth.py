"""Known truth: right figures that are known by other means, in a simulation or a back-test.

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
    """All right figures of a job that are known by other means."""

    note: str = ""  # shown at the top of the report, as it was written
    windows: tuple[Truth, ...] = ()


def known_truth(text: str) -> KnownTruth:
    """Read a file of known truth from its text, which is JSON.

    Raises:
        ValueError: it does not have the form of `EXAMPLE`; the message says
            where, in one line.

    >>> known_truth(EXAMPLE).windows[0].value
    0.93
    """
    try:
        return KnownTruth.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place or 'the file'}: {first['msg']}") from error
