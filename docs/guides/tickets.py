"""Support tickets to try Recheck on: `python tickets.py FOLDER` writes four CSV files.

`tickets.csv` holds three weeks with the predictions of another system, which
gets worse in the third; `inbox.csv` holds the same tickets without them.
`history.csv` holds three earlier weeks with the truth. `answers.csv` is what
people would say of the tickets, for trying out without people. With the word
`mended` after the folder, the other system has mended the third week. All is
invented, and the same each time.
"""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

A_DAY = 300
CHANNELS = ("mail", "mail", "phone", "chat")
PLANS = ("free", "free", "team", "enterprise")
SENTENCES = {
    "billing": [
        "I was charged twice this month.",
        "The invoice shows the wrong company.",
        "Our card was declined although it is valid.",
        "Please send the receipt of last year.",
        "Why is VAT on it?",
        "The price changed without a word.",
    ],
    "technical": [
        "The export stops at half of the rows.",
        "Since yesterday the API answers with a timeout.",
        "Every upload ends with an error.",
        "The dashboard stays white.",
        "Search finds nothing.",
        "It takes a minute to load a page.",
    ],
    "account": [
        "I cannot log in any more.",
        "Please change the mail address of our owner.",
        "How do I invite a colleague?",
        "Delete my user, please.",
        "The reset link never arrives.",
        "Somebody left and we need their files.",
    ],
}
VAGUE = [
    "It does not work.",
    "Please help, it is urgent.",
    "Same as last time.",
    "Nobody answers the phone.",
    "We are a paying customer!",
]
KEPT_LONG = {"billing": 30, "technical": 90, "account": 20}  # minutes, typically


def main(folder: Path, *, is_mended: bool = False) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    random = Random(2026)  # noqa: S311 - the same data each time
    history = [
        _ticket(random, number, datetime(2026, 8, 31, tzinfo=UTC)) for number in range(21 * A_DAY)
    ]
    tickets = [
        _ticket(random, number, datetime(2026, 10, 5, tzinfo=UTC)) for number in range(21 * A_DAY)
    ]
    answers = [_answer(row) for row in tickets]
    guesses = [_guess(random, row, row.pop("team"), is_mended=is_mended) for row in tickets]
    predicted = [{**row, **guess} for row, guess in zip(tickets, guesses, strict=True)]
    _write(folder / "history.csv", history)
    _write(folder / "inbox.csv", tickets)
    _write(folder / "tickets.csv", predicted)
    _write(folder / "answers.csv", answers)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _ticket(random: Random, number: int, start: datetime) -> dict[str, Any]:
    team = random.choices(list(SENTENCES), [0.25, 0.55, 0.2])[0]
    told = [random.choice(VAGUE)]
    if random.random() < 0.9:  # else nobody could know without asking back
        told.append(random.choice(SENTENCES[team]))
    if random.random() < 0.15:  # people mix things up
        told.append(random.choice(SENTENCES[random.choice(list(SENTENCES))]))
    random.shuffle(told)
    minutes = round(random.lognormvariate(0, 0.6) * KEPT_LONG[team], 1)
    return {
        "ticket": f"T{start:%m}-{number:05}",
        "received": (
            start + timedelta(days=number // A_DAY, minutes=number % A_DAY * 4.5)
        ).isoformat(),
        "channel": random.choice(CHANNELS),
        "plan": random.choice(PLANS),
        "minutes": minutes if random.random() < 0.95 else "",  # not always measured
        "body": " ".join(told),
        "team": team,
    }


def _guess(random: Random, row: dict[str, Any], team: str, *, is_mended: bool) -> dict[str, Any]:
    """What the other system says: sure where it is right, worse for the chats of the last week."""
    confidence = round(random.betavariate(6, 1.5) * 0.6 + 0.4, 3)
    is_worse = row["channel"] == "chat" and row["received"] >= "2026-10-19" and not is_mended
    is_right = random.random() < confidence - 0.35 * is_worse
    others = [name for name in SENTENCES if name != team]
    return {"predicted": team if is_right else random.choice(others), "confidence": confidence}


def _answer(row: dict[str, Any]) -> dict[str, str]:
    year, week, _ = datetime.fromisoformat(row["received"]).isocalendar()
    return {"key": row["ticket"], "batch": f"{year}-W{week:02}", "answer": row["team"]}


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."), is_mended="mended" in sys.argv[2:])
