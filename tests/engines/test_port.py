"""What every engine owes by the port: one suite for all that are registered, and for a fake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from infra.clouds.folder import Folder
from infra.engines import choice
from infra.ports import Engine
from infra.settings import Settings
from pipelines.errors import InputUnreadable, JobInvalid, PackageRefused
from pipelines.input.fragments import Split, find_sources, splits_of
from pipelines.job.job_file import Job, parse
from pipelines.job.rules import reading_rules
from pipelines.scoring.fragment_results import FragmentResult
from pipelines.scoring.score_fragment import Work
from pipelines.scoring.scorers import GivenPredictions, Scorer
from pipelines.tables.schemas import PARTITIONED_BY, PREDICTIONS
from pipelines.tables.table import Table
from pipelines.training.rows import Reader
from pipelines.training.selection import Selection
from tests.fixtures.world import ROOT, World

ALL = Selection(highest=2**64 - 1, latest=None, held_from=None)
FAKE = choice.Entry("tests.fixtures.engines", "this test")
KINDS = {
    **{name: (name, 1) for name in choice.ENGINES},
    "inline, two processes": ("inline", 2),
    "fake": ("fake", 1),
}


@dataclass(frozen=True)
class Files:
    """A Parquet file of three row groups and a CSV file, over two batches."""

    folder: Path

    @property
    def splits(self) -> list[Split]:
        """Theirs, in order."""
        found = find_sources("rows*", self.folder)
        return [split for source in found for split in splits_of(source)]

    def work(self, store: Path) -> Work:
        """The scoring of both batches into a store."""
        job = described(predictions={"label": "guess", "score": "sure"})
        assert job.predictions
        return Work(
            rules=reading_rules(job),
            open_scorer=partial(GivenPredictions, job.predictions, job.task),
            table=Table(Folder(store), PREDICTIONS, PARTITIONED_BY["predictions"]),
            attempts={"a": "x", "b": "y"},
            file_digests=self.digests,
        )

    @property
    def reader(self) -> Reader:
        """Takes every row to train on."""
        columns = {"size": {"kind": "numeric"}, "kind": {"kind": "categorical"}}
        job = described(model={}, features={"columns": columns})
        batches = frozenset({"a", "b"})
        return Reader(reading_rules(job), batches, self.digests, None, selection=ALL)

    @property
    def digests(self) -> dict[str, str]:
        """Of the files, as far as these tests care."""
        return dict.fromkeys(("rows.csv", "rows.parquet"), "0" * 64)


def described(**sections: Any) -> Job:
    content = {
        "name": "j",
        "task": "classification",
        "target": {"column": "truth", "answers": ["no", "yes"]},
        "data": {"path": "rows*", "key": "k"},
        "batches": {"by": "column", "column": "batch"},
        "sampling": {"seed": "0" * 32},
    }
    return parse({**content, **sections}, "job")


def rows(first: int, n: int) -> pa.Table:
    """Rows with a bad one, whose sums depend on the order of the addition."""
    rng = np.random.default_rng(first)
    sure = rng.random(n)
    sure[3] = 7
    return pa.table(
        {
            "k": [f"k{first + i}" for i in range(n)],
            "batch": [("a", "b")[i % 2] for i in range(n)],
            "guess": np.where(rng.random(n) < 0.5, "no", "yes"),
            "sure": sure,
            "size": rng.lognormal(5, 9, n),
            "kind": rng.choice(["car", "home", "Übersee"], n),
            "truth": np.where(rng.random(n) < 0.5, "no", "yes"),
        }
    )


@pytest.fixture
def files(tmp_path: Path) -> Files:
    pc.write_csv(rows(0, 40), tmp_path / "rows.csv")
    pq.write_table(rows(40, 90), tmp_path / "rows.parquet", row_group_size=30)
    return Files(tmp_path)


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    name, workers = KINDS[request.param]
    monkeypatch.setitem(choice.ENGINES, "fake", FAKE)
    return choice.open_engine(Settings(workers=workers), name)


def refuse() -> Scorer:
    """What an engine opens where the package cannot be used."""
    raise PackageRefused("the package is not whole", fix="fit again")


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
class TestEngine:
    """The port's promises."""

    def test_it_has_the_name_that_it_is_chosen_by(self, engine: Engine) -> None:
        assert choice.ENGINES[engine.name].module == type(engine).__module__

    def test_outcomes_come_in_the_order_of_the_splits(self, engine: Engine, files: Files) -> None:
        splits = files.splits

        found = [one.split for one in engine.score(files.work(files.folder / "out"), splits)]

        assert found == splits

    def test_what_it_scores_is_what_one_process_scores(self, engine: Engine, files: Files) -> None:
        """Every result, and every byte of every file, under the same names."""
        plain, ours = files.folder / "plain", files.folder / "ours"

        wanted = [files.work(plain).outcome(split) for split in files.splits]
        found = list(engine.score(files.work(ours), files.splits))

        assert [_plain(one.results) for one in found] == [_plain(one.results) for one in wanted]
        assert _written(ours) == _written(plain) != {}

    def test_a_fault_of_a_file_is_part_of_its_outcome(self, engine: Engine, files: Files) -> None:
        splits = files.splits
        (files.folder / "rows.csv").unlink()

        found = list(engine.score(files.work(files.folder / "out"), splits))

        assert [type(one.error) for one in found] == [InputUnreadable, *[type(None)] * 3]
        assert "rows.csv" in str(found[0].error)

    def test_what_keeps_every_split_from_being_scored_is_raised(
        self, engine: Engine, files: Files
    ) -> None:
        work = replace(files.work(files.folder / "out"), open_scorer=refuse)

        with pytest.raises(PackageRefused, match="not whole") as told:
            list(engine.score(work, files.splits))

        assert told.value.fix == "fit again"

    def test_it_learns_the_same_bits_as_one_pass_in_order(
        self, engine: Engine, files: Files
    ) -> None:
        reader = files.reader
        statistics = reader.statistics()
        seen = statistics.create()
        for split in files.splits:
            for one in reader.read(split):
                statistics.add(seen, one.features, one.hashes, one.place)

        found = engine.learn(reader, files.splits)

        assert json.dumps(found.to_dict()) == json.dumps(statistics.result(seen).to_dict())

    def test_a_file_that_cannot_be_learned_from_is_told(self, engine: Engine, files: Files) -> None:
        splits = files.splits
        (files.folder / "rows.parquet").write_bytes(b"PAR1 and no more")

        with pytest.raises(InputUnreadable, match=r"rows\.parquet"):
            engine.learn(files.reader, splits)

    def test_numbers_too_large_for_statistics_are_told_by_their_column(
        self, engine: Engine, files: Files
    ) -> None:
        """An engine may not turn the error into one of its own, without the way out."""
        table = rows(40, 90)
        huge = pa.array([1e308 if row % 2 else -1.7e308 for row in range(90)])
        place = table.column_names.index("size")
        pq.write_table(
            table.set_column(place, "size", huge), files.folder / "rows.parquet", row_group_size=30
        )

        with pytest.raises(JobInvalid, match="size"):
            engine.learn(files.reader, files.splits)


def _plain(results: Sequence[FragmentResult]) -> list[list[Any]]:
    """Every field, arrays as lists."""
    fields = [[getattr(one, name) for name in one.__slots__] for one in results]
    return [
        [value.tolist() if isinstance(value, np.ndarray) else value for value in own]
        for own in fields
    ]


def _written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def test_fitting_in_this_process_imports_no_beam(world: World) -> None:
    program = (
        "import sys; from functions.cli import commands; "
        f"code = commands.run(['fit', {str(world.job)!r}]); "
        "print(code, 'apache_beam' in sys.modules)"
    )

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert told.stdout.splitlines()[-1] == "0 False", told
