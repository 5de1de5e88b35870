"""How fast scoring is, as ratios to a bare loop, measured side by side.

    python tests/benchmarks/scoring.py [--rounds 3] [--rows 2000000 8000000]

The bare loop is one process: pyarrow reads, the same mapper maps, scikit-learn
predicts, pyarrow writes id and score. Ours adds checks of schema and rows,
identifiers, digests, duplicates, quarantine and the commit. Rounds are
interleaved; a figure is the median. A second loop only reads, maps and predicts:
what ours takes beyond it is the price of all of these together. The slope between the two sizes is the cost
of a million more rows; what is left is the fixed cost of a start. CPU seconds
are those of the whole process tree.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 100_000
FILE_ROWS = 500_000
NUMBERS, WORDS = 20, 4
TRAINED_ON = 50_000
MODELS = {"linear": "LogisticRegression", "gradient boosting": "HistGradientBoostingClassifier"}
RECHECK = Path(sys.executable).with_name("recheck")


@dataclass(frozen=True)
class Cost:
    """What one run took, with all of its children."""

    cpu: float  # seconds
    wall: float  # seconds


def make_data(folder: Path, rows: int, seed: int) -> None:
    """Write `rows` rows of 20 numbers, 4 texts, an id and a label, a file per half million."""
    folder.mkdir(parents=True)
    for start in range(0, rows, FILE_ROWS):
        rng = np.random.default_rng([seed, start])
        n = min(FILE_ROWS, rows - start)
        numbers = {f"x{i:02d}": rng.normal(size=n) for i in range(NUMBERS)}
        words = {
            f"c{i}": np.array([f"value {j}" for j in range(10 * (i + 1))])[
                rng.integers(0, 10 * (i + 1), n)
            ]
            for i in range(WORDS)
        }
        risk = numbers["x00"] + numbers["x01"] * numbers["x02"] + (words["c0"] == "value 3")
        label = np.where(risk + rng.normal(size=n) > 0.5, "yes", "no")
        ids = np.char.add("row-", np.arange(start, start + n).astype(str))
        table = pa.table({"id": ids, **numbers, **words, "label": label})
        pq.write_table(
            table, folder / f"{start:09d}.parquet", row_group_size=ROW_GROUP, compression="zstd"
        )


def make_job(folder: Path, estimator: str) -> None:
    """Write a job over the training file and fit it."""
    _run(
        [
            RECHECK,
            "init",
            folder,
            "--data",
            folder / "train.parquet",
            "--target",
            "label",
            "--key",
            "id",
        ]
    )
    path = folder / "recheck.toml"
    path.write_text(path.read_text().replace('"LogisticRegression"', f'"{estimator}"'))
    _run([RECHECK, "fit", path])


def ours(job: Path, data: Path, engine: str) -> Cost:
    """Score all of `data`, in a store of its own."""
    place = job / "recheck.toml"
    text = place.read_text()
    with tempfile.TemporaryDirectory(dir=job) as folder:
        store = Path(folder) / "store"
        shutil.copytree(job / "store" / "models", store / "models")
        there = Path(folder) / "recheck.toml"
        there.write_text(_with_path(text, f"{data}/*.parquet"))
        return _measured([RECHECK, "score", there, "--engine", engine, "--json"])


def _with_path(text: str, path: str) -> str:
    lines = [
        f'path = "{path}"' if line.startswith("path = ") else line for line in text.splitlines()
    ]
    return "\n".join(lines)


def bare(job: Path, data: Path, *, writes: bool) -> Cost:
    """The loop that somebody would write, with or without its output."""
    option = "--bare" if writes else "--bare-unwritten"
    return _measured([sys.executable, __file__, option, str(job), str(data)])


def bare_loop(job: Path, data: Path, *, writes: bool) -> None:
    """Read, map, predict and maybe write, a row group at a time, in this process."""
    from pipelines.features.mapper import Mapper
    from pipelines.job import job_file
    from pipelines.models.manifest import Manifest
    from pipelines.sklearn.matrices import matrix_of

    package = next((job / "store" / "models").glob("*/*/manifest.json")).parent
    manifest = Manifest.from_json((package / "manifest.json").read_bytes())
    mapper = Mapper(job_file.load(job / "recheck.toml").features, manifest.statistics)
    estimator = _estimator(job)
    columns = ["id", *manifest.recipe.features.columns]
    coded = [
        name for name, one in manifest.recipe.features.columns.items() if one.kind == "categorical"
    ]
    with tempfile.TemporaryDirectory(dir=job) as folder:
        for path in sorted(data.glob("*.parquet")):
            file = pq.ParquetFile(path, read_dictionary=coded)
            schema = pa.schema([("id", pa.string()), ("score", pa.float64())])
            with pq.ParquetWriter(Path(folder) / path.name, schema) as writer:
                for rows in file.iter_batches(ROW_GROUP, columns=columns):
                    scores = estimator.predict_proba(
                        matrix_of(mapper.map(rows.drop_columns(["id"])))
                    ).max(axis=1)
                    if writes:
                        writer.write(
                            pa.record_batch([rows.column("id"), pa.array(scores)], schema=schema)
                        )


def _estimator(job: Path) -> Any:
    """The fitted scikit-learn estimator, as the fit made it."""
    import joblib

    return joblib.load(job / "estimator.joblib")


def keep_estimator(job: Path) -> None:
    """Fit the same estimator on the same rows by scikit-learn, for the bare loop."""
    import joblib

    from pipelines.features.mapper import Mapper
    from pipelines.job import job_file
    from pipelines.models.catalogue import find_estimator
    from pipelines.models.manifest import Manifest
    from pipelines.sklearn.training import train

    package = next((job / "store" / "models").glob("*/*/manifest.json")).parent
    manifest = Manifest.from_json((package / "manifest.json").read_bytes())
    task = job_file.load(job / "recheck.toml")
    rows = pq.read_table(job / "train.parquet").combine_chunks().to_batches()[0]
    coded = [
        i for i, name in enumerate(rows.schema.names) if name in {f"c{i}" for i in range(WORDS)}
    ]
    for place in coded:
        rows = rows.set_column(
            place, rows.schema.names[place], rows.column(place).dictionary_encode()
        )
    mapped = Mapper(task.features, manifest.statistics).map(rows)
    targets = np.array(
        [task.target.answers.index(text) for text in rows.column("label").to_pylist()],
        dtype=np.int32,
    )
    trained = train(
        find_estimator(manifest.recipe.estimator, task.task), {}, [mapped], targets, seed="1"
    )
    joblib.dump(trained.estimator, job / "estimator.joblib")


def _run(words: Sequence[object]) -> None:
    subprocess.run(
        [str(word) for word in words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def _measured(words: Sequence[object]) -> Cost:
    before, began = os.times(), time.perf_counter()
    _run(words)
    after = os.times()
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return Cost(cpu, time.perf_counter() - began)


def measure(
    job: Path, small: Path, large: Path, sizes: Sequence[float], rounds: int
) -> dict[str, dict[str, float]]:
    """The median slope (CPU-s per million rows) and fixed cost of each way, interleaved.

    `sizes` are the two counts of rows, in millions.
    """
    base, millions = sizes[0], sizes[1] - sizes[0]
    ways: dict[str, Callable[[Path], Cost]] = {
        "bare loop": lambda data: bare(job, data, writes=True),
        "read, map, predict": lambda data: bare(job, data, writes=False),
        "inline": lambda data: ours(job, data, "inline"),
        "local": lambda data: ours(job, data, "local"),
    }
    found: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name, way in ways.items():
            found[name].append((way(small), way(large)))
            print(
                f"  round {turn + 1}: {name} {found[name][-1][1].cpu:.1f} CPU-s",
                file=sys.stderr,
                flush=True,
            )
    return {name: _summary(costs, base, millions) for name, costs in found.items()}


def _summary(costs: Sequence[tuple[Cost, Cost]], base: float, millions: float) -> dict[str, float]:
    slopes = [(large.cpu - small.cpu) / millions for small, large in costs]
    walls = [(large.wall - small.wall) / millions for small, large in costs]
    slope = statistics.median(slopes)
    fixed = statistics.median([small.cpu for small, _ in costs]) - slope * base
    return {
        "cpu_per_million": slope,
        "wall_per_million": statistics.median(walls),
        "fixed_cpu": fixed,
    }


def main() -> None:
    """Make the data, measure, and print one table and one JSON file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs=2, default=[2_000_000, 8_000_000])
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--bare", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--bare-unwritten", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    for paths, writes in ((given.bare, True), (given.bare_unwritten, False)):
        if paths:
            bare_loop(*paths, writes=writes)
            return
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        report(Path(place), given.rows, given.rounds, given.models)


def report(place: Path, rows: Sequence[int], rounds: int, models: Sequence[str]) -> None:
    """Measure each model and print what was found."""
    small, large = (place / str(count) for count in rows)
    for data, count in ((small, rows[0]), (large, rows[1])):
        make_data(data, count, seed=7)
    results = {}
    for name in models:
        job = place / name.replace(" ", "-")
        make_data(job, TRAINED_ON, seed=8)
        next(job.glob("*.parquet")).rename(job / "train.parquet")
        make_job(job, MODELS[name])
        keep_estimator(job)
        results[name] = measure(job, small, large, [count / 1e6 for count in rows], rounds)
        print(f"\n{_table(name, results[name])}", flush=True)
    about = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    about |= {name: version(name) for name in ("pyarrow", "numpy", "scikit-learn", "apache-beam")}
    out = Path("bench") / "scoring.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({"about": about, "rows": rows, "results": results}, indent=1))
    print(f"\nall figures: {out}")


_HEADINGS = (
    "CPU-s per million rows",
    "fixed CPU-s",
    "wall s per million rows",
    "rows per CPU-s, of the bare loop's",
    "CPU-s per million beyond read, map, predict",
)


def _table(model: str, results: dict[str, dict[str, float]]) -> str:
    """The results of one model in Markdown."""
    bare_cost, core_cost = (
        results[way]["cpu_per_million"] for way in ("bare loop", "read, map, predict")
    )
    lines = [
        f"| {model} | {' | '.join(_HEADINGS)} |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for way, found in results.items():
        cost = found["cpu_per_million"]
        lines.append(
            f"| {way} | {cost:.2f} | {found['fixed_cpu']:.2f} | {found['wall_per_million']:.2f} "
            f"| {bare_cost / cost:.2f} | {cost - core_cost:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
