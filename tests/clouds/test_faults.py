"""Bad days: what reading from a bucket does when the store or the network fails."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tenacity import wait_none

from infra.bucket_copy import Staging
from infra.clouds import open_bucket
from pipelines.errors import (
    BucketRefused,
    BucketUnreachable,
    InputUnreadable,
    JobInvalid,
)
from tests.fixtures.buckets import FakeBucket, GooglePlace, S3Place

PATTERN = "in/{batch}.csv"
ROWS = b"a,b\n" + b"1,2\n" * 1_000
# In the path of a listing, and of a download. Google's client asks for the bucket itself, too, and
# does without an answer.
LISTING = r"list-type|/o\?"
DOWNLOAD = r"/in/|alt=media"


@pytest.fixture(params=["s3", "google"])
def place(request: pytest.FixtureRequest) -> S3Place | GooglePlace:
    found: S3Place | GooglePlace = request.getfixturevalue(request.param)
    found.put("in/monday.csv", ROWS)
    found.proxy.where = DOWNLOAD
    return found


@pytest.fixture
def fake() -> FakeBucket:
    bucket = FakeBucket()
    for day in ("monday", "tuesday", "wednesday"):
        bucket.put(f"in/{day}.csv", f"{day}\n".encode())
    return bucket


def staging(bucket: FakeBucket | S3Place | GooglePlace, tmp_path: Path) -> Staging:
    port = bucket if isinstance(bucket, FakeBucket) else open_bucket(f"{bucket.url}/{PATTERN}")[0]
    return Staging(port, PATTERN, tmp_path / "staged", wait=wait_none())


def read(url: str, tmp_path: Path) -> None:
    """Find a bucket and read from it."""
    bucket, pattern = open_bucket(url)
    Staging(bucket, pattern, tmp_path / "staged", wait=wait_none()).bring()


def files(tmp_path: Path) -> dict[str, bytes]:
    """Everything that lies where readers look."""
    folder = tmp_path / "staged" / "files"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---------------------------------------------------------------- by the real protocols


def test_a_reply_that_ends_halfway_is_asked_for_again(
    place: S3Place | GooglePlace, tmp_path: Path
) -> None:
    place.proxy.plan = ["cut", "cut"]

    staging(place, tmp_path).bring()

    assert files(tmp_path) == {"monday.csv": ROWS}
    assert place.proxy.plan == []


def test_half_a_reply_is_never_a_file(place: S3Place | GooglePlace, tmp_path: Path) -> None:
    """The command fails, and whoever reads the folder anyway finds nothing."""
    place.proxy.plan = ["cut"] * 99

    with pytest.raises(BucketUnreachable):
        staging(place, tmp_path).bring()

    assert files(tmp_path) == {}


@pytest.mark.parametrize("status", ["500", "502", "503", "429"])
def test_a_store_that_is_busy_is_asked_again(
    place: S3Place | GooglePlace, tmp_path: Path, status: str
) -> None:
    """Both when it lists and when it reads."""
    place.proxy.where = f"{LISTING}|{DOWNLOAD}"
    place.proxy.plan = [status, "pass", status, status]

    staging(place, tmp_path).bring()

    assert files(tmp_path) == {"monday.csv": ROWS}
    assert place.proxy.plan == []


def test_a_store_that_stays_busy_is_told_after_a_few_tries(
    place: S3Place | GooglePlace, tmp_path: Path
) -> None:
    place.proxy.plan = ["503"] * 99

    with pytest.raises(BucketUnreachable, match="503") as failed:
        staging(place, tmp_path).bring()

    assert failed.value.retryable
    assert len(place.proxy.plan) == 99 - 5


@pytest.mark.parametrize("where", [LISTING, DOWNLOAD], ids=["listing", "download"])
def test_a_refusal_is_told_at_once(
    place: S3Place | GooglePlace, tmp_path: Path, where: str
) -> None:
    place.proxy.where = where
    place.proxy.plan = ["403"] * 99

    with pytest.raises(BucketRefused, match="403") as failed:
        staging(place, tmp_path).bring()

    assert "read its objects" in failed.value.fix
    assert len(place.proxy.plan) == 98


def test_a_bucket_that_is_not_there(place: S3Place | GooglePlace, tmp_path: Path) -> None:
    scheme = place.url.partition(":")[0]

    with pytest.raises(InputUnreadable, match="no such bucket"):
        read(f"{scheme}://nobody-has-this/{PATTERN}", tmp_path)


def test_an_object_that_is_replaced_on_the_way_is_taken_as_it_is_now(
    place: S3Place | GooglePlace, tmp_path: Path
) -> None:
    place.proxy.plan = [lambda: place.put("in/monday.csv", ROWS[::-1])]

    staging(place, tmp_path).bring()

    assert files(tmp_path) == {"monday.csv": ROWS[::-1]}


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An address where nothing answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # taken, and not listening
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        yield


@pytest.mark.parametrize("scheme", ["s3", "gs"])
@pytest.mark.usefixtures("nobody")
def test_a_store_that_does_not_answer(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(BucketUnreachable, match=f"{scheme}://loans") as failed:
        read(f"{scheme}://loans/{PATTERN}", tmp_path)

    assert "network" in failed.value.fix


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_nobody_to_log_in_as(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(BucketRefused, match="no credentials"):
        read(f"{scheme}://loans/{PATTERN}", tmp_path)


def test_a_listing_has_every_page(s3: S3Place, tmp_path: Path) -> None:
    for number in range(7):
        s3.put(f"in/{number}.csv", b"x")
    s3.proxy.rewrite = lambda path: path + "&max-keys=3" if "list-type" in path else path

    staging(s3, tmp_path).bring()

    assert len(files(tmp_path)) == 7
    assert sum("list-type" in path for path in s3.proxy.seen) == 3


# ---------------------------------------------------------------- by our own bucket


def test_what_did_not_change_is_not_fetched_again(fake: FakeBucket, tmp_path: Path) -> None:
    staging(fake, tmp_path).bring()
    fake.fetched.clear()
    fake.put("in/tuesday.csv", b"other\n")

    staging(fake, tmp_path).bring()

    assert fake.fetched == ["in/tuesday.csv"]


def test_only_what_a_batch_needs_is_listed(fake: FakeBucket, tmp_path: Path) -> None:
    staging(fake, tmp_path).bring(["tuesday", "monday"])

    assert fake.listed == ["in/tuesday.csv", "in/monday.csv"]
    assert files(tmp_path).keys() == {"monday.csv", "tuesday.csv"}


def test_a_batch_whose_name_begins_another_is_itself(tmp_path: Path) -> None:
    bucket = FakeBucket(objects={"in/mon-1.csv": b"x", "in/mon-day-1.csv": b"y"})

    Staging(bucket, "in/{batch}-*.csv", tmp_path / "staged").bring(["mon"])

    assert files(tmp_path) == {"mon-1.csv": b"x"}


def test_a_silent_cut_is_seen_by_its_length(fake: FakeBucket, tmp_path: Path) -> None:
    """Even where a client notices nothing."""
    fake.cut = 2
    staging(fake, tmp_path).bring(["monday"])
    assert files(tmp_path) == {"monday.csv": b"monday\n"}

    fake.cut = 99
    with pytest.raises(BucketUnreachable, match="4 of 8 bytes arrived"):
        staging(fake, tmp_path).bring(["tuesday"])
    assert files(tmp_path) == {"monday.csv": b"monday\n"}


def test_what_arrived_before_a_failure_is_kept(fake: FakeBucket, tmp_path: Path) -> None:
    def fail() -> None:
        raise BucketRefused("no", fix="no")

    fake.plan = [lambda: None, lambda: None, fail]
    with pytest.raises(BucketRefused):
        staging(fake, tmp_path).bring()
    fake.fetched.clear()

    staging(fake, tmp_path).bring()

    assert len(files(tmp_path)) == 3
    assert len(fake.fetched) < 3


def test_an_object_that_is_replaced_all_the_time_is_refused(
    fake: FakeBucket, tmp_path: Path
) -> None:
    counter = iter(range(99))
    fake.plan = [lambda: fake.put("in/monday.csv", b"%d" % next(counter))] * 99

    with pytest.raises(InputUnreadable, match="replaced while they are read"):
        staging(fake, tmp_path).bring(["monday"])

    assert files(tmp_path) == {}


def test_an_object_that_goes_while_it_is_read_is_gone(fake: FakeBucket, tmp_path: Path) -> None:
    fake.plan = [lambda: fake.remove("in/wednesday.csv")]

    staging(fake, tmp_path).bring()

    assert files(tmp_path).keys() == {"monday.csv", "tuesday.csv"}


@pytest.mark.parametrize("harm", ["shorter", "away", "no index", "broken index"])
def test_files_that_somebody_spoiled_are_fetched_again(
    fake: FakeBucket, tmp_path: Path, harm: str
) -> None:
    staging(fake, tmp_path).bring()
    before = files(tmp_path)
    spoiled, index = tmp_path / "staged/files/monday.csv", tmp_path / "staged/objects.json"
    if harm == "shorter":
        spoiled.write_bytes(b"mo")
    elif harm == "away":
        shutil.rmtree(spoiled.parent)
    else:
        index.write_text("{" if harm == "broken index" else "[]")
        spoiled.write_bytes(b"MONDAY\n")

    staging(fake, tmp_path).bring()

    assert files(tmp_path) == before


def test_a_run_that_was_killed_leaves_no_wrong_tag(
    fake: FakeBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that took its place without its tag being noted is not trusted, whatever the bucket holds now."""
    staging(fake, tmp_path).bring()
    fake.put("in/monday.csv", b"MONDAY\n")
    killed = staging(fake, tmp_path)
    monkeypatch.setattr("infra.bucket_copy._Index.write", _dies_at_second_call())
    with pytest.raises(KeyboardInterrupt):
        killed.bring()
    monkeypatch.undo()
    assert files(tmp_path)["monday.csv"] == b"MONDAY\n"
    fake.put("in/monday.csv", b"monday\n")  # back again: the tag that was noted first

    staging(fake, tmp_path).bring()

    assert files(tmp_path)["monday.csv"] == b"monday\n"


def _dies_at_second_call() -> object:
    from infra.bucket_copy import _Index

    write, calls = _Index.write, iter(range(99))

    def dying(index: _Index) -> None:
        if next(calls):
            raise KeyboardInterrupt
        write(index)

    return dying


@pytest.mark.parametrize("name", ["in/../../x.csv", "in//x.csv", "in/./x.csv"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    bucket = FakeBucket(objects={name: b"x"})

    with pytest.raises(InputUnreadable, match="cannot be a file's"):
        Staging(bucket, "in/**/*.csv", tmp_path / "staged").bring()

    assert not list(tmp_path.rglob("x.csv"))


def test_marks_of_folders_are_no_files(tmp_path: Path) -> None:
    bucket = FakeBucket(objects={"in/": b"", "in/a/": b"", "in/a/x": b"x"})

    Staging(bucket, "in/**/*", tmp_path / "staged").bring()

    assert files(tmp_path) == {"x": b"x"}


def test_a_file_where_a_folder_was_takes_its_place(tmp_path: Path) -> None:
    bucket = FakeBucket(objects={"in/a/x.csv": b"x"})
    one = Staging(bucket, "in/**/*", tmp_path / "staged")
    one.bring()
    bucket.remove("in/a/x.csv")
    bucket.put("in/a", b"y")

    one.bring()

    assert files(tmp_path) == {"a": b"y"}


def test_staged_rows_are_nobody_elses(fake: FakeBucket, tmp_path: Path) -> None:
    staging(fake, tmp_path).bring()

    assert (tmp_path / "staged").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "address",
    ["http://host/x.csv", "file:///x.csv", "s3://", "s3://b", "s3://loans/", "s3://key:secret@b/x"],
)
def test_an_address_of_something_else_is_refused(address: str) -> None:
    with pytest.raises(JobInvalid):
        open_bucket(address)
