"""Stores of many cases, filled by COPY with rows as the running system writes them, so that size alone is measured.

Each case has its data key, its input, one step, its chain with the rows that tell of them, and by its kind an
outcome or a review: the ledger's check finds nothing to say against it. What is not filled: arrivals, decisions,
effects and costs, which neither claiming, resuming nor listing looks at by more than its case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

import psycopg

from bridgehead.clock import utc_now
from bridgehead.ids import random_bytes
from bridgehead.ledger.chain import EMPTY, link
from bridgehead.ledger.vault import DataKey, Vault, to_bytes
from bridgehead.spec.tool import JSON

Kind = Literal["done", "waiting_person", "waiting_time", "with_person", "due"]
"""What a case is: ``waiting_person`` asked a question, ``waiting_time`` wakes by itself, ``due`` has ten steps."""
BATCH: Final = 5_000
DEPLOYMENT: Final = "orders"
ROLE: Final = "desk"
RESUMED_STEPS: Final = 10
RESULT_BYTES: Final = 2_000
_TEXT: Final = "Please deliver twelve pieces of article 4711 by the end of the month. " * 4
_REVIEWED: Final = 3  # of the cases that are done, every third asked somebody and went on without an answer
_FAR: Final = timedelta(days=365)
_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "data_keys": ("id, wrapped", "int8 bytea"),
    "blobs": ("commitment, key_id, sealed", "bytea int8 bytea"),
    "chains": ("chain, seq, head", "text int8 bytea"),
    "ledger": ("chain, seq, body, hash", "text int8 bytea bytea"),
    "cases": (
        (
            "id, deployment, release, level, business_key, content, key_id, input, state, epoch, wake_at, deadline_at,"
            " next_step, outcome, outcome_blob, error_class, opened_at, received_at, closed_at"
        ),
        (
            "int8 text bytea text bytea bytea int8 bytea text int8 timestamptz timestamptz int4 text bytea text"
            " timestamptz timestamptz timestamptz"
        ),
    ),
    "steps": (
        "case_id, seq, kind, branch, name, args_digest, occurrence, ok, payload, started_at, duration_ms, epoch",
        "int8 int4 text text text bytea int4 bool bytea timestamptz float8 int8",
    ),
    "reviews": (
        (
            "id, kind, deployment, role, case_id, args_digest, error_class, key_id, payload, state, opened_at,"
            " escalate_at, decided_at"
        ),
        "int8 text text text int8 bytea text int8 bytea text timestamptz timestamptz timestamptz",
    ),
}
NUMBERED: Final = ("data_keys", "cases", "reviews")


@dataclass(slots=True)
class Filler:
    """Makes the rows of cases and copies them; numbers go on from case to case."""

    vault: Vault
    release: bytes
    now: datetime = field(default_factory=utc_now)
    _case: int = 0
    _key: int = 0
    _review: int = 0
    _rows: dict[str, list[tuple[object, ...]]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})

    def fill(self, url: str, kinds: Iterator[Kind]) -> int:
        """Stores a case of each kind that comes, has the server's statistics made, and returns how many there are.

        Foreign keys are not checked row by row, which would take most of the time; needs a superuser.
        """
        with psycopg.connect(url, autocommit=True) as conn:
            start = conn.execute(
                "select coalesce(max(c.id), 0), (select coalesce(max(id), 0) from data_keys),"
                " (select coalesce(max(id), 0) from reviews) from cases c"
            ).fetchone()
            assert start is not None
            self._case, self._key, self._review = (int(one) for one in start)
            first = self._case
            conn.execute("set session_replication_role = replica")
            for kind in kinds:
                self.add(kind)
                if self._case % BATCH == 0:
                    self._copy(conn)
            self._copy(conn)
            for table in NUMBERED:
                conn.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}".encode())
            conn.execute("vacuum (analyze)")  # as autovacuum does it in its own time
        return self._case - first

    def add(self, kind: Kind) -> None:
        """Makes the rows of one case."""
        self._case += 1
        self._key += 1
        case, rows = self._case, self._rows
        wrapped, key = self.vault.new_data_key()
        rows["data_keys"].append((self._key, wrapped))
        opened_at = self.now - timedelta(seconds=max(60, 600_000 - case % 500_000))
        chain = _Chain(f"C-{case}", opened_at, rows["ledger"])
        customer: JSON = {"customer": f"K-{case % 977}", "po": f"PO-{case}", "qty": 12}
        about: JSON = {"customer": f"Firm K-{case % 977}", "number": f"PO-{case}"}
        stored = self._put(key, {"input": customer, "text": _TEXT, "about": about})
        business_key, content = random_bytes(32), random_bytes(32)
        chain.append(
            "case.opened",
            {
                "case": case,
                "arrival": case,
                "deployment": DEPLOYMENT,
                "release": self.release.hex(),
                "level": "autonomous",
                "revision": 1,
                "revises": None,
                "data_key": self._key,
            },
            {"input": stored, "key": business_key, "content": content},
        )
        steps = RESUMED_STEPS if kind == "due" else 1
        for number in range(1, steps + 1):
            self._step(key, chain, case, number, opened_at)
        outcome = self._close(key, chain, kind, case)
        waiting = kind.startswith("waiting")
        rows["cases"].append(
            (
                case,
                DEPLOYMENT,
                self.release,
                "autonomous",
                business_key,
                content,
                self._key,
                stored,
                "waiting" if waiting else kind,
                1,  # it was claimed once: its steps are of that segment
                self.now + _FAR if kind == "waiting_time" else None,
                self.now + _FAR if kind in ("waiting_time", "due") else None,
                steps + 1,
                "completed" if outcome else None,
                outcome,
                "out_of_scope" if kind == "with_person" else None,
                opened_at,
                opened_at,
                opened_at + timedelta(minutes=2) if outcome else None,
            )
        )
        rows["chains"].append((chain.name, chain.head.seq, chain.head.hash))

    def _step(self, key: DataKey, chain: _Chain, case: int, number: int, at: datetime) -> None:
        result = "4711 " * (RESULT_BYTES // 5) if number > 1 else {"number": f"K-{case % 977}", "credit": "ok"}
        payload = self._put(key, {"args": {"po": f"PO-{case}"}, "result": result})
        digest = random_bytes(32)
        self._rows["steps"].append(
            (case, number, "read", "", "customer", digest, number - 1, True, payload, at, 3.5, 1)
        )
        refs: dict[str, JSON] = {"step": number, "name": "customer", "occurrence": number - 1, "ok": True}
        chain.append("step.read", refs, {"payload": payload, "args": digest})

    def _close(self, key: DataKey, chain: _Chain, kind: Kind, case: int) -> bytes | None:
        """Makes what its kind brings last; returns the outcome of a case that is done."""
        reviewed = kind in ("waiting_person", "with_person") or (kind == "done" and case % _REVIEWED == 0)
        review = self._opened(key, chain, kind, case) if reviewed else 0
        if kind == "done":
            outcome = self._put(key, {"output": {"po": f"PO-{case}", "number": f"N-{case}"}})
            if review:
                chain.append("review.superseded", {"review": review})
            chain.append("case.done", {"outcome": "completed", "error_class": None}, {"outcome": outcome})
            return outcome
        if kind == "with_person":
            chain.append("case.with_person", {"error_class": "out_of_scope"})
        elif kind != "due":
            chain.append("case.waiting", {"clock_stopped": kind == "waiting_person"})
        return None

    def _opened(self, key: DataKey, chain: _Chain, kind: Kind, case: int) -> int:
        self._review += 1
        exception = kind == "with_person"
        shown: dict[str, JSON] = {"question": "Is that the part they mean?", "schema": {"type": "string"}}
        payload = self._put(key, {"reason": "It is none of ours."} if exception else shown)
        digest = None if exception else random_bytes(32)
        name, error_class = ("exception", "out_of_scope") if exception else ("question", None)
        decided_at = chain.at + timedelta(minutes=2) if kind == "done" else None
        self._rows["reviews"].append(
            (
                self._review,
                name,
                DEPLOYMENT,
                ROLE,
                case,
                digest,
                error_class,
                self._key,
                payload,
                "superseded" if decided_at else "open",
                chain.at,
                self.now + _FAR,
                decided_at,
            )
        )
        refs: dict[str, JSON] = {
            "review": self._review,
            "kind": name,
            "role": ROLE,
            "effect": None,
            "error_class": error_class,
            "valid_for_s": None,
            "data_key": self._key,
        }
        chain.append("review.opened", refs, {"payload": payload} | ({} if digest is None else {"args": digest}))
        return self._review

    def _put(self, key: DataKey, payload: JSON) -> bytes:
        sealed = key.seal(to_bytes(payload))
        self._rows["blobs"].append((sealed.commitment, self._key, sealed.data))
        return sealed.commitment

    def _copy(self, conn: psycopg.Connection) -> None:
        for table, rows in self._rows.items():
            columns, types = _COLUMNS[table]
            with conn.cursor().copy(f"copy {table} ({columns}) from stdin (format binary)".encode()) as copy:
                copy.set_types(types.split())
                for row in rows:
                    copy.write_row(row)
            rows.clear()


class _Chain:
    """The rows of one chain, linked as the running system links them."""

    def __init__(self, name: str, at: datetime, rows: list[tuple[object, ...]]) -> None:
        self.name = name
        self.at = at
        self.head = EMPTY
        self._rows = rows

    def append(self, kind: str, refs: Mapping[str, JSON], commitments: Mapping[str, bytes] | None = None) -> None:
        """Links one row to the head."""
        row, self.head = link(
            self.head, self.name, at=self.at, kind=kind, actor="filler", refs=refs, commitments=commitments or {}
        )
        self._rows.append((row.chain, row.seq, row.body, row.hash))


def mixed(count: int, due: int) -> Iterator[Kind]:
    """Yields the kinds of a store in use: old cases are done, of the newest tenth a third waits or is with people.

    ``due`` cases are spread evenly over all of them.
    """
    every = count // due
    for number in range(count):
        rest = number * 37 % 100
        if number % every == every // 2 and number // every < due:
            yield "due"
        elif number < count - count // 10 or rest < 66:
            yield "done"
        else:
            yield "waiting_person" if rest < 80 else "waiting_time" if rest < 87 else "with_person"


def waiting(count: int) -> Iterator[Kind]:
    """Yields cases that all wait: three of four for people, the others for time."""
    kinds: Sequence[Kind] = ("waiting_person", "waiting_person", "waiting_person", "waiting_time")
    for number in range(count):
        yield kinds[number % len(kinds)]
