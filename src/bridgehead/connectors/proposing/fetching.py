"""Fetches a document that describes a system: from a file, or by HTTP within bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from bridgehead.connectors.proposing.openapi_document import MOST_BYTES
from bridgehead.errors import UserError

_SECONDS: Final = 30.0


async def fetch(source: str) -> tuple[bytes, str]:
    """Returns a document's bytes, and where it lies (a URL without user and password; empty for a file).

    Raises UserError ``connector.openapi`` when it cannot be had.
    """
    if not source.lower().startswith(("http://", "https://")):
        return _read(source), ""
    parts = urlsplit(source)
    host = parts.netloc.rpartition("@")[2]
    shown = parts._replace(netloc=host, query="", fragment="").geturl()
    data = b""
    try:
        # By hand, so that a server without end ends here.
        async with (
            httpx.AsyncClient(timeout=_SECONDS, follow_redirects=True, max_redirects=3) as client,
            client.stream("GET", source) as reply,
        ):
            if reply.status_code != httpx.codes.OK:
                raise _cannot(shown, f"the server answers {reply.status_code}")
            async for piece in reply.aiter_bytes():
                data += piece
                if len(data) > MOST_BYTES:
                    break
    except httpx.HTTPError as error:
        raise _cannot(shown, type(error).__name__) from None
    return data, shown


def _read(source: str) -> bytes:
    try:
        with Path(source).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _cannot(source, error.strerror or "it cannot be read") from None


def _cannot(source: str, why: str) -> UserError:
    return UserError(
        f"{source} cannot be had: {why}",
        code="connector.openapi",
        hint="Give the address or the file of an OpenAPI 3 document; one behind a login: save it first.",
    )
