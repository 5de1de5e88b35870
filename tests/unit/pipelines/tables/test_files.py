"""What every adapter of the port to a store's files does: the folder, and the fake of the tests."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.clouds.folder import Folder
from pipelines.errors import StoreUnavailable
from pipelines.tables.files import Files, FileStat
from tests.fixtures.memory_files import MemoryFiles

NAME = "job=a%2Fb/Über und unter.parquet"


@pytest.fixture(params=["folder", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """No files yet, not even a folder."""
    return Folder(tmp_path / "store") if request.param == "folder" else MemoryFiles()


def put(files: Files, name: str, content: bytes) -> FileStat:
    stat = files.put(name, content)
    assert stat is not None
    return stat


def test_what_was_put_is_read(files: Files) -> None:
    put(files, NAME, b"content")

    assert files.read(NAME) == b"content"
    assert files.open(NAME).read() == b"content"


def test_arrow_buffers_are_put_as_they_are(files: Files) -> None:
    files.put(NAME, pa.py_buffer(b"content"))

    assert files.read(NAME) == b"content"


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, 3, b"012"), (3, 4, b"3456"), (8, 9, b"89"), (10, 1, b""), (4, None, b"456789")],
)
def test_a_range_is_read(files: Files, start: int, length: int | None, expected: bytes) -> None:
    put(files, NAME, b"0123456789")

    assert files.read(NAME, start=start, length=length) == expected


def test_an_open_file_is_read_at_random(files: Files) -> None:
    put(files, NAME, b"0123456789")

    with files.open(NAME) as file:
        file.seek(7)
        assert file.read(2) == b"78"
        file.seek(1)
        assert file.read(2) == b"12"


def test_what_is_not_there_is_told(files: Files) -> None:
    assert files.head(NAME) is None
    with pytest.raises(FileNotFoundError):
        files.read(NAME)
    with pytest.raises(FileNotFoundError):
        files.open(NAME)


def test_looking_makes_nothing(files: Files) -> None:
    assert list(files.list()) == []
    assert list(files.under("a").list("b/")) == []


def test_a_listing_tells_what_put_told(files: Files) -> None:
    written = put(files, NAME, b"content")

    assert list(files.list()) == [written]
    assert files.head(NAME) == written
    assert (written.name, written.size) == (NAME, 7)


def test_a_listing_is_sorted_and_of_any_depth(files: Files) -> None:
    for name in ("b/z", "a", "b.c", "b/a/x", ".hidden"):
        put(files, name, b"")

    assert [stat.name for stat in files.list()] == [".hidden", "a", "b.c", "b/a/x", "b/z"]
    assert [stat.name for stat in files.list("b/")] == ["b/a/x", "b/z"]


def test_a_folder_within_has_names_of_its_own(files: Files) -> None:
    put(files, "a/b/c", b"1")

    within = files.under("a/b")

    assert [stat.name for stat in within.list()] == ["c"]
    assert within.read("c") == b"1"
    assert within.address == f"{files.address}/a/b"


def test_another_content_has_another_tag(files: Files) -> None:
    """Also one of the same size, a moment later."""
    first, second = put(files, NAME, b"one"), put(files, NAME, b"two")

    assert first.tag != second.tag
    with pytest.raises(FileNotFoundError):
        files.read(NAME, tag=first.tag)
    assert files.read(NAME, tag=second.tag) == b"two"


def test_only_what_is_absent_is_put(files: Files) -> None:
    assert files.put(NAME, b"one", if_absent=True) is not None

    assert files.put(NAME, b"two", if_absent=True) is None
    assert files.read(NAME) == b"one"


def test_only_over_a_known_version_is_put(files: Files) -> None:
    first = put(files, NAME, b"one")

    second = files.put(NAME, b"two", if_tag=first.tag)

    assert second is not None
    assert files.put(NAME, b"three", if_tag=first.tag) is None
    assert files.put("absent", b"x", if_tag=first.tag) is None
    assert files.read(NAME) == b"two"
    assert files.head("absent") is None


def test_of_many_who_put_what_is_absent_one_wins(files: Files) -> None:
    with ThreadPoolExecutor(8) as pool:
        written = list(
            pool.map(lambda n: files.put("one", str(n).encode(), if_absent=True), range(8))
        )

    winners = [number for number, stat in enumerate(written) if stat is not None]
    assert [str(number).encode() for number in winners] == [files.read("one")]


def test_what_was_deleted_is_gone(files: Files) -> None:
    put(files, "a/b", b"1")

    files.delete("a/b")
    files.delete("a/b")

    assert files.head("a/b") is None
    assert list(files.list()) == []


def test_files_travel_as_their_address(tmp_path: Path) -> None:
    files = Folder(tmp_path)
    put(files, "a", b"1")

    assert pickle.loads(pickle.dumps(files)).read("a") == b"1"  # noqa: S301


@given(
    content=st.dictionaries(
        st.text("ab./ü", min_size=1).filter(
            lambda name: all(part.strip(".") for part in name.split("/"))
        ),
        st.binary(max_size=9),
        max_size=5,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_a_folder_and_the_fake_list_alike(
    content: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    names = [name for name in content if not any(other.startswith(f"{name}/") for other in content)]
    folder, memory = Folder(tmp_path_factory.mktemp("files")), MemoryFiles()
    for name in names:
        folder.put(name, content[name])
        memory.put(name, content[name])

    listed = [[(one.name, one.size) for one in files.list()] for files in (folder, memory)]

    assert listed[0] == listed[1]


def test_a_link_is_listed_and_is_no_file(tmp_path: Path) -> None:
    """Nothing hides in a folder, and nothing is read from elsewhere by the name of one of its files."""
    (tmp_path / "link").symlink_to("/etc/hostname")

    assert [stat.name for stat in Folder(tmp_path).list()] == ["link"]
    assert Folder(tmp_path).head("link") is None


def test_a_file_that_is_being_written_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, seen = Folder(tmp_path), []
    replace = Path.replace

    def looked(scratch: Path, path: Path) -> Path:
        seen.append((scratch.exists(), list(folder.list())))
        return replace(scratch, path)

    monkeypatch.setattr(Path, "replace", looked)
    folder.put("a", b"1")

    assert seen == [(True, [])]


def test_a_file_system_without_hard_links_is_named_as_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of many mounted buckets: a commit would fail there, too."""

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    files = Folder(tmp_path)

    with pytest.raises(StoreUnavailable, match="makes no hard links"):
        files.put("a", b"one", if_absent=True)
    assert list(files.list()) == []


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("in the way")
    files = Folder(tmp_path / "store")

    for call in (lambda: files.put("a", b""), lambda: files.read("a"), lambda: files.head("a")):
        with pytest.raises(StoreUnavailable):
            call()


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(StoreUnavailable, match="No space left"):
        Folder(tmp_path).put("a", b"1")
    assert list(tmp_path.iterdir()) == []
