"""What happened and why, in sentences: the account that the command line writes, for whoever may see documents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from bridgehead.auth.actor import Actor

if TYPE_CHECKING:
    from bridgehead.app import App


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


Teller: TypeAlias = "Callable[[App, str], Awaitable[Account]]"
"""Tells a case (C-17), decision, effect, review or arrival; raises UserError for an unknown one."""


async def explain(app: App, actor: Actor, number: str, teller: Teller) -> Account:
    """Returns the account of a number; it takes the right to see documents, of which it tells."""
    actor.need("read")
    actor.need("read.documents")
    return await teller(app, number.strip().upper())
