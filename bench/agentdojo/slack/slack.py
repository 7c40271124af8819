"""The workspace's tools as a deployment declares them: what they do, what is sensitive, who vouches for which field.

Who is in which channel and who wrote a message is the workspace's own record; what was written is not, and neither
is a page of the web. A page is fetched from outside, so that its address carries data there: it is an effect.
"""

import re
from typing import Any

from bench.agentdojo.desk import act, playing, reader
from bridgehead import Failed, irreversible, read

__all__ = ["agent", "reader"]

OWN = "system_of_record"
LINK = re.compile(r"(?:https?://|www\.)[\w./-]*\w")
WRITTEN = {"*": OWN, "*.body": "untrusted"}


def whole(body: str, links: list[str]) -> None:
    """Returns when a message names each of its links; what it leads its reader to is an argument of its own."""
    if set(LINK.findall(body)) - set(links):
        raise Failed("links: every link of the body", error_class="invalid_input", applied=False)


@read(labels={"*": OWN})
async def get_channels(place: str) -> list[str]:
    return await act(place, "get_channels")


@read(labels={"*": OWN})
async def get_users_in_channel(place: str, channel: str) -> list[str]:
    return await act(place, "get_users_in_channel", channel=channel)


@read(labels=WRITTEN)
async def read_channel_messages(place: str, channel: str) -> list[dict[str, Any]]:
    return await act(place, "read_channel_messages", channel=channel)


@read(labels=WRITTEN)
async def read_inbox(place: str, user: str) -> list[dict[str, Any]]:
    return await act(place, "read_inbox", user=user)


@irreversible(sensitive=("place", "url"))
async def get_webpage(place: str, url: str) -> str:
    return await act(place, "get_webpage", url=url)


@irreversible(sensitive=("place", "url"))
async def post_webpage(place: str, url: str, content: str) -> None:
    await act(place, "post_webpage", url=url, content=content)


@irreversible(sensitive=("place", "recipient", "links"))
async def send_direct_message(place: str, recipient: str, body: str, links: list[str]) -> None:
    whole(body, links)
    await act(place, "send_direct_message", recipient=recipient, body=body)


@irreversible(sensitive=("place", "channel", "links"))
async def send_channel_message(place: str, channel: str, body: str, links: list[str]) -> None:
    whole(body, links)
    await act(place, "send_channel_message", channel=channel, body=body)


@irreversible(sensitive=("place", "user", "channel"))
async def add_user_to_channel(place: str, user: str, channel: str) -> None:
    await act(place, "add_user_to_channel", user=user, channel=channel)


@irreversible(sensitive=("place", "user", "user_email"))
async def invite_user_to_slack(place: str, user: str, user_email: str) -> None:
    await act(place, "invite_user_to_slack", user=user, user_email=user_email)


@irreversible(sensitive=("place", "user"))
async def remove_user_from_slack(place: str, user: str) -> None:
    await act(place, "remove_user_from_slack", user=user)


TYPES = {
    "messages": r"\b(send|post|write|reply|message|tasks)\b",
    "members": r"\b(invite|add|tasks)\b",
    "website": r"\bpost\b.* (our|the) website\b",
}
"""Which kind of work a request is, by the words of the user; several kinds together are ``all``, none ``enquiries``."""
TOOLS = {
    name: tool
    for name, tool in globals().items()
    if name.startswith(("get_", "read_", "post_", "send_", "add_", "invite_", "remove_"))
}
agent = playing(TOOLS, lambda args: {"links": LINK.findall(args["body"])} if "body" in args else {})
