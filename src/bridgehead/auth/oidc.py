"""Sign-in at an OpenID Connect issuer: code flow with PKCE, state and nonce, and signing out there too.

The flow is OpenID Connect Core 1.0, section 3.1, with RFC 7636 and RFC 9700. What binds the answer to the
browser that asked is one secret in its cookie, from which nonce and code verifier are derived: nothing that
is stored here lets anybody else finish a sign-in.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from bridgehead.auth.issuer import Issuer, secure
from bridgehead.auth.local import LONGEST_PAUSE_S, PAUSE_S, network
from bridgehead.auth.roles import given, of_groups
from bridgehead.auth.secret import derived, digest, fresh, possible
from bridgehead.errors import BridgeheadError, Refused, Unavailable, UserError
from bridgehead.spec.tool import JSON
from bridgehead.storage.signing_in import Attempts, Bound, SignInsElsewhere

if TYPE_CHECKING:
    from bridgehead.app import App
    from bridgehead.settings import Settings

LASTS: Final = timedelta(minutes=10)
BEGUN_FREE: Final = 60
"""Sign-ins that may be begun from one address and left unfinished before the pauses begin; an office may sit there."""
FALLS_S: Final = 60.0
"""How long it takes until one of them is forgotten: all that are free, in an hour."""
_TIMEOUT_S: Final = 10.0
_LARGEST: Final = 256 * 1024
_LONGEST_NAME: Final = 100
_LONGEST_CODE: Final = 8_192


@dataclass(frozen=True, slots=True)
class Begun:
    """Where a browser goes to sign in, and the secret that its cookie keeps until it is back."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """Whom an issuer has shown, where they were going, and its own token (for signing out there)."""

    issuer: str
    subject: str
    target: str
    token: str = field(repr=False)


class _NoSuchCode(Refused):
    """The issuer does not know the code of an answer (``invalid_grant``, RFC 6749, section 5.2)."""


def _bound(app: App, address: str) -> Bound:
    """Returns what sign-ins that are begun are counted by: the address, apart from its guesses at passwords."""
    place = app.vault.hmac("sign-in-elsewhere", network(address).encode())
    return Bound("address", place, BEGUN_FREE, PAUSE_S, LONGEST_PAUSE_S, falls_s=FALLS_S)


def offered(app: App) -> str:
    """Returns the issuer at which people sign in, empty where none is set."""
    return (app.settings.oidc_issuer or "").rstrip("/")


def check_settings(settings: Settings) -> None:
    """Raises UserError (``auth.settings``) for settings of an issuer or of roles by which nobody could sign in."""
    given(settings)
    if settings.oidc_issuer is not None:
        Issuer.of(settings)


async def begin(app: App, *, back: str, target: str, address: str) -> Begun:
    """Begins a sign-in. ``back`` is the address of this console that the issuer answers to, ``target`` a path here.

    Raises UserError (``auth.settings``) where no issuer is set, Refused (``auth.often``) where too many were begun
    from this address and not finished, Unavailable (``auth.issuer``) for an issuer that does not answer, or does
    not take PKCE by S256; what cannot begin for that does not count.
    """
    issuer = Issuer.of(app.settings)
    attempts, bound = Attempts(app.database), _bound(app, address)
    if not await attempts.take((bound,)):  # before anything is stored, or the issuer is asked
        raise Refused(
            "too many sign-ins were begun from here and not finished",
            code="auth.often",
            hint="Wait a little and try again.",
        )
    try:
        endpoint = _binding(issuer.url, await issuer.described())
    except (Unavailable, UserError):
        await attempts.take_back(bound)  # nobody's doing: while an issuer is away all who try would be locked out
        raise
    browser, state = fresh(), fresh()
    await SignInsElsewhere(app.database).begin(digest(state), digest(browser), target, lasts=LASTS)
    url = prepare_grant_uri(
        endpoint,
        client_id=app.settings.oidc_audience,
        response_type="code",
        redirect_uri=back,
        scope=app.settings.oidc_scopes,
        state=state,
        nonce=derived(browser, "nonce"),
        code_challenge=create_s256_code_challenge(derived(browser, "verifier")),  # type: ignore[no-untyped-call]  # a text
        code_challenge_method="S256",
    )
    return Begun(url, browser)


async def finish(app: App, answer: Mapping[str, str], *, browser: str, back: str, address: str) -> Shown:
    """Returns whom the issuer's answer shows, and keeps their groups as it says them.

    A sign-in that was answered counts no more, whatever the answer: but with a code that the issuer does not know,
    which anybody may make up, so that nobody has it asked for codes without end.

    Raises Refused: ``auth.elsewhere`` for an answer that this browser did not ask for, or asked for before,
    and for one that refuses; ``user.disabled`` for somebody who is barred; ``auth.no_role`` for somebody of no
    group that has a role. Raises UserError (``auth.token``) and Unavailable (``auth.issuer``) as ``Issuer`` does.
    """
    issuer = Issuer.of(app.settings)
    state = answer.get("state", "")
    target = None
    if possible(state) and possible(browser):
        target = await SignInsElsewhere(app.database).end(digest(state), digest(browser))
    if target is None:
        raise _not_ours("it belongs to no sign-in that this browser began and has not finished")
    attempts, bound = Attempts(app.database), _bound(app, address)
    try:
        shown = await _answered(app, issuer, answer, browser=browser, back=back, target=target)
    except _NoSuchCode:
        raise
    except BridgeheadError:
        await attempts.take_back(bound)
        raise
    await attempts.take_back(bound)
    return shown


async def _answered(
    app: App, issuer: Issuer, answer: Mapping[str, str], *, browser: str, back: str, target: str
) -> Shown:
    """Returns whom an answer shows that this browser asked for; raises as ``finish`` does."""
    if "iss" in answer and answer["iss"].rstrip("/") != issuer.url:  # RFC 9207
        raise _not_ours("it comes from another issuer than was asked")
    if "error" in answer:
        raise _not_ours(f"the issuer refused ({_word(answer['error'])})")
    code = answer.get("code", "")
    if not 0 < len(code) <= _LONGEST_CODE:
        raise _not_ours("it holds no code")
    token = await _exchanged(app, await issuer.described(), code, back, derived(browser, "verifier"))
    claims = await issuer.claims(token)
    if not hmac.compare_digest(str(claims.get("nonce")), derived(browser, "nonce")):
        raise _not_ours("its token is of another sign-in (nonce)")
    subject = str(claims["sub"])
    if barred := await app.users.barred(issuer.url, subject):
        raise Refused(
            f"{subject} may not act here: {barred}",
            code="user.disabled",
            hint="An operator lifts that with 'bridgehead user add NAME --issuer'.",
        )
    groups = issuer.groups(claims)
    if not of_groups(app.settings, groups):
        raise Refused(
            f"{_shown(claims)} has no role here (groups: {', '.join(sorted(groups)) or 'none'})",
            code="auth.no_role",
            hint="BRIDGEHEAD_OIDC_ROLES says which groups have one; whoever runs the issuer puts you into a group.",
        )
    await SignInsElsewhere(app.database).saw(issuer.url, subject, _shown(claims), groups)
    return Shown(issuer.url, subject, target, token)


async def sign_out_url(app: App, token: str, *, back: str) -> str | None:
    """Returns where somebody signs out at the issuer too (OpenID Connect RP-Initiated Logout 1.0).

    None where the issuer offers no such address or does not answer: the session here has ended all the same.
    """
    try:
        described = await Issuer.of(app.settings).described()
        endpoint = _endpoint(described, "end_session_endpoint")
    except (Unavailable, UserError):
        return None
    asked = {
        "id_token_hint": token, "client_id": app.settings.oidc_audience, "post_logout_redirect_uri": back,
    }  # fmt: skip
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


async def _exchanged(app: App, described: Mapping[str, JSON], code: str, back: str, verifier: str) -> str:
    """Exchanges a code for the issuer's token; no error holds any part of either."""
    client, secret = app.settings.oidc_audience, app.settings.oidc_client_secret
    form: dict[str, str] = {"code_verifier": verifier}
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    methods = described.get("token_endpoint_auth_methods_supported")
    by_form = isinstance(methods, list) and "client_secret_basic" not in methods
    auth = None
    if secret is not None and not by_form:
        auth = httpx.BasicAuth(quote(client, safe=""), quote(secret.get_secret_value(), safe=""))  # RFC 6749, 2.3.1
    elif secret is not None:
        form["client_secret"] = secret.get_secret_value()
    body = prepare_token_request("authorization_code", "", redirect_uri=back, code=code, client_id=client, **form)
    url = _endpoint(described, "token_endpoint")
    try:
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False) as http,
            http.stream("POST", url, content=body, headers=headers, auth=auth or httpx.USE_CLIENT_DEFAULT) as response,
        ):
            raw = b""
            async for some in response.aiter_bytes():
                raw += some
                if len(raw) > _LARGEST:
                    raise _unavailable(f"{url} answered with more than {_LARGEST} bytes")
            status = response.status_code
        found = httpx.Response(200, content=raw).json()
    except (httpx.HTTPError, ValueError) as error:
        raise _unavailable(f"{url} does not answer as an issuer does ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise _unavailable(f"{url} does not answer as an issuer does")
    token = found.get("id_token")
    if status != httpx.codes.OK or not isinstance(token, str):
        why = found.get("error")
        said = f"the issuer gives no token for it ({_word(why) if isinstance(why, str) else status})"
        raise _not_ours(said, _NoSuchCode if why == "invalid_grant" else Refused)
    return token


def _endpoint(described: Mapping[str, JSON], name: str) -> str:
    found = described.get(name)
    if not isinstance(found, str):
        raise _unavailable(f"the issuer publishes no {name}")
    return secure(found, f"the issuer's {name}")


def _shown(claims: Mapping[str, JSON]) -> str:
    """Returns how pages call somebody: what the issuer calls them, for reading alone."""
    for name in ("name", "preferred_username", "email", "sub"):
        said = claims.get(name)
        if isinstance(said, str) and said.strip():
            return "".join(sign for sign in said if sign.isprintable())[:_LONGEST_NAME].strip()
    return ""


def _word(said: str) -> str:
    """Returns an error's code as RFC 6749 allows it; what an address says otherwise is not repeated."""
    return said if said.isascii() and said.replace("_", "").isalnum() and len(said) <= _LONGEST_NAME else "unnamed"


def _binding(url: str, described: Mapping[str, JSON]) -> str:
    """Returns where people sign in at an issuer; raises Unavailable for one that does not bind its codes."""
    methods = described.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" not in methods:
        raise Unavailable(
            f"{url} does not bind its codes (PKCE, S256)", code="auth.issuer", hint="Turn that on at the issuer."
        )
    return _endpoint(described, "authorization_endpoint")


def _not_ours(why: str, kind: type[Refused] = Refused) -> Refused:
    return kind(
        f"the issuer's answer does not sign you in: {why}",
        code="auth.elsewhere",
        hint="Begin again at the sign-in page.",
    )


def _unavailable(why: str) -> Unavailable:
    return Unavailable(why, code="auth.issuer", hint="Look whether the issuer answers, and try again.")
