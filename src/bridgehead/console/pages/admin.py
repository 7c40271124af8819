"""*Admin*: users with their roles and groups, tokens, sessions, who stands in for whom, and when roles are there."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from bridgehead.auth.actor import ALL_RIGHTS, MEANINGS, RIGHTS, ROLES
from bridgehead.console.here import Here
from bridgehead.console.page import Page
from bridgehead.console.viewing import moment, zone_of
from bridgehead.desk import admin, notifying
from bridgehead.desk import roles as roles_of
from bridgehead.desk.reviewing_delegation import delegate, delegations, end_delegation
from bridgehead.errors import UserError


async def users(_request: Request, here: Here) -> Response:
    """Shows who may act here."""
    people = await admin.people(here.app, here.actor)
    return here.render("admin-users.html", people=people, roles=ROLES, rights=RIGHTS, meanings=MEANINGS)


async def act_on_user(request: Request, here: Here) -> Response:
    """Adds or changes a user: the button says what."""
    form = await request.form()
    verb, name, issuer = _text(form, "do"), _text(form, "name"), _text(form, "issuer")
    groups, roles = _text(form, "groups").replace(",", " ").split(), [str(one) for one in form.getlist("roles")]
    if verb in {"add", "invite"}:
        path = (
            await admin.add(here.app, here.actor, name, groups=groups, roles=roles)
            if verb == "add"
            else await admin.invite(here.app, here.actor, name)
        )
        link = f"{request.url.scheme}://{request.headers['host']}{path}"
        return here.render("admin-link.html", name=name, link=link, added=verb == "add")
    if verb == "change":
        await admin.set_roles(here.app, here.actor, name, roles)
        await admin.set_groups(here.app, here.actor, name, groups)
        here.flash(f"{name} has these roles and groups from now on.")
    elif verb == "disable":
        await admin.disable(here.app, here.actor, name, _text(form, "reason"), issuer=issuer)
        here.flash(f"{name} may act here no more; sessions and tokens are ended.")
    elif verb == "enable":
        await admin.enable(here.app, here.actor, name, issuer=issuer)
        here.flash(f"{name} may act here again.")
    else:
        raise UserError("the form says nothing to do", code="input.choice", hint="Use a button of the page.")
    return here.redirect(here.url("admin"))


async def tokens(_request: Request, here: Here) -> Response:
    """Shows everybody's tokens and sessions."""
    return here.render(
        "admin-tokens.html",
        tokens=await admin.tokens(here.app, here.actor),
        sessions=await admin.sessions(here.app, here.actor),
        people=[one.name for one in await admin.people(here.app, here.actor) if not one.issuer and not one.signs_in],
        scopes=ALL_RIGHTS,
        meanings=MEANINGS,
        made=None,
    )


async def act_on_token(request: Request, here: Here) -> Response:
    """Makes or ends a token, or ends a session: the button says what."""
    form = await request.form()
    verb = _text(form, "do")
    if verb == "make":
        made = await admin.make_token(
            here.app,
            here.actor,
            _text(form, "of"),
            _text(form, "label"),
            [str(one) for one in form.getlist("scopes")],
            timedelta(days=_number(form, "days", 90)),
        )
        # Shown once and kept nowhere: not in an address, not in a cookie.
        return here.render("admin-token.html", made=made)
    if verb == "revoke":
        await admin.revoke_token(here.app, here.actor, _number(form, "number"), _text(form, "reason"))
        here.flash("The token opens nothing any more.")
    elif verb == "end":
        await admin.end_session(here.app, here.actor, _number(form, "number"))
        here.flash("The session is over.")
    else:
        raise UserError("the form says nothing to do", code="input.choice", hint="Use a button of the page.")
    return here.redirect(here.url("admin-tokens"))


async def roles(_request: Request, here: Here) -> Response:
    """Shows the roles of the deployments: who is in them, when they are there, and who they pass work on to."""
    return here.render(
        "admin-roles.html",
        roles=await roles_of.roles(here.app, here.actor),
        delegations=await delegations(here.app, here.actor),
        actor_name=here.actor.name,
    )


async def act_on_delegation(request: Request, here: Here) -> Response:
    """Hands a role of one's own on for a time, or takes one back."""
    form = await request.form()
    if _text(form, "do") == "end":
        await end_delegation(here.app, here.actor, _number(form, "number"))
        here.flash("The role is back.")
    else:
        deployment, _, role = _text(form, "role").partition("/")
        until = moment(_text(form, "until"), zone_of(request))
        await delegate(
            here.app, here.actor, deployment, role, _text(form, "to"), until=until, reason=_text(form, "reason")
        )
        here.flash(f"{_text(form, 'to')} stands in for you until then.")
    return here.redirect(here.url("roles"))


async def notifications(request: Request, here: Here) -> Response:
    """Shows who is told of work, what was sent, and what nobody could be told of."""
    query = request.query_params
    state = query.get("state") or None
    if state not in (None, "due", "sent", "failed", "dropped"):
        raise UserError(f"there is no state {state!r}", code="input.choice", hint="One of due, sent, failed, dropped.")
    return here.render(
        "admin-notifications.html",
        rules=notifying.rules(here.app, here.actor),
        found=await notifying.sent(here.app, here.actor, state=state, after=query.get("after") or None),
        untold=await notifying.untold(here.app, here.actor),
    )


async def notify_again(request: Request, here: Here) -> Response:
    """Lets what was given up be tried again."""
    form = await request.form()
    count = await notifying.again(here.app, here.actor, _number(form, "review") if form.get("review") else None)
    here.flash(f"{count} {'review is' if count == 1 else 'reviews are'} told of again by the next worker.")
    return here.redirect(here.url("notifications"))


def _text(form: FormData, name: str) -> str:
    found = form.get(name)
    return found.strip() if isinstance(found, str) else ""


def _number(form: FormData, name: str, usual: int | None = None) -> int:
    text = _text(form, name)
    if not text and usual is not None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004  # digits of any number of ours
        raise UserError(f"{text[:20]!r} is no number", code="input.choice", hint="Use a button of the page.")
    return int(text)


PAGES: Final = (
    Page("/admin", users, right="admin", name="admin"),
    Page("/admin/users", act_on_user, right="admin", methods=("POST",), name="admin-users"),
    Page("/admin/tokens", tokens, right="admin", name="admin-tokens"),
    Page("/admin/tokens", act_on_token, right="admin", methods=("POST",), name="admin-tokens-act"),
    Page("/admin/notifications", notifications, right="read", name="notifications"),
    Page("/admin/notifications", notify_again, right="operate", methods=("POST",), name="notifications-again"),
    Page("/admin/roles", roles, right="read", name="roles"),
    Page("/admin/roles", act_on_delegation, right="review", methods=("POST",), name="delegation"),
)
