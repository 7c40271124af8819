"""People and tokens over HTTP, for admins; tokens are made by their owners, signed in, and not here."""

from __future__ import annotations

from typing import Final

from bridgehead.api.declared import Call, Route
from bridgehead.api.models_desk import (
    ChangedOut,
    GroupsIn,
    InvitedOut,
    PeopleOut,
    PersonIn,
    RolesIn,
    TokensOut,
    WhyIn,
)
from bridgehead.desk import admin as desk


async def people(call: Call) -> PeopleOut:
    """Lists people."""
    return PeopleOut.model_validate({"items": await desk.people(call.app, call.actor)})


async def add(call: Call) -> InvitedOut:
    """Adds a user."""
    sent = call.body(PersonIn)
    path = await desk.add(call.app, call.actor, sent.name, groups=sent.groups, roles=sent.roles)
    return InvitedOut(name=sent.name, path=path)


async def roles(call: Call) -> ChangedOut:
    """Gives a user roles."""
    sent = call.body(RolesIn)
    return ChangedOut(changed=await desk.set_roles(call.app, call.actor, call.path["user"], sent.roles))


async def groups(call: Call) -> ChangedOut:
    """Puts a user into groups."""
    await desk.set_groups(call.app, call.actor, call.path["user"], call.body(GroupsIn).groups)
    return ChangedOut(changed=True)


async def disable(call: Call) -> ChangedOut:
    """Lets a user act no more."""
    why = call.body(WhyIn).reason
    return ChangedOut(changed=await desk.disable(call.app, call.actor, call.path["user"], why))


async def enable(call: Call) -> ChangedOut:
    """Lets a user act again."""
    await desk.enable(call.app, call.actor, call.path["user"])
    return ChangedOut(changed=True)


async def tokens(call: Call) -> TokensOut:
    """Lists tokens."""
    return TokensOut.model_validate({"items": await desk.tokens(call.app, call.actor)})


async def revoke(call: Call) -> ChangedOut:
    """Ends a token."""
    why = call.body(WhyIn).reason
    return ChangedOut(changed=await desk.revoke_token(call.app, call.actor, int(call.path["token"]), why))


ROUTES: Final = (
    Route("GET", "/users", "listUsers", "admin", "people", "Who may act here, and who may not any more", people,
          PeopleOut),
    Route(
        "POST", "/users", "addUser", "admin", "people", "Adds a local user, who sets a password by the link", add,
        InvitedOut, body=PersonIn, secret=True, status=201,
    ),
    Route(
        "POST", "/users/{user}/roles", "setRoles", "admin", "people", "Gives a user exactly these roles", roles,
        ChangedOut, body=RolesIn,
    ),
    Route(
        "POST", "/users/{user}/groups", "setGroups", "admin", "people", "Puts a user into exactly these groups", groups,
        ChangedOut, body=GroupsIn,
    ),
    Route(
        "POST", "/users/{user}/disable", "disableUser", "admin", "people",
        "Lets a user act no more: sessions and tokens end at the next request", disable, ChangedOut, body=WhyIn,
    ),
    Route(
        "POST", "/users/{user}/enable", "enableUser", "admin", "people", "Lets a user act again, who signs in anew",
        enable, ChangedOut,
    ),
    Route("GET", "/tokens", "listTokens", "admin", "people", "Everybody's tokens, the latest first", tokens, TokensOut),
    Route(
        "POST", "/tokens/{token}/revoke", "revokeToken", "admin", "people", "Ends a token, from the next request on",
        revoke, ChangedOut, body=WhyIn,
    ),
)  # fmt: skip
