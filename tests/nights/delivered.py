"""Four jobs whose data arrive file by file, night after night."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pyarrow.csv as pc
import pyarrow.parquet as pq

from tests.histories.ground import FIRST_DAY, Ground, Row, table_of_rows

JOBS = ("days", "hours", "elsewhere", "texts")
KINDS = {"days": "model", "hours": "numbers", "elsewhere": "files", "texts": "files"}
BEFORE = 3  # nights that were delivered before the job begins
_ROWS = (50, 90)  # of a night
_HOURS = (1, 2)  # of a night, in the job by the hour
_ENDINGS = {"days": "parquet", "hours": "parquet", "elsewhere": "csv", "texts": "jsonl"}
_WORDS = ("invoice", "late", "parcel", "refund", "password", "thanks", "address", "broken")


@dataclass
class Delivered(Ground):
    """The input of a job: what its files would hold were they all right, and the files."""

    form: str = "days"  # of `JOBS`
    nights: list[list[str]] = field(default_factory=list)  # batches of each

    def add_night(self) -> list[str]:
        """Make the rows of one more night, one of them bad; return its batches."""
        number, before = len(self.nights), {*self.batches}
        if self.form == "hours":
            day = FIRST_DAY + timedelta(days=number)
            for hour in _HOURS:
                name = f"{day + timedelta(hours=hour):%Y-%m-%dT%H}"
                self.batches[name], self.numbers[name] = [], number
                for _ in range(self.rng.randint(*_ROWS) // len(_HOURS)):
                    self.add_row(name)
        else:
            self.add_batch()
        self.spoil(next(reversed(self.batches.values()))[0])
        self.nights.append([batch for batch in self.batches if batch not in before])
        return self.nights[-1]

    def add_row(self, batch: str) -> None:
        """Make one more row of a batch, at a time of its own hour and with a text."""
        super().add_row(batch)
        row = self.batches[batch][-1]
        row["text"] = " ".join(self.rng.choices(_WORDS, k=12))
        if self.form == "hours":
            row["opened"] = row["opened"].replace(hour=int(batch[-2:]))

    def file_of(self, night: int) -> Path:
        """Return where the file of a night lies."""
        name = (
            self.nights[night][0] if self.form in ("elsewhere", "texts") else f"night-{night:03d}"
        )
        return self.folder / "data" / f"{name}.{_ENDINGS[self.form]}"

    def stray(self, name: str) -> Path:
        """Return where a file would lie that the job finds and nobody meant for it."""
        return self.folder / "data" / f"{name}.{_ENDINGS[self.form]}"

    def rows_of(self, night: int) -> list[Row]:
        """Return the rows of a night."""
        return [row for batch in self.nights[night] for row in self.batches[batch]]

    def write_night(self, night: int) -> None:
        """Write the file of a night, as it should be."""
        write(self.rows_of(night), self.file_of(night))

    def words_of_init(self) -> list[str]:
        """Return the command line that makes the job."""
        words = super().words_of_init()
        data = self.folder / "data"
        place = {"texts": data / "{batch}.jsonl", "elsewhere": data / "{batch}.csv"}
        words[words.index("--data") + 1] = str(place.get(self.form, data / "*.parquet"))
        if self.form == "hours":
            words[words.index("--batch-by") :] = ["--time", "opened", "--batch-by", "hour"]
        return words

    def settle_job(self, budget: int) -> None:
        """Set what `init` chooses by chance; ask little, and replace where files are corrected."""
        super().settle_job(budget)
        self.edit(r"max_quarantined = 0\.5", "max_quarantined = 0.1")
        if self.form == "texts":
            self.edit(r"(?s)show = \[.*?\]", 'show = ["text"]')
            self.edit(r"texts = \[.*?\]", 'texts = ["text"]')
        if self.form != "elsewhere":  # there, somebody looks at what is told first
            self.set_in("batches", "on_change", '"replace"')


def write(rows: list[Row], path: Path) -> None:
    """Write rows into a file, of the kind that its name says."""
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".jsonl":
        names = ("key", "text", "guess", "sure")
        lines = [json.dumps({name: row[name] for name in names}) for row in rows]
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    elif path.suffix == ".csv":
        pc.write_csv(table_of_rows(rows), path)
    else:
        pq.write_table(table_of_rows(rows), path)


def begun(folder: Path, form: str, rng: random.Random) -> Delivered:
    """Make the input of a job: the nights before it begins.

    Args:
        folder: a new one.
        form: of `JOBS`.
        rng: decides all that is left to chance.
    """
    folder.mkdir(parents=True)
    ground = Delivered(folder, KINDS[form], rng, form=form)
    for night in range(BEFORE):
        ground.add_night()
        ground.write_night(night)
    return ground
