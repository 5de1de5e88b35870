"""The commands of the second example, on tweets made up here in place of the fetched ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from examples.tweets import prepare
from examples.tweets.prepare import Tweet
from tests.fixtures.terminal import Terminal

MOODS = {2: "lovely great happy", -2: "awful broken sad", 0: "table window Tuesday"}


def tweets(count: int = 800) -> list[Tweet]:
    """Tweets whose raters mostly feel what the words say; one of five differs."""
    chance = np.random.default_rng(8)
    made = []
    for number in range(count):
        mood = int(chance.choice(list(MOODS)))
        words = chance.choice(MOODS[mood].split(), 2)
        ratings = [int(one) for one in chance.choice([mood, 1], 20, p=[0.8, 0.2])]
        made.append(Tweet(str(number), f"{words[0]} <i>and</i> {words[1]} {number}", (*ratings,)))
    return made


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    job = Path(prepare.__file__).with_name("recheck.toml")
    shutil.copy(job, tmp_path)
    prepare.write(tweets(), tmp_path / "data", people=3)
    return Terminal(tmp_path / "recheck.toml")


def test_ratings_of_several_people_become_an_estimate(terminal: Terminal) -> None:
    """Each person counts for a third of a tweet; a larger sample finds its answers in the same file."""
    terminal.ok("fit", "--batch", "part-1", "--batch", "part-2")
    terminal.ok("run", "--batch", "part-3")
    file = terminal.job.parent / "data" / "answers" / "part-3.parquet"
    pulled = terminal.ok("pull", "--file", file)
    assert (pulled["labels"], pulled["outcomes"], pulled["unknown"]) == (100, 300, 0)

    terminal.ok("sample", "--batch", "part-3", "--budget", 150)
    pulled = terminal.ok("pull", "--file", file)

    assert (pulled["labels"], pulled["annotations"]) == (50, 150)
    [found] = [
        one
        for one in terminal.ok("estimate", "--batch", "part-3")["estimates"]
        if (one["metric"], one["cohort"], one["period"]) == ("accuracy", None, "batch")
    ]
    assert (found["n_asked"], found["n_answered"]) == (150, 150)
    assert found["low"] <= agreement(terminal) <= found["high"]
    assert Path(terminal.ok("report")["report"]).stat().st_size > 10_000


def agreement(terminal: Terminal) -> float:
    """The share of all answers that agree with the prediction, drawn or not."""
    said = {row["key"]: row["label"] for row in terminal.rows("select key, label from predictions")}
    opinions = {tweet.id: tweet.opinions[:3] for tweet in tweets()}
    right = [opinion == label for key, label in said.items() for opinion in opinions[key]]
    return float(np.mean(right))
