"""Write a small store of the release that is installed, for later releases to open.

Run it once for each release, before the number of the next one is set::

    .venv/bin/python tests/releases/make.py

It writes `tests/releases/<version>/`, and never over a folder that is there:

    parcels.toml    a job that fits a model: classes, days of a time zone, cohorts, features of each kind
    minutes.toml    a job over numbers that another system predicted, batches by a column
    data/*          the rows of both, made from a seed, with some that cannot be scored
    answers/*       what people say, one file a job
    stored.tar.xz   the store, packed: about 80 files that nobody reads
    signing.pub     the public half of the key that signed the package; the private half is not kept
    expected.json   what the release said about all of that, and
    expected.parquet    its estimates, which are many

`test_open_unchanged.py` unpacks a copy of the folder and goes on working there.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
START = [sys.executable, "-c", "from functions.cli.main import main; main()"]
ROWS = 60  # a day
DAYS = ("2026-02-02", "2026-02-03", "2026-02-04")
TRAINED_ON = DAYS[:1]
TOPPED_UP, MORE = DAYS[-1], 26  # rows
NUMBERS = 30  # rows of the other job, in one batch
JOBS = ("parcels", "minutes")
ANSWERS = ("late", "lost", "on time")
CITY = "Köln"
STORED, PACKED = "stored", "stored.tar.xz"
ESTIMATES = "expected.parquet"
COLUMNS = {  # of an estimate: those that do not tell when it was made
    "estimates": [
        "metric",
        "class",
        "cohort",
        "period",
        "window",
        "version",
        "value",
        "low",
        "high",
        "stderr",
        "value_if_missing_wrong",
        "value_if_missing_right",
        "rows",
        "rows_covered",
        "n_asked",
        "n_answered",
    ],
    "predictions": ["prediction_id", "key", "label", "value", "score"],
    "quarantine": ["batch", "key", "reason", "column", "source", "row"],
    "samples": ["prediction_id", "batch", "draw_no", "rank", "stratum", "inclusion_probability"],
    "labels": ["prediction_id", "state", "label", "n_answers"],
}
PARCELS = """\
name = "parcels"
task = "classification"
metrics = ["accuracy", "precision", "f1"]

[data]
path = "data/parcels-*.csv"
key = ["parcel"]
time = "sent"

[batches]
by = "day"
timezone = "Europe/Berlin"

[target]
column = "outcome"
answers = ["late", "lost", "on time"]

[features]
known_after = ["days"]

[features.columns]
sent = { kind = "date", parts = ["weekday", "hour"] }
weight = { kind = "numeric", impute = "median", indicator = true, maximum = 100 }
price = { kind = "numeric", bins = 4 }
distance = { kind = "numeric" }
depot = { kind = "categorical", encode = "ordinal", min_count = 2 }
carrier = { kind = "categorical", max_values = 3 }
note = { kind = "text", size = 16, ngrams = [1, 1] }

[model]
name = "parcels"
estimator = "LogisticRegression"

[model.parameters]
class_weight = "balanced"

[sampling]
budget = 20
seed = "5c1d0f3b7a9e48261f0b6d2c8e7a4953"
cohorts = ["carrier"]

[labeling]
show = ["parcel", "note", "days"]
question = "How did this parcel arrive?"
overlap = 0.2

[cohorts.carrier]
column = "carrier"

[cohorts.distance]
column = "distance"
edges = [200]

[[alerts]]
metric = "accuracy"
below = 0.2
period = "batch"
"""
MINUTES = """\
name = "minutes"
task = "regression"

[data]
path = "data/minutes.csv"
key = ["tour", "stop"]

[batches]
by = "column"
column = "city"

[predictions]
label = "guess"
version = "made by"
name = "planner"

[sampling]
budget = 8
seed = "0e9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b"

[labeling]
show = ["tour"]
question = "How many minutes did it take?"
"""


@dataclass(frozen=True)
class Release:
    """A folder that is being made, and the commands of the release over it."""

    folder: Path
    home: Path

    def recheck(self, *words: object) -> dict[str, Any]:
        """Run a command with settings of its own; a line that is crossed is no failure."""
        done = subprocess.run(
            [*START, *map(str, words), "--json"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            cwd=self.home,
            env=self._environment(),
        )
        told: dict[str, Any] = json.loads(done.stdout)
        if "error" in told:
            raise SystemExit(f"{words[0]}: {told['error']['problem']}")
        return told

    def rows(self, job: str, table: str, where: str = "true") -> list[list[Any]]:
        """The rows of a table, in the order of their text; their columns are those of `COLUMNS`."""
        names = ", ".join(f'"{name}"' for name in COLUMNS[table])
        asked = f"select {names} from {table} where {where} order by all"  # noqa: S608
        return as_rows(self.query(job, asked), table)

    def query(self, job: str, sql: str) -> list[dict[str, Any]]:
        """What SQL finds in the tables of a job."""
        found: list[dict[str, Any]] = self.recheck("query", sql, "--job", self.job(job))["rows"]
        return found

    def job(self, name: str) -> Path:
        """A job file."""
        return self.folder / f"{name}.toml"

    def _environment(self) -> dict[str, str]:
        own = ("RECHECK_", "LABEL_STUDIO_", "XDG_CONFIG_HOME")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return {
            **kept,
            "XDG_CONFIG_HOME": str(self.home),
            "RECHECK_LABELSTUDIO_DIR": str(self.home / "labelstudio"),
            "RECHECK_STORE": str(self.folder / STORED),
            "RECHECK_ACTOR": "release",
        }


def as_rows(found: Iterable[Mapping[str, Any]], table: str) -> list[list[Any]]:
    """Rows by name as rows in the order of `COLUMNS`."""
    return [[row[name] for name in COLUMNS[table]] for row in found]


def parcels(day: str) -> list[dict[str, Any]]:
    """The parcels of a day; on the last one weighs too much, and one is there twice with two prices."""
    chance = random.Random(day)  # noqa: S311 - invented rows
    rows = [_parcel(chance, day, number) for number in range(ROWS)]
    if day == DAYS[-1]:
        rows[5]["weight"] = 1000
        rows.append({**rows[7], "price": 1})
    return rows


def _parcel(chance: random.Random, day: str, number: int) -> dict[str, Any]:
    carrier = chance.choice(["foot", "rail", "Überland"])
    weight, distance = round(chance.gammavariate(2, 3), 1), chance.randrange(10, 600)
    words = chance.choice(["leave at door", "ring twice", "fragile", "", "zerbrechlich, Glas"])
    risk = distance / 300 + (carrier == "foot") + 0.8 * words.startswith(("fr", "ze"))
    risk += chance.gauss(0, 0.6)
    outcome = "lost" if risk > 2.6 else "late" if risk > 1.6 else "on time"
    return {
        "parcel": f"{day[-2:]}-{number:03d}",
        "sent": f"{day} {chance.randrange(24):02d}:{chance.randrange(60):02d}:00",
        "weight": weight if chance.random() > 0.1 else "",
        "price": chance.randrange(1, 90),
        "distance": distance,
        "depot": chance.choice([3, 3, 5, 8, 13]),
        "carrier": carrier if chance.random() > 0.1 else "",
        "note": words,
        "days": {"on time": 1, "late": 4, "lost": ""}[outcome],
        "outcome": outcome,
    }


def minutes() -> list[dict[str, Any]]:
    """Stops, with the minutes that a planner foretold and those that it took."""
    chance = random.Random("minutes")  # noqa: S311
    rows = []
    for number in range(NUMBERS):
        took = round(chance.gammavariate(3, 4), 1)
        rows.append(
            {
                "tour": 1 + number // 10,
                "stop": number % 10,
                "city": CITY,
                "made by": "v1",
                "guess": round(took * chance.uniform(0.7, 1.4), 2),
                "took": took,
            }
        )
    rows[11]["guess"] = "inf"
    return rows


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with their names at the top."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_day(folder: Path, day: str) -> None:
    """Write the parcels of a day where the job file looks for them."""
    write_csv(folder / "data" / f"parcels-{day}.csv", parcels(day))


def truths(day: str) -> dict[str, str]:
    """What is right for each parcel of a day, by its key."""
    return {row["parcel"]: row["outcome"] for row in parcels(day)}


def said(key: str, batch: str, right: str, others: Sequence[str]) -> Iterator[dict[str, str]]:
    """What people say about one row: most are right, some skip it, of some there are two."""
    chance = random.Random(f"{batch}/{key}")  # noqa: S311
    first = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(40_000))
    for turn, person in enumerate(("ann", "Bülent")[: 2 if chance.random() < 0.2 else 1]):
        answer = chance.choice(others) if chance.random() < 0.15 else right
        given = (first + timedelta(hours=turn)).strftime("%Y-%m-%dT%H:%M:%SZ")
        whole = {"key": key, "batch": batch, "answer": answer, "annotator": person}
        yield {**whole, "created": given, **({"answer": ""} if chance.random() < 0.06 else {})}


def make(folder: Path, home: Path) -> dict[str, Any]:
    """Fill a folder; return what is expected of whoever opens it."""
    release = Release(folder, home)
    release.job("parcels").write_text(PARCELS, "utf-8")
    release.job("minutes").write_text(MINUTES, "utf-8")
    for day in DAYS:
        write_day(folder, day)
    write_csv(folder / "data" / "minutes.csv", minutes())
    fitted = _parcels(release)
    _minutes(release)
    _write_estimates(release)
    shutil.copy(home / "recheck" / "signing.pub", folder)
    return {
        "columns": COLUMNS,
        "parcels": {"model": fitted, **_expected(release, "parcels", DAYS[1])},
        "minutes": _expected(release, "minutes", CITY),
    }


def _parcels(release: Release) -> dict[str, Any]:
    """Fit, score, draw, ask and estimate; then draw more of one day, ask and estimate again."""
    job, file = release.job("parcels"), release.folder / "answers" / "parcels.csv"
    fitted = release.recheck("fit", job, *(word for day in TRAINED_ON for word in ("--batch", day)))
    release.recheck("score", job)
    release.recheck("sample", job)
    _answer_parcels(release, file)
    release.recheck("estimate", job)
    release.recheck("sample", job, "--batch", TOPPED_UP, "--budget", MORE)
    _answer_parcels(release, file)
    release.recheck("estimate", job)
    return {name: fitted[name] for name in ("model", "version", "rows", "evaluator", "metrics")}


def _answer_parcels(release: Release, file: Path) -> None:
    """Answers for all that is drawn, one outcome that nobody asked for, and two that are of no use."""
    right = {(day, key): outcome for day in DAYS for key, outcome in truths(day).items()}
    drawn = {(row["batch"], row["key"]) for row in _samples(release, "parcels")}
    unasked = min(right.keys() - drawn)
    rows = [row for day, key in sorted(drawn) for row in said(key, day, right[day, key], ANSWERS)]
    rows += said(unasked[1], unasked[0], right[unasked], ANSWERS)
    rows += [{**rows[0], "annotator": "cem", "answer": "stolen"}, {**rows[0], "key": "nobody's"}]
    write_csv(file, rows)
    release.recheck("pull", release.job("parcels"), "--file", file)


def _minutes(release: Release) -> None:
    job, file = release.job("minutes"), release.folder / "answers" / "minutes.csv"
    release.recheck("score", job)
    release.recheck("sample", job)
    took = {
        json.dumps([str(r["tour"]), str(r["stop"])], separators=(",", ":")): r for r in minutes()
    }
    rows = [
        answer
        for row in _samples(release, "minutes")
        for answer in said(row["key"], row["batch"], str(took[row["key"]]["took"]), ["10", "25.5"])
    ]
    write_csv(file, rows)
    release.recheck("pull", job, "--file", file)
    release.recheck("estimate", job)


def _samples(release: Release, job: str) -> list[dict[str, Any]]:
    return release.query(job, "select batch, key from samples order by all")


def _expected(release: Release, name: str, batch: str) -> dict[str, Any]:
    """What the release says of a job, with all predictions of one batch."""
    scored = release.query(
        name,
        "select batch, job_hash, inputs, outputs from runs where step = 'score' order by batch",
    )
    counts = ("rows_in", "predictions", "quarantined")
    outputs = {row["batch"]: json.loads(row["outputs"]) for row in scored}
    return {
        "status": release.recheck("status", release.job(name))["batches"],
        "job_hash": scored[0]["job_hash"],
        "digests": {row["batch"]: json.loads(row["inputs"])["digest"] for row in scored},
        "counts": {key: {one: told[one] for one in counts} for key, told in outputs.items()},
        "quarantine": release.rows(name, "quarantine"),
        "batch": batch,
        "predictions": release.rows(name, "predictions", f"batch = '{batch}'"),
        "samples": release.rows(name, "samples"),
        "labels": release.rows(name, "labels"),
    }


def _write_estimates(release: Release) -> None:
    """Every estimate of both jobs, as small as it gets."""
    rows = [
        {"job": job, **{name: row[name] for name in COLUMNS["estimates"]}}
        for job in JOBS
        for row in release.recheck("estimate", release.job(job))["estimates"]
    ]
    table = pa.Table.from_pylist(rows)
    texts = [one.name for one in table.schema if one.type == pa.string()]
    small = {"compression": "zstd", "compression_level": 19, "write_statistics": False}
    pq.write_table(
        table, release.folder / ESTIMATES, use_dictionary=texts, store_schema=False, **small
    )


def pack(folder: Path) -> None:
    """Put the store into one file, without its locks, and without who made it and where."""
    store = folder / STORED
    shutil.rmtree(store / "locks")
    for path in store.glob("*/_delta_log/*.json"):  # names the folder, for people; nobody reads it
        path.write_text(path.read_text("utf-8").replace(str(folder), "/release"), "utf-8")
    with tarfile.open(folder / PACKED, "w:xz") as archive:
        archive.add(store, STORED, filter=_nobodys)
    shutil.rmtree(store)


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def unpack(release: Path, folder: Path) -> Path:
    """Copy what a release wrote into a new folder, and unpack its store there."""
    shutil.copytree(release, folder)
    with tarfile.open(folder / PACKED) as archive:
        archive.extractall(folder, filter="data")
    return folder


def lines(expected: object, depth: int = 3) -> str:
    """JSON with a line for each row of a table."""
    if depth and isinstance(expected, dict):
        inside = [
            f"{json.dumps(key, ensure_ascii=False)}: {lines(value, depth - 1)}"
            for key, value in expected.items()
        ]
        return "{\n" + ",\n".join(inside) + "\n}"
    if depth and isinstance(expected, list) and expected and isinstance(expected[0], list):
        return "[\n" + ",\n".join(lines(row, 0) for row in expected) + "\n]"
    return json.dumps(expected, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """Make the folder of the release that is installed, whole or not at all."""
    folder = HERE / version("recheck-loop")
    if folder.exists():
        raise SystemExit(f"{folder} is there: what a release wrote is never written again")
    with tempfile.TemporaryDirectory() as scratch:
        made, home = Path(scratch, "made"), Path(scratch, "home")
        made.mkdir()
        home.mkdir()
        expected = make(made, home)
        (made / "expected.json").write_text(lines(expected) + "\n", "utf-8")
        pack(made)
        shutil.copytree(made, folder)


if __name__ == "__main__":
    main()
