"""How often a worker looks for cyclic garbage."""

from __future__ import annotations

import gc

import pytest

from bridgehead.engine.memory import RARELY, rare_collections


def test_collections_are_as_often_as_before_once_a_worker_has_ended() -> None:
    """A worker looks for garbage rarely, and leaves the interpreter as it was, also when it fails."""

    def fails() -> None:
        with rare_collections():
            assert gc.get_threshold() == RARELY
            raise RuntimeError

    before = gc.get_threshold()
    assert before != RARELY
    with pytest.raises(RuntimeError):
        fails()
    assert gc.get_threshold() == before
