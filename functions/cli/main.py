"""The `recheck` command."""

from __future__ import annotations

import logging
import os
import sys

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ.setdefault(
        _name, "1"
    )  # before numpy loads; more threads change bits and fight over cores


def _keep_memory() -> None:
    """Keep freed arrays in this process: giving each back to the system took most of a mapper's time."""
    import ctypes

    allocator = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(allocator, "mallopt"):
        for threshold in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
            allocator.mallopt(threshold, _KEPT)


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_KEPT = 256 << 20  # bytes


def main() -> None:
    """Run the command line; every deliberate error becomes one message and its exit code."""
    try:
        from functions.cli.commands import run

        logging.basicConfig(level=logging.ERROR)  # libraries warn of clients that nobody asked for
        _keep_memory()
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # while it was starting; `run` answers later ones
        sys.exit(130)
    finally:
        _drop_unwritten()


def _drop_unwritten() -> None:
    """Drop output that nobody reads: `run` has reported that already, and Python would again."""
    if sys.stdout is None:  # it was closed before we began
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
