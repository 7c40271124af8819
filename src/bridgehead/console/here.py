"""What an endpoint has at hand: the app, who is signed in, and the ways to answer."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlencode

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bridgehead.auth.actor import Actor
from bridgehead.console.middleware.csrf import form_token
from bridgehead.errors import Refused

if TYPE_CHECKING:
    from bridgehead.app import App, LoadedDeployment
    from bridgehead.console.rendering import Rendering
    from bridgehead.desk.explaining import Teller

Tone = Literal["done", "warning", "error"]
FLASH: Final = "bridgehead_flash"
_FLASH_S: Final = 60
_LONGEST_FLASH: Final = 600


@dataclass(slots=True)
class Here:
    """One request, seen from an endpoint.

    ``visitor`` is who is signed in; None only on pages that come before a session, where ``actor`` must
    not be asked for.
    """

    app: App
    request: Request
    rendering: Rendering
    visitor: Actor | None
    _flash: tuple[Tone, str] | None = field(default=None)

    @property
    def actor(self) -> Actor:
        """Returns who acts; raises Refused (``auth.session``) on a page that comes before a session."""
        if self.visitor is None:
            raise Refused("nobody is signed in", code="auth.session", hint="Sign in first.")
        return self.visitor

    @property
    def deployments(self) -> Mapping[str, LoadedDeployment]:
        """Returns the deployments that this process has loaded, by name."""
        return self.app.loaded

    @property
    def teller(self) -> Teller | None:
        """Returns what explains cases in sentences; None where this server has nothing that does."""
        found: Teller | None = self.request.app.state.teller
        return found

    @property
    def csrf(self) -> str:
        """Returns what every form of this session carries; ``macros.html`` writes it."""
        return form_token(self.app.vault, self.request)

    def url(self, name: str, /, **params: object) -> str:
        """Returns the path of a page by its name; what the path does not name becomes the query.

        Empty and None values are left out of the query. Raises starlette's NoMatchFound for an unknown name.
        """
        return self.rendering.url(self.request, name, params)

    def again(self, **changes: object) -> str:
        """Returns this page's own address with some of its query changed; None and "" take a part away."""
        query = {key: value for key, value in self.request.query_params.items() if value} | changes
        said = urlencode({key: str(value) for key, value in query.items() if value not in (None, "")})
        return f"{self.request.url.path}?{said}" if said else self.request.url.path

    def flash(self, text: str, tone: Tone = "done") -> None:
        """Shows a sentence on the page that comes next, once."""
        self._flash = (tone, text[:_LONGEST_FLASH])

    def render(self, template: str, /, *, status: int = 200, **values: object) -> Response:
        """Returns a page made of a template of ``console/templates``; everything is escaped there."""
        shown = self._flash or self._taken()
        self._flash = None
        body = self.rendering.page(template, here=self, flash=shown, values=values)
        response = HTMLResponse(body, status_code=status)
        if FLASH in self.request.cookies and not self.partial:
            response.delete_cookie(FLASH, path="/", httponly=True, samesite="strict")
        return response

    def redirect(self, to: str, *, status: int = 303) -> Response:
        """Returns the way to another page of this console; an address of any other place becomes the start page."""
        response = RedirectResponse(local(to), status_code=status)
        if self._flash is not None:
            response.set_cookie(
                FLASH, self._sealed(*self._flash), max_age=_FLASH_S, path="/", httponly=True, samesite="strict",
                secure=self.request.url.scheme == "https",
            )  # fmt: skip
        return response

    @property
    def partial(self) -> bool:
        """Returns whether only a part of the page is taken from this answer, by a live region."""
        return self.request.headers.get("hx-request") == "true"

    def _sealed(self, tone: Tone, text: str) -> str:
        said = json.dumps([tone, text]).encode()
        mark = self.app.vault.hmac("console-flash", said)[:16]
        return base64.urlsafe_b64encode(mark + said).decode()

    def _taken(self) -> tuple[Tone, str] | None:
        """Returns what the page before left to say; only what this server wrote is shown."""
        given = self.request.cookies.get(FLASH)
        if given is None or self.partial:
            return None
        try:
            raw = base64.urlsafe_b64decode(given)
        except ValueError:
            return None
        mark, said = raw[:16], raw[16:]
        if not hmac.compare_digest(mark, self.app.vault.hmac("console-flash", said)[:16]):
            return None
        tone, text = json.loads(said)
        return tone, text


def local(to: str) -> str:
    r"""Returns a path of this console, or ``/`` for anything that a browser could take for another place.

    A path begins with one slash and holds no backslash and no control character: browsers read ``//host``
    and ``/\host`` as another origin and take tabs and line breaks out first (WHATWG URL, "basic URL parser").
    """
    if not to.startswith("/") or to.startswith("//") or "\\" in to or not to.isprintable():
        return "/"
    return to if URL(to).netloc == "" and URL(to).scheme == "" else "/"
