"""Buttons in Slack: believed with Slack's signature, held to a named person, decided by the desk's own verb."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bridgehead.app import means
from bridgehead.channels.opening import slack_api
from bridgehead.channels.slack import escaped, reason_view
from bridgehead.channels.slack_inbound import Press, is_recent, press_of, signed_by
from bridgehead.console.named import actor_named
from bridgehead.console.page import Page
from bridgehead.desk import reviewing
from bridgehead.errors import BridgeheadError, Refused, UserError
from bridgehead.ids import show

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.channels.slack import SlackApi
    from bridgehead.console.here import Here
    from bridgehead.spec.deployment import Deployment
    from bridgehead.spec.notify import ChannelSpec

log = logging.getLogger("bridgehead.console")

_BODY_BYTES: Final = 128 * 1024
_SIGNING: Final = 2
"""A channel of Slack has two secrets when buttons can be pressed: its token and what Slack signs with."""


async def slack(request: Request, here: Here) -> Response:
    """Takes a button or a dialog from Slack; answers 401 to whatever Slack has not signed within five minutes."""
    app, body = here.app, await request.body()
    if not is_recent(request.headers):  # before a secret is read: a store of secrets may be slow
        return _unsigned()
    signed = signed_by(await asyncio.to_thread(lambda: list(_secrets(app))), request.headers, body)
    if not signed:
        return _unsigned()
    try:
        press = press_of(body)
    except UserError as error:
        return PlainTextResponse(f"{error.message}\n", 400)
    if press is None:
        return Response(status_code=200)
    _, deployment = await app.reviews.find(press.review_id)
    spec = next(
        (
            one
            for name, one in _channels(app, deployment)
            if name in signed and one.address == press.channel and one.team in ("", press.team)
        ),
        None,
    )
    if spec is None:
        log.warning("%s was pressed in another place than it is asked in", show("R", press.review_id))
        return PlainTextResponse("not of this conversation\n", 403)
    return await _pressed(app, app.described[deployment], spec, press)


def _unsigned() -> Response:
    log.warning("a request to /hooks/slack was refused: no signature fits, or it is too old")
    return PlainTextResponse("not signed\n", 401)


async def _pressed(app: App, deployment: Deployment, spec: ChannelSpec, press: Press) -> Response:
    """Decides, or asks for the reason first; who may not is told so, and nobody else."""
    api = slack_api(spec, deployment, means(deployment))
    try:
        person = next((name for name, member in spec.people.items() if member == press.member), None)
        if person is None:
            raise Refused(
                "Slack's member is no named approver of this channel", code="user.unknown", hint="Decide at the desk."
            )
        actor = await actor_named(app, person, "slack")
        if press.verb == "reject" and press.reason is None:
            view = reason_view(show("R", press.review_id), press.digest, press.channel)
            await api.call("views.open", {"trigger_id": press.dialog, "view": view})
            return Response(status_code=200)
        decision = reviewing.Decision(
            "approve" if press.verb == "approve" else "reject", value=press.reason, shown_digest=press.digest
        )
        await reviewing.decide(app, actor, press.review_id, decision)
    except BridgeheadError as error:
        return await _told(api, press, error)
    return Response(status_code=200)


async def _told(api: SlackApi, press: Press, error: BridgeheadError) -> Response:
    """Tells who pressed, and nobody else, that nothing was decided and why."""
    text = f"{show('R', press.review_id)} was not decided by you: {error.message}. {error.hint}".strip()
    if press.reason is not None:
        return JSONResponse({"response_action": "errors", "errors": {"reason": text[:150]}})
    try:
        await api.call("chat.postEphemeral", {"channel": press.channel, "user": press.member, "text": escaped(text)})
    except BridgeheadError as failed:
        log.warning("nobody could be told in Slack that a press did not count: %s", failed.message)
    return Response(status_code=200)


def _secrets(app: App) -> Iterator[tuple[str, str]]:
    """Yields the signing secret of every channel of Slack under its name."""
    for deployment in app.described.values():
        for name, spec in _channels(app, deployment.name):
            try:
                yield name, means(deployment).reveal(spec.secrets[1])
            except UserError as error:
                log.warning("buttons of channel %s cannot be pressed: %s", spec.name, error.message)


def _channels(app: App, deployment: str) -> Iterator[tuple[str, ChannelSpec]]:
    found = app.described.get(deployment)
    for spec in () if found is None else found.channels.values():
        if spec.kind == "slack" and len(spec.secrets) == _SIGNING:
            yield f"{deployment}/{spec.name}", spec


PAGES: Final = (Page("/hooks/slack", slack, right=None, methods=("POST",), outside=True, body=_BODY_BYTES),)
