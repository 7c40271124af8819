"""Whom a deployment tells of work for people, and by which channels, as its operator described it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ChannelKind = Literal["mail", "slack", "teams", "webhook"]
"""How somebody is told: a mail, a message in Slack, a card in Teams, or a signed message to another system."""

Included = Literal["summary"]
"""What a notification says besides which review it is, for whom and until when."""


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """One way to reach people.

    ``address`` is where it is: a mail server's URL, a conversation in Slack, a URL; it may be a reference. ``secrets``
    are references: of mail the password, of Slack the token and the signing secret, of a webhook its signing secrets,
    the newest first. ``people`` says by which address or id a channel knows somebody. ``clearance`` bounds how
    confidential what it is told may be (None: the lowest), ``region`` is where it goes.
    """

    name: str
    kind: ChannelKind
    address: str
    secrets: tuple[str, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    sender: str = ""
    user: str = ""
    team: str = ""
    api: str = ""
    include: frozenset[Included] = frozenset()
    clearance: str | None = None
    region: str = ""
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Notify:
    """Who is told how.

    ``roles`` names the channels of each role in the order in which they are tried; a role without an entry is told
    nothing. ``desk`` is where the console is reached, links begin with it. A channel that fails for ``give_up_s`` is
    given up for that notification; where nobody could be told at all, everything is tried again after ``again_s``.
    ``link_s`` is how long a link in a mail lives.
    """

    desk: str
    roles: Mapping[str, tuple[str, ...]]
    give_up_s: float = 600.0
    again_s: float = 900.0
    link_s: float = 86_400.0
