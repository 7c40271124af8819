"""Starts the ERP as a process of its own: ``python -m bridgehead.templates.purchase_orders.erp --master F --db F``."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import Final

import uvicorn
from pydantic import TypeAdapter

from bridgehead.errors import UserError
from bridgehead.templates.purchase_orders.erp.books import Books
from bridgehead.templates.purchase_orders.erp.faults import CuttableProtocol, Latency
from bridgehead.templates.purchase_orders.erp.master import Master
from bridgehead.templates.purchase_orders.erp.openapi import SCOPES, document
from bridgehead.templates.purchase_orders.erp.service import application
from bridgehead.templates.purchase_orders.erp.start import client_secret, history, people
from bridgehead.templates.purchase_orders.erp.tokens import OFFLINE, Client, Issuer
from bridgehead.templates.purchase_orders.erp.traffic import Throttle
from bridgehead.templates.purchase_orders.erp.wire import BookEntry

_LOOPBACK: Final = "127.0.0.1"
_GRACE_S: Final = 2
_ENTRIES: Final = TypeAdapter(tuple[BookEntry, ...])

CLIENT: Final = "bridgehead"
"""The id of the one client; its secret is in the file beside the books."""


class _Announcing(uvicorn.Server):
    """A server that writes its port to a file once it accepts connections; the file appears whole or not at all."""

    def __init__(self, config: uvicorn.Config, port_file: Path | None) -> None:
        super().__init__(config)
        self._port_file = port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen, then announces."""
        await super().startup(sockets)
        if sockets and self._port_file is not None:
            part = self._port_file.with_suffix(".part")
            part.write_text(str(sockets[0].getsockname()[1]), encoding="ascii")
            part.replace(self._port_file)


def main(arguments: list[str] | None = None) -> int:
    """Serves until it is told to stop; returns 0, or 2 when a file or flag is wrong."""
    parser = argparse.ArgumentParser(prog="erp", description="The demo ERP, on loopback only.")
    parser.add_argument("--openapi", action="store_true", help="print the OpenAPI document and stop")
    parser.add_argument("--books", action="store_true", help="print what the books of --db hold (JSON) and stop")
    parser.add_argument("--master", type=Path, help="master data (JSON)")
    parser.add_argument("--db", type=Path, help="the books (SQLite); made when missing, kept when there")
    parser.add_argument("--people", type=Path, help="bookings that people made (JSON), each loaded once")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--port-file", type=Path, help="where to write the port when ready")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="median delay of each answer")
    parser.add_argument("--latency-seed", type=int, default=1, help="repeats the delays")
    parser.add_argument("--faults", action="store_true", help="let POST /faults break requests (tests)")
    parser.add_argument("--secret-file", type=Path, help="the client's secret; made when missing (default: DB.secret)")
    parser.add_argument("--token-s", type=int, default=120, help="seconds that an access token is good for")
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second of one client; 0: no limit")
    parser.add_argument("--burst", type=int, default=20, help="requests of one client at once, above the rate")
    flags = parser.parse_args(arguments)
    if flags.openapi:
        sys.stdout.buffer.write(document())
        return 0
    if flags.books and flags.db is not None:
        return _show(flags.db)
    if flags.master is None or flags.db is None:
        parser.error("--master and --db are needed")
    try:
        master = Master.load(flags.master)
        secret = client_secret(flags.secret_file or flags.db.with_suffix(".secret"))
        books = Books(flags.db)
        books.load(history(master))
        if flags.people is not None:
            books.load(people(flags.people))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    app = application(
        master,
        books,
        Issuer([Client(CLIENT, secret, frozenset({*SCOPES, OFFLINE}))], lifetime_s=flags.token_s),
        latency=Latency(flags.latency_ms, flags.latency_seed),
        throttle=Throttle(flags.rate, flags.burst),
        with_faults=flags.faults,
    )
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, flags.port))
    except OSError as error:
        print(f"port {flags.port} cannot be taken: {os.strerror(error.errno or 0)}", file=sys.stderr)
        return 2
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        log_level="error",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_S,
    )
    try:
        _Announcing(config, flags.port_file).run(sockets=[listener])
    finally:
        books.close()
    return 0


def _show(path: Path) -> int:
    """Prints every booking in the order of commits; a server may be running on the same file."""
    if not path.is_file():
        print(f"{path} is no file", file=sys.stderr)
        return 2
    try:
        books = Books(path)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.buffer.write(_ENTRIES.dump_json(books.entries(), indent=2) + b"\n")
    books.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
