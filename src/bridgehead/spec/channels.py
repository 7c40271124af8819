"""The shape of ``channels`` and ``notify`` in ``bridgehead.yaml``, and what has to fit together in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Final, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from bridgehead.spec.egress import place_of
from bridgehead.spec.forms import Duration, Name, Part, Reference, Region, Text, wrong
from bridgehead.spec.notify import ChannelKind, ChannelSpec, Included, Notify
from bridgehead.spec.problem import nearest

KINDS: Final[tuple[ChannelKind, ...]] = get_args(ChannelKind)
SLACK: Final = "https://slack.com/api/"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_OWN: Final[Mapping[ChannelKind, frozenset[str]]] = {
    "mail": frozenset({"sender", "user", "password", "people"}),
    "slack": frozenset({"token", "signing_secret", "people", "team", "api"}),
    "teams": frozenset(),
    "webhook": frozenset({"secrets"}),
}
"""The fields of each kind, beside those that all have."""
_NEEDED: Final[Mapping[ChannelKind, tuple[str, ...]]] = {
    "mail": ("sender", "people"),
    "slack": ("token",),
    "teams": (),
    "webhook": ("secrets",),
}
_CONVERSATION: Final = re.compile(r"[CGD][A-Z0-9]{2,30}")
_MEMBER: Final = re.compile(r"[UW][A-Z0-9]{2,30}")
_MAILBOX: Final = re.compile(r"[^\s@<>\"',;:\\()\[\]]{1,64}@[A-Za-z0-9.-]{1,253}")
_FORMS: Final = "exactly one of mail, slack, teams and webhook"


def _channels(value: object) -> object:
    return [value] if isinstance(value, str) else value


ChannelNames = Annotated[
    list[Name],
    BeforeValidator(_channels),
    Field(min_length=1, max_length=20),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class ChannelPart(Part):
    """One way to tell people: by mail, in Slack, in Teams, or another system by a signed webhook."""

    mail: Text | None = Field(
        default=None, description="A mail server: smtps://HOST, smtp://HOST with STARTTLS, or env:NAME."
    )
    slack: Text | None = Field(default=None, description="The id of a conversation in Slack, such as C0123ABCD.")
    teams: Reference | None = Field(
        default=None, description="The URL of a workflow in Teams, as env:NAME or file:PATH: whoever has it can post."
    )
    webhook: Text | None = Field(default=None, description="The URL of another system, or env:NAME.")
    sender: Text | None = Field(default=None, description="mail: the address that mails come from.")
    user: Text | None = Field(default=None, description="mail: the name to log in with.")
    password: Reference | None = Field(default=None, description="mail: the password, as env:NAME or file:PATH.")
    token: Reference | None = Field(default=None, description="slack: the bot's token, as env:NAME or file:PATH.")
    signing_secret: Reference | None = Field(
        default=None, description="slack: what Slack signs buttons with; without it there are none."
    )
    team: Text | None = Field(default=None, description="slack: the only workspace that buttons are taken from.")
    api: Text | None = Field(default=None, description="slack: where its API is.")
    secrets: list[Reference] = Field(
        default_factory=list, max_length=2, description="webhook: what it is signed with; two while one is exchanged."
    )
    people: dict[Text, Text] = Field(
        default_factory=dict, description="mail: NAME to address. slack: NAME to member id; they may press buttons."
    )
    include: list[Included] = Field(
        default_factory=list, description="What is told besides: summary, the call with its arguments."
    )
    clearance: Name | None = Field(default=None, description="How confidential what it is told may be at most.")
    region: Region | None = Field(default=None, description="Where what it is told goes, such as eu.")
    timeout: Duration = Field(default="10s", validate_default=True, description="How long one attempt may take.")

    @model_validator(mode="after")
    def _one_kind(self) -> ChannelPart:
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise wrong(_FORMS)
        kind = kinds[0]
        for other in KINDS:
            for name in sorted(_OWN[other] - _OWN[kind]):
                if name in self.model_fields_set:
                    raise wrong(f"no {name}: it belongs to another kind of channel than {kind}")
        for name in _NEEDED[kind]:
            if not getattr(self, name):
                raise wrong(f"{name} beside {kind}")
        if (self.user is None) != (self.password is None):
            raise wrong("user and password together, or neither")
        if kind == "slack" and self.people and self.signing_secret is None:
            raise wrong("signing_secret beside people: without it nobody can press a button")
        return self

    @property
    def kind(self) -> ChannelKind:
        """Returns which of the forms it has."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    def spec(self, name: str) -> ChannelSpec:
        """Returns the channel as the rest of Bridgehead takes it."""
        kind = self.kind
        secrets: Mapping[ChannelKind, list[str | None]] = {
            "mail": [self.password],
            "slack": [self.token, self.signing_secret],
            "teams": [],
            "webhook": list(self.secrets),
        }
        return ChannelSpec(
            name=name,
            kind=kind,
            address=str(getattr(self, kind)),
            secrets=tuple(one for one in secrets[kind] if one is not None),
            people=dict(self.people),
            sender=self.sender or "",
            user=self.user or "",
            team=self.team or "",
            api=self.api or (SLACK if kind == "slack" else ""),
            include=frozenset(self.include),
            clearance=self.clearance,
            region=self.region or "",
            timeout_s=self.timeout,
        )


class NotifyPart(Part):
    """Who is told of work that waits for people."""

    desk: Text = Field(description="Where the console is reached: https://HOST, or env:NAME. Links begin with it.")
    roles: dict[Name, ChannelNames] = Field(
        min_length=1, description="The channels of a role in the order in which they are tried."
    )
    give_up: Duration = Field(
        default="10m", validate_default=True, description="After so long without success the next channel is tried."
    )
    again: Duration = Field(
        default="15m", validate_default=True, description="So long after nobody could be told all is tried again."
    )
    link: Duration = Field(default="24h", validate_default=True, description="How long a link in a mail lives.")

    def spec(self) -> Notify:
        """Returns it as the rest of Bridgehead takes it."""
        roles = {role: tuple(names) for role, names in self.roles.items()}
        return Notify(self.desk, roles, self.give_up, self.again, self.link)


Mistake = tuple[tuple[str | int, ...], str, str, str]
"""Where it stands, what was expected, what was found, and a hint."""


def mistakes(
    channels: Mapping[str, ChannelPart],
    notify: NotifyPart | None,
    *,
    roles: Collection[str],
    confidentiality: Collection[str],
) -> Iterator[Mistake]:
    """Yields what does not fit together: names of roles, channels and confidentialities, addresses and ids."""
    for name, part in channels.items():
        yield from _of_channel(name, part, confidentiality)
    if notify is None:
        return
    for found in _desk(notify.desk):
        yield ("notify", "desk"), "https://HOST, and http:// for this machine alone", found, ""
    for role, names in notify.roles.items():
        if role not in roles:
            yield ("notify", "roles", role), "a role under `roles`", role, nearest(role, roles)
        for place, name in enumerate(names):
            if name not in channels:
                yield ("notify", "roles", role, place), "a channel under `channels`", name, nearest(name, channels)
            elif name in names[:place]:
                yield ("notify", "roles", role, place), "channels that differ", name, ""


def _of_channel(name: str, part: ChannelPart, confidentiality: Collection[str]) -> Iterator[Mistake]:
    place, kind = ("channels", name), part.kind
    if part.clearance is not None and part.clearance not in confidentiality:
        hint = nearest(part.clearance, confidentiality)
        yield (*place, "clearance"), "a confidentiality", part.clearance, hint
    if kind == "slack":
        if _CONVERSATION.fullmatch(part.slack or "") is None:
            yield (*place, "slack"), "the id of a conversation such as C0123ABCD", part.slack or "", ""
        if part.api is not None and not web(part.api):
            yield (*place, "api"), "https://HOST/PATH, and http:// for this machine alone", part.api, ""
    if kind == "mail":
        if _MAILBOX.fullmatch(part.sender or "") is None:
            yield (*place, "sender"), "an address such as desk@example.com", part.sender or "", ""
        if not (part.mail or "").startswith("env:") and not mail_server(part.mail or ""):
            yield (*place, "mail"), "smtps://HOST or smtp://HOST, without a user", part.mail or "", ""
    if kind == "webhook" and not (part.webhook or "").startswith("env:") and not web(part.webhook or ""):
        yield (*place, "webhook"), "https://HOST/PATH, and http:// for this machine alone", part.webhook or "", ""
    form, what = (_MEMBER, "a member id such as U0123ABCD") if kind == "slack" else (_MAILBOX, "a mail address")
    seen: set[str] = set()
    for person, known_as in part.people.items():
        if form.fullmatch(known_as) is None:
            yield (*place, "people", person), what, known_as, ""
        elif kind == "slack" and known_as in seen:
            yield (*place, "people", person), "one person for each member id", known_as, "a button tells who pressed it"
        seen.add(known_as)


def _desk(text: str) -> Iterator[str]:
    if text.startswith("env:"):
        return
    if not web(text) or urlsplit(text).path.strip("/") or urlsplit(text).query:
        yield text


def web(text: str) -> bool:
    """Tells whether a text is an https address without a user; http is enough for this machine."""
    place = place_of(text)
    if place is None or "#" in text:
        return False
    scheme = urlsplit(text).scheme.lower()
    return scheme == "https" or (scheme == "http" and place.host in LOOPBACK)


def mail_server(text: str) -> bool:
    """Tells whether a text is the address of a mail server: ``smtp://`` or ``smtps://``, a host, and nothing more."""
    parts = urlsplit(text)
    return (
        parts.scheme in {"smtp", "smtps"} and place_of(text) is not None and not (parts.path.strip("/") or parts.query)
    )
