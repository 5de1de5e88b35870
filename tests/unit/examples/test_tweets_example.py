"""The tweets of the second example, from an archive of the same build with made-up texts."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from pyarrow import parquet

from examples.tweets import prepare
from pipelines.job.job_file import load

TEXTS = "\ufeff1\t2.0\tfish &amp; chips \r\n2\t-1.0\train\r\n3\t0.0\ta tie\r\n"
RATINGS = "1\t2.0\t0.5\t[2, 3, 1]\r\n2\t-1.0\t0.5\t[0, -1, -4]\r\n3\t0.0\t0.5\t[0, 0, 1, 2]\r\n"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    study = _tar(
        {
            "hutto_ICWSM_2014/tweets_GroundTruth.txt": TEXTS.encode(),
            "hutto_ICWSM_2014/tweets_anonDataRatings.txt": RATINGS.encode(),
        }
    )
    path = tmp_path / "vaderSentiment-3.3.2.tar.gz"
    path.write_bytes(_tar({"vaderSentiment-3.3.2/extra/hutto_ICWSM_2014.tar.gz": study}))
    return path


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_a_tweet_is_its_text_and_its_ratings(archive: Path) -> None:
    """Entities are undone, the mark of the encoding and outer blanks are gone."""
    first = next(prepare.tweets(archive))

    assert first == prepare.Tweet("1", "fish & chips", (2, 3, 1))


def test_the_truth_is_what_most_raters_felt(archive: Path) -> None:
    """Of two equal camps, the first of ANSWERS wins: positive before neutral."""
    rows = prepare.table(list(prepare.tweets(archive)))

    assert rows["sentiment"].to_pylist() == ["positive", "negative", "positive"]
    assert rows["agreement"].to_pylist() == [1, 2 / 3, 0.5]


def test_the_first_raters_answer_in_the_name_of_nobody_else(archive: Path) -> None:
    rows = prepare.answers(list(prepare.tweets(archive)), people=2).to_pylist()

    assert [(row["key"], row["answer"]) for row in rows] == [
        ("1", "positive"),
        ("1", "positive"),
        ("2", "neutral"),
        ("2", "negative"),
        ("3", "neutral"),
        ("3", "neutral"),
    ]
    assert len({row["annotator"] for row in rows}) == 6


def test_an_answer_goes_to_the_batch_of_its_tweet(archive: Path) -> None:
    rows = list(prepare.tweets(archive))

    parts = dict(
        zip(*(prepare.table(rows)[name].to_pylist() for name in ("tweet", "part")), strict=True)
    )

    assert {row["key"]: row["batch"] for row in prepare.answers(rows, 1).to_pylist()} == parts


def test_the_answers_to_each_part_are_a_file(archive: Path, tmp_path: Path) -> None:
    """So that a part is answered when it was asked, and nothing in a file is unknown."""
    prepare.write(list(prepare.tweets(archive)), tmp_path / "data", people=1)

    written = {path.stem: parquet.read_table(path) for path in tmp_path.glob("data/answers/*")}
    assert {name: table["key"].to_pylist() for name, table in written.items()} == {
        "part-2": ["1"],
        "part-3": ["2"],
        "part-4": ["3"],
    }
    assert parquet.read_table(tmp_path / "data" / "tweets.parquet").num_rows == 3


def test_the_job_file_fits_the_data(archive: Path) -> None:
    job = load(Path(prepare.__file__).with_name("recheck.toml"))

    columns = {*prepare.table(list(prepare.tweets(archive))).column_names}

    assert {*job.features.columns, *job.labeling.show, *job.key_columns} <= columns
    assert {job.target.column, job.batches.column, *job.features.known_after} <= columns
    assert job.target.answers == prepare.ANSWERS
