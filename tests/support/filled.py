"""Many cases, effects and arrivals made by the server itself, so that how they are looked for can be measured.

They are rows as lists read them and nothing behind: all share one payload, and no ledger tells of them.
"""

from __future__ import annotations

from typing import Final

import psycopg

from bridgehead.cases.finding import worded
from bridgehead.ledger.vault import Vault, to_bytes
from bridgehead.spec.tool import JSON

CUSTOMERS: Final = 1_000
OLD: Final = 400
"""Cases of a deployment that has had none for long; they are the first ones."""
_LINE: Final = {name: f"a value of {name}" for name in ("item", "text", "unit", "price", "quantity", "requested_date")}
PAYLOAD: Final[JSON] = {
    "input": {"lines": [dict(_LINE) for _ in range(30)]},
    "text": "What the document said. " * 50,
    "about": {"customer": "Firm K-17 GmbH", "number": "PO-4711"},
}
"""What every case holds: about as much as an order of thirty lines."""
_TABLES: Final = ("cases", "effects", "arrivals", "case_terms", "case_amounts", "arrival_terms", "reviews")


def fill(url: str, vault: Vault, release: bytes, *, cases: int) -> None:
    """Stores so many cases over a year, each with an arrival, an effect, two terms and an amount."""
    wrapped, key = vault.new_data_key()
    sealed = key.seal(to_bytes(PAYLOAD))
    frequent = worded(vault.hmac, "customer", "firm")[0]
    named, numbered = worded(vault.hmac, "document", "order")[0], worded(vault.hmac, "document", "3")[0]
    customers = [worded(vault.hmac, "customer", f"K-{number}")[0] for number in range(CUSTOMERS)]
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("set session_replication_role = replica")
        row = conn.execute("insert into data_keys (wrapped) values (%s) returning id", (wrapped,)).fetchone()
        assert row is not None
        key_id = row[0]
        conn.execute("insert into blobs values (%s, %s, %s)", (sealed.commitment, key_id, sealed.data))
        values = {
            "n": cases, "key": key_id, "blob": sealed.commitment, "release": release, "customers": customers,
            "old": OLD, "some": CUSTOMERS, "frequent": frequent, "named": named, "numbered": numbered,
        }  # fmt: skip
        conn.execute(
            "insert into cases (id, deployment, release, level, business_key, content, key_id, input, state,"
            " outcome, error_class, opened_at, received_at, closed_at) overriding system value"
            " select i, case when i <= %(old)s then 'old' when i %% 10 = 0 then 'tickets' else 'orders' end,"
            " %(release)s, 'autonomous', sha256(('k' || i)::bytea), sha256(('c' || i)::bytea), %(key)s, %(blob)s,"
            " case when i %% 100 = 7 then 'waiting' when i %% 100 = 8 then 'with_person' else 'done' end,"
            " case when i %% 100 in (7, 8) then null when i %% 50 = 3 then 'settled_by_person' else 'completed' end,"
            " case when i %% 50 = 3 or i %% 100 = 8 then (array['conflict', 'timeout', 'deadline'])[1 + i %% 3] end,"
            " now() - (%(n)s - i) * interval '31.5 s', now() - (%(n)s - i) * interval '31.5 s',"
            " case when i %% 100 not in (7, 8) then now() end from generate_series(1, %(n)s::bigint) i",
            values,
        )
        conn.execute(
            "insert into case_terms select sha256(('po' || i)::bytea), i from generate_series(1, %(n)s::bigint) i"
            " union all select (%(customers)s::bytea[])[1 + i %% %(some)s], i from generate_series(1, %(n)s::bigint) i"
            " union all select %(frequent)s, i from generate_series(2, %(n)s::bigint, 2) i",
            values,
        )
        conn.execute(
            "insert into case_amounts select i, (i * 7919 %% 100000)::numeric / 10, 'EUR'"
            " from generate_series(1, %(n)s::bigint) i",
            values,
        )
        conn.execute(
            "insert into effects (id, case_id, deployment, tool, key, args_digest, branch, level, state, epoch,"
            " payload, proposed_at, settled_at) overriding system value select i, i,"
            " case when i <= %(old)s then 'old' when i %% 10 = 0 then 'tickets' else 'orders' end,"
            " case when i %% 1000 = 1 then 'refund' else 'book_order' end, sha256(('e' || i)::bytea),"
            " sha256('a'::bytea), '', 'autonomous',"
            " case when i %% 50000 = 9 then 'unknown' when i %% 200 = 1 then 'failed' else 'committed' end, 1,"
            " %(blob)s, now() - (%(n)s - i) * interval '31.5 s', now() from generate_series(1, %(n)s::bigint) i",
            values,
        )
        conn.execute(
            "insert into arrivals (id, deployment, source, source_key, key_id, document, name, size_bytes, state,"
            " received_at) overriding system value select i,"
            " case when i <= %(old)s then 'old' when i %% 10 = 0 then 'tickets' else 'orders' end, 'mail',"
            " sha256(('s' || i)::bytea), %(key)s, %(blob)s, 'order.eml', 2, case when i %% 500 = 3 then 'review' else"
            " 'read' end, now() - (%(n)s - i) * interval '31.5 s' from generate_series(1, %(n)s::bigint) i",
            values,
        )
        conn.execute(
            "insert into arrival_cases (arrival_id, case_id, relation) select i, i, 'opened'"
            " from generate_series(1, %(n)s::bigint) i",
            values,
        )
        conn.execute(
            "insert into arrival_terms select %(named)s, i from generate_series(3, %(n)s::bigint, 500) i"
            " union all select %(numbered)s, i from generate_series(3, %(n)s::bigint, 50000) i"
            " union all select sha256(('word' || i)::bytea), i from generate_series(3, %(n)s::bigint, 2) i",
            values,
        )
        conn.execute("vacuum (analyze)")
