"""The authorization server over HTTP: tokens (RFC 6749), their revocation (RFC 7009) and introspection (RFC 7662)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from pydantic import JsonValue
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from bridgehead.templates.purchase_orders.erp.tokens import Access, Client, Granted, GrantError, Issuer

_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FORM: Final = "application/x-www-form-urlencoded"
_MAX_FORM_BYTES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints of one issuer; a client signs in by HTTP Basic or by client_id and client_secret in the body."""

    issuer: Issuer

    async def token(self, request: Request) -> Response:
        """Grants by client credentials or by a refresh token; refuses as RFC 6749, section 5.2, says."""
        try:
            granted = self._grant(request, await _form(request))
        except GrantError as error:
            return refusal(request, error)
        return JSONResponse(_granted(granted), headers=_NO_STORE)

    async def revoke(self, request: Request) -> Response:
        """Takes a token back; 200 also for a token that is unknown."""
        try:
            form = await _form(request)
            self.issuer.revoke(self._client(request, form), _needed(form, "token"))
        except GrantError as error:
            return refusal(request, error)
        return Response(headers=_NO_STORE)

    async def introspect(self, request: Request) -> Response:
        """Says to a client whether a token is active, and whose it is."""
        try:
            form = await _form(request)
            self._client(request, form)
            access = self.issuer.check(_needed(form, "token"))
        except GrantError as error:
            return refusal(request, error)
        return JSONResponse({"active": False} if access is None else self._about(access), headers=_NO_STORE)

    def _grant(self, request: Request, form: Mapping[str, str]) -> Granted:
        kind, scope = _needed(form, "grant_type"), form.get("scope", "")
        client = self._client(request, form)
        if kind == "client_credentials":
            return self.issuer.grant(client, scope)
        if kind == "refresh_token":
            return self.issuer.refresh(client, _needed(form, "refresh_token"), scope)
        raise GrantError("unsupported_grant_type", f"{kind[:40]!r} is not granted here")

    def _about(self, access: Access) -> dict[str, JsonValue]:
        whose = access.client.subject or access.client.id
        return {
            "active": True,
            "scope": " ".join(sorted(access.scopes)),
            "client_id": access.client.id,
            "username": whose,
            "sub": whose,
            "token_type": "Bearer",
            "expires_in": self.issuer.left_s(access),
        }

    def _client(self, request: Request, form: Mapping[str, str]) -> Client:
        basic = _basic(request)
        if basic is not None and "client_secret" in form:
            raise GrantError("invalid_request", "sign in by one method, not by two")
        client_id, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if not client_id or not secret:
            raise GrantError("invalid_client", "no client signed in")
        return self.issuer.client(client_id, secret)


def refusal(request: Request, error: GrantError) -> Response:
    """Returns an error response of RFC 6749, section 5.2."""
    body = {"error": error.code, "error_description": error.detail}
    if error.code != "invalid_client":
        return JSONResponse(body, 400, headers=_NO_STORE)
    # Section 5.2 asks for the challenge where the client tried the header; elsewhere it does no harm.
    challenge = {"WWW-Authenticate": 'Basic realm="oauth"'} if "authorization" in request.headers else {}
    return JSONResponse(body, 401, headers={**_NO_STORE, **challenge})


def bearer(request: Request) -> str | None:
    """Returns the token of ``Authorization: Bearer``; None when there is no such header."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _granted(granted: Granted) -> dict[str, JsonValue]:
    whole: dict[str, JsonValue] = {
        "access_token": granted.access_token,
        "token_type": "Bearer",
        "expires_in": granted.expires_in_s,
        "scope": " ".join(sorted(granted.scopes)),
    }
    return whole | ({} if granted.refresh_token is None else {"refresh_token": granted.refresh_token})


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, found, secret = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise GrantError("invalid_client", "the Basic credentials cannot be read") from error
    if not found:
        raise GrantError("invalid_client", "the Basic credentials have no colon")
    # RFC 6749, section 2.3.1: both were form-encoded before they were joined.
    return unquote_plus(client_id), unquote_plus(secret)


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise GrantError("invalid_request", f"the body must be {_FORM}")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_FORM_BYTES:
                raise GrantError("invalid_request", f"the body is larger than {_MAX_FORM_BYTES} bytes")
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=False, errors="strict")
    except (ClientDisconnect, ValueError) as error:
        raise GrantError("invalid_request", "the body cannot be read as a form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise GrantError("invalid_request", "a parameter is given twice")
    return form


def _needed(form: Mapping[str, str], name: str) -> str:
    if name not in form:
        raise GrantError("invalid_request", f"{name} is missing")
    return form[name]
