"""A deployment's channels, ready to be used; nothing is asked and no secret is read before a message is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from bridgehead.channels.mail import Mail
from bridgehead.channels.ports import MailPost, Reveal
from bridgehead.channels.slack import Slack, SlackApi
from bridgehead.channels.teams import Teams
from bridgehead.channels.webhook import Webhook
from bridgehead.channels.wire import Wire
from bridgehead.reviews.ports import Channel
from bridgehead.spec.deployment import Deployment
from bridgehead.spec.notify import ChannelSpec


@dataclass(frozen=True, slots=True)
class Means:
    """What channels are made with: ``reveal`` resolves references, ``post`` hands mail in."""

    reveal: Reveal
    post: MailPost


def open_channel(spec: ChannelSpec, deployment: Deployment, means: Means) -> Channel:
    """Returns a channel of a deployment."""
    wire = wire_of(spec, deployment)
    match spec.kind:
        case "mail":
            return Mail(spec, means.post, means.reveal, egress=deployment.egress)
        case "slack":
            return Slack(spec, SlackApi(spec, wire, means.reveal))
        case "teams":
            return Teams(spec, wire, means.reveal)
        case "webhook":
            return Webhook(spec, wire, means.reveal)
    assert_never(spec.kind)


def slack_api(spec: ChannelSpec, deployment: Deployment, means: Means) -> SlackApi:
    """Returns Slack's API as a channel of a deployment uses it."""
    return SlackApi(spec, wire_of(spec, deployment), means.reveal)


def wire_of(spec: ChannelSpec, deployment: Deployment) -> Wire:
    """Returns how a channel reaches its host."""
    return Wire(spec.name, timeout_s=spec.timeout_s, egress=deployment.egress)
