"""The input of a history: rows of a few batches, their truth, and the files and job made of them."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from tests.histories.checker.chance import prediction_id

Row = dict[str, Any]
SEED = "00112233445566778899aabbccddeeff"
CLASSES = ("cat", "dog", "emu")
# predictions in CSV files, the same with the probability of each class, numbers in Parquet,
# a model of its own
KINDS = ("files", "shares", "numbers", "model")
ROWS = 200  # of a batch, about
JOB = "job"
FIRST_DAY = datetime(2026, 1, 5)  # noqa: DTZ001 - the job reads it as UTC
_IN_FILES = ("files", "shares")  # one for each batch
_SHARES = tuple(f"p_{name}" for name in CLASSES)
_COLUMNS = ("key", "part", "opened", "x", "colour", "guess", "sure", "outcome")


@dataclass
class Ground:
    """What exists outside of the store; moves of a history change it."""

    folder: Path
    kind: str
    rng: random.Random
    batches: dict[str, list[Row]] = field(default_factory=dict)
    made: int = 0  # rows so far, so that no key is used again
    numbers: dict[str, int] = field(default_factory=dict)  # of batches, so that no name is, either
    gone: dict[str, list[Row]] = field(default_factory=dict)  # batches without input, for now

    @property
    def job(self) -> Path:
        """The job file."""
        return self.folder / JOB / "recheck.toml"

    @property
    def store(self) -> Path:
        """The store beside it."""
        return self.folder / JOB / "store"

    @property
    def is_of_numbers(self) -> bool:
        """Whether numbers are predicted."""
        return self.kind == "numbers"

    @property
    def has_class_scores(self) -> bool:
        """Whether predictions come with the probability of each class."""
        return self.kind in ("shares", "model")

    def add_batch(self) -> None:
        """Make one more batch."""
        number = len(self.numbers)
        day = FIRST_DAY + timedelta(days=number)
        name = f"{day:%Y-%m-%d}" if self.kind == "model" else f"part {number}"
        self.batches[name], self.numbers[name] = [], number
        for _ in range(self.rng.randint(ROWS // 2, ROWS)):
            self.add_row(name)

    def add_row(self, batch: str) -> None:
        """Make one more row of a batch."""
        self.made += 1
        rng, place = self.rng, self.numbers[batch]
        x = round(rng.gauss(0, 1), 4)
        outcome = CLASSES[min(int(abs(x + rng.gauss(0, 0.4)) * 2), 2)]
        guess = rng.choice(CLASSES) if rng.random() < 0.3 else outcome
        row = {
            "key": f"k{self.made:05d}",
            "part": batch,
            "opened": FIRST_DAY + timedelta(days=place, seconds=rng.randrange(86_400)),
            "x": x,
            "colour": rng.choice(("red", "blue", "grün")),
            "guess": round(10 * x, 2) if self.is_of_numbers else guess,
            "sure": round(rng.uniform(0.34, 1), 3),
            "outcome": outcome,
            "is_bad": False,
        } | _shares(rng)
        self.batches[batch].append(row)

    def spoil(self, row: Row) -> None:
        """Make a row one that cannot be scored."""
        wrong = {"x": float("inf")} if self.kind == "model" else {"guess": None}
        row |= {**wrong, "is_bad": True}

    def lose_batch(self, name: str) -> None:
        """Take the input of a batch away."""
        self.gone[name] = self.batches.pop(name)

    def bring_back(self, name: str) -> None:
        """Let the input of a batch be there again."""
        self.batches[name] = self.gone.pop(name)

    def truth(self, batch: str, key: str) -> str:
        """Return what people who know say of a row, always the same."""
        rng = random.Random(f"{batch}/{key}")  # noqa: S311 - chance, not a secret
        if self.is_of_numbers:
            return repr(round(rng.gauss(0, 10), 1))
        return rng.choice(CLASSES)

    def ids(self) -> dict[str, tuple[str, str]]:
        """Return batch and key of each prediction id that the input can have."""
        return {
            prediction_id(SEED, JOB, batch, row["key"]): (batch, row["key"])
            for batch, rows in (self.batches | self.gone).items()
            for row in rows
            if row["key"]
        }

    def said(self, row: Row) -> dict[str, Any] | None:
        """Return what the input says of a row's prediction."""
        if self.kind == "model":
            return None
        if self.is_of_numbers:
            return {"value": float(row["guess"])}
        if self.kind == "shares":
            return {"label": row["guess"], "score": row[f"p_{row['guess']}"]}
        return {"label": row["guess"], "score": row["sure"]}

    def said_now(self, row: Row) -> dict[str, Any] | None:
        """Return the same, with the probability of the class that the job file asks more about."""
        said, aim = self.said(row), self.value_of("sampling", "for")
        if said is None or self.is_of_numbers:
            return said
        return said | {"class_score": row[f"p_{aim['class']}"] if aim else None}

    def write(self) -> None:
        """Write all batches to the files that the job reads."""
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        if self.kind not in _IN_FILES:
            scratch = self.folder / "scratch"
            rows = [row for batch in sorted(self.batches) for row in self.batches[batch]]
            pq.write_table(table_of_rows(rows), scratch)
            scratch.replace(data / "all.parquet")
            return
        for old in data.glob("*.csv"):
            if old.stem not in self.batches:
                old.unlink()
        for batch, rows in self.batches.items():
            more = _SHARES if self.kind == "shares" else ()
            pc.write_csv(table_of_rows(rows, more), data / f"{batch}.csv")

    def words_of_init(self) -> list[str]:
        """Return the command line that makes the job."""
        data = self.folder / "data"
        words = ["init", str(self.job.parent), "--key", "key"]
        if self.kind == "model":
            by = ["--target", "outcome", "--time", "opened", "--batch-by", "day"]
            hidden = [
                part for name in ("part", "guess", "sure") for part in ("--known-after", name)
            ]
            return [*words, "--data", str(data / "all.parquet"), *by, *hidden]
        if self.is_of_numbers:
            by = ["--predicted", "guess", "--number", "--batch-by", "part"]
            return [*words, "--data", str(data / "all.parquet"), *by]
        answers = [part for name in CLASSES for part in ("--answer", name)]
        score = ["--score", "sure"] if self.kind == "files" else []
        by = ["--predicted", "guess", *score, *answers]
        return [*words, "--data", str(data / "{batch}.csv"), *by]

    def edit(self, pattern: str, replacement: str) -> None:
        """Change a place of the job file."""
        text, count = re.subn(pattern, replacement, self.job.read_text("utf-8"), count=1)
        assert count, f"{pattern} is not in the job file"
        self.job.write_text(text, "utf-8")

    def set_in(self, section: str, key: str, value: str | None) -> None:
        """Set a key of a section of the job file; None takes it out."""
        text = re.sub(rf"(?m)^{key} = .*\n", "", self.job.read_text("utf-8"))
        self.job.write_text(text, "utf-8")
        if value is not None:
            self.edit(rf"\[{section}\]\n", f"[{section}]\n{key} = {value}\n")

    def value_of(self, section: str, key: str) -> Any:
        """Return what the job file says; None for nothing."""
        return tomllib.loads(self.job.read_text("utf-8"))[section].get(key)

    @property
    def replaces_by_itself(self) -> bool:
        """Whether a batch whose input changed is scored again without a word."""
        return bool(self.value_of("batches", "on_change") == "replace")

    def settle_job(self, budget: int) -> None:
        """Set what `init` chooses by chance or that these small batches need otherwise."""
        self.edit(r'seed = "[0-9a-f]+"', f'seed = "{SEED}"')
        self.edit(r"budget = \d+", f"budget = {budget}")
        self.edit(r"\[data\]", "[data]\nmax_quarantined = 0.5")
        if self.kind == "shares":
            columns = ", ".join(f'{name} = "p_{name}"' for name in CLASSES)
            self.edit(r"\[predictions\]", f"[predictions]\nprobabilities = {{{columns}}}")
        if self.kind != "model":
            self.edit(r"(?s)show = \[.*?\]", 'show = ["x", "colour"]')

    def rows(self) -> Iterator[tuple[str, int]]:
        """Yield the place of every row that nothing is wrong with."""
        for batch, rows in self.batches.items():
            for place, row in enumerate(rows):
                if row["key"] and not row["is_bad"]:
                    yield batch, place


def _shares(rng: random.Random) -> Row:
    """Return a probability of each class."""
    parts = [rng.expovariate(1) for _ in CLASSES]
    total = sum(parts)
    return {name: round(part / total, 4) for name, part in zip(_SHARES, parts, strict=True)}


def table_of_rows(rows: list[Row], more: Sequence[str] = ()) -> pa.Table:
    """Return rows as the files have them.

    Args:
        rows: as the ground keeps them.
        more: columns besides those that every kind has.
    """
    kinds = {"opened": pa.timestamp("us"), "x": pa.float64(), "sure": pa.float64()}
    kinds |= dict.fromkeys(_SHARES, pa.float64())
    names = (*_COLUMNS, *more)
    return pa.table(
        {name: pa.array([row[name] for row in rows], kinds.get(name)) for name in names}
    )


def begun(folder: Path, rng: random.Random, kind: str | None = None) -> Ground:
    """Make the input of a history: 2 to 4 batches.

    Args:
        folder: a new one.
        rng: decides all that is left to chance.
        kind: of `KINDS`; None for any.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ground = Ground(folder, kind or rng.choice(KINDS), rng)
    for _ in range(rng.randint(2, 4)):
        ground.add_batch()
    ground.write()
    return ground
