"""How the cost of commands grows with rows, batches, classes and cohorts: no faster than they do.

    python -m tests.benchmarks.growth [--axis rows batches classes cohorts] [--write]

Predictions of another system are made up, in one CSV file, scored, drawn from,
answered, estimated and reported. CPU seconds are those of a process of its own per
command, its start included. Doubling the size may cost 2.4 times as much at most, and
a page may have 3 MB. `--write` puts the tables into docs/speed.md. Ends with 1
where a goal is missed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

START = [sys.executable, "-c", "from functions.cli.main import main; main()"]
COMMANDS = ("score", "sample", "pull", "estimate", "report", "status")
PAGE = Path(__file__).parents[2] / "docs" / "speed.md"
MARKS = ("<!-- growth: written by `make bench` -->\n", "<!-- end of growth -->\n")
MOST_TIMES, MOST_MEGABYTES = 2.4, 3.0
DONE = (0, 10)  # ten: a line of an alert is crossed


@dataclass(frozen=True, slots=True)
class Size:
    """How large a job is."""

    rows: int
    batches: int
    classes: int = 3
    groups: int = 3  # values of a cohort
    budget: int = 300  # rows per batch that people are asked about


@dataclass(frozen=True, slots=True)
class Cost:
    """What the commands of a job cost."""

    size: int  # on the axis
    seconds: dict[str, float]  # CPU, by command
    megabytes: float  # of the page


AXES = {
    "rows": [(n, Size(n, 1)) for n in (100_000, 200_000, 400_000, 800_000)],
    "batches": [(n, Size(200 * n, n, budget=30)) for n in (50, 100, 200, 400)],
    "classes": [(n, Size(20_000, 4, classes=n, budget=500)) for n in (125, 250, 500, 1000)],
    "cohorts": [(n, Size(20_000, 4, groups=n, budget=500)) for n in (125, 250, 500, 1000)],
}


def measure(place: int, size: Size, folder: Path) -> Cost:
    """Make a job of a size in a folder, and run every command once."""
    truth, job = _made(size, folder), folder / "recheck.toml"
    seconds, page = {}, folder / "store" / "reports" / "growth.html"
    for command in COMMANDS:
        options = ["--file", _answers(job, truth)] if command == "pull" else []
        seconds[command], _ = _run(folder, command, job, *options)
    return Cost(place, seconds, page.stat().st_size / 1e6)


def _made(size: Size, folder: Path) -> dict[str, str]:
    """Write data and job file; return the answer that people give to each key."""
    rng, n = np.random.default_rng(1), size.rows
    names = np.array([f"c{code:04d}" for code in range(size.classes)])
    often = 1 / np.arange(1, size.classes + 1)
    guess, other = rng.choice(size.classes, (2, n), p=often / often.sum())
    truth = names[np.where(rng.random(n) < 0.8, guess, other)]
    keys = [f"k{row}" for row in range(n)]
    columns = {
        "key": keys,
        "part": [f"b{batch:04d}" for batch in np.arange(n) * size.batches // n],
        "guess": names[guess],
        "sure": rng.uniform(0.3, 1, n).round(4),
        "x": rng.normal(size=n).round(3),
        "group": [f"g{code:04d}" for code in rng.integers(0, size.groups, n)],
    }
    arrow_csv.write_csv(pa.table(columns), folder / "rows.csv")
    (folder / "recheck.toml").write_text(_job(size, names.tolist()))
    return dict(zip(keys, truth.tolist(), strict=True))


def _job(size: Size, names: Sequence[str]) -> str:
    return f"""
name = "growth"
task = "classification"
data.path = "rows.csv"
data.key = "key"
batches.by = "column"
batches.column = "part"
target.answers = {json.dumps(names)}
predictions = {{ label = "guess", score = "sure" }}
sampling.seed = "00000000000000000000000000000000"
sampling.budget = {size.budget}
labeling.show = ["x"]
cohorts.group.column = "group"
"""


def _answers(job: Path, truth: dict[str, str]) -> Path:
    """Write the answers to all rows that were drawn."""
    _, told = _run(job.parent, "query", "select key, batch from samples", "--job", job)
    path = job.with_name("answers.csv")
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("key", "batch", "answer"))
        writer.writerows((row["key"], row["batch"], truth[row["key"]]) for row in told["rows"])
    return path


def _run(folder: Path, *words: object) -> tuple[float, dict[str, Any]]:
    """Run a command; return its CPU seconds and its answer."""
    line, answer = [*START, *map(str, words), "--json"], folder / "answer.json"
    with answer.open("wb") as out:
        actions = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1)]
        child = os.posix_spawn(line[0], line, os.environ, file_actions=actions)
        _, status, used = os.wait4(child, 0)
    told: dict[str, Any] = json.loads(answer.read_text() or "{}")
    if os.waitstatus_to_exitcode(status) not in DONE:
        raise SystemExit(f"{words[0]} failed: {told}")
    return used.ru_utime + used.ru_stime, told


def curve(axis: str) -> Iterator[Cost]:
    """Yield what each size on an axis costs."""
    for place, size in AXES[axis]:
        with tempfile.TemporaryDirectory(prefix="recheck-") as folder:
            yield measure(place, size, Path(folder))


def missed(axis: str, costs: Sequence[Cost]) -> Iterator[str]:
    """Yield the goals that the two largest sizes miss."""
    before, last = costs[-2:]
    for command in COMMANDS:
        times = last.seconds[command] / before.seconds[command]
        if times > MOST_TIMES:
            yield f"{command}: twice the {axis} cost {times:.1f} times as much"
    if last.megabytes > MOST_MEGABYTES:
        yield f"the page of {last.size} {axis} has {last.megabytes:.1f} MB"


def table(axis: str, costs: Sequence[Cost]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    yield f"| {axis} | {' | '.join(COMMANDS)} | page, MB |"
    yield "| ---: " * (len(COMMANDS) + 2) + "|"
    for cost in costs:
        seconds = " | ".join(f"{cost.seconds[name]:.1f}" for name in COMMANDS)
        yield f"| {cost.size:,} | {seconds} | {cost.megabytes:.2f} |"


def write(tables: dict[str, list[str]]) -> None:
    """Put the tables into the page, in the place of those that are there."""
    text = PAGE.read_text("utf-8")
    begin, end = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    there = re.findall(r"(?ms)^(\| (\w+) \|.*?)(?:\n\n|\Z)", text[begin:end])
    new = {name: lines for lines, name in there}
    new |= {axis: "\n".join(lines) for axis, lines in tables.items()}
    content = "\n\n".join(new[axis].strip() for axis in AXES if axis in new)
    PAGE.write_text(f"{text[:begin]}\n{content}\n\n{text[end:]}", "utf-8")


def main() -> int:
    """Print the tables, and what misses its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--axis", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--write", action="store_true", help="into docs/speed.md")
    options = parser.parse_args()
    tables: dict[str, list[str]] = {}
    problems: list[str] = []
    for axis in options.axis:
        costs = list(curve(axis))
        tables[axis] = list(table(axis, costs))
        problems += missed(axis, costs)
        print("\n".join(tables[axis]), end="\n\n", flush=True)
    if options.write:
        write(tables)
    for words in problems:
        print(f"missed: {words}", file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
