"""The example connectors over systems generated from our own documents, and how their recordings are made.

``python -m tests.support.examples`` records each example anew against its generated system.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from bridgehead.connectors.proving.record import record
from bridgehead.connectors.proving.recording import recording_path
from tests.support.generated_api import SECRET, USER, GeneratedApi
from tests.support.http_server import HttpServer, http_server

HERE: Final = Path("examples/connectors")

SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "salesforce": {"SALESFORCE_CLIENT_ID": "bridgehead", "SALESFORCE_CLIENT_SECRET": SECRET},
    "servicenow": {"SERVICENOW_USER": USER, "SERVICENOW_PASSWORD": SECRET},
    "ticketing": {"TICKETING_USER": USER, "TICKETING_TOKEN": SECRET},
    "knowledge": {"KNOWLEDGE_USER": USER, "KNOWLEDGE_TOKEN": SECRET},
    "billing": {"BILLING_KEY": SECRET},
}

ORDER: Final = {"external_key": "B-7", "account": "001A00000000001AAA", "total": "1250.50", "currency": "EUR"}
INCIDENT: Final = {"key_of_case": "C-7", "summary": "Order B-7 is not in the system"}
TICKET: Final = {"key_of_case": "C-7", "subject": "Where is order B-7?", "comment": "The buyer asks."}
PAYMENT: Final = {"customer": "cus_1", "order": "B-7", "amount_minor": 125050, "currency": "EUR"}

CALLS: Final[Mapping[str, list[tuple[str, dict[str, Any]]]]] = {
    "salesforce": [
        ("find_accounts", {"name": 'Sonne "&" O\'Neill'}),
        ("put_order", ORDER),
        ("find_orders", {"external_key": "B-7"}),
        ("cancel_order", {"external_key": "B-7"}),
    ],
    "servicenow": [
        ("find_incidents", {"key_of_case": "C-1"}),
        ("open_incident", INCIDENT),
        ("cancel_incident", {"id": "46d44a00a9fe19810010000000000005", "key_of_case": "C-7"}),
    ],
    "ticketing": [
        ("find_tickets", {"key_of_case": "C-1"}),
        ("open_ticket", TICKET),
        ("solve_ticket", {"id": 5, "key_of_case": "C-7"}),
    ],
    "knowledge": [
        ("find_pages", {"space": "OPS"}),
        ("find_page", {"space": "OPS", "title": 'Say "hello" \\ goodbye'}),
    ],
    "billing": [
        ("find_payments", {"customer": "cus_1"}),
        ("ask_payment", PAYMENT),
        ("cancel_payment", {"id": "pi_35", "customer": "cus_1"}),
    ],
}


@asynccontextmanager
async def generated(name: str) -> AsyncIterator[tuple[GeneratedApi, HttpServer]]:
    """Gives the system of an example, with the settings that lead there."""
    api = GeneratedApi.of(name)
    async with http_server(api) as server:
        named = {**SETTINGS[name], f"{name.upper()}_URL": server.url}
        before = {key: os.environ.get(key) for key in named}
        os.environ.update(named)
        try:
            yield api, server
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value


async def record_all(name: str, path: Path) -> None:
    """Records every call of an example against its generated system, beside ``path``."""
    recording_path(path).unlink(missing_ok=True)
    async with generated(name) as (api, _):
        for call, arguments in CALLS[name]:
            writes = api.writes
            await record(path, call, arguments, write=True)
            sys.stderr.write(f"{name}: {call}: {api.writes - writes} writes\n")


async def main() -> None:
    """Records the examples that are named, or all."""
    for name in sys.argv[1:] or CALLS:
        await record_all(name, HERE / f"{name}.yaml")


if __name__ == "__main__":
    asyncio.run(main())
