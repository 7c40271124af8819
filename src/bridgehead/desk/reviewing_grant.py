"""Whether a held call would still be made, looked at before a person says yes: its authority, and what was killed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bridgehead.errors import UserError
from bridgehead.gate.grants import held, reached
from bridgehead.ids import show
from bridgehead.money import Money
from bridgehead.reviews.model import LOOKING
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.reviews.model import Review, Verb
    from bridgehead.spec.deployment import Deployment
    from bridgehead.storage.grants import Found


async def check_not_killed(app: App, review: Review, deployment: str, verb: Verb) -> None:
    """Raises UserError for a call that a kill will deny: the review stays open, so that nothing is lost."""
    tool = review.shown.get("tool")
    if verb not in ("approve", "edit") or not isinstance(tool, str) or review.kind in LOOKING:
        return
    for one in await app.controls.standing():
        if one.action == "kill" and one.covers("tool", tool, deployment):
            raise UserError(
                f"{one.what} was killed by {one.by}: {one.reason}; the call would be denied",
                code="review.killed",
                hint=f"{show('R', review.id)} stays open. '{one.lifted_by}' lets it go on; then decide again.",
            )


async def check_grant(app: App, review: Review, args: JSON, deployment: str, spec: Deployment | None) -> None:
    """Raises UserError (``review.grant``) for a call that its case may not make any more: it would be denied.

    The review stays open. What the case has spent and moved so far is not counted here; the gate counts it when the
    call is made, and looks at all of this once more.
    """
    case_id, tool = review.case_id, review.shown.get("tool")
    if case_id is None or not isinstance(tool, str):
        return
    case = show("C", case_id)
    redo = (
        f"{show('R', review.id)} stays open. Reject it, or take the case and close it; then whoever may have it done"
        ' submits it: bridgehead submit DEPLOYMENT FILE --as USER --again "why"'
    )
    ended = await app.grants.revocation(case_id)
    if ended is not None:
        raise _refused(f"{ended[0]} revoked the authority of {case}: {ended[1]}", redo)
    try:
        found = await app.grants.find(case_id)
    except UserError as error:
        if error.code == "grant.none":
            return
        raise
    grant = found.grant
    if grant is None:
        raise _refused(f"the grant of {case} does not count: {found.fault}", redo)
    if found.expired:
        raise _refused(f"the grant of {case} has expired at {found.expires_at:%Y-%m-%d %H:%M:%S} (UTC)", redo)
    if tool not in grant.tools:
        how = "was narrowed and does" if found.narrowed else "does"
        raise _refused(f"the grant of {case} {how} not reach {tool}", redo)
    if why := await _withdrawn(app, found, tool, spec):
        raise _refused(why, f"An operator puts that right; until then {redo[:1].lower()}{redo[1:]}")
    money = await _moved(app, deployment, tool, case_id, args)
    if money is not None and grant.limit is not None and not _within(money, grant.limit):
        how = ", narrowed since," if found.narrowed else ""
        raise _refused(f"the grant of {case}{how} ends at {grant.limit}, and the call moves {money}", redo)


async def _withdrawn(app: App, found: Found, tool: str, spec: Deployment | None) -> str:
    """Returns why whoever the case acts for may not have the call made any more; empty where they may."""
    groups = found.grant.groups if found.grant is not None else frozenset()
    if found.issuer:
        barred = await app.users.barred(found.issuer, found.subject)
        if barred:
            return f"{found.subject} may not act here: {barred}"
    else:
        user = next((one for one in await app.users.listing() if one.name == found.subject), None)
        if user is None or user.disabled:
            return f"{found.subject} may not act here: {'no such user is left' if user is None else user.disabled}"
        groups &= user.groups
    if spec is not None and tool not in reached(held(spec.rights, found.subject, groups), [tool]):
        return f"{found.subject} has no right to {tool} any more"
    return ""


async def _moved(app: App, deployment: str, tool: str, case_id: int, args: JSON) -> Money | None:
    """Returns what a call moves by its ``moves``, None where that is not declared or no amount of money."""
    from bridgehead.storage.queries import Queries

    declared = await Queries(app.database, app.vault).declared(deployment, tool, case_id)
    path = declared.get("moves")
    if not isinstance(path, str):
        return None
    value = args
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(value, str):
        return None
    try:
        return Money.parse(value)
    except UserError:
        return None


def _within(money: Money, limit: Money) -> bool:
    return money.currency == limit.currency and money.amount <= limit.amount


def _refused(why: str, hint: str) -> UserError:
    return UserError(f"{why}; the call would be denied", code="review.grant", hint=hint)
