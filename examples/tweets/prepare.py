"""Tweets with the opinions of the real people who rated them, as Parquet files.

The question is: is this tweet positive, negative or neutral? Run it as
`python -m examples.tweets.prepare FOLDER`; it fetches the archive (2.5 MB) with
pip and writes

- `tweets.parquet`: the text, and what most of its raters felt;
- `answers/part-3.parquet` and so on: what single raters of a batch felt, for
  `recheck pull --file`.

The texts belong to their authors: read them, never publish them.

Source: C. J. Hutto and E. Gilbert, VADER: A Parsimonious Rule-based Model for
Sentiment Analysis of Social Media Text, ICWSM 2014; the source archive of the
package vaderSentiment (MIT). 4,200 tweets, each rated by 20 to 99 people from
-4 to 4.
"""

from __future__ import annotations

import html
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ARCHIVE = "vaderSentiment==3.3.2"
DIGEST = "sha256:5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
ANSWERS = ("positive", "negative", "neutral")
PARTS = 4


@dataclass(frozen=True, slots=True)
class Tweet:
    """One tweet and all of its ratings, from -4 (very negative) to 4."""

    id: str
    text: str
    ratings: tuple[int, ...]

    @property
    def opinions(self) -> list[str]:
        """What each rater felt."""
        return [opinion(rating) for rating in self.ratings]


def opinion(rating: int) -> str:
    """Return the answer that a rating stands for.

    >>> [opinion(rating) for rating in (-4, 0, 1)]
    ['negative', 'neutral', 'positive']
    """
    if rating == 0:
        return "neutral"
    return "positive" if rating > 0 else "negative"


def fetch(folder: Path) -> Path:
    """Fetch the source archive with pip, checked against its digest, and return its path.

    Raises:
        subprocess.CalledProcessError: pip could not; its own message says why.
    """
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{ARCHIVE} --hash={DIGEST}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    how = ["--no-deps", "--no-binary", ":all:", "--require-hashes"]
    subprocess.run([*pip, *how, "--requirement", wanted, "--dest", folder], check=True)
    [archive] = folder.glob("*.tar.gz")
    return archive


def tweets(archive: Path) -> Iterator[Tweet]:
    """Yield the tweets of the archive, which is a tar within a tar."""
    with tarfile.open(archive) as outer:
        inner = _member(outer, "/hutto_ICWSM_2014.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(inner)) as study:
        texts = dict(_rows(_member(study, "/tweets_GroundTruth.txt"), first=0, last=2))
        ratings = dict(_rows(_member(study, "/tweets_anonDataRatings.txt"), first=0, last=3))
    for name, text in texts.items():
        yield Tweet(name, html.unescape(text).strip(), tuple(json.loads(ratings[name])))


def _member(archive: tarfile.TarFile, ending: str) -> bytes:
    [name] = [name for name in archive.getnames() if name.endswith(ending)]
    file = archive.extractfile(name)
    assert file is not None, f"{name} is a folder"  # noqa: S101
    return file.read()


def _rows(content: bytes, *, first: int, last: int) -> Iterator[tuple[str, str]]:
    """Yield two columns of a tab-separated table without a header."""
    for line in content.decode("utf-8-sig").split("\r\n"):
        if line:
            columns = line.split("\t")
            yield columns[first], columns[last]


def part(tweet: Tweet) -> str:
    """Return the batch that a tweet belongs to: a quarter of all of them."""
    return f"part-{1 + int(tweet.id) % PARTS}"


def table(rows: Sequence[Tweet]) -> pa.Table:
    """Return the tweets as a table: what most raters felt is the truth, ties by ANSWERS."""
    votes = [Counter(dict.fromkeys(ANSWERS, 0)) + Counter(row.opinions) for row in rows]
    winners = [count.most_common(1)[0] for count in votes]
    return pa.table(
        {
            "tweet": [row.id for row in rows],
            "part": [part(row) for row in rows],
            "text": [row.text for row in rows],
            "sentiment": [answer for answer, _ in winners],
            "agreement": [
                count / len(row.ratings) for (_, count), row in zip(winners, rows, strict=True)
            ],
        }
    )


def answers(rows: Sequence[Tweet], people: int) -> pa.Table:
    """Return what the first raters of each tweet felt, as `recheck pull --file` takes it.

    The archive does not say who rated what, so nobody rates two tweets.
    """
    return pa.Table.from_pylist(
        [
            {"key": row.id, "batch": part(row), "answer": answer, "annotator": f"{row.id}/{place}"}
            for row in rows
            for place, answer in enumerate(row.opinions[:people], start=1)
        ]
    )


def main(folder: Path, people: int = 3) -> None:
    """Write all files into a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        rows = list(tweets(fetch(Path(scratch))))
    write(rows, folder, people)
    print(f"{len(rows)} tweets, {people} answers each")


def write(rows: Sequence[Tweet], folder: Path, people: int) -> None:
    """Write the tweets, and for each part the answers of so many of its raters."""
    (folder / "answers").mkdir(parents=True, exist_ok=True)
    pq.write_table(table(rows), folder / "tweets.parquet")
    for name in sorted({part(row) for row in rows}):
        own = [row for row in rows if part(row) == name]
        pq.write_table(answers(own, people), folder / "answers" / f"{name}.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
