"""A system of record in a process of its own: records that agents and people write, and a log of who wrote what.

``python bench/undo_desk.py FILE`` serves on a free port of the loopback and writes the port to FILE. Every write
may name the content it expects, and is refused with 409 when the record is another one.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Record = dict[str, Any]
LOCK = threading.Lock()
WAIT = threading.Event()
RECORDS: dict[str, Record] = {}
LOG: list[Record] = []
SLOW_S = {"undo": 0.0}
LOSE_EVERY = {"undo": 0}
SEEN = {"undo": 0}


def act(asked: Record) -> tuple[int, Record]:
    """Carries one write out; returns the status and the record as it stands."""
    name, before = asked["id"], RECORDS.get(asked["id"])
    expected = asked.get("expect")
    if asked["op"] == "create":
        if before is not None:
            return 409, before
        RECORDS[name] = {"id": name, "value": asked["value"], "note": "", "state": "open"}
    elif before is None:
        return 404, {}
    elif expected is not None and any(before[field] != value for field, value in expected.items()):
        return 409, before
    elif asked["op"] == "remove":
        del RECORDS[name]
    else:
        RECORDS[name] = {**before, **asked["set"]}
    LOG.append({"who": asked["who"], "op": asked["op"], "id": name, "key": asked.get("key", "")})
    return 200, RECORDS.get(name, {})


class Desk(BaseHTTPRequestHandler):
    """GET /r/ID, GET /books, POST /act, POST /mode."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answers with a record, or with all of them and the log."""
        with LOCK:
            if self.path == "/books":
                self.answer(200, {"records": RECORDS, "log": LOG})
            else:
                found = RECORDS.get(self.path.removeprefix("/r/"))
                self.answer(404 if found is None else 200, found or {})

    def do_POST(self) -> None:
        """Writes, or changes how slowly and how reliably undos are answered."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/mode":
            SLOW_S["undo"], LOSE_EVERY["undo"] = asked["slow_s"], asked["lose_every"]
            self.answer(200, {})
            return
        undo = asked["who"] == "undo"
        if undo:
            WAIT.wait(SLOW_S["undo"])
        with LOCK:
            status, record = act(asked)
            SEEN["undo"] += undo
            lost = undo and LOSE_EVERY["undo"] and SEEN["undo"] % LOSE_EVERY["undo"] == 0
        if lost:  # carried out, and nobody is told
            self.close_connection = True
            self.connection.close()
            return
        self.answer(status, record)

    def answer(self, status: int, body: object) -> None:
        """Sends JSON."""
        data = json.dumps(body).encode()
        with contextlib.suppress(ConnectionError):  # whoever asked may have been killed
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that http.server gives it
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """Says nothing about clients that were killed in the middle of a request."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Desk)
    port = Path(sys.argv[1])
    port.with_suffix(".part").write_text(str(server.server_address[1]))
    port.with_suffix(".part").rename(port)
    server.serve_forever()
