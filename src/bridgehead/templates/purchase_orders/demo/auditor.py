"""Reads the ERP's books from outside, as an auditor does: by its own HTTP, and by nothing that the agent uses."""

from __future__ import annotations

from typing import Final, TypeVar

import httpx
from pydantic import SecretStr, TypeAdapter, ValidationError

from bridgehead.errors import Unavailable
from bridgehead.templates.purchase_orders.erp.wire import BookEntry, BookPage, Health, Token

T = TypeVar("T")

CLIENT: Final = "bridgehead"
_BOOKS: Final = TypeAdapter(BookPage)
_HEALTH: Final = TypeAdapter(Health)
_TOKEN: Final = TypeAdapter(Token)


class Auditor:
    """One ERP, over its own connections. Raises Unavailable when it does not answer as its document says."""

    def __init__(self, url: str, secret: SecretStr) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=30.0, trust_env=False)
        self._secret = secret

    async def health(self) -> Health:
        """Returns how many orders are in the books, and the business date."""
        return await self._asked(_HEALTH, self._http.build_request("GET", "/health"))

    async def books(self) -> tuple[BookEntry, ...]:
        """Returns everything that was ever booked, in the order of commits."""
        form = {"grant_type": "client_credentials", "scope": "orders:read"}
        auth = httpx.BasicAuth(CLIENT, self._secret.get_secret_value())
        token = await self._asked(_TOKEN, self._http.build_request("POST", "/oauth/token", data=form), auth)
        headers = {"Authorization": f"Bearer {token.access_token}"}
        return (await self._asked(_BOOKS, self._http.build_request("GET", "/books", headers=headers))).items

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _asked(self, adapter: TypeAdapter[T], request: httpx.Request, auth: httpx.Auth | None = None) -> T:
        try:
            reply = await self._http.send(request, auth=auth)
            return adapter.validate_json(reply.raise_for_status().content)
        except (httpx.HTTPError, ValidationError) as error:
            raise Unavailable(
                f"the ERP's books cannot be read: {type(error).__name__} at {request.url.path}", code="demo.erp"
            ) from error
