"""A small client of Tryton's JSON-RPC, for seeding and asking it in tests; no part of Tryton is imported."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Self

import httpx


class TrytonError(Exception):
    """What Tryton answered in place of a result: ``kind`` is UserError, UserWarning, ConcurrencyException or other."""

    def __init__(self, kind: str, details: object) -> None:
        super().__init__(f"{kind}: {details}")
        self.kind = kind
        self.details = details


class TrytonRpc:
    """A session of one user with one database; closes its connections when left."""

    def __init__(self, url: str, database: str, *, user: str, password: str, timeout_s: float = 120) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)
        self._path = f"/{database}/rpc/"
        self.context: dict[str, object] = {}
        number, token, *_ = self.call("common.db.login", user, {"password": password})
        packed = base64.b64encode(f"{user}:{number}:{token}".encode()).decode()
        self._http.headers["Authorization"] = f"Session {packed}"

    @property
    def headers(self) -> dict[str, str]:
        """What a request of this session says of who sends it."""
        return {"Authorization": self._http.headers["Authorization"]}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 - what a method returns is its own
        """Returns the result of ``method``; raises TrytonError for a refusal, HTTPStatusError for a bad status."""
        body = json.dumps({"id": 1, "method": method, "params": params}, default=_plain)
        headers = {"Content-Type": "application/json"}
        reply = self._http.post(self._path, content=body, headers=headers).raise_for_status()
        answer = json.loads(reply.content, object_hook=_typed)
        if "error" in answer:
            kind, *details = answer["error"]
            raise TrytonError(str(kind), details)
        return answer["result"]

    def model(self, name: str, *params: object) -> Any:  # noqa: ANN401 - what a method returns is its own
        """Returns the result of a model's method, called in this session's context."""
        return self.call(f"model.{name}", *params, self.context)

    def create(self, model: str, values: Sequence[Mapping[str, object]], *, batch: int = 1000) -> list[int]:
        """Returns the ids of new records, in the order of ``values``."""
        made: list[int] = []
        for start in range(0, len(values), batch):
            made.extend(self.model(f"{model}.create", list(values[start : start + batch])))
        return made

    def find(self, model: str, *domain: object) -> int:
        """Returns the id of the only record that meets ``domain``; raises ValueError when there is not one."""
        (found,) = self.model(f"{model}.search", list(domain), 0, 2, None)
        return int(found)


def _plain(value: object) -> object:
    """Returns a value as Tryton's JSON has it."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        raise TypeError("a time is not sent by these tests")
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    if isinstance(value, timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    raise TypeError(f"{type(value).__name__} has no form in Tryton's JSON")


def _typed(value: dict[str, Any]) -> object:
    """Returns what a JSON object of Tryton's means."""
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"])
        case "timedelta":
            return timedelta(seconds=value["seconds"])
        case _:
            return value
