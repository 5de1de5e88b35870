"""Alerts: the lines of a job, their looks, and what becomes of a line that was crossed.

`looks` says of every line and window what is known; `alerts_of` makes of the looks
the alerts that people are told, each once.
"""

from labeling.estimates.alerts.judging import ERROR
from labeling.estimates.alerts.lives import Alert, AlertEvent, alerts_of
from labeling.estimates.alerts.looking import Watch, listed, looks
from labeling.estimates.alerts.watched_lines import CLEAR, CROSSED, UNKNOWN, State, WatchedLine

__all__ = [
    "CLEAR",
    "CROSSED",
    "ERROR",
    "UNKNOWN",
    "Alert",
    "AlertEvent",
    "State",
    "Watch",
    "WatchedLine",
    "alerts_of",
    "listed",
    "looks",
]
