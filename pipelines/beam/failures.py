"""Errors that leave a worker as files, because Beam wraps an exception beyond recognition."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines import errors
from pipelines.errors import RecheckError


def write_error(path: Path, error: RecheckError) -> None:
    """Keep an error, for `read_error`."""
    told = {"kind": type(error).__name__, "problem": error.problem, "fix": error.fix}
    path.write_text(json.dumps(told), encoding="utf-8")


def read_error(path: Path) -> RecheckError:
    """The error that `write_error` kept."""
    told = json.loads(path.read_text(encoding="utf-8"))
    kind: type[RecheckError] = getattr(errors, told["kind"])
    return kind(told["problem"], fix=told["fix"])
