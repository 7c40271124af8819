"""Reviews as people work on them: queues, one review, claims and decisions, the same for every way in.

Each verb asks what the actor may, does one thing, and returns plain values. A decision is bound to what was shown,
counts once, and is written together with the question whether its author may still make it. Raises Refused for who
may not, UserError for what does not fit; nothing is written then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from bridgehead.desk.paging import MOST, Page, cursor, keys_of, no_place
from bridgehead.desk.reviewing_answers import answer_of, check_fits, edited
from bridgehead.desk.reviewing_grant import check_grant, check_not_killed
from bridgehead.desk.reviewing_rows import ReviewRow, rows_of
from bridgehead.errors import UserError
from bridgehead.gate.grants import granted
from bridgehead.ids import ReviewId
from bridgehead.ids import show as shown_id
from bridgehead.reviews.model import Review, ReviewKind, Verb, check_verb
from bridgehead.reviews.people import Decider
from bridgehead.reviews.stakes import Sum, sums
from bridgehead.spec.tool import JSON
from bridgehead.storage.queries_cases import CaseQueries
from bridgehead.storage.reviews import Wanted
from bridgehead.storage.reviews_claims import Claims
from bridgehead.storage.reviews_queue import Queued, ReviewQueue, Wish

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.auth.actor import Actor
    from bridgehead.money import Money
    from bridgehead.storage.queries_case_view import Rival

_DUE: Final = re.compile(r"infinity|\d{4}-[01]\d-[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d(\.\d{1,6})?[+-]\d\d(:\d\d)?")
_STAKE: Final = re.compile(r"-?\d{1,30}(\.\d{1,30})?")
RESUME_S: Final = 300.0
"""The time that a case has at least after a decision, where its deployment is not known."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which reviews a queue shows; what is left as it is asks for all.

    ``state``: ``open`` (all that is undecided), ``claimed``, ``unclaimed``, ``timed_out``, ``no_channel``, a state
    after a decision (``approved``, …), or ``all``. ``mine``: only what is for a role of the actor's, or for one that
    they were handed. ``claimed``: only what the actor has before them. ``cause``: only open work of cases that left by
    this word of their agent, or by this error class where it named none.
    """

    state: str = "open"
    role: str | None = None
    kind: ReviewKind | None = None
    deployment: str | None = None
    case: int | None = None
    mine: bool = False
    claimed: bool = False
    overdue: bool = False
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewView:
    """One review with what a decision needs. ``digest`` is what a decision hands back as ``shown_digest``.

    ``acts_for`` is the user whose authority the case has; ``rival`` the effect that holds the key of a call that
    conflicts; ``input`` what the agent was given; ``others`` the open reviews of the same case, which may be decided
    together with this one; ``sums`` what is at stake, and each other sum that is not the same; ``may_decide`` whether
    the actor is in its role, or was handed it, at this moment, and ``why_not`` says why they are not.
    """

    row: ReviewRow
    review: Review
    digest: str | None
    tool: str | None
    args: JSON
    effect_class: str | None
    reasons: tuple[str, ...]
    valid_for_s: float | None
    approved_first: Mapping[str, JSON] | None
    input: JSON
    rival: Rival | None
    acts_for: str | None
    unserved: str | None
    others: tuple[ReviewRow, ...]
    may_decide: bool
    why_not: str = ""
    sums: tuple[Sum, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides.

    ``value`` is the answer of a question or of a case that a person ends, the reason of a rejection, or the guidance
    of ``back``; a text is also read as JSON where that is what was asked for. ``args`` are all arguments of an edit,
    ``changes`` single ones (``order.total=950.00``) on top of them, or of the ones shown. ``happened`` settles an
    unknown effect. ``shown_digest`` is the digest of the arguments that were on the screen, at least its first eight
    hex digits: other arguments by now refuse the decision. ``minutes`` is how long it took; None counts from the
    claim, else from the opening. ``again`` gives a case that has left the agent's hands back to it.
    """

    verb: Verb
    value: JSON = None
    args: Mapping[str, JSON] | None = None
    changes: tuple[str, ...] = ()
    happened: bool | None = None
    shown_digest: str | None = None
    minutes: float | None = None
    again: bool = False


async def queue(
    app: App,
    actor: Actor,
    filters: Filters | None = None,
    cursor: str | None = None,
    *,
    limit: int = 50,
    named: bool = True,
) -> Page[ReviewRow]:
    """Returns a page of a queue: open work by when it is due, then the most money, then the oldest.

    Work that is decided comes newest first. Money of different currencies is compared by its number. ``cursor`` is
    ``next`` of the page before; ``named`` False leaves out whom each is about. Needs the right ``read``.
    """
    actor.need("read")
    asked = filters or Filters()
    wish = Wish(
        state=asked.state,
        deployment=asked.deployment,
        role=asked.role,
        kind=asked.kind,
        case_id=asked.case,
        person=actor.name if asked.mine else None,
        groups=await groups_of(app, actor) if asked.mine else frozenset(),
        claimed_by=actor.name if asked.claimed else None,
        cause=asked.cause,
        overdue=asked.overdue,
    )
    if wish.cause is not None and not wish.undecided:
        raise UserError(
            "work is looked for by its cause while it is open",
            code="input.choice",
            hint="Leave the cause out, or ask for what is undecided.",
        )
    after = _place(cursor, priority=wish.undecided)
    count = max(1, min(limit, MOST))
    found = await ReviewQueue(app.database, app.vault).page(wish, after=after, limit=count + 1)
    rows = await rows_of(app, actor, found[:count], named=named)
    return Page(rows, _cursor(found[count - 1]) if len(found) > count else None)


async def show(app: App, actor: Actor, review_id: int) -> ReviewView:
    """Returns one review with what a decision needs; needs the right ``read.documents``.

    Raises UserError (``review.unknown``) for a number that no review has.
    """
    actor.need("read")
    actor.need("read.documents")
    review, deployment = await app.reviews.find(ReviewId(review_id))
    now = await app.reviews.now()
    (row,) = await rows_of(app, actor, [Queued(review, deployment, now, ())])
    queries = CaseQueries(app.database, app.vault)
    case = review.case_id
    open_case = case is not None and review.state == "open"
    others = (await queue(app, actor, Filters(case=case), limit=MOST)).items if open_case else ()
    why_not = await app.reviews.why_not(review.id, decider(app, actor, deployment, review.role))
    shown = review.shown
    given = None if case is None else await queries.input(case)
    first = shown.get("approved_first")
    return ReviewView(
        row=row,
        review=review,
        digest=None if review.args_digest is None else review.args_digest.hex(),
        tool=_text(shown.get("tool")),
        args=shown.get("args"),
        effect_class=_text(shown.get("effect_class")),
        reasons=tuple(str(one) for one in _list(shown.get("why"))),
        valid_for_s=None if review.valid_for is None else review.valid_for.total_seconds(),
        approved_first=first if isinstance(first, Mapping) else None,
        input=given,
        rival=await queries.rival(review.effect_id)
        if review.kind == "conflict" and review.effect_id is not None
        else None,
        acts_for=None if case is None else await queries.acts_for(case),
        unserved=None if case is None else await queries.unserved(case),
        others=tuple(one for one in others if one.id != review_id),
        may_decide=not why_not and actor.may("review"),
        why_not=why_not,
        sums=sums(shown, given),
    )


async def claim(app: App, actor: Actor, review_id: int) -> ReviewRow:
    """Puts an open review before the actor for as long as its role says; claimed again, for longer.

    A claim tells others that somebody is at it. It is over by itself, and forbids nobody to decide. Raises UserError
    when somebody else has it (``review.claimed``), when it is decided, and beyond what the role lets one person have
    at once (``review.claims``); Refused for who may not decide it.
    """
    actor.need("review")
    review, deployment = await app.reviews.find(ReviewId(review_id))
    await Claims(app.database).claim(review.id, decider(app, actor, deployment, review.role))
    return await row_of(app, actor, review_id)


async def release(app: App, actor: Actor, review_id: int) -> ReviewRow:
    """Gives the actor's claim up; one that they do not have is no error."""
    actor.need("review")
    await Claims(app.database).release(ReviewId(review_id), actor.name)
    return await row_of(app, actor, review_id)


async def decide(app: App, actor: Actor, review_id: int, decision: Decision) -> Review:
    """Makes one decision and returns the decided review; of two at once one wins, and the other is told.

    A claim of somebody else does not stand in its way: ``claimed_by`` of what is returned says who had it. Raises
    UserError for what does not fit the review (``review.verb``, ``review.answer``, ``review.arguments``,
    ``review.changed``, ``review.decided``, …) and Refused for who may not decide it (``auth.right``, ``user.member``,
    ``user.disabled``, ``review.requester``).
    """
    (decided,) = await decide_together(app, actor, [(review_id, decision)])
    return decided


async def decide_together(app: App, actor: Actor, decisions: Sequence[tuple[int, Decision]]) -> Sequence[Review]:
    """Makes several decisions about one case, all or none; raises as ``decide`` does.

    Raises UserError (``review.together``) for reviews of several cases, and where one of them takes the case or gives
    it back.
    """
    actor.need("review")
    if not decisions:
        raise UserError("there is nothing to decide", code="review.together", hint="Name at least one review.")
    wanted = [await _wanted(app, actor, number, decision) for number, decision in decisions]
    return await app.reviews.decide_all(wanted)


async def row_of(app: App, actor: Actor, review_id: int) -> ReviewRow:
    """Returns one review as a queue shows it; needs the right ``read``."""
    actor.need("read")
    review, deployment = await app.reviews.find(ReviewId(review_id))
    (row,) = await rows_of(app, actor, [Queued(review, deployment, await app.reviews.now(), ())])
    return row


def decider(app: App, actor: Actor, deployment: str, role: str) -> Decider:
    """Returns who decides as the store holds them to it."""
    spec = app.described.get(deployment)
    part = None if spec is None else spec.roles.get(role)
    members = (() if part is None else part.members) if spec is not None else None
    return Decider(actor.name, actor.groups, actor.issuer, actor.channel, members)


async def groups_of(app: App, actor: Actor) -> frozenset[str]:
    """Returns the groups that an actor has now: a local user's are read anew, whatever a session still says."""
    if actor.issuer is not None:
        return actor.groups
    found = next((user for user in await app.users.listing() if user.name == actor.name), None)
    return actor.groups if found is None else found.groups


async def _wanted(app: App, actor: Actor, review_id: int, decision: Decision) -> Wanted:
    review, deployment = await app.reviews.find(ReviewId(review_id))
    verb = decision.verb
    check_verb(review.kind, verb)
    check_fits(review, decision)
    _same(review, decision.shown_digest)
    await check_not_killed(app, review, deployment, verb)
    answer: JSON = None
    if verb == "edit":
        answer = {"args": await edited(app, review, deployment, decision.args, decision.changes)}
    elif verb == "answer":
        answer = answer_of(review, decision.value, happened=decision.happened)
    elif verb in ("reject", "back"):
        answer = decision.value
    spec = app.described.get(deployment)
    if verb in ("approve", "edit") and review.kind != "seeded":
        args = answer["args"] if isinstance(answer, Mapping) else review.shown.get("args")
        await check_grant(app, review, args, deployment, spec)
    rate, idle_cap, resume_s = await terms(app, deployment, review.role)
    return Wanted(
        review.id,
        verb,
        by=actor.name,
        answer=answer,
        shown_digest=review.args_digest,
        resume_s=resume_s,
        rate=rate,
        idle_cap_minutes=idle_cap,
        minutes=decision.minutes,
        again=decision.again,
        granting=None
        if spec is None
        else partial(granted, spec.rights, audience=spec.name, release="", scope=frozenset(spec.tools)),
        decider=decider(app, actor, deployment, review.role),
    )


async def terms(app: App, deployment: str, role: str) -> tuple[Money | None, float | None, float]:
    """Returns a role's rate, the longest pause that is paid, and the time a case has left after a decision.

    They are those of the deployment's file where this process knows it, else those that were registered last.
    """
    spec = app.described.get(deployment)
    if spec is not None:
        part = spec.roles.get(role)
        return (
            (None, None, spec.case.resume_s) if part is None else (part.rate, part.idle_cap_minutes, spec.case.resume_s)
        )
    found = next((one for one in await app.roles.listing(deployment) if one.role == role), None)
    return (None, None, RESUME_S) if found is None else (found.rate, found.idle_cap_minutes, found.resume_s)


def _same(review: Review, digest: str | None) -> None:
    """Holds a decision to the arguments somebody has seen; the first 8 hex digits are enough."""
    if digest is None:
        return
    found = "" if review.args_digest is None else review.args_digest.hex()
    if len(digest) < 8 or not found.startswith(digest.lower()):  # noqa: PLR2004  # 32 bits of a digest
        raise UserError(
            f"{shown_id('R', review.id)} is about other arguments than those with digest {digest}",
            code="review.changed",
            hint="Look at it again before you decide.",
        )


def _place(cursor: str | None, *, priority: bool) -> tuple[str | int, ...] | None:
    """Returns where a page goes on; raises UserError (``input.cursor``) for what no page has ended with."""
    keys = keys_of(cursor, 3 if priority else 1)
    if keys is None:
        return None
    due, stake = (str(keys[0]), str(keys[1])) if priority else ("infinity", "0")
    if not (isinstance(keys[-1], int) and 0 <= keys[-1] < 2**63 and _is_due(due) and _STAKE.fullmatch(stake)):
        raise no_place(cursor or "")
    return keys


def _is_due(text: str) -> bool:
    if _DUE.fullmatch(text) is None:
        return False
    try:
        return text == "infinity" or datetime.fromisoformat(text) is not None
    except ValueError:
        return False


def _cursor(queued: Queued) -> str:
    return cursor(*queued.keys)


def _text(value: JSON) -> str | None:
    return value if isinstance(value, str) else None


def _list(value: JSON) -> Sequence[JSON]:
    return value if isinstance(value, list) else [] if value is None else [value]
