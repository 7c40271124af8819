"""What telling people needs of others: a channel that carries messages, and a store that forgets none of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bridgehead.errors import ErrorClass
from bridgehead.ids import ReviewId
from bridgehead.reviews.model import Review
from bridgehead.spec.notify import ChannelKind

Event = Literal["opened", "escalated", "overdue", "decided"]
NoticeState = Literal["new", "telling", "told", "no_channel", "closed"]
"""``told``: at least one message was taken by its channel; ``closed``: nobody is to be told any more."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened to a review, of which people are to be told.

    ``place`` is which of the role's channels is tried, from 0. ``open`` says whether the review waits for this role
    still, ``known`` whether somebody of it has it before them, ``sent`` how many messages were taken by a channel.
    """

    id: int
    review_id: ReviewId
    deployment: str
    event: Event
    role: str
    state: NoticeState
    place: int
    open: bool
    known: bool
    sent: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that is due. ``dedupe`` is the same at each attempt, ``attempts`` counts those before this one."""

    id: int
    notice_id: int
    review_id: ReviewId
    deployment: str
    event: Event
    channel: str
    kind: ChannelKind
    person: str
    dedupe: str
    attempts: int
    reference: str
    first_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class About:
    """What is known of the review that a message is about, read when it is sent.

    ``confidentiality`` is the rank of everything that its case had read when the call was held, and ``regions`` where
    that must stay; None where nobody knows, which counts as the highest.
    """

    review: Review
    confidentiality: int | None
    regions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Summary:
    """A call in a few lines, for channels that may carry it: path and value of each argument, and who asks why.

    ``whole``: every argument is in it, so that somebody who read it knows what they approve.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    why: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel is told. ``link`` leads to the desk, or is the single-use link of ``person``.

    ``summary`` is None unless the channel is to carry it and is cleared for it. ``digest`` names the arguments (hex,
    empty without any). ``reference`` is where a message stands that this one takes the place of.
    """

    dedupe: str
    event: Event
    deployment: str
    review: Review
    person: str
    link: str
    single_use: bool
    summary: Summary | None
    digest: str
    reference: str
    sent_at: datetime

    @property
    def name(self) -> str:
        """Returns the review as people know it."""
        return f"R-{self.review.id}"


class Channel(Protocol):
    """A way to reach people."""

    async def send(self, message: Message) -> str:
        """Hands a message over once; returns where it stands, empty where that cannot be said.

        Raises Failed with the class that says whether another attempt is worth it. The same message may be handed
        over again where nobody knows whether it was taken: ``dedupe`` tells the receiver.
        """
        ...


class NotificationStore(Protocol):
    """The outbox. Every step is one transaction; two workers at once take different messages."""

    async def forget(self, deployments: Sequence[str]) -> None:
        """Removes what is to be told of deployments that tell nobody."""
        ...

    async def silence(self, deployments: Sequence[str]) -> None:
        """Ends what deployments that tell nobody any more have told before."""
        ...

    async def abandon(self, deployment: str, channels: Sequence[str]) -> None:
        """Gives up what is due by a channel that a deployment has no more; its notices go on with the next one."""
        ...

    async def due(self, deployments: Sequence[str], *, limit: int) -> Sequence[Notice]:
        """Returns notices whose next step is to be taken, oldest first."""
        ...

    async def reachable(self, notice: Notice, people: Collection[str]) -> Sequence[str]:
        """Returns those who may decide the review at this moment; all where no users are declared."""
        ...

    async def spread(self, notice: Notice, place: int, channel: str, kind: ChannelKind, people: Sequence[str]) -> None:
        """Writes the messages of a notice by one channel, and leaves it until they have come to their end."""
        ...

    async def spread_decided(self, notice: Notice, kinds: Collection[ChannelKind]) -> None:
        """Drops what is due of a decided review, and tells the channels of these kinds that were told of it."""
        ...

    async def told(self, notice: Notice) -> None:
        """Ends a notice: somebody was told, and the review has a channel again."""
        ...

    async def close(self, notice: Notice) -> None:
        """Ends a notice: the review waits for nobody any more."""
        ...

    async def hand_on(self, notice: Notice, role: str, why: str) -> None:
        """Escalates a review whose role cannot be told to another role; that is a notice of its own."""
        ...

    async def no_channel(self, notice: Notice, why: str, *, again_s: float) -> None:
        """Says on the review and on the record that nobody can be told of it; it is tried again after ``again_s``."""
        ...

    async def claim(self, deployment: str, channel: str, *, limit: int, hold_s: float) -> Sequence[Delivery]:
        """Takes due messages of a channel; nobody else has them for ``hold_s``."""
        ...

    async def read(self, delivery: Delivery) -> About | None:
        """Returns what a message is about; None where its data was erased."""
        ...

    async def link(self, delivery: Delivery, review: Review, code_digest: bytes, *, lives_s: float) -> None:
        """Writes a link that decides the review once, for the person of a message."""
        ...

    async def sent(self, delivery: Delivery, reference: str) -> None:
        """Writes that a message was taken by its channel."""
        ...

    async def failed(self, delivery: Delivery, error_class: ErrorClass, why: str, *, again_s: float | None) -> None:
        """Writes that an attempt failed; the next one is due in ``again_s``, None: there is none."""
        ...

    async def drop(self, delivery: Delivery, why: str) -> None:
        """Writes that a message is not sent any more: its review waits for nobody."""
        ...
