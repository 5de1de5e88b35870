"""What scripts rely on: one JSON object, exit codes, help, and a cold start that costs little."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from functions.cli import commands
from pipelines import errors
from pipelines.errors import RecheckError
from tests.fixtures.world import START, WRONG, World, environment

HEAVY = {"apache_beam", "pandas", "sklearn", "scipy"}
USAGE = 2


def every_command(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, *before, name)
        else:
            yield (*before, name)


COMMANDS = sorted(every_command(commands.recheck))
ERRORS = sorted(
    (
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, RecheckError)
    ),
    key=lambda kind: kind.exit_code,
)


def loaded(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A program that tells, at its end, which heavy modules it loaded."""
    told = f"import sys; print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    return subprocess.run(
        [sys.executable, "-c", f"{program}\n{told}", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )


def test_every_command_says_what_it_does() -> None:
    for words in COMMANDS:
        command: Any = commands.recheck
        for word in words:
            command = command.commands[word]
        assert command.help
        named = [one for one in command.params if isinstance(one, click.Option)]
        assert [option.name for option in named if not option.help] == []
        assert "as_json" in [option.name for option in named], words


def test_help_lists_commands_in_the_order_of_their_use_and_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No line is cut off by dots."""
    commands.run(["--help"])

    listed = capsys.readouterr().out.partition("Commands:")[2].splitlines()[1:]
    assert [line.split()[0] for line in listed] == list(commands.recheck.commands)
    assert listed[0].split()[0] == "init"
    assert [line for line in listed if line.endswith("...")] == []


def test_help_loads_nothing_heavy() -> None:
    """Nor what would take a moment: no command's own imports run."""
    lines = [[*words, "--help"] for words in COMMANDS]

    done = loaded(
        "from functions.cli.commands import run\n"
        f"codes = [run(line) for line in {[['--help'], ['--version'], *lines]!r}]\n"
        "import sys; sys.stdout.flush()\n"
        "assert set(codes) == {0}, codes\n"
        "assert not {'pyarrow', 'numpy', 'deltalake', 'duckdb'} & set(sys.modules)"
    )

    assert done.stderr.strip() == "[]"
    assert done.stdout.count("Usage: recheck") == len(COMMANDS) + 1


def test_scoring_a_small_batch_inline_loads_nothing_heavy(world: World) -> None:
    """A plain-array model needs numpy and pyarrow, and neither needs pandas."""
    done = loaded(
        "import sys\n"
        "from functions.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert ended.code == 0",
        *world.words("score", "--engine", "inline"),
    )

    assert done.stderr.strip() == "[]"
    assert json.loads(done.stdout)["batches"]


@pytest.mark.parametrize("verb", ["sample", "status", "estimate", "doctor"])
def test_other_commands_load_no_engine_and_no_model_library(world: World, verb: str) -> None:
    world.ok("score")

    done = loaded(
        "import sys\n"
        "from functions.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert ended.code == 0",
        *world.words(verb),
    )

    assert done.stderr.strip() in ("[]", "['pandas']")


WRONG_USES = [
    ["fly"],
    ["score"],
    ["score", "a", "b"],
    ["score", "job.toml", "--batches", "x"],
    ["sample", "job.toml", "--budget", "0"],
    ["sample", "job.toml", "--budget", "many"],
    ["push", "job.toml", "--purpose", "fun"],
    ["query", "--job", "job.toml"],
    ["query", "select 1"],
    ["labelstudio", "sideways"],
    ["init", "folder"],
]


@pytest.mark.parametrize("words", WRONG_USES, ids=" ".join)
def test_a_wrong_use_is_one_object_and_exit_code_two(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = commands.run([*words, "--json"])

    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert (code, error["code"], told.err) == (USAGE, "usage", "")
    assert error["problem"]
    assert "--help" in error["fix"]


@pytest.mark.parametrize("words", WRONG_USES, ids=" ".join)
def test_a_wrong_use_is_told_to_people_on_stderr(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = commands.run(words)

    told = capsys.readouterr()
    assert (code, told.out) == (USAGE, "")
    assert told.err.startswith("error: ")
    assert "hint: run `recheck" in told.err


@pytest.mark.parametrize("words", [[], ["labelstudio"]], ids=["recheck", "labelstudio"])
def test_without_a_command_the_help_is_shown(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As a wrong use, but not as an error."""
    code = commands.run(words)

    told = capsys.readouterr()
    assert (code, told.out) == (USAGE, "")
    assert told.err.startswith("Usage: recheck")
    assert "error:" not in told.err


def test_exit_codes_tell_errors_apart() -> None:
    """0, 2 and 10 mean something else; each error stands in the reference; a reason of one shares both."""
    codes = [kind.exit_code for kind in ERRORS if "exit_code" in vars(kind)]

    assert len(set(codes)) == len(codes)
    assert not {0, 2, 10} & set(codes)
    page = (Path(__file__).parents[2] / "docs" / "reference" / "errors.md").read_text("utf-8")
    names = [kind("", fix="").code for kind in ERRORS if kind is not RecheckError]
    assert [name for name in names if name not in page] == []


@pytest.mark.parametrize("kind", ERRORS)
def test_every_named_error_is_one_object_or_two_lines(
    world: World, kind: type[RecheckError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its code, its exit code, and the way out."""
    from functions.steps import status

    def failing(app: object) -> None:
        del app
        raise kind("something is wrong", fix="do something")

    monkeypatch.setattr(status, "status", failing)

    told, people = world.run("status"), world.run("status", as_json=False)

    assert told.error == {
        "code": kind("", fix="").code,
        "problem": "something is wrong",
        "fix": "do something",
    }
    assert (told.code, told.err, people.code, people.out) == (
        kind.exit_code,
        "",
        kind.exit_code,
        "",
    )
    assert people.err == "error: something is wrong\nhint: do something\n"


def test_an_interrupted_command_says_that_it_may_be_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.steps import status

    def interrupted(app: object) -> None:
        del app
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "status", interrupted)

    told = world.run("status")

    assert told.code == 130
    assert "safe to run the same command again" in told.err


def test_a_reader_that_goes_away_is_no_error(world: World) -> None:
    """As in `recheck query … | head -1`."""
    many = "select * from range(100000)"
    line = f"{' '.join(map(repr, [sys.executable, '-c', 'from functions.cli.main import main; main()']))}"
    done = subprocess.run(
        ["bash", "-c", f"{line} query '{many}' --job '{world.job}' | head -1"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )

    assert done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("as_json", ["", " --json"], ids=["text", "json"])
def test_a_reader_that_never_reads_is_no_error(world: World, as_json: str) -> None:
    """Also where the answer is so short that it waits for the end of the program."""
    done = shell(f"status '{world.job}'{as_json} | true", world)

    assert done.stderr == ""


@pytest.mark.parametrize("as_json", ["", " --json"], ids=["text", "json"])
def test_an_answer_that_finds_no_room_is_told(world: World, as_json: str) -> None:
    done = shell(f"status '{world.job}'{as_json} > /dev/full", world)

    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first == "error: the answer cannot be written: No space left on device"
    assert second.startswith("hint: ")


def shell(words: str, world: World) -> subprocess.CompletedProcess[str]:
    """The command line as a shell runs it."""
    return subprocess.run(
        ["bash", "-c", f"{shlex.join(START)} {words}"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(PYTHONUNBUFFERED=""),
        cwd=world.folder,
    )


VALUES = {
    "select 1::hugeint x": 1,
    "select sum(x)::hugeint x from range(3) t(x)": 3,
    "select sum(x) x from range(3) t(x)": 3,
    "select 1.50::decimal(9, 2) x": 1.5,
    "select 'nan'::double x": None,
    "select 'inf'::double x": None,
    "select null x": None,
    "select date '2026-01-05' x": "2026-01-05",
    "select time '07:00:00' x": "07:00:00",
    "select timestamp '2026-01-05 07:00:00' x": "2026-01-05T07:00:00",
    "select timestamptz '2026-01-05 07:00:00+00' x": "2026-01-05T07:00:00+00:00",
    "select '\\xAB'::blob x": "ab",
    "select [1, 2] x": [1, 2],
    "select {'a': 1, 'b': [nan]} x": {"a": 1, "b": [None]},
    "select map {'a': 'b'} x": {"a": "b"},
    "select true x": True,
    "select 'ü\U0001f642' x": "ü\U0001f642",
}


@pytest.mark.parametrize("sql", list(VALUES))
def test_any_value_is_told_as_json(world: World, sql: str) -> None:
    """Numbers as numbers, times as text, and never NaN."""
    sql_now = sql.replace("[nan]", "['nan'::double]")

    told = world.run("query", sql_now, "--job", world.job, job=False)

    assert told.code == 0, told
    assert told.answer["rows"] == [{"x": VALUES[sql]}]
    assert "NaN" not in told.out


@pytest.mark.parametrize(
    "sql", ["select interval 3 days x", "select uuid() x", "select 1::bit x"], ids=str
)
def test_what_json_has_no_word_for_is_text(world: World, sql: str) -> None:
    told = world.run("query", sql, "--job", world.job, job=False)

    assert isinstance(told.answer["rows"][0]["x"], str | list | dict)


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("select", "Parser Error"),
        ("select * from nothing", "nothing"),
        ("select 1 a; select 2 a", "several statements"),
        ("select 1 a, 2 a", "several columns are called a"),
        ("select * from read_csv('/etc/passwd')", "disabled"),
        ("select 'x'::int", "Conversion Error"),
        ("select " + "(" * 90_000, "brackets are 90,000 deep"),
    ],
)
def test_sql_that_cannot_be_run_is_told(world: World, sql: str, problem: str) -> None:
    told = world.run("query", sql, "--job", world.job, job=False)

    assert told.error["code"] == "query_invalid"
    assert problem in told.error["problem"]


def test_sql_that_is_no_query_is_refused(world: World) -> None:
    told = world.run("query", "create table t (x int)", "--job", world.job, job=False)

    assert told.error["code"] == "query_invalid"


def test_people_get_a_table(world: World) -> None:
    told = world.run("query", "select 1 a, null b", "--job", world.job, job=False, as_json=False)

    assert told.out == "a  b\n1  -\n"


def test_a_job_is_found_from_any_folder(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative paths in a job file start at its folder; the store lies beside it."""
    monkeypatch.chdir(world.folder)
    relative = world.run("score", "job/recheck.toml", job=False)
    monkeypatch.chdir("/")

    assert relative.answer["batches"]
    assert {b["status"] for b in world.ok("score")["batches"]} == {"already"}
    assert world.store.is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["world"]


def test_a_store_can_be_elsewhere(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.store.rename(tmp_path / "elsewhere")
    monkeypatch.setenv("RECHECK_STORE", str(tmp_path / "elsewhere"))

    assert world.ok("score")["batches"]
    assert not world.store.exists()


@pytest.mark.parametrize("job", ["nothing.toml", "."])
@pytest.mark.parametrize("verb", ["fit", "score", "sample", "push", "pull", "estimate", "report"])
def test_a_job_file_that_is_not_there_is_told(world: World, verb: str, job: str) -> None:
    told = world.run(verb, world.folder / job, job=False)

    assert told.error["code"] == "job_invalid"


def test_an_unknown_engine_is_told(world: World) -> None:
    told = world.refused("score", "--engine", "abacus")

    assert told.error["code"] == "engine_unavailable"
    assert "auto, inline or local" in told.error["fix"]


@pytest.mark.parametrize("verb", ["push", "pull"])
def test_without_a_label_studio_the_way_to_one_is_told(world: World, verb: str) -> None:
    world.ok("score")
    world.ok("sample", "--budget", 10)

    told = world.refused(verb)

    assert "recheck labelstudio up" in told.error["fix"]


def test_a_hint_names_the_job_as_it_was_typed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it can be copied, from wherever the command ran."""
    world.job.rename(world.job.with_name("my job.toml"))
    monkeypatch.chdir(world.job.parent)

    told = world.run("sample", "my job.toml", "--batch", "2026-01-05", job=False)
    people = world.run("sample", "my job.toml", "--batch", "2026-01-05", job=False, as_json=False)

    fix = "run `recheck score 'my job.toml' --batch 2026-01-05` first"
    assert told.error["fix"] == fix
    assert f"hint: {fix}\n" in people.err


def test_answers_have_the_fields_that_scripts_rely_on(world: World) -> None:
    scored = world.ok("score")
    assert set(scored) == {"version", "batches"}
    names = {"batch", "rows_in", "predictions", "quarantined", "status"}
    assert all(names <= set(one) for one in scored["batches"])

    [drawn, *_] = world.ok("sample", "--budget", 10)["batches"]
    assert {"batch", "sampled", "strata"} <= set(drawn)
    assert {"stratum", "size", "sampled", "probability"} <= set(drawn["strata"][0])

    [state, *_] = world.ok("status")["batches"]
    assert set(state) >= {"batch", "scored", "sampled", "asked", "answered"}
    assert all({"id", "ok", "detail"} <= set(one) for one in world.ok("doctor")["promises"])
    assert set(world.ok("estimate")) == {"estimates", "alerts"}


CHANGING = [
    ("fit", []),
    ("score", ["--replace"]),
    ("sample", ["--budget", "20"]),
    ("pull", ["--file", "answers.csv"]),
    ("estimate", []),
    ("run", []),
]


@pytest.mark.parametrize(("verb", "options"), CHANGING, ids=[verb for verb, _ in CHANGING])
def test_a_dry_run_changes_nothing(
    world: World, verb: str, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it fail where the real run would not."""
    world.ok("score")
    world.ok("sample", "--budget", 10)
    [row, *_] = world.rows("select prediction_id from samples")
    monkeypatch.chdir(world.folder)
    Path("answers.csv").write_text(f"prediction_id,answer\n{row['prediction_id']},paid\n")
    before = content(world.folder)

    told = world.run(verb, *options, "--dry-run")

    assert told.code == 0, told
    assert isinstance(told.answer, dict)
    assert content(world.folder) == before


def content(folder: Path) -> dict[str, bytes]:
    """Every file that says something: locks are empty."""
    paths = [path for path in folder.rglob("*") if path.is_file() and "locks" not in path.parts]
    return {str(path): path.read_bytes() for path in paths}


def test_an_alert_that_fires_is_an_exit_code_of_its_own(world: World) -> None:
    """Where everything is wrong, accuracy is surely below the line."""
    world.answer_wrongly()

    people, told = world.run("estimate", as_json=False), world.run("estimate")

    assert (people.code, told.code) == (10, 0)
    assert {alert["metric"] for alert in told.answer["alerts"]} == {"accuracy"}
    assert {alert["state"] for alert in told.answer["alerts"]} == {"crossed"}
    assert "alert: " in people.err
    assert "lines watched" in people.out


def test_a_line_that_is_not_crossed_is_listed_and_no_exit_code(world: World) -> None:
    """By `estimate` and by `run`, with its state; before a look and after."""
    line = '\n[[alerts]]\nmetric = "accuracy"\nbelow = 0.01\nperiod = "batch"\n'
    world.job.write_text(world.job.read_text("utf-8") + line, "utf-8")
    world.ok("score")
    world.ok("sample")

    [before, *_] = world.ok("estimate")["alerts"]
    rows = world.rows("select prediction_id, label from samples")
    path = world.folder / "answers.csv"
    lines = [f"{row['prediction_id']},{row['label']}" for row in rows]
    path.write_text("\n".join(["prediction_id,answer", *lines]) + "\n")
    world.ok("pull", "--file", path)
    after = [world.ok(command)["alerts"][0] for command in ("estimate", "run", "estimate")]

    assert (before["state"], before["looked_at"]) == ("unknown", None)
    assert before["reason"].startswith("none of")
    assert {(one["state"], one["looked_at"]) for one in after} == {("clear", after[0]["looked_at"])}
    looked = world.rows('select count(*) as looks, count(distinct "window") as windows from looks')
    assert looked[0]["looks"] == looked[0]["windows"] > 0


def test_a_look_stands_whatever_answers_come_later(world: World) -> None:
    """What was crossed stays crossed."""
    rows = world.drawn_under_an_alert()
    path = world.folder / "answers.csv"
    for answers in (WRONG, {label: label for label in WRONG}):
        lines = [f"{row['prediction_id']},{answers[row['label']]},ann" for row in rows]
        path.write_text("\n".join(["prediction_id,answer,annotator", *lines]) + "\n")
        world.ok("pull", "--file", path)
        told = world.run("estimate")

    figures = [one for one in told.answer["estimates"] if one["metric"] == "accuracy"]
    assert {round(one["value"], 9) for one in figures} == {1.0}
    assert {alert["value"] for alert in told.answer["alerts"]} == {0.0}
    assert {alert["state"] for alert in told.answer["alerts"]} == {"crossed"}


def test_a_run_does_what_is_due_and_says_what_it_skipped(world: World) -> None:
    first, second = world.ok("run"), world.ok("run")

    steps = {(step["step"], step["status"]) for step in first["steps"]}
    assert {("score", "published"), ("push", "skipped"), ("pull", "skipped")} <= steps
    assert ("score", "already") in {(step["step"], step["status"]) for step in second["steps"]}
    assert world.broken_promises() == []


def test_nothing_but_the_answer_is_on_stdout(world: World) -> None:
    """In a process of its own, with what libraries might print."""
    told = world.spawn("score")

    assert told.out.count("\n") == 1
    assert isinstance(told.answer, dict)
    assert os.linesep not in told.out.strip()
