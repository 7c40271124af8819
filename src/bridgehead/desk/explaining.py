"""What happened and why, in sentences: the account that the command line writes, for whoever may see documents."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bridgehead.auth.actor import Actor

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.storage.queries_case_view import CaseView


class Table(Protocol):
    """Rows under columns."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The heads of its columns."""
        ...

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Its cells, row by row."""
        ...


class Block(Protocol):
    """A recorded value in full, line by line, under a caption."""

    @property
    def caption(self) -> str:
        """What it is."""
        ...

    @property
    def lines(self) -> tuple[str, ...]:
        """Its lines."""
        ...


class Section(Protocol):
    """Sentences under one heading, with the tables and values that they speak of."""

    @property
    def title(self) -> str:
        """The heading."""
        ...

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said."""
        ...

    @property
    def tables(self) -> Sequence[Table]:
        """Tables that sentences speak of."""
        ...

    @property
    def blocks(self) -> Sequence[Block]:
        """Values that sentences speak of."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """What a number is about, in sections; ``fields`` says where each field of a case's input was read."""

    about: str
    sections: Sequence[Section]
    fields: Sequence[Mapping[str, str]] = ()


class Teller(Protocol):
    """Tells a case (C-17), decision, effect, review or arrival; raises UserError for an unknown one."""

    def __call__(self, app: App, asked: str, view: CaseView | None = None, *, whole: bool = True) -> Awaitable[Account]:
        """Returns the account.

        ``view`` is the case itself where it is at hand, so that it is not looked up once more; without ``whole`` only
        the first section is told, the account in short.
        """
        ...


async def explain(
    app: App, actor: Actor, number: str, teller: Teller, view: CaseView | None = None, *, whole: bool = True
) -> Account:
    """Returns the account of a number; it takes the right to see documents, of which it tells.

    ``view`` and ``whole`` are as a ``Teller`` takes them.
    """
    actor.need("read")
    actor.need("read.documents")
    return await teller(app, number.strip().upper(), view, whole=whole)
