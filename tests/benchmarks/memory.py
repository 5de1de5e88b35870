"""How much memory `recheck query` takes over large tables: no more than its result needs.

    python tests/benchmarks/memory.py [--rows 2000000 8000000]

Predictions are made up, and written to a store in 64 batches as `score` writes
them. Peak memory is that of a process of its own per query, as the system has
it (a child begins with the peak of its parent, so that another process writes the
tables); `select 1`, which reads no table, is the price of a start. Whoever lets a
query load its tables whole sees the peak grow with the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa

from infra.store import Store, open_store
from pipelines.columns.buffers import coded_texts
from pipelines.identity.keyed_hash import hex_text
from pipelines.tables.schemas import PREDICTIONS

BATCHES = 64
PARTITION = ("job", "batch")
START = [sys.executable, "-c", "from functions.cli.main import main; main()"]
JOB = """
name = "memory"
task = "classification"
data.path = "none.parquet"
target.answers = ["no", "yes"]
predictions = { label = "guess", score = "sure" }
sampling.seed = "00000000000000000000000000000000"
"""
QUERIES = {
    "nothing": "select 1 as one",
    "all rows": "select count(*) as n, avg(score) as mean from predictions",
    "by batch": "select batch, avg(score) as mean from predictions group by batch order by batch",
    "one batch": "select count(*) as n from predictions where batch = 'b07'",
}


@dataclass(frozen=True, slots=True)
class Peak:
    """The cost of one query in a process of its own."""

    rows: int  # of the table
    query: str
    megabytes: float  # the most memory that the process held
    seconds: float


def write_predictions(store: Store, rows: int) -> None:
    """Publish made-up predictions, `rows` in all, a file and a commit per batch."""
    table = store.table("predictions")
    for number, n in enumerate(len(part) for part in np.array_split(np.arange(rows), BATCHES)):
        partition = {"job": "memory", "batch": f"b{number:02d}"}
        content = _predictions(n, seed=number).select(
            [name for name in PREDICTIONS.names if name not in PARTITION]
        )
        file = table.write_file(f"{table.folder(partition)}x-{number:05d}.parquet", content)
        transaction = (f"score/memory/{partition['batch']}", 1)
        table.replace(partition, [file], transaction=transaction, note={})


def _write(store: str, rows: int) -> None:
    write_predictions(open_store(store), rows)


def _predictions(rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 2**64, (rows, 2), dtype=np.uint64)
    columns = {
        "prediction_id": hex_text(ids),
        "key": pa.array(np.char.add("row-", np.arange(rows).astype(str))),
        "model": coded_texts(np.zeros(rows), ["m"]),
        "version": coded_texts(np.zeros(rows), ["v1"]),
        "label": coded_texts(rng.integers(0, 2, rows), ["no", "yes"]),
        "value": pa.nulls(rows, pa.float64()),
        "score": rng.uniform(0.5, 1, rows),
        "cohorts": pa.nulls(rows, PREDICTIONS.field("cohorts").type),
    }
    nothing = pa.nulls(rows, pa.string())
    return pa.table({name: columns.get(name, nothing) for name in PREDICTIONS.names})


def peak(job: Path, name: str, rows: int) -> Peak:
    """Run one query in a process of its own; check its answer where it counts."""
    words = [*START, "query", QUERIES[name], "--job", str(job), "--json"]
    answer = job.with_name("answer.json")
    began = time.perf_counter()
    with answer.open("wb") as out:
        actions = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1)]
        child = os.posix_spawn(words[0], words, os.environ, file_actions=actions)
        _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"query {name!r} failed")
    if name == "all rows":
        [row] = json.loads(answer.read_text())["rows"]
        assert row["n"] == rows
    kilo = 1 if sys.platform == "darwin" else 1024
    return Peak(rows, name, used.ru_maxrss * kilo / 1e6, time.perf_counter() - began)


def measure(sizes: Sequence[int]) -> list[Peak]:
    """Measure every query over a store of each size."""
    peaks = []
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="recheck-") as folder:
            job = Path(folder) / "recheck.toml"
            job.write_text(JOB)
            writer = get_context("spawn").Process(target=_write, args=(f"{folder}/store", rows))
            writer.start()
            writer.join()
            peaks += [peak(job, name, rows) for name in QUERIES]
    return peaks


def main() -> None:
    """Print the table, and the same as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[2_000_000, 8_000_000])
    peaks = measure(options.parse_args().rows)
    print(f"{'rows':>12}  {'query':<10}  {'peak MB':>8}  {'seconds':>8}")
    for one in peaks:
        print(f"{one.rows:>12,}  {one.query:<10}  {one.megabytes:>8.0f}  {one.seconds:>8.2f}")
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "python": sys.version[:6]}
    print(json.dumps({**machine, "peaks": [[p.rows, p.query, p.megabytes] for p in peaks]}))


if __name__ == "__main__":
    main()
