"""What of a job file predictions depend on, kept with each scoring to tell when it changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pipelines.job.job_file import Job

NAMING, CONTENT, SEED = "naming", "content", "seed"


def rules(job: Job) -> dict[str, str]:
    """A digest of each part: what names rows and batches, what predictions hold, the seed of their ids."""
    naming = {
        "key": job.data.key,
        "time": job.data.time,
        "batches": job.batches.model_dump(mode="json", include={"by", "column", "timezone"}),
    }
    content = {
        "cohorts": {name: one.model_dump(mode="json") for name, one in job.cohorts.items()},
        "predictions": job.predictions and job.predictions.model_dump(mode="json"),
    }
    return {NAMING: _digest(naming), CONTENT: _digest(content), SEED: _digest(job.sampling.seed)}


def differs(then: Mapping[str, str], job: Job, *parts: str) -> bool:
    """Whether one of these parts is another than when a batch was scored.

    A store of an older release does not know; then it is taken to be the same.
    """
    now = rules(job)
    return any(then.get(part, now[part]) != now[part] for part in parts)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
