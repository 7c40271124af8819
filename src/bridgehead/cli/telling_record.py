"""How an arrival came, and whether the record that an account was told from is whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bridgehead.cli.telling_calls import UNDO
from bridgehead.cli.telling_words import counted
from bridgehead.storage.queries_case_view import ArrivalLine, ArrivalOf, ArrivalView, CaseView

RELATIONS: Final = {
    "opened": "opened this case",
    "resend": "was attached to this case, because it said the same again",
    "revision": "changed what an earlier case had been about, and opened this one",
}
_SOURCES: Final = {
    "file": "was submitted as a file",
    "folder": "was put into the watched folder",
    "mail": "came by mail",
    "webhook": "came by webhook",
    "user": "was submitted by a user",
}


def how(one: ArrivalLine | ArrivalOf) -> str:
    """Returns how a document came, and who handed it in where that is recorded."""
    if one.submitted_by:
        return f"was submitted by {one.submitted_by}"
    return _SOURCES.get(one.source, f"came from {one.source}")


def record(view: CaseView | ArrivalView) -> Iterator[str]:
    """Yields whether the chain is whole and agrees with the tables, and what was not recorded."""
    chain = view.chain
    decided = view.decisions if isinstance(view, CaseView) else ()
    blind = [one.number for one in decided if one.view is None and not one.tool.startswith(UNDO)]
    if blind:
        yield (
            f"Of {', '.join(blind)} it was not recorded what else they rested on (level, counts, facts): whether they"
            " would be decided the same again cannot be told."
        )
    drifts = sum(1 for event in view.events if event.kind.startswith("drift"))
    if drifts:
        yield f"In {drifts} replays a model's request differed from the recorded one; the recorded reply was served."
    if not chain.whole:
        yield f"THE CHAIN IS BROKEN: {chain.broken}. Treat this account as unproven."
    elif not chain.differences:
        yield f"The chain of {counted(chain.rows, 'row')} is whole, and this account agrees with it."
    else:
        yield (
            f"THIS ACCOUNT DOES NOT AGREE WITH THE LEDGER: the chain of {counted(chain.rows, 'row')} is whole, and the"
            " tables that the sentences above were told from were changed. Believe what the chain says:"
        )
        yield from (f"{each}." for each in chain.differences)
