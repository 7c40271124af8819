"""How often a worker looks for cyclic garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

RARELY: Final = (20_000, 20, 50)
"""Thresholds of `gc.set_threshold`: a governed step makes thousands of small objects, next to none in cycles."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Lets the process look for cyclic garbage more rarely for the length of the block; then as before.

    For a process that is a worker and nothing else: the thresholds are the whole interpreter's. What is not looked
    for meanwhile is at most some megabytes.
    """
    before = gc.get_threshold()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
