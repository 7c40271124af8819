"""Folds of a long page: nothing that is told is lost, and nothing empty is there."""

from __future__ import annotations

from bridgehead.cli.telling_words import Section, Table
from bridgehead.console.folds import folds, slug

KNOWN = {"What came": "came", "The record": "record", "Conversation": "turns"}


def test_folds_stand_in_the_order_of_the_page_and_are_never_empty() -> None:
    """A matter of which nothing is told or listed has no fold; the others stand in the page's own order."""
    told = [Section("The record", ("It is whole.",)), Section("What came", ("A mail.",))]
    found = folds(KNOWN, told, {"record": "3 rows"})
    assert [(one.id, one.note, one.told) for one in found] == [("came", "", told[1]), ("record", "3 rows", told[0])]


def test_what_only_the_page_lists_has_its_fold() -> None:
    """Without an account, as for whoever may not see documents, what is listed is there all the same."""
    assert [(one.id, one.told) for one in folds(KNOWN, (), {"turns": "2 turns"})] == [("turns", None)]


def test_a_section_that_the_page_does_not_know_is_shown_at_the_end() -> None:
    """What an account tells under a title of its own is folded under that title, with how many rows it has."""
    told = Section("What was said later", ("Much.",), (Table(("a", "b"), (("1", "2"), ("3", "4"))),))
    (one,) = folds(KNOWN, [told], {})
    assert (one.id, one.title, one.note, one.told) == ("what-was-said-later", told.title, "2 rows", told)
    assert slug("…") == "more"
