from __future__ import annotations

import pytest

from labeling.report.wording import dates


@pytest.mark.parametrize(
    ("window", "text"),
    [
        ("2026-W01", "29 December 2025 – 4 January 2026"),
        ("2026-W14", "30 March – 5 April 2026"),
        ("2026-02", "February 2026"),
        ("2026-11-20T23", "20 November 2026, 23–24 h"),
        ("all", "all batches"),
    ],
)
def test_windows_read_as_people_write_dates(window: str, text: str) -> None:
    assert dates(window, "UTC").replace("\u00a0", " ") == text
