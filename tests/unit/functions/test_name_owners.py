"""Whose a job's name is in a store."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from functions.name_owners import claim_name, require_own_name
from infra.store import Store, open_store
from pipelines.errors import JobInvalid, StoreUnavailable
from pipelines.job.job_file import Job, derived_id, parse

SEED = "00112233445566778899aabbccddeeff"
OWN = "a" * 32


def job(seed: str = SEED, **more: str) -> Job:
    """A job of one name."""
    content = {
        "name": "loans",
        "task": "classification",
        "data": {"path": "a.csv"},
        "target": {"answers": ["no", "yes"]},
        "predictions": {"label": "said"},
        "sampling": {"seed": seed},
        **more,
    }
    return parse(content, "a test")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


def test_looking_claims_nothing(store: Store, tmp_path: Path) -> None:
    require_own_name(store, job())

    assert not (tmp_path / "store").exists()


def test_the_first_to_write_owns_the_name(store: Store) -> None:
    claim_name(store, job(), "/a/recheck.toml")
    claim_name(store, job(), "/moved/recheck.toml")

    with pytest.raises(JobInvalid) as told:
        require_own_name(store, job(seed="another seed of a job"))

    assert "/a/recheck.toml" in told.value.problem
    assert f'id = "{job().identity}"' in told.value.fix


def test_of_two_at_once_one_owns_the_name(tmp_path: Path) -> None:
    """Whoever loses is told; nobody writes under the other's name."""

    def claim(number: int) -> bool:
        try:
            own = open_store(str(tmp_path / "store"))
            claim_name(own, job(id=f"{number:032x}"), f"/{number}/recheck.toml")
        except JobInvalid:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(claim, range(64))) == 1


def test_a_job_that_changes_its_seed_goes_on_with_its_id(store: Store) -> None:
    """An id that is written is the id; one that is derived can be written down."""
    claim_name(store, job(), "/a/recheck.toml")

    require_own_name(store, job(seed="another seed of a job", id=job().identity))


def test_another_id_is_another_job(store: Store) -> None:
    claim_name(store, job(id=OWN), "/a/recheck.toml")

    with pytest.raises(JobInvalid, match="belongs to another job"):
        claim_name(store, job(id="b" * 32), "/a/recheck.toml")


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_record_that_says_nothing_is_told(store: Store, text: str) -> None:
    store.jobs.put("loans.json", text.encode())

    with pytest.raises(StoreUnavailable, match="does not say whose"):
        require_own_name(store, job())


def test_the_derived_id_gives_no_seed_away() -> None:
    assert SEED not in derived_id(SEED, "loans")
    assert derived_id(SEED, "loans") != derived_id(SEED, "other")


def test_the_digest_of_a_job_stays_when_it_gains_an_id() -> None:
    """Packages and attempts are named after it."""
    assert job(id=OWN).digest() == job().digest()


def test_the_record_holds_id_and_place(store: Store) -> None:
    claim_name(store, job(), "/a/recheck.toml")

    assert json.loads(store.jobs.read("loans.json")) == {
        "id": job().identity,
        "file": "/a/recheck.toml",
    }
