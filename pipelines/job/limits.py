"""Bounds of what a job file and a command line may say; this imports nothing."""

from __future__ import annotations

MOST_ROWS = 1_000_000_000  # the largest budget
