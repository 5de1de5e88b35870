"""The `recheck` command."""

from __future__ import annotations

import os
import sys

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy loads; more threads change bits and fight over cores


def main() -> None:
    """Run the command line; every deliberate error becomes one message and its exit code."""
    from functions.cli.commands import run

    sys.exit(run(sys.argv[1:]))
