from __future__ import annotations

from typing import get_args

from bridgehead.errors import ERROR_CLASSES
from bridgehead.resilience.dispositions import DISPOSITIONS, RETRIED, Disposition, disposition


def test_every_class_has_a_disposition_of_the_closed_list() -> None:
    """No error class is without a disposition, and no disposition is without a class."""
    assert set(DISPOSITIONS) == set(ERROR_CLASSES)
    assert set(DISPOSITIONS.values()) == set(get_args(Disposition))


def test_only_what_passes_by_itself_is_tried_again() -> None:
    """The same call is made again only where nothing but time is needed for it to succeed."""
    assert {"transient", "throttled", "timeout", "dependency_down"} == RETRIED


def test_a_write_is_never_reworded_or_given_to_another_system() -> None:
    """What a model repairs or leaves to its fallback fails for a write; the rest is the same for both."""
    for error_class in ERROR_CLASSES:
        found, write = disposition(error_class), disposition(error_class, is_effect=True)
        assert write == ("fail" if found in {"repair", "fall_back"} else found)
