"""One thread for BLAS and OpenMP: with more, the last bits of a result differ."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import ThreadpoolController


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looks through all loaded libraries: once is enough


def one_thread() -> AbstractContextManager[Any]:
    """Limit every loaded BLAS and OpenMP pool to one thread within a `with` block."""
    return _controller().limit(limits=1)
