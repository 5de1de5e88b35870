"""Whose a job's name is: a store remembers the id of the job that used a name first, and refuses others."""

from __future__ import annotations

import json

from infra.store import Store
from pipelines.errors import JobInvalid, StoreUnavailable
from pipelines.job.job_file import Job


def require_own_name(store: Store, job: Job) -> None:
    """Refuse a job whose name belongs to another one in this store.

    Raises:
        JobInvalid: it does.
        StoreUnavailable: the record of the name cannot be read.
    """
    _require_own(store, job, _owner(store, job.name))


def claim_name(store: Store, job: Job, place: str) -> None:
    """Make a job the owner of its name where nobody is; of two at once, one.

    Args:
        store: remembers it.
        job: the job.
        place: of its job file, to name it to others.

    Raises:
        JobInvalid: the name belongs to another job.
        StoreUnavailable: the store is full, read-only or not there.
    """
    owner = _owner(store, job.name)
    if owner is None:
        store.mark()
        record = json.dumps({"id": job.identity, "file": place})
        store.jobs.put(_file(job.name), record.encode(), if_absent=True)
        owner = _owner(store, job.name)
    _require_own(store, job, owner)


def _require_own(store: Store, job: Job, owner: dict[str, str] | None) -> None:
    if owner is not None and owner.get("id") != job.identity:
        raise _taken(store, job, owner)


def _file(name: str) -> str:
    return f"{name}.json"


def _owner(store: Store, name: str) -> dict[str, str] | None:
    try:
        owner = json.loads(store.jobs.read(_file(name)))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise _unreadable(store, name) from error
    if not isinstance(owner, dict):
        raise _unreadable(store, name)
    return owner


def _unreadable(store: Store, name: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"{store.jobs.address}/{_file(name)} does not say whose the name {name!r} is",
        fix="restore that file from a backup, or delete it: the next command that writes makes it anew",
    )


def _taken(store: Store, job: Job, owner: dict[str, str]) -> JobInvalid:
    return JobInvalid(
        f"the name {job.name!r} belongs to another job in {store.files.address}: the one of "
        f"{owner.get('file')}, with the id {owner.get('id')}; this one has {job.identity}",
        fix="give this job another name, or another store; if it is the same job, whose seed or id was "
        f'changed, write id = "{owner.get("id")}" below its name',
    )
