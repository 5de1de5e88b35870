"""A store that an earlier release wrote is read, checked and gone on with by this one."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from functions.app import open_app
from functions.steps.report import gather
from tests.fixtures.terminal import Terminal
from tests.releases import make

RELEASES = sorted(path.parent for path in make.HERE.glob("*/expected.json"))
NEW_DAY = "2026-02-05"
DIGITS = 12  # that another processor must give too
each_job = pytest.mark.parametrize("job", make.JOBS)
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Opened:
    """A copy of what a release wrote, and this release's commands over it."""

    folder: Path
    expected: Mapping[str, Any]

    def terminal(self, job: str) -> Terminal:
        """The commands of one of its jobs."""
        return Terminal(self.folder / f"{job}.toml")

    def answers(self, job: str) -> Path:
        """What people said about the rows that were drawn."""
        return self.folder / "answers" / f"{job}.csv"

    def rows(self, job: str, table: str, where: str = "true") -> list[Row]:
        """The rows of a table, by the columns that are compared."""
        names = ", ".join(f'"{name}"' for name in self.expected["columns"][table])
        asked = f"select {names} from {table} where {where}"  # noqa: S608 - names of our own
        return self.compared(table, self.terminal(job).rows(asked))

    def compared(self, table: str, found: Iterable[Mapping[str, Any]]) -> list[Row]:
        """Rows without the columns that the release did not have or that tell when."""
        names = self.expected["columns"][table]
        return in_order([row[name] for name in names] for row in found)

    def of(self, job: str, name: str) -> list[Row]:
        """The rows that the release told of a job."""
        return in_order(self.expected[job][name])

    def files(self, *tables: str) -> dict[str, bytes]:
        """What lies in some folders of the store."""
        store = self.folder / make.STORED
        found = [path for name in tables for path in (store / name).rglob("*") if path.is_file()]
        return {str(path.relative_to(store)): path.read_bytes() for path in found}

    def unlike(self, parts: int) -> str:
        """The libraries whose version differs from the release's in one of its first parts."""
        [path] = (self.folder / make.STORED / "models").glob("*/*/manifest.json")
        then = json.loads(path.read_text("utf-8"))["libraries"]
        names = ("numpy", "pyarrow", "scikit-learn", "scipy")
        return ", ".join(n for n in names if _parts(then[n], parts) != _parts(version(n), parts))

    def kept(self, job: str) -> set[str]:
        """The promises that were checked and hold; none may be broken."""
        code, told = self.terminal(job).run("doctor", self.folder / f"{job}.toml")
        assert code == 0, told
        return {one["id"] for one in told["promises"] if one["ok"]}

    @property
    def promised(self) -> set[str]:
        """Those that can be checked without a Label Studio; the same bytes take the same libraries."""
        return {"P1", "P3", "P5", "P6", "P7"} | (set() if self.unlike(3) else {"P2"})


def _parts(number: str, count: int) -> list[str]:
    return number.split(".")[:count]


def in_order(rows: Iterable[Sequence[Any]]) -> list[Row]:
    """Rows in the order of their text; of floats, the digits that count."""
    return sorted((tuple(map(_rounded, row)) for row in rows), key=str)


def _rounded(value: object) -> object:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def opened(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    """A copy of a release's folder, whose key is trusted beside none of our own."""
    folder = make.unpack(request.param, tmp_path / "opened")
    monkeypatch.setenv("RECHECK_STORE", str(folder / make.STORED))
    monkeypatch.setenv("RECHECK_TRUSTED_KEYS", str(folder / "signing.pub"))
    return Opened(folder, json.loads((folder / "expected.json").read_text("utf-8")))


@each_job
def test_status_tells_what_is_done(opened: Opened, job: str) -> None:
    told = opened.terminal(job).ok("status")["batches"]

    known = opened.expected[job]["status"]
    assert [{name: now[name] for name in then} for now, then in zip(told, known, strict=True)] == (
        known
    )


@each_job
def test_a_scored_batch_stays_as_it_is(opened: Opened, job: str) -> None:
    before = opened.files("predictions", "quarantine", "runs")

    told = opened.terminal(job).ok("score")["batches"]

    assert {one["batch"]: one["status"] for one in told} == dict.fromkeys(
        opened.expected[job]["digests"], "already"
    )
    for one in told:
        counts = opened.expected[job]["counts"][one["batch"]]
        assert {name: one[name] for name in counts} == counts
    assert opened.files("predictions", "quarantine", "runs") == before


@each_job
def test_tables_are_read_as_they_were_written(opened: Opened, job: str) -> None:
    batch = opened.expected[job]["batch"]

    assert opened.rows(job, "predictions", f"batch = '{batch}'") == opened.of(job, "predictions")
    for table in ("quarantine", "samples", "labels"):
        assert opened.rows(job, table) == opened.of(job, table)


@each_job
def test_a_sample_that_was_drawn_holds(opened: Opened, job: str) -> None:
    """The same command draws nothing, for the batch that was drawn from twice neither."""
    before = opened.files("samples", "designs", "populations")

    opened.terminal(job).ok("sample")

    assert opened.rows(job, "samples") == opened.of(job, "samples")
    assert opened.files("samples", "designs", "populations") == before


@each_job
def test_the_same_answers_add_nothing(opened: Opened, job: str) -> None:
    """They are known by prediction, annotator and time, which must be spelled as they were."""
    before = opened.files("annotations")

    told = opened.terminal(job).ok("pull", "--file", opened.answers(job))

    assert (told["annotations"], told["labels"], told["outcomes"]) == (0, 0, 0)
    assert opened.rows(job, "labels") == opened.of(job, "labels")
    assert opened.files("annotations") == before


@each_job
def test_figures_of_all_rows_are_those_of_the_release(opened: Opened, job: str) -> None:
    """To the last digit that counts; recall and F1 have none where fewer than 3 were found."""
    known, now = _both(opened, job, of_cohorts=False)

    for figure, row in known.items():
        value = now[figure]["value"]
        may_be_unknown = figure[0] in {"recall", "f1"}
        assert (value is None and may_be_unknown) or _rounded(value) == _rounded(row["value"])


@each_job
def test_figures_of_cohorts_agree_with_those_of_the_release(opened: Opened, job: str) -> None:
    """They weigh answers otherwise since: each interval holds what the release said."""
    known, now = _both(opened, job, of_cohorts=True)

    for figure, row in known.items():
        one = now[figure]
        if row["value"] is not None and figure[0] in {"accuracy", "precision"}:
            assert one["low"] - 1e-9 <= row["value"] <= one["high"] + 1e-9, figure


@each_job
def test_stored_figures_stay_as_the_release_wrote_them(opened: Opened, job: str) -> None:
    """A new estimate adds rows with its version; the doctor counts those of the release, and leaves them."""
    terminal, asked = opened.terminal(job), "select * from estimates where estimator_version = '1'"
    before = in_order(list(row.values()) for row in terminal.rows(asked))

    terminal.ok("estimate")

    assert in_order(list(row.values()) for row in terminal.rows(asked)) == before
    told = {one["id"]: one for one in terminal.ok("doctor")["promises"]}
    assert told["P6"]["ok"]
    assert f"{len(before)} were made by other formulas" in told["P6"]["detail"]


def _both(
    opened: Opened, job: str, *, of_cohorts: bool
) -> tuple[dict[Row, dict[str, Any]], dict[Row, dict[str, Any]]]:
    """The figures of the release and of now, by what they are about."""
    rows = pq.read_table(opened.folder / make.ESTIMATES).to_pylist()
    known = {_figure(row): row for row in rows if row["job"] == job}
    told = opened.terminal(job).ok("estimate")["estimates"]
    now = {_figure(one): one for one in told}
    return (
        {key: row for key, row in known.items() if (row["cohort"] is not None) == of_cohorts},
        {key: now[key] for key, row in known.items() if (row["cohort"] is not None) == of_cohorts},
    )


def _figure(row: Mapping[str, Any]) -> Row:
    names = ("metric", "class", "cohort", "period", "window", "version", "n_asked", "n_answered")
    return tuple(row[name] for name in names)


def test_an_earlier_estimate_comes_out_again(opened: Opened) -> None:
    """As of a time before more rows were drawn and answered."""
    terminal = opened.terminal("parcels")
    [first, *later] = terminal.rows("select distinct as_of from estimates order by as_of")
    asked = f"select * from estimates where as_of = '{first['as_of']}'"  # noqa: S608
    stored = opened.compared("estimates", terminal.rows(asked))

    told = terminal.ok("estimate", "--as-of", first["as_of"])["estimates"]

    assert later
    assert opened.compared("estimates", told) == stored
    assert {one["estimator_version"] for one in told} == {"1"}


def test_the_same_data_make_the_same_version(opened: Opened) -> None:
    """A package is named after all that it was made from; one that is there is not made again."""
    if unlike := opened.unlike(2):
        pytest.skip(f"the version names other versions of {unlike}")
    before, known = opened.files("models"), opened.expected["parcels"]["model"]

    told = opened.terminal("parcels").ok("fit", "--batch", make.TRAINED_ON[0])

    assert {name: told[name] for name in known} == known
    assert told["written"] is False
    assert opened.files("models") == before


def test_a_package_that_nobody_trusts_is_refused(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the other tests would say nothing about the signature."""
    monkeypatch.delenv("RECHECK_TRUSTED_KEYS")

    error = opened.terminal("parcels").refused("score", "--replace")

    assert error["code"] == "package_refused"


def test_a_new_batch_is_scored_by_the_old_package(opened: Opened) -> None:
    """Where days tell batches, a new file may hold rows of each: all are read and digested again."""
    terminal, known = opened.terminal("parcels"), opened.expected["parcels"]
    make.write_day(opened.folder, NEW_DAY)

    told = terminal.ok("score")

    assert told["version"] == known["model"]["version"]
    states = {one["batch"]: one["status"] for one in told["batches"]}
    assert states == {**dict.fromkeys(known["digests"], "already"), NEW_DAY: "published"}
    [newest] = terminal.rows(f"select job_hash from runs where batch = '{NEW_DAY}'")  # noqa: S608
    assert newest["job_hash"] == known["job_hash"]
    assert opened.kept("parcels") >= opened.promised


@each_job
def test_a_report_counts_the_reasons_that_the_release_did_not_record(
    opened: Opened, job: str
) -> None:
    counted = Counter((row["reason"], row["column"]) for row in _quarantine(opened, job))

    data = gather(open_app(opened.terminal(job).job))

    assert {(one.reason, one.column): one.rows for one in data.reasons} == counted


def _quarantine(opened: Opened, job: str) -> list[dict[str, Any]]:
    return opened.terminal(job).rows('select reason, "column" from quarantine')


@each_job
def test_what_is_scored_again_comes_out_the_same(opened: Opened, job: str) -> None:
    """Ids, labels, scores, digests of rows and reasons; so the sample holds, and no answer is lost."""
    terminal, known = opened.terminal(job), opened.expected[job]

    told = terminal.ok("score", "--replace")["batches"]

    assert {one["status"] for one in told} == {"replaced"}
    batch = known["batch"]
    assert opened.rows(job, "predictions", f"batch = '{batch}'") == opened.of(job, "predictions")
    assert opened.rows(job, "quarantine") == opened.of(job, "quarantine")
    runs = terminal.rows("select batch, inputs from runs where step = 'score' order by known_at")
    digests = [(row["batch"], json.loads(row["inputs"])["digest"]) for row in runs]
    assert set(digests) == set(known["digests"].items())
    assert len(digests) == 2 * len(known["digests"])
    terminal.ok("sample")
    assert opened.rows(job, "samples") == opened.of(job, "samples")
    assert opened.rows(job, "labels") == opened.of(job, "labels")


def test_more_rows_are_drawn_and_answered(opened: Opened) -> None:
    """A top-up keeps what was drawn, and goes on where its ranks end."""
    terminal, batch = opened.terminal("parcels"), make.DAYS[0]
    before = dict(answered(terminal))

    [told] = terminal.ok("sample", "--batch", batch, "--budget", 30)["batches"]

    more = dict(answered(terminal))
    fresh = more.keys() - before.keys()
    assert told["sampled"] == 30
    assert before.items() <= more.items()
    assert len(fresh) == 30 - sum(where == batch for where, _ in before)
    given = opened.folder / "more.csv"
    make.write_csv(given, list(right(fresh)))
    assert terminal.ok("pull", "--file", given)["labels"] == len(fresh)
    assert {dict(answered(terminal))[one] for one in fresh} == {1}
    estimates = terminal.ok("estimate", "--batch", batch)["estimates"]
    [whole] = [
        one
        for one in estimates
        if (one["metric"], one["period"], one["cohort"]) == ("accuracy", "batch", None)
    ]
    assert (whole["n_asked"], whole["rows"]) == (30, make.ROWS)
    assert opened.kept("parcels") >= opened.promised


def answered(terminal: Terminal) -> Iterator[tuple[tuple[str, str], int]]:
    """Each row that is drawn, by batch and key, and how many people answered it."""
    rows = terminal.rows(
        "select s.batch, s.key, coalesce(l.n_answers, 0) as n from samples s"
        " left join labels l using (prediction_id, purpose)"
    )
    for row in rows:
        yield (row["batch"], row["key"]), row["n"]


def right(rows: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    for batch, key in sorted(rows):
        yield {"key": key, "batch": batch, "answer": make.truths(batch)[key]}


@each_job
def test_the_doctor_finds_nothing(opened: Opened, job: str) -> None:
    assert opened.kept(job) >= opened.promised


@each_job
def test_the_report_is_written(opened: Opened, job: str) -> None:
    page = Path(opened.terminal(job).ok("report")["report"])

    text = page.read_text("utf-8")
    assert page.is_relative_to(opened.folder / make.STORED)
    assert all(batch in text for batch in opened.expected[job]["digests"])


@each_job
def test_answers_of_the_release_are_in_the_file(opened: Opened, job: str) -> None:
    """Some skipped, some given twice, one of no use: else the other tests would show little."""
    with opened.answers(job).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    states = {row["state"] for row in opened.terminal(job).rows("select state from labels")}
    assert "answered" in states
    assert len({(row["batch"], row["key"]) for row in rows}) < len(rows)
    assert any(not row["answer"] for row in rows)
