"""Tables as strangers bring them are read right, or refused with true words."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from functions.app import open_app
from functions.batches import discovery, publish
from functions.cli.commands import run
from functions.steps import score as scoring
from functions.steps.push import draw_training_rows
from pipelines.formats import file_rules
from pipelines.job import job_file, rules
from tests.fixtures.terminal import Terminal

Rows = list[dict[str, Any]]


@pytest.fixture
def terminal(tmp_path: Path, own_settings: None) -> Terminal:  # noqa: ARG001
    """A job that is not there yet."""
    return Terminal(tmp_path / "job" / "recheck.toml")


def written(path: Path, rows: Iterable[dict[str, Any]], **options: Any) -> Path:
    """Write rows as CSV; a missing value is nothing."""
    made = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, made[0].keys(), **options)
        writer.writeheader()
        writer.writerows(made)
    return path


def mails(nothing: str | None = None) -> Rows:
    """Mails and what another system made of them; of each twentieth it could make nothing."""
    chance = random.Random(1)  # noqa: S311 - rows, no secret
    return [
        {
            "mail": f"M{n:03d}",
            "desk": nothing if n % 25 == 7 else chance.choice(["north", "south"]),
            "subject": f"subject of mail number {n}",
            "predicted": nothing if n % 20 == 0 else chance.choice(["spam", "ham"]),
            "score": nothing if n % 20 == 0 else round(chance.uniform(0.5, 1), 3),
        }
        for n in range(100)
    ]


def over(terminal: Terminal, data: Path | str, *options: object) -> Terminal:
    """Make a job over predictions that another system made."""
    terminal.init("--data", data, "--predicted", "predicted", *options)
    return terminal


def labels(terminal: Terminal) -> list[Any]:
    found = terminal.rows("select distinct label from predictions order by label")
    return [row["label"] for row in found]


QUOTED = {"quoting": csv.QUOTE_ALL}


@pytest.mark.parametrize(
    ("nothing", "options"),
    [(None, {}), (None, QUOTED), ("NULL", {}), ("NULL", QUOTED), ("\\N", {}), ("\\N", QUOTED)],
)
def test_nothing_is_missing_however_it_is_written(
    terminal: Terminal, tmp_path: Path, nothing: str | None, options: dict[str, Any]
) -> None:
    data = written(tmp_path / "mails.csv", mails(nothing), **options)
    over(terminal, data, "--score", "score", "--key", "mail")

    [batch] = terminal.ok("score")["batches"]

    assert job_file.load(terminal.job).target.answers == ("ham", "spam")
    assert (batch["predictions"], batch["quarantined"]) == (95, 5)
    reasons = terminal.rows("select distinct reason from quarantine")
    assert reasons == [{"reason": "no_prediction"}]
    assert labels(terminal) == ["ham", "spam"]
    desks = terminal.rows("select distinct cohorts['desk'] as desk from predictions order by desk")
    assert [row["desk"] for row in desks] == ["(none)", "north", "south"]


def test_na_is_a_class_among_words_and_missing_among_numbers(
    terminal: Terminal, tmp_path: Path
) -> None:
    words = [
        {"id": n, "body": f"text {n}", "predicted": "NA" if n % 3 else "DE"} for n in range(20)
    ]
    over(terminal, written(tmp_path / "words.csv", words), "--key", "id").ok("score")
    assert labels(terminal) == ["DE", "NA"]

    numbers = [{**row, "predicted": "NA" if n == 4 else n % 2} for n, row in enumerate(words)]
    other = Terminal(tmp_path / "other" / "recheck.toml")
    over(other, written(tmp_path / "numbers.csv", numbers), "--key", "id")
    [batch] = other.ok("score")["batches"]

    assert job_file.load(other.job).target.answers == ("0", "1")
    assert (batch["predictions"], batch["quarantined"]) == (19, 1)


def test_words_that_the_job_lists_are_missing(terminal: Terminal, tmp_path: Path) -> None:
    """A change of the list is a change of how a scored batch reads."""
    rows = [
        {"id": n, "body": f"text {n}", "predicted": "?" if n == 4 else "xy"[n % 2]}
        for n in range(20)
    ]
    over(terminal, written(tmp_path / "rows.csv", rows), "--key", "id").ok("score")
    terminal.edit("[data]", '[data]\nmissing = ["?"]')

    [told] = terminal.ok("score")["batches"]
    [again] = terminal.ok("score", "--replace")["batches"]

    assert told["status"] == "changed"
    assert (again["predictions"], again["quarantined"]) == (19, 1)


def test_init_lists_na_where_it_stands_among_few_numbers(
    terminal: Terminal, tmp_path: Path
) -> None:
    """A category of numbers has no type in the job file that would tell."""
    rows = [
        {"id": n, "floor": "NA" if n % 5 == 0 else n % 4, "predicted": "ab"[n % 2]}
        for n in range(40)
    ]
    over(terminal, written(tmp_path / "rows.csv", rows), "--key", "id").ok("score")

    assert job_file.load(terminal.job).data.missing == ("NA",)
    floors = terminal.rows("select distinct cohorts['floor'] as f from predictions order by f")
    assert [row["f"] for row in floors] == ["(none)", "0", "1", "2", "3"]


@pytest.fixture
def scored_by_older_rules(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """Quoted nothings were scored as texts, drawn from and answered, as the first release did it."""
    data = written(tmp_path / "mails.csv", mails(), **QUOTED)
    over(terminal, data, "--score", "score", "--key", "mail", "--answer", "ham", "--answer", "spam")
    with monkeypatch.context() as patch:
        patch.setattr(discovery, "file_rules", partial(rules.file_rules, number=file_rules.FIRST))
        patch.setattr(
            scoring, "reading_rules", partial(rules.reading_rules, number=file_rules.FIRST)
        )
        patch.setattr(publish, "CURRENT", file_rules.FIRST)
        terminal.ok("score")
    terminal.ok("sample", "--budget", 40)
    drawn = terminal.rows("select key from samples order by key")
    answers = ({"key": row["key"], "batch": "all", "answer": "ham"} for row in drawn)
    terminal.ok("pull", "--file", written(tmp_path / "answers.csv", answers))
    assert labels(terminal) == ["", "ham", "spam"]
    return terminal


def test_a_batch_that_was_scored_by_older_rules_is_not_changed(
    scored_by_older_rules: Terminal, tmp_path: Path
) -> None:
    """Also where its file was written anew, with the same rows in another order."""
    terminal = scored_by_older_rules
    before = terminal.ok("estimate")["estimates"]
    written(tmp_path / "mails.csv", reversed(mails()), **QUOTED)

    [state] = terminal.ok("status")["batches"]
    [told] = terminal.ok("score")["batches"]
    terminal.ok("sample", "--budget", 60)

    assert (state["state"], told["status"], state["answered"]) == ("scored", "already", 40)
    assert terminal.rows("select count(*) n from samples") == [{"n": 60}]
    assert terminal.ok("estimate")["estimates"][0]["n_answered"] == before[0]["n_answered"]
    checked = {one["id"]: one["ok"] for one in terminal.ok("doctor")["promises"]}
    assert checked["P2"] is not False


def test_a_changed_row_is_told_by_the_rules_of_its_scoring(
    scored_by_older_rules: Terminal, tmp_path: Path
) -> None:
    rows = mails()
    rows[3]["subject"] = "another"
    written(tmp_path / "mails.csv", rows, **QUOTED)

    [told] = scored_by_older_rules.ok("score")["batches"]

    assert told["status"] == "changed"


def test_a_batch_that_is_scored_anew_is_read_by_the_rules_of_today(
    scored_by_older_rules: Terminal,
) -> None:
    """Answers to rows that read the same stay."""
    [told] = scored_by_older_rules.ok("score", "--replace")["batches"]
    scored_by_older_rules.ok("sample")

    assert (told["predictions"], told["quarantined"]) == (95, 5)
    assert labels(scored_by_older_rules) == ["ham", "spam"]
    [state] = scored_by_older_rules.ok("status")["batches"]
    assert state["answered"] >= 35


def test_rows_to_train_on_that_older_rules_showed_are_not_asked_anew(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quoted nothing was an empty text, and is missing now: people saw the same row."""
    data = written(tmp_path / "mails.csv", mails(), **QUOTED)
    terminal.init("--data", data, "--key", "mail", "--answer", "ham", "--answer", "spam")
    first = file_rules.FIRST
    with monkeypatch.context() as patch:
        patch.setattr(discovery, "file_rules", partial(rules.file_rules, number=first))
        patch.setattr(discovery, "reading_rules", lambda job, _: rules.reading_rules(job, first))
        draw_training_rows(open_app(terminal.job), ())
    before = terminal.rows("select prediction_id, shown_digest from samples order by 1")

    draw_training_rows(open_app(terminal.job), ())

    assert len(before) == 100
    assert terminal.rows("select prediction_id, shown_digest from samples order by 1") == before


def codes(leading: Sequence[str], count: int = 35) -> Rows:
    names = [f"{place}{n:03d}" for place in leading for n in range(count)][:count]
    return [
        {"item": f"I{n}", "goods": f"goods number {n} of some kind", "predicted": names[n % count]}
        for n in range(count * 4)
    ]


def test_codes_with_leading_zeros_are_classes(terminal: Terminal, tmp_path: Path) -> None:
    data = written(tmp_path / "codes.csv", codes("0"))

    over(terminal, data, "--key", "item").ok("score")

    job = job_file.load(terminal.job)
    assert (job.task, len(job.target.answers)) == ("classification", 35)
    assert labels(terminal)[:2] == ["0000", "0001"]


def test_codes_with_a_point_are_classes(terminal: Terminal, tmp_path: Path) -> None:
    rows = [
        {**row, "predicted": ["007.1", "122.5", "030.6"][n % 3]} for n, row in enumerate(codes("0"))
    ]

    over(terminal, written(tmp_path / "icd.csv", rows), "--key", "item")

    assert job_file.load(terminal.job).target.answers == ("007.1", "030.6", "122.5")


@pytest.mark.parametrize("leading", ["0", "1"])
def test_the_classes_that_are_named_win_over_a_guess(
    terminal: Terminal, tmp_path: Path, leading: str
) -> None:
    rows = codes(leading)
    named = [word for row in rows[:35] for word in ("--answer", row["predicted"])]

    over(terminal, written(tmp_path / "codes.csv", rows), "--key", "item", *named)

    job = job_file.load(terminal.job)
    assert job.task == "classification"
    assert set(job.target.answers) == {row["predicted"] for row in rows}


def test_classes_that_the_column_has_too_many_of_are_refused(
    terminal: Terminal, tmp_path: Path
) -> None:
    data = written(tmp_path / "rows.csv", ({"id": n, "predicted": n} for n in range(500)))

    _, told = terminal.run(
        "init", terminal.job.parent, "--data", data, "--predicted", "predicted", "--answer", "1"
    )

    assert told["error"]["problem"].startswith("column 'predicted' holds more than 200 different")
    assert "--number" in told["error"]["fix"]


def test_numbers_on_wish_win_over_codes(terminal: Terminal, tmp_path: Path) -> None:
    over(terminal, written(tmp_path / "codes.csv", codes("0")), "--key", "item", "--number")

    assert job_file.load(terminal.job).task == "regression"


def test_a_column_without_values_is_said_to_have_none(terminal: Terminal, tmp_path: Path) -> None:
    data = written(tmp_path / "rows.csv", ({"id": n, "predicted": None} for n in range(9)))

    _, told = terminal.run("init", terminal.job.parent, "--data", data, "--predicted", "predicted")

    assert told["error"]["problem"] == "column 'predicted' holds no value"


def timed(forms: Sequence[str], start: datetime = datetime(2026, 10, 5, 5, tzinfo=UTC)) -> Rows:
    moments = [start + timedelta(hours=3 * n) for n in range(60)]
    return [
        {"id": n, "at": at.strftime(forms[n % len(forms)]), "predicted": "ab"[n % 2]}
        for n, at in enumerate(moments)
    ]


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S.000 +0000", "%Y/%m/%d %H:%M:%S"]
)
def test_times_of_warehouses_make_batches(terminal: Terminal, tmp_path: Path, form: str) -> None:
    """Init sees that the column holds times, and where the clock of the batches stands."""
    rows = timed([form])
    over(
        terminal,
        written(tmp_path / "rows.csv", rows),
        "--key",
        "id",
        "--time",
        "at",
        "--batch-by",
        "day",
    )
    terminal.edit('timezone = "UTC"', 'timezone = "Europe/Berlin"')

    told = {one["batch"]: one["rows_in"] for one in terminal.ok("score")["batches"]}

    zone = ZoneInfo("Europe/Berlin" if "UTC" in form or "+" in form else "UTC")
    moments = (datetime(2026, 10, 5, 5, tzinfo=UTC) + timedelta(hours=3 * n) for n in range(60))
    assert told == Counter(at.astimezone(zone).strftime("%Y-%m-%d") for at in moments)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("%d-%m-%Y %H:%M", "day first or month first"),
        ("%m/%d/%Y %H:%M", "day first or month first"),
    ],
)
def test_times_that_say_too_little_are_refused_with_the_reason(
    terminal: Terminal, tmp_path: Path, form: str, why: str
) -> None:
    data = written(tmp_path / "rows.csv", timed([form]))
    named = ["--data", data, "--predicted", "predicted", "--time", "at", "--batch-by", "week"]

    _, told = terminal.run("init", terminal.job.parent, *named)

    assert told["error"]["code"] == "schema_mismatch"
    assert why in told["error"]["problem"]
    assert not terminal.job.exists()


def plain_rows(count: int = 40, more: dict[str, Any] | None = None) -> Rows:
    return [
        {
            "id": f"i{n}",
            "channel": "xyz"[n % 3],
            "amount": n * 7 % 10 / 10,
            "predicted": "pq"[n % 2],
        }
        | (more or {})
        for n in range(count)
    ]


def test_columns_without_a_name_are_left_out(terminal: Terminal, tmp_path: Path) -> None:
    """As an index is written, and the empty columns of a spreadsheet; also where a row is its own key."""
    path = written(tmp_path / "rows.csv", plain_rows())
    first, *lines = path.read_text().splitlines()
    numbered = [f"{n},{line},,," for n, line in enumerate(lines)]
    path.write_text("\n".join([f",{first},, ,", *numbered]) + "\n")
    over(terminal, path)
    terminal.edit("[data]", '[data]\nkey = "content"')

    [batch] = terminal.ok("score")["batches"]
    terminal.ok("sample")

    assert batch["predictions"] == 40
    assert job_file.load(terminal.job).labeling.show == ("channel", "amount")


@pytest.mark.parametrize("name", ["Unnamed: 0", "__index_level_0__", "row"])
@pytest.mark.parametrize("start", [0, 1])
def test_a_number_of_the_row_is_no_feature(
    terminal: Terminal, tmp_path: Path, name: str, start: int
) -> None:
    """Of rows that are sorted by class it would tell the class."""
    for file in ("a", "b"):
        rows = [{name: n + start} | row for n, row in enumerate(plain_rows())]
        written(tmp_path / f"{file}.csv", rows)

    terminal.init("--data", tmp_path / "*.csv", "--target", "predicted", "--key", "id")

    assert list(job_file.load(terminal.job).features.columns) == ["channel", "amount"]


def test_numbers_that_begin_anew_again_and_again_are_values(
    terminal: Terminal, tmp_path: Path
) -> None:
    rows = [{"shop": n % 8} | row for n, row in enumerate(plain_rows())]

    terminal.init(
        "--data", written(tmp_path / "a.csv", rows), "--target", "predicted", "--key", "id"
    )

    assert "shop" in job_file.load(terminal.job).features.columns


def test_odd_names_are_names(terminal: Terminal, tmp_path: Path) -> None:
    """They reach the job file, the tasks and the estimates as they are."""
    odd = [
        " amount ",
        "a.b",
        'the "x"',
        "it's",
        "a\nb",
        "=1+1",
        "#",
        "kind",
        "größe",
        "日本",
        "x" * 300,
    ]
    data = written(tmp_path / "rows.csv", plain_rows(more=dict.fromkeys(odd, "v")))
    over(terminal, data, "--key", "id").ok("score")
    terminal.ok("sample")

    assert set(odd) <= set(job_file.load(terminal.job).labeling.show)
    [row] = terminal.rows("select shown from samples limit 1")
    shown = json.loads(row["shown"])
    assert [line["Name"] for lines in shown.values() for line in lines][2:] == odd


def test_a_column_of_the_job_file_has_a_name(terminal: Terminal, tmp_path: Path) -> None:
    over(terminal, written(tmp_path / "rows.csv", plain_rows()), "--key", "id")
    terminal.edit('show = ["channel"', 'show = ["", "channel"')

    assert terminal.refused("status")["code"] == "job_invalid"


def bare(terminal: Terminal, tmp_path: Path) -> Terminal:
    """A job over keys, predictions and scores, and nothing else."""
    rows = [
        {"customer": f"C{n}", "predicted": "pq"[n % 2], "score": 0.5 + n / 100} for n in range(40)
    ]
    data = written(tmp_path / "scored.csv", rows)
    over(terminal, data, "--score", "score", "--key", "customer").ok("score")
    right = ({"key": f"C{n}", "batch": "all", "answer": "pq"[n % 4 // 3]} for n in range(40))
    written(tmp_path / "outcomes.csv", right)
    return terminal


def test_without_a_column_to_show_outcomes_still_count(terminal: Terminal, tmp_path: Path) -> None:
    bare(terminal, tmp_path).edit("[labeling]", '[labeling]\noutcomes = "complete"')
    terminal.ok("pull", "--file", tmp_path / "outcomes.csv")

    terminal.ok("run")

    [accuracy] = [
        one
        for one in terminal.ok("estimate")["estimates"]
        if (one["metric"], one["period"], one["cohort"]) == ("accuracy", "all", None)
    ]
    assert (accuracy["value"], accuracy["low"], accuracy["high"]) == (0.75, 0.75, 0.75)


def test_without_a_column_to_show_nobody_is_asked(terminal: Terminal, tmp_path: Path) -> None:
    bare(terminal, tmp_path).ok("sample")

    error = terminal.refused("push")

    assert error["problem"].startswith("labeling.show is empty")
    assert "pull --file" in error["fix"]


def test_a_part_without_a_byte_counts_as_no_rows(terminal: Terminal, tmp_path: Path) -> None:
    """As Spark writes them; a batch of such parts alone is empty."""
    for day in ("2026-10-01", "2026-10-02"):
        (tmp_path / day).mkdir()
        written(tmp_path / day / "part-0.csv", plain_rows(day_rows := 20))
        written(
            tmp_path / day / "part-2.csv",
            ({**r, "id": f"x{r['id']}"} for r in plain_rows(day_rows)),
        )
    (tmp_path / "2026-10-02" / "part-1.csv").touch()
    over(terminal, tmp_path / "{batch}" / "*.csv", "--key", "id")

    told = {one["batch"]: one["predictions"] for one in terminal.ok("score")["batches"]}

    assert told == {"2026-10-01": 40, "2026-10-02": 40}
    (tmp_path / "2026-10-03").mkdir()
    (tmp_path / "2026-10-03" / "part-0.csv").touch()
    states = {one["batch"]: one["status"] for one in terminal.ok("score")["batches"]}
    assert states["2026-10-03"] == "empty"


def test_a_class_that_nobody_can_choose_is_named(terminal: Terminal, tmp_path: Path) -> None:
    """With its share and the way out, by every command before people are asked."""
    for day, classes in (("01", "pq"), ("02", ["p", "q", "refund", "P."])):
        rows = [
            row | {"predicted": classes[n % len(classes)]} for n, row in enumerate(plain_rows(80))
        ]
        written(tmp_path / f"day-{day}.csv", rows)
    over(terminal, tmp_path / "day-{batch}.csv", "--key", "id", "--answer", "p", "--answer", "q")
    terminal.edit(', "refund"', "")
    terminal.edit('"P." = "p"\n', "")

    told = {command: said(terminal, command) for command in ("score", "sample")}

    for words in told.values():
        assert "batch 02: 40 of 80 predictions (50.0%) are of classes that people cannot" in words
        assert "'P.' (an answer is 'p'), 'refund'; add them to target.answers" in words
        assert "batch 01" not in words


def said(terminal: Terminal, command: str) -> str:
    """What a command says beside its answer."""
    err = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(err):
        run([command, str(terminal.job), "--json"])
    return err.getvalue()


def german(name: str, folder: Path) -> Path:
    """Rows as a spreadsheet writes them there, in one of several forms."""
    text = "id;stadt;preis;predicted;score\n" + "".join(
        f"{n:03d};{('Köln', 'Zürich')[n % 2]};{n}.234,50;{('ja', 'nein')[n % 2]};0,{n + 10}\n"
        for n in range(1, 41)
    )
    path = folder / name
    path.write_bytes({"a.csv": text.encode("cp1252"), "b.csv": text.encode("utf-16")}[name])
    return path


@pytest.mark.parametrize("name", ["a.csv", "b.csv"])
def test_a_table_of_a_spreadsheet_is_read_as_init_sees_it(
    terminal: Terminal, tmp_path: Path, name: str
) -> None:
    over(terminal, german(name, tmp_path), "--score", "score", "--key", "id")

    [batch] = terminal.ok("score")["batches"]

    assert batch["predictions"] == 40
    cities = terminal.rows("select distinct cohorts['stadt'] as c from predictions order by c")
    assert [row["c"] for row in cities] == ["Köln", "Zürich"]
    assert terminal.rows("select max(score) as m from predictions") == [{"m": 0.5}]
    assert job_file.load(terminal.job).data.decimal == ","


@pytest.mark.parametrize(
    ("line", "problem", "fix"),
    [
        ('delimiter = ";"', "Expected 1 columns, got 3", 'set data.delimiter = ";"'),
        ('decimal = ","', "not_a_number", 'set data.decimal = ","'),
        ('encoding = "cp1252"', "invalid_utf8", "set data.encoding"),
    ],
)
def test_what_the_job_file_does_not_say_is_refused_with_the_way_out(
    terminal: Terminal, tmp_path: Path, line: str, problem: str, fix: str
) -> None:
    over(terminal, german("a.csv", tmp_path), "--score", "score", "--key", "id")
    terminal.edit(f"{line}\n", "")

    error = terminal.refused("score")

    assert problem in error["problem"]
    assert fix in error["fix"]


def test_a_model_learns_and_scores_with_decimal_commas(terminal: Terminal, tmp_path: Path) -> None:
    """In training as in scoring; answers of people may have them, too."""
    data = german("a.csv", tmp_path)
    terminal.init("--data", data, "--target", "preis", "--known-after", "predicted", "--key", "id")
    assert job_file.load(terminal.job).task == "regression"
    terminal.ok("fit")
    terminal.ok("score")
    terminal.ok("sample")
    answers = tmp_path / "answers.csv"
    lines = [f"{n:03d};all;{n}.234,50" for n in range(1, 41)]
    answers.write_text("\n".join(["key;batch;answer", *lines]) + "\n")

    pulled = terminal.ok("pull", "--file", answers)

    assert (pulled["labels"] + pulled["outcomes"], pulled["invalid"]) == (40, 0)
    assert {"answer": "40234.5"} in terminal.rows("select answer from annotations")


def test_json_lines_are_data(terminal: Terminal, tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(f"{json.dumps(row)}\n" for row in plain_rows()))
    over(terminal, data, "--key", "id")

    [batch] = terminal.ok("score")["batches"]
    terminal.ok("sample")

    assert batch["predictions"] == 40
    assert job_file.load(terminal.job).labeling.show == ("channel", "amount")


def test_rows_that_were_delivered_twice_are_told_as_such(
    terminal: Terminal, tmp_path: Path
) -> None:
    over(terminal, written(tmp_path / "rows.csv", plain_rows() * 2), "--key", "id")

    error = terminal.refused("score")

    assert "delivered twice" in error["fix"]
    assert "data.key" not in error["fix"]


def shops(spelled: str, count: int = 200) -> Rows:
    """Rows whose class follows the number of the shop."""
    return [
        {
            "id": f"{spelled}{n}",
            "shop": spelled.format(n % 8),
            "floor": n % 3,
            "y": ("up", "down")[n % 2],
        }
        for n in range(count)
    ]


def test_a_category_that_is_new_to_the_model_is_told(terminal: Terminal, tmp_path: Path) -> None:
    """Training knew the shops 1 to 8; a day later they are 01 to 08. An error names its file."""
    written(tmp_path / "day-1.csv", shops("{}"))
    terminal.init("--data", tmp_path / "day-{batch}.csv", "--target", "y", "--key", "id")
    terminal.ok("fit", "--batch", "1")
    written(tmp_path / "day-2.csv", shops("0{}"))

    told = said(terminal, "score")

    assert "batch 2: 100% of the values of 'shop' are new to the model" in told
    assert "batch 1" not in told
    assert "'floor'" not in told


def test_a_score_without_predictions_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    """It would count for nothing."""
    data = written(tmp_path / "rows.csv", plain_rows())
    named = ["--data", data, "--target", "predicted", "--score", "amount"]

    _, told = terminal.run("init", terminal.job.parent, *named)

    assert told["error"]["problem"].startswith("--score amount is the probability of a prediction")


@pytest.mark.parametrize(
    ("name", "content", "fix"),
    [
        ("rows.txt", b"id,predicted\n1,a\n", ".csv"),
        ("rows.xlsx", b"PK\x03\x04rest", "export the sheet as CSV"),
        ("rows.json", b'[{"id": 1}]', ".jsonl"),
    ],
)
def test_a_file_of_another_format_is_told_as_such(
    terminal: Terminal, tmp_path: Path, name: str, content: bytes, fix: str
) -> None:
    (tmp_path / name).write_bytes(content)

    _, told = terminal.run(
        "init", terminal.job.parent, "--data", tmp_path / name, "--predicted", "predicted"
    )

    assert told["error"]["code"] == "input_unreadable"
    assert fix in told["error"]["fix"]


def test_an_empty_text_of_parquet_is_a_class_until_the_job_says_otherwise(
    terminal: Terminal, tmp_path: Path
) -> None:
    rows = [
        {**row, "predicted": "" if n == 4 else row["predicted"]}
        for n, row in enumerate(plain_rows())
    ]
    data = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows), data)
    over(terminal, data, "--key", "id")

    told = said(terminal, "score")

    assert 'data.missing = [""]' in told
    assert labels(terminal) == ["", "p", "q"]
    terminal.edit("[data]", '[data]\nmissing = [""]')
    terminal.ok("score", "--replace")
    assert labels(terminal) == ["p", "q"]


def test_a_batch_is_named_as_its_values_are_spelled(terminal: Terminal, tmp_path: Path) -> None:
    rows = [{"year": f"{n % 2 + 1}.0", **row} for n, row in enumerate(plain_rows())]
    over(terminal, written(tmp_path / "rows.csv", rows), "--key", "id", "--batch-by", "year")
    terminal.ok("score")
    terminal.ok("sample")

    assert {one["window"] for one in terminal.ok("estimate", "--batch", "1.0")["estimates"]} >= {
        "1"
    }
