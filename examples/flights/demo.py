"""The whole loop on real flights, with a real Label Studio and simulated labelers.

Every step is the command that you would type; they are printed as they run. A
second run goes on from where the first one ended.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from examples.flights import prepare
from examples.flights.simulate import LABELERS, Project, answer, connect, truths_of

HERE = Path(__file__).parent
JOB = HERE / "recheck.toml"
DATA = HERE / "data"
KNOWN = HERE / "store" / "known" / "flights.json"  # what the report shows of the truth
DISK = 2.0  # gigabytes: Label Studio's own environment, the flights, the store
TRAINED_ON = (date(2013, 1, 1), date(2013, 3, 31))
SCORED = (date(2013, 4, 1), date(2013, 12, 31))
ASKED = (
    "2013-04-15",
    "2013-05-20",
    "2013-06-24",
    "2013-07-22",
    "2013-09-16",
    "2013-12-16",
)  # Mondays
LEFT_OPEN = 5
FIRST_LOOK = datetime(2013, 12, 20)  # noqa: DTZ001  # New York's clock, as in the data
LAST_LOOK = datetime(2014, 3, 1)  # noqa: DTZ001


def main() -> None:
    """Run the loop and say what to do next."""
    began = time.monotonic()
    _say(
        f"The demo needs about {DISK:g} GB of disk and at most 10 minutes; it is safe to stop and to repeat."
    )
    if shutil.disk_usage(HERE).free < DISK * 1e9:
        raise SystemExit(
            f"error: less than {DISK:g} GB of disk is free\nhint: free some, or move the checkout"
        )
    _prepare()
    _recheck("fit", JOB, *_batches(*TRAINED_ON))
    _recheck("score", JOB, *_batches(*SCORED))
    asked = [day for monday in ASKED for day in _week(date.fromisoformat(monday))]
    _recheck("sample", JOB, *_options(asked))
    server = _recheck("labelstudio", "up")
    is_elsewhere = "LABEL_STUDIO_URL" in os.environ  # the reader's own, which no demo touches
    os.environ |= {"LABEL_STUDIO_URL": server["url"], "LABEL_STUDIO_API_KEY": server["token"]}
    project = _recheck("push", JOB)["project"]
    for today in (FIRST_LOOK, LAST_LOOK):
        _people_answer(server, project, today)
        _recheck("pull", JOB)
        _recheck("estimate", JOB)
    _tell_the_report(asked)
    report = _recheck("report", JOB)["report"]
    _farewell(server, project, report, time.monotonic() - began, is_elsewhere=is_elsewhere)


def _prepare() -> None:
    if len(list(DATA.glob("*.parquet"))) < 365:
        _say("\nPreparing the flights of 2013, a file a day …")
        written = prepare.write_days(prepare.flights(prepare.source()), DATA)
        _say(f"{len(written)} days, {sum(path.stat().st_size for path in written) / 1e6:.0f} MB")


def _week(monday: date) -> list[str]:
    return [(monday + timedelta(days=day)).isoformat() for day in range(7)]


def _batches(first: date, last: date) -> list[str]:
    return _options(
        (first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1)
    )


def _options(batches: Iterable[str]) -> list[str]:
    return [word for batch in batches for word in ("--batch", batch)]


def _recheck(*words: object) -> dict[str, Any]:
    """Run one command as you would, and return its answer; its progress is shown as it comes."""
    command = [str(word) for word in words]
    _say(f"\n$ recheck {_shortened(command)}")
    recheck = Path(sys.executable).with_name("recheck")
    done = subprocess.run(
        [recheck, *command, "--json"], stdout=subprocess.PIPE, text=True, check=False
    )
    told: dict[str, Any] = json.loads(done.stdout or "{}")
    if "error" in told:
        raise SystemExit(f"error: {told['error']['problem']}\nhint: {told['error']['fix']}")
    _say(_summary(command[0], told))
    return told


def _shortened(command: Sequence[str]) -> str:
    """A command with its middle batches left out."""
    batches = [word for before, word in pairwise(command) if before == "--batch"]
    rest = [
        os.path.relpath(word) if word == str(JOB) else word
        for word in command
        if word not in {"--batch", *batches}
    ]
    if len(batches) > 2:
        rest += ["--batch", batches[0], "…", "--batch", batches[-1]]
    return " ".join(rest)


def _summary(step: str, told: dict[str, Any]) -> str:
    match step:
        case "fit":
            metrics = told["metrics"]
            return f"version {told['version']} from {told['rows']:,} flights; on its hold-out {metrics['accuracy']:.1%} right"
        case "score":
            rows = sum(batch["predictions"] for batch in told["batches"])
            return f"{len(told['batches'])} batches, {rows:,} predictions"
        case "sample":
            return f"{sum(batch['sampled'] for batch in told['batches']):,} flights drawn"
        case "estimate":
            return _headline(told["estimates"])
        case "labelstudio":
            return f"running at {told['url']}"
        case _:
            return ", ".join(
                f"{name} {value}" for name, value in told.items() if isinstance(value, int | str)
            )


def _headline(estimates: Sequence[dict[str, Any]]) -> str:
    weeks = [
        e
        for e in estimates
        if e["metric"] == "accuracy"
        and e["period"] == "week"
        and e["cohort"] is None
        and e["n_answered"]
    ]
    lines = [
        f"  {e['window']}: {e['value']:.1%} right, between {e['low']:.1%} and {e['high']:.1%} ({e['n_answered']} of {e['n_asked']} answered)"
        for e in weeks
    ]
    return "\n".join(["accuracy by week, 95 % interval", *lines])


def _people_answer(server: dict[str, Any], project: int, today: datetime) -> None:
    """The simulated labelers do what they would have done by this day."""
    _say(f"\nSimulated people answer until {today:%d %B %Y}: no real person is asked in this demo")
    rows = _query("select prediction_id, key from samples")
    flights = pa.concat_tables(
        pq.read_table(DATA / f"{day}.parquet")
        for monday in ASKED
        for day in _week(date.fromisoformat(monday))
    )
    truths = truths_of(pa.Table.from_pylist(rows), flights)

    def progress(done: int, total: int) -> None:
        if done % 100 == 0 or done == total:
            print(
                f"\r{done:,} of {total:,} answers",
                end="\n" if done == total else "",
                file=sys.stderr,
                flush=True,
            )

    client = connect(server["url"], server["token"])
    done = answer(
        Project(client, project),
        truths,
        LABELERS,
        today=today,
        leave_open=LEFT_OPEN,
        progress=progress,
    )
    _say(
        f"{done.answered:,} answered, {done.corrected} corrected, {done.left_open} left open for you"
    )


def _query(sql: str) -> list[dict[str, Any]]:
    recheck = Path(sys.executable).with_name("recheck")
    done = subprocess.run(
        [recheck, "query", sql, "--job", JOB, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return found


def _tell_the_report(asked: Sequence[str]) -> None:
    """Say that answers are simulated, and hand over the truth, which is known here."""
    rates = ", ".join(f"{rate:.0%} for {name!r}" for name, rate in LABELERS.errors.items())
    note = (
        f"The answers on this page were given by simulated labelers, not by people. They err at these rates: {rates}; "
        f"{LABELERS.never:.0%} of the questions they never answer, {LABELERS.revised:.0%} of the answers they correct later. "
        "The truth is known for these flights and is shown beside each interval."
    )
    known = {"note": note, "windows": _truth(asked)}
    KNOWN.parent.mkdir(parents=True, exist_ok=True)
    KNOWN.write_text(json.dumps(known, indent=1), encoding="utf-8")


def _truth(asked: Sequence[str]) -> list[dict[str, Any]]:
    """The share of right predictions of each asked day and week, from the data itself."""
    right: dict[str, list[bool]] = {}
    predicted = {
        (row["batch"], row["key"]): row["label"]
        for row in _query("select batch, key, label from predictions")
    }
    for day in asked:
        flights = pq.read_table(
            DATA / f"{day}.parquet", columns=[*prepare.KEY, prepare.TARGET]
        ).to_pylist()
        for row in flights:
            key = json.dumps(
                [str(row[name]) for name in prepare.KEY], ensure_ascii=False, separators=(",", ":")
            )
            right.setdefault(day, []).append(predicted[day, key] == row[prepare.TARGET])
    windows = [
        {"metric": "accuracy", "period": "batch", "window": day, "value": sum(found) / len(found)}
        for day, found in right.items()
    ]
    for monday in ASKED:
        first = date.fromisoformat(monday)
        found = [one for day in _week(first) for one in right[day]]
        windows.append(
            {
                "metric": "accuracy",
                "period": "week",
                "window": "{}-W{:02d}".format(*first.isocalendar()),
                "value": sum(found) / len(found),
            }
        )
    return windows


def _farewell(
    server: dict[str, Any], project: int, report: str, seconds: float, *, is_elsewhere: bool
) -> None:
    job = os.path.relpath(JOB)
    named = f"export LABEL_STUDIO_URL={server['url']} LABEL_STUDIO_API_KEY={server['token']}\n  "
    _say(
        f"""
The loop is closed ({seconds / 60:.1f} minutes).

  report        {report}
  Label Studio  {server["url"]}
  login         {server["user"]}  password {server["password"]}

{LEFT_OPEN} questions are left open for you: answer these at
  {server["url"]}/projects/{project}/data?labeling=1
then type
  {named if is_elsewhere else ""}.venv/bin/recheck pull {job} && .venv/bin/recheck estimate {job} && .venv/bin/recheck report {job}
and see the number move.

To stop the server: .venv/bin/recheck labelstudio down     To remove all: make demo-clean"""
    )


def _say(message: str) -> None:
    print(message, flush=True)


if __name__ == "__main__":
    main()
