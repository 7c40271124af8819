"""Forms of other places change nothing here: an act comes from this origin and carries its session's own token.

Two guards, each enough alone where browsers keep to their rules: where the request comes from
(``Sec-Fetch-Site``, ``Origin``), and a token bound to the session that no other place can read.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from bridgehead.errors import Refused
from bridgehead.ids import random_bytes
from bridgehead.ledger.vault import Vault

VISIT: Final = "bridgehead_visit"
"""The cookie of somebody who has no session yet: the sign-in form is bound to it."""
FIELD: Final = "csrf"
HEADER: Final = "x-csrf-token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def form_token(vault: Vault, request: Request) -> str:
    """Returns the token that forms of this session carry."""
    return _token(vault, _holder(request))


def visit_of(request: Request) -> str:
    """Returns what binds the forms of somebody without a session; made for one who comes the first time."""
    kept = getattr(request.state, "visit", None)
    if kept is None:
        kept = request.cookies.get(VISIT) or base64.urlsafe_b64encode(random_bytes(18)).decode()
        request.state.visit = kept
    return str(kept)


def keep_visit(request: Request, response: Response) -> None:
    """Leaves the cookie that a form before sign-in was bound to."""
    if getattr(request.state, "visit", None) is not None and VISIT not in request.cookies:
        response.set_cookie(
            VISIT, visit_of(request), path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https"
        )


async def check(vault: Vault, request: Request) -> None:
    """Raises Refused (``console.origin``, ``console.csrf``) for an act that a form of this session did not ask for."""
    _check_origin(request)
    given = request.headers.get(HEADER)
    if given is None:
        found = (await request.form()).get(FIELD)
        given = "" if found is None or isinstance(found, UploadFile) else found
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), form_token(vault, request).encode()):
        raise Refused(
            "this form is not of your session, or it is older than your sign-in",
            code="console.csrf",
            hint="Open the page again and send the form from there.",
        )


def _check_origin(request: Request) -> None:
    """Browsers say where a request comes from (Fetch Metadata, RFC 6454); another place than this one is refused."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    here = f"{request.url.scheme}://{request.headers.get('host', '')}"
    elsewhere = site is not None and site not in {"same-origin", "none"}
    if elsewhere or (origin is not None and origin.lower() != here.lower()):
        raise Refused(
            "this form was sent from another place than this console",
            code="console.origin",
            hint="Open the console and send the form from there.",
        )


def _holder(request: Request) -> bytes:
    session = getattr(request.state, "session", None)
    return f"session:{session}".encode() if session is not None else f"visit:{visit_of(request)}".encode()


def _token(vault: Vault, holder: bytes) -> str:
    return base64.urlsafe_b64encode(vault.hmac("console-form", holder)).decode().rstrip("=")
