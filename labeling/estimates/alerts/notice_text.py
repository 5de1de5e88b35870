"""Alerts in the words of a message."""

from __future__ import annotations

from collections.abc import Sequence

from labeling.estimates.alerts.lives import Alert
from pipelines.columns.visible import visible_line

_MOST = 10  # lines


def title_of(job: str, alerts: Sequence[Alert]) -> str:
    """Return one line for some new alerts of a job."""
    many = "an alert" if len(alerts) == 1 else f"{len(alerts)} alerts"
    return f"Recheck, {visible_line(job)}: {many}"


def lines_of(alerts: Sequence[Alert]) -> list[str]:
    """Return a line for each alert, and of many for the first ones."""
    lines = [visible_line(f"{one.message} [{one.id}]") for one in alerts[:_MOST]]
    if len(alerts) > _MOST:
        lines.append(f"… and {len(alerts) - _MOST} more: `recheck alerts --all` lists them")
    return lines
