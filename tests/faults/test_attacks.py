"""What a hostile user, a killed process or a strange folder may do to a store, and what it may not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.store import open_store
from pipelines.errors import SettingsInvalid
from tests.fixtures.world import START, World, edited, environment, small

RED, SHORT = "\x1b[31m", "\x9b31m"  # escape sequences, of seven and of eight bits
LOOKS = ["select 1 as x", "describe runs", "show tables", "summarize select 1", "from runs"]


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select * from predictions limit 1) to '{file}' (format parquet, use_tmp_file false)",
        "create table t as select * from predictions",
        "attach '{file}' as other",
        "set threads = 1",
        "explain analyze copy (select 1) to '{file}' (use_tmp_file false)",
    ],
)
def test_a_query_only_looks(sql: str, scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    file = next((world.store / "predictions").rglob("*.parquet"))
    before = file.read_bytes()

    told = world.run("query", sql.format(file=file), "--job", world.job, job=False)

    assert told.error["code"] == "query_invalid"
    assert file.read_bytes() == before


@pytest.mark.parametrize("sql", LOOKS)
def test_every_way_to_look_is_a_query(sql: str, scored: World) -> None:
    assert scored.rows(sql)


def test_a_folder_above_the_store_says_nothing_about_its_rows(
    scored: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path may hold `batch=` for reasons of its own."""
    elsewhere = tmp_path / "batch=zz" / "job=zz" / "store"
    shutil.copytree(scored.store, elsewhere)
    monkeypatch.setenv("RECHECK_STORE", str(elsewhere))

    found = scored.rows("select distinct batch from predictions order by batch")

    assert [row["batch"] for row in found] == ["2026-01-05", "2026-01-06"]


@pytest.mark.parametrize("name", ["a%20b", "a\\b"])
def test_a_folder_that_delta_takes_for_another_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="another folder"):
        open_store(str(tmp_path / name))


def test_a_batch_whose_name_no_folder_can_have_stops_no_other(base: World, tmp_path: Path) -> None:
    world = base.copy(tmp_path)
    world.edit('by = "day"', 'by = "column"\ncolumn = "product"')
    world.write(edited(small(), "product", {0: "ü" * 100}))

    told = world.run("score")

    states = {one["batch"]: one["status"] for one in told.answer["batches"]}
    assert told.error["code"] == "batch_refused"
    assert states.pop("ü" * 100) == "failed"
    assert set(states.values()) == {"published"}


@pytest.mark.parametrize("content", ["", "soon", "2026-01-01", "9999-12-31T00:00:00+00:00"])
def test_a_note_of_the_last_commit_that_says_nothing_is_made_anew(
    content: str, scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    (world.store / "notes" / "last-commit").write_text(content)

    world.ok("sample", "--budget", 5)

    moments = [row["at"] for row in world.rows("select max(known_at) as at from designs")]
    assert moments[0] < "2100"


@pytest.mark.parametrize(
    "content", ['{"format": 1e400}', "[" * 100_000, '{"format": true}', '{"format": 0}', "null"]
)
def test_a_mark_that_says_no_format_is_told(content: str, scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    (world.store / "recheck-store.json").write_text(content)

    assert world.refused("status").error["code"] == "store_unavailable"


def test_a_mark_that_was_claimed_and_never_written_is_written_by_the_next(
    scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    mark = world.store / "recheck-store.json"
    mark.write_bytes(b"")
    world.ok("status")

    world.ok("sample", "--budget", 5)

    assert mark.stat().st_size


@pytest.mark.parametrize("version", ["", "/etc", "..", ".hidden", "\udcff"])
def test_a_live_version_that_is_no_name_is_no_version(
    version: str, scored: World, tmp_path: Path
) -> None:
    """In a store of an earlier release, which has nothing else."""
    world = scored.copy(tmp_path)
    shutil.rmtree(world.store / "releases")
    (live,) = (world.store / "models").glob("*.live")
    live.write_bytes(os.fsencode(version))

    assert world.refused("score", "--replace").error["code"] == "step_missing"


@pytest.mark.parametrize("name", ["recheck-store.json", "notes/last-commit"])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(
    name: str, scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    (world.store / name).unlink()
    os.mkfifo(world.store / name)

    assert world.refused("sample", "--budget", 5).error["code"] == "store_unavailable"


def test_a_fit_at_work_is_no_changed_package(scored: World, tmp_path: Path) -> None:
    """Two fits of the same data at once, while the first writes slowly: one package, and it opens."""
    world = scored.copy(tmp_path)
    shutil.rmtree(world.store / "models")
    slow = (
        "import time; from infra.clouds.folder import Folder; put = Folder.put\n"
        "def late(self, name, *a, **k):\n"
        "    if 'models' in self.address: time.sleep(0.2)\n"
        "    return put(self, name, *a, **k)\n"
        "Folder.put = late\n"
    )
    (tmp_path / "sitecustomize.py").write_text(slow)
    path = f"{tmp_path}{os.pathsep}{environment()['PYTHONPATH']}"

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: world.spawn("fit", PYTHONPATH=path), range(2)))

    assert [one.code for one in told] == [0, 0]
    assert told[0].answer["version"] == told[1].answer["version"]
    world.ok("score", "--replace")


@pytest.mark.parametrize("table", ["samples", "designs"])
def test_the_doctor_finds_a_table_that_cannot_be_read(
    table: str, scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    world.ok("sample", "--budget", 5)
    for file in (world.store / table).glob("*.parquet"):
        file.write_bytes(file.read_bytes()[:40])

    assert world.run("doctor").code == 1


@pytest.mark.parametrize("table", ["predictions", "populations"])
def test_the_doctor_finds_a_table_that_is_gone(table: str, scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    world.ok("sample", "--budget", 5)
    shutil.rmtree(world.store / table)

    assert "P1" in [one["id"] for one in world.broken_promises()]


def escaping(base: World, folder: Path) -> World:
    """A job whose batches are called by escape sequences, line breaks and letters of the shell."""
    world = base.copy(folder)
    world.edit('by = "day"', 'by = "column"\ncolumn = "product"')
    names = {0: f"{RED}x", 1: f"{SHORT}y", 2: "a\nb", 3: "$(touch /tmp/z)'", 4: "\u202eabc", 5: "ü"}
    world.write(edited(small(), "product", names))
    return world


@pytest.mark.parametrize("as_json", [False, True])
def test_no_escape_sequence_of_the_data_reaches_the_terminal(
    *, as_json: bool, base: World, tmp_path: Path
) -> None:
    world = escaping(base, tmp_path)

    told = [
        world.run("score", as_json=as_json),
        world.run("status", as_json=as_json),
        world.run("sample", "--budget", 5, as_json=as_json),
        world.run("estimate", as_json=as_json),
        world.run("score", "--batch", f"{SHORT}?", as_json=as_json),
    ]

    text = "".join(one.out + one.err for one in told)
    assert not {"\x1b", "\x9b", "\u202e"} & {*text}
    if as_json:
        assert f"{SHORT}y" in [one["batch"] for one in told[0].answer["batches"]]
    else:
        assert "\\x1b[31mx" in told[0].out
        assert "a\\nb" in told[0].out


def test_a_hint_can_be_pasted_whatever_the_batch_is_called(base: World, tmp_path: Path) -> None:
    world = escaping(base, tmp_path)

    told = world.refused("sample", "--batch", "$(touch /tmp/z)'")

    assert """--batch '$(touch /tmp/z)'"'"''`""" in told.error["fix"]


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_an_answer_is_written_in_any_encoding(encoding: str, scored: World) -> None:
    sql = "select 'ü→' as x"
    words = [*START, "query", sql, "--job", str(scored.job)]

    plain, as_json = (
        subprocess.run(
            [*words, *more],
            capture_output=True,
            check=True,
            env=environment(PYTHONIOENCODING=encoding),
        ).stdout.decode(encoding)
        for more in ([], ["--json"])
    )

    assert json.loads(as_json)["rows"] == [{"x": "ü→"}]
    assert plain.splitlines()[1].encode("ascii", "backslashreplace") == rb"\xfc\u2192"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["status", "score --batch nowhere"])
def test_a_closed_output_is_no_defect(words: str, closed: str, scored: World) -> None:
    verb, *options = words.split()
    line = f'exec "$@" {closed}'
    command = ["/bin/sh", "-c", line, "sh", *START, verb, str(scored.job), *options]

    done = subprocess.run(command, capture_output=True, check=False, env=environment())

    assert done.returncode == (0 if verb == "status" else 4)
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"error" not in done.stdout


@pytest.mark.parametrize("option", ["--batch", "--redraw"])
def test_bytes_that_are_no_text_are_refused(option: str, scored: World) -> None:
    told = scored.run("sample", option, "\udcff")

    assert (told.code, told.error["code"]) == (2, "usage")


@pytest.mark.parametrize(
    "pattern, line",
    [
        ("budget = 300", "budget = true"),
        ("budget = 300", "budget = 1e3"),
        ("budget = 300", 'budget = "5"'),
        ("holdout = 0.2", 'holdout = "0.2"'),
        (r"\[data\]", "[data]\nmax_quarantined = true"),
        (r"\[data\]", '[data]\nmax_quarantined = "0.5"'),
        ('"debt ratio" = {kind = "numeric"}', '"debt ratio" = {kind = "numeric", bins = true}'),
        ('"debt ratio" = {kind = "numeric"}', '"debt ratio" = {kind = "numeric", indicator = 1}'),
        (r"texts = \[\]", f"texts = {'[' * 100_000}"),
        (r"texts = \[\]", f"texts = {'[' * 2_000}{']' * 2_000}"),
    ],
)
def test_a_value_of_another_type_is_an_error(
    pattern: str, line: str, scored: World, tmp_path: Path
) -> None:
    world = scored.copy(tmp_path)
    world.edit(pattern, line)

    assert world.refused("status").error["code"] == "job_invalid"


@pytest.mark.parametrize(
    "name, value",
    [
        ("RECHECK_STORE", "~nobody-here/x"),
        ("RECHECK_STORE", "http://[::1"),
        ("RECHECK_SETTINGS", "~nobody-here/x"),
        ("RECHECK_WORKERS", "1e0"),
        ("RECHECK_WORKERS", "1.0"),
        ("RECHECK_WORKERS", "٣"),
        ("RECHECK_WORKERS", "9" * 5_000),
    ],
)
def test_a_setting_that_means_nothing_is_told(
    name: str, value: str, scored: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    assert scored.refused("status").error["code"] == "settings_invalid"


def test_an_actor_whose_name_is_no_text_stops_nothing(
    scored: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = scored.copy(tmp_path)
    monkeypatch.setenv("RECHECK_ACTOR", "\udcff")

    world.ok("sample", "--budget", 5)

    assert world.rows("select distinct actor from designs") == [{"actor": "?"}]


def test_a_path_that_no_file_can_have_has_no_file(scored: World, tmp_path: Path) -> None:
    world = scored.copy(tmp_path)
    world.edit(r'path = ".*"', f'path = "{"a" * 5_000}"')

    assert world.refused("score").error["code"] == "input_unreadable"
