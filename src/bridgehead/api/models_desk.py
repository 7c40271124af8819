"""Reviews, controls, deployments, policies, people and tokens as they go over the wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, BeforeValidator, Field, JsonValue, StringConstraints

from bridgehead.api.declared import In, Out, Paged
from bridgehead.api.models import CaseId, Name, Reason
from bridgehead.auth.actor import ConsoleRole, Right
from bridgehead.reviews.model import ReviewKind, Verb

Digest: TypeAlias = Annotated[str, StringConstraints(pattern="^[0-9a-f]{8,128}$")]
ReviewName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^R-[0-9]{1,18}$")]
Decimals: TypeAlias = Annotated[
    str | None, BeforeValidator(lambda value: format(value, "f") if isinstance(value, Decimal) else value)
]
QueueState: TypeAlias = Literal[
    "open", "claimed", "unclaimed", "timed_out", "no_channel", "approved", "edited", "rejected", "answered", "taken",
    "returned", "superseded", "cancelled", "expired", "all",
]  # fmt: skip


class ReviewsQuery(Paged):
    """Which reviews a queue shows."""

    state: QueueState = "open"
    role: Name | None = None
    kind: ReviewKind | None = None
    deployment: Name | None = None
    case: CaseId | None = None
    mine: bool = Field(default=False, description="Only what is for a role of mine, or one that was handed to me.")
    claimed: bool = Field(default=False, description="Only what I have before me.")
    overdue: bool = False
    cause: Name | None = Field(
        default=None, description="Open work of cases that left by this cause, or by this class where none was named."
    )


class ReviewRowOut(Out):
    """One review in a queue; ``stake`` is the money that it is about, ``due_at`` counts its role's working time.

    ``title`` says in a line whom it is about and why it is there; ``customer``, ``number`` and ``document`` are empty
    where the case does not say, and for a token without the right to see documents.
    """

    id: Annotated[str, Field(validation_alias="name")]
    kind: str
    role: str
    deployment: str
    standing: str
    about: str
    effect: Annotated[str | None, BeforeValidator(lambda found: f"E-{found}" if isinstance(found, int) else found)]
    reason: str
    why: str
    error_class: str | None
    opened_at: AwareDatetime
    due_at: AwareDatetime | None
    overdue: bool
    stake: Decimals
    stake_currency: str
    claimed_by: str | None
    claim_until: AwareDatetime | None
    decided_at: AwareDatetime | None
    decided_by: str | None
    takes: list[str]
    customer: str
    number: str
    document: str
    title: str


class ReviewsOut(Out):
    """A page of a queue."""

    items: list[ReviewRowOut]
    next: str | None


class RivalOut(Out):
    """The effect that holds the key which a call wants."""

    effect: str
    case: str
    state: str
    args: JsonValue
    settled_at: AwareDatetime | None


class SumOut(Out):
    """One sum that a review is about, and what it is; ``more`` is by how much it is above the one at stake."""

    amount: Decimals
    currency: str
    what: str
    why: str
    more: Decimals


class ReviewOut(Out):
    """One review with what a decision needs; a decision names its ``digest``."""

    review: Annotated[ReviewRowOut, Field(validation_alias="row")]
    digest: str | None
    tool: str | None
    args: JsonValue
    effect_class: str | None
    reasons: list[str]
    valid_for_s: float | None
    approved_first: dict[str, JsonValue] | None
    input: JsonValue
    rival: RivalOut | None
    acts_for: str | None
    unserved: str | None
    others: list[ReviewRowOut]
    may_decide: bool
    why_not: str
    sums: list[SumOut]
    shown: dict[str, JsonValue]


class AlsoIn(In):
    """Another call of the same case, and the digest of what was shown of it."""

    review: ReviewName
    shown_digest: Digest


class DecisionIn(In):
    """What somebody decides. ``shown_digest`` (or ``If-Match``) names the arguments that they saw."""

    verb: Verb
    value: JsonValue = Field(
        default=None, description="The answer, the reason of a rejection, or the guidance of a case that is sent back."
    )
    args: dict[str, JsonValue] | None = Field(default=None, description="Of an edit: all arguments as they should be.")
    changes: list[Annotated[str, StringConstraints(min_length=1, max_length=4000)]] = Field(
        default=[], max_length=100, description="Of an edit: single ones, as order.total=950.00."
    )
    happened: bool | None = Field(default=None, description="Of an unknown effect: whether it happened.")
    shown_digest: Digest | None = None
    minutes: float | None = Field(default=None, ge=0, le=1440, allow_inf_nan=False)
    again: bool = Field(default=False, description="Gives a case that has left the agent's hands back to it.")
    also: list[AlsoIn] = Field(
        default=[],
        max_length=20,
        description="Of approve and reject: other held calls of the case, decided with it, all or none.",
    )


class DecidedOut(Out):
    """A review as it stands after a decision, and those that were decided with it."""

    review: ReviewRowOut
    also: list[ReviewRowOut]


class DelegationIn(In):
    """Which of your roles is handed to whom, until when, and why."""

    deployment: Name
    role: Name
    to: Name
    until: AwareDatetime
    reason: Reason


class DelegationOut(Out):
    """One role, handed by a person to another until a moment."""

    id: int
    deployment: str
    role: str
    from_person: str
    to_person: str
    from_at: AwareDatetime
    until_at: AwareDatetime
    reason: str
    ended_at: AwareDatetime | None


class DelegationsOut(Out):
    """The delegations that count now."""

    items: list[DelegationOut]


class ShareOut(Out):
    """A share that was counted, with the 95 % interval in which the true one lies."""

    hits: int
    of: int
    low: float
    high: float


class ReviewerOut(Out):
    """One reviewer over the last thirty days."""

    person: str
    decided: int
    approved: int
    edited: int
    refused: int
    median_minutes: float | None
    most_minutes: float | None
    in_time: ShareOut
    agreed: ShareOut
    caught: ShareOut


class ReviewersOut(Out):
    """How each reviewer did."""

    items: list[ReviewerOut]


class ControlOut(Out):
    """One thing that is stopped."""

    action: str
    kind: str
    name: str
    deployment: str
    what: str
    by: str
    reason: str
    at: AwareDatetime


class ControlsOut(Out):
    """Everything that is stopped."""

    items: list[ControlOut]


class TargetIn(In):
    """What is stopped or let go on: a deployment, a tool, a release, or everything."""

    deployment: Name | None = None
    tool: Name | None = None
    release: Annotated[str, StringConstraints(pattern="^[0-9a-f]{4,64}$")] | None = None
    everything: bool = False
    reason: Reason


class StopIn(TargetIn):
    """A stop; ``even_unknown`` takes a tool that no release has had yet."""

    even_unknown: bool = False


class StoppedOut(Out):
    """A stop as it stands."""

    control: ControlOut
    changed: bool


class LiftedOut(Out):
    """What goes on, and what stops the same calls or cases besides."""

    kind: str
    name: str
    deployment: str
    was: str
    still: list[str]


class MeOut(Out):
    """Whom the token acts for, and what it may do."""

    name: str
    roles: list[ConsoleRole]
    groups: list[str]
    rights: list[Right]
    scopes: list[Right] | None


class PersonOut(Out):
    """Somebody who may act here, or may not any more; ``issuer`` is empty for a local user."""

    name: str
    issuer: str
    shown: str
    groups: list[str]
    roles: list[ConsoleRole]
    signs_in: bool
    disabled: str


class PeopleOut(Out):
    """Everybody who may act here."""

    items: list[PersonOut]


class PersonIn(In):
    """A new local user."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+:-]{0,99}$")]
    groups: list[Name] = Field(default=[], max_length=100)
    roles: list[ConsoleRole] = Field(default=[], max_length=6)


class InvitedOut(Out):
    """Where a new user sets their password, once and within three days; shown this once."""

    name: str
    path: str


class GroupsIn(In):
    """The groups somebody is in from now on."""

    groups: list[Name] = Field(max_length=100)


class RolesIn(In):
    """The roles somebody has from now on."""

    roles: list[ConsoleRole] = Field(max_length=6)


class WhyIn(In):
    """Why."""

    reason: Reason


class ChangedOut(Out):
    """Whether anything was changed; false: it was so before."""

    changed: bool


class TokenOut(Out):
    """One token of the API; the token itself is nowhere. ``over``: its time has passed."""

    id: int
    label: str
    issuer: str
    subject: str
    scopes: list[str]
    made_by: str
    made_at: AwareDatetime
    ends_at: AwareDatetime
    used_at: AwareDatetime | None
    revoked_by: str | None
    revoked_why: str | None
    over: bool


class TokensOut(Out):
    """Everybody's tokens, the latest first."""

    items: list[TokenOut]
