"""What holds for every bucket: one of ours, an S3 and a Google one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tenacity import wait_none

from infra.bucket_copy import Staging
from infra.clouds import open_bucket
from infra.ports import Bucket
from pipelines.errors import BatchUnknown, InputUnreadable
from pipelines.input.fragments import find_sources
from tests.fixtures.buckets import FakeBucket, Place

DAYS = ("monday", "tuesday", "wednesday")
PATTERN = "in/{batch}/*.csv"


@dataclass(frozen=True)
class World:
    """A bucket from both sides, and where it is staged."""

    place: Place
    bucket: Bucket
    staging: Staging

    def staged(self, *batches: str) -> dict[str, bytes]:
        """Bring what is due; the content of each file by the name that a job knows it by."""
        self.staging.bring(batches)
        return self.here()

    def here(self) -> dict[str, bytes]:
        found = find_sources(self.staging.staged, Path("/"))
        return {source.name: Path(source.path).read_bytes() for source in found}


@pytest.fixture(params=["fake", "s3", "google"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    if request.param == "fake":
        place: Place = FakeBucket()
        bucket: Bucket = place  # type: ignore[assignment] # it is both
    else:
        place = request.getfixturevalue(request.param)
        bucket, _ = open_bucket(f"{place.url}/{PATTERN}")
    for day in DAYS:
        place.put(f"in/{day}/a.csv", f"a,b\n1,{day}\n".encode())
    staging = Staging(bucket, PATTERN, tmp_path / "store" / "staged" / "x", wait=wait_none())
    return World(place, bucket, staging)


def test_a_listing_tells_name_size_and_tag(world: World) -> None:
    world.place.put("in/monday/b ü+%.csv", b"12345")

    found = {item.name: item for item in world.bucket.list("in/monday/")}

    assert found.keys() == {"in/monday/a.csv", "in/monday/b ü+%.csv"}
    assert found["in/monday/b ü+%.csv"].size == 5
    assert len({item.tag for item in found.values()}) == 2


def test_a_listing_of_nothing_is_empty(world: World) -> None:
    assert world.bucket.list("out/") == []


def test_another_content_has_another_tag(world: World) -> None:
    (before,) = world.bucket.list("in/monday/a.csv")
    world.place.put("in/monday/a.csv", b"a,b\n9,other!\n")
    (after,) = world.bucket.list("in/monday/a.csv")

    assert before.tag != after.tag


def test_a_download_is_the_listed_content(world: World, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000  # more than one block
    world.place.put("in/monday/big.csv", content)
    (item,) = world.bucket.list("in/monday/big.csv")

    assert world.bucket.download(item, tmp_path / "big") is True
    assert (tmp_path / "big").read_bytes() == content


def test_an_empty_object_is_an_empty_file(world: World, tmp_path: Path) -> None:
    world.place.put("in/monday/empty.csv", b"")
    (item,) = world.bucket.list("in/monday/empty.csv")

    assert world.bucket.download(item, tmp_path / "empty") is True
    assert (tmp_path / "empty").read_bytes() == b""


def test_an_object_that_is_gone_is_not_downloaded(world: World, tmp_path: Path) -> None:
    (item,) = world.bucket.list("in/monday/")
    world.place.remove(item.name)

    assert world.bucket.download(item, tmp_path / "gone") is False


def test_an_object_that_was_replaced_is_not_downloaded(world: World, tmp_path: Path) -> None:
    (item,) = world.bucket.list("in/monday/")
    world.place.put(item.name, b"a,b\n9,other!\n")

    assert world.bucket.download(item, tmp_path / "other") is False


def test_what_matches_is_staged_by_its_name_below_the_pattern(world: World) -> None:
    world.place.put("in/monday/notes.txt", b"no")
    world.place.put("in/monday/deeper/a.csv", b"no")
    world.place.put("in/monday/.hidden.csv", b"no")
    world.place.put("in/a.csv", b"no")

    assert world.staged() == {f"{day}/a.csv": f"a,b\n1,{day}\n".encode() for day in DAYS}


def test_only_the_batch_that_is_asked_for_is_staged(world: World) -> None:
    """A name that another begins with is another."""
    world.place.put("in/monday2/a.csv", b"no")

    assert world.staged("monday").keys() == {"monday/a.csv"}
    assert world.staged("wednesday").keys() == {"monday/a.csv", "wednesday/a.csv"}


def test_batches_are_known_without_a_download(world: World) -> None:
    assert world.staging.batches() == sorted(DAYS)
    assert not world.staging.folder.exists()


def test_an_unknown_batch_is_refused_with_those_that_are_there(world: World) -> None:
    with pytest.raises(BatchUnknown, match="'sunday'") as refused:
        world.staging.bring(["monday", "sunday"])

    assert "monday, tuesday, wednesday" in refused.value.fix


@pytest.mark.parametrize("batch", ["*", "mon*", "", "..", "monday/a.csv"])
def test_a_batch_is_a_name_and_no_pattern(world: World, batch: str) -> None:
    with pytest.raises(BatchUnknown):
        world.staging.bring([batch])


def test_an_object_that_is_gone_is_gone_here(world: World) -> None:
    world.staged()
    world.place.remove("in/tuesday/a.csv")

    assert world.staged("monday").keys() == {f"{day}/a.csv" for day in DAYS}  # nobody looked
    assert world.staged().keys() == {"monday/a.csv", "wednesday/a.csv"}
    assert not (Path(world.staging.staged).parents[1] / "tuesday").exists()


def test_an_object_that_is_another_is_fetched_again(world: World) -> None:
    """Also one of the same length."""
    world.staged()
    world.place.put("in/tuesday/a.csv", b"a,b\n2,TUESDAY\n")

    assert world.staged()["tuesday/a.csv"] == b"a,b\n2,TUESDAY\n"


def test_nothing_that_matches_is_an_error(world: World) -> None:
    elsewhere = replace(world.staging, pattern="out/*.csv")

    with pytest.raises(InputUnreadable, match=f"no object at {world.place.url}/out/"):
        elsewhere.bring()
