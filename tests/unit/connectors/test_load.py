"""A connector specification loads whole or not at all, and every mistake in it is named at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, cast

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridgehead.connectors.document import Specification
from bridgehead.connectors.load import SpecificationError, load_specification
from bridgehead.errors import UserError
from bridgehead.spec.problem import Problem

HTTP: Final = """\
connector: erp
kind: http
connection: {url: "env:ERP_URL", timeout: 10s}
auth: {oauth2: {token_url: "env:ERP_TOKEN_URL", client_id: orders, client_secret: "env:ERP_SECRET"}}
limits: {rate: 50/s, burst: 20}
errors: [{status: 409, body: {at: type, matches: duplicate}, error: conflict, applied: false}]
entities:
  order:
    key: order_number
    source_time: changed
    fields:
      order_number: number
      changed: {type: datetime}
      status: {type: enum, values: {open: open, "5": 5, done: "5", x: 0.5}}
      total: {type: money, currency: currency}
      lines: {type: list, fields: {item: sku, quantity: {from: qty, type: decimal}}}
    reads:
      find_orders:
        params: {customer: code, po_number: code, since: datetime?}
        request: {path: /orders, query: {customer: "{customer}", po_number: "{po_number}"}}
        rows: items
        paging: {cursor: {at: next, param: cursor}}
        complete: {count: total}
      get_order:
        one: true
        params: {order_number: code}
        request: {path: "/orders/{order_number}"}
actions:
  book:
    effect: reversible
    params: {customer: code, po_number: code, total: decimal, lines: [{item: code, quantity: decimal}]}
    key: [customer, po_number]
    let: {order: {read: get_order, with: {order_number: "{po_number}"}, take: total}}
    lookup:
      read: find_orders
      with: {customer: "{customer}", po_number: "{po_number}"}
      without: {status: [5, "5"]}
      same: {total: "{order}"}
    request:
      method: POST
      path: /orders
      body: {n: 5, f: 0.5, t: "5", b: true, z: null, c: "{customer}", r: "007",
        lines: {each: lines, do: {sku: "{item.item}", no: "{number}"}}}
    repeat: if_absent
    result: {entity: order}
    undo: {action: cancel, with: {order_number: "{result.order_number}"}}
    visible_within: 2s
    preview: {order_number: NEW, total: "{total}"}
  cancel:
    effect: irreversible
    params: {order_number: code}
    request: {method: POST, path: "/orders/{order_number}/cancel"}
    result: {read: get_order, with: {order_number: "{order_number}"}}
health: {request: {path: /health}}
"""
SQL: Final = """\
connector: wawi
kind: sql
connection: {url: "env:WAWI_URL"}
auth: {basic: {user: reader, password: "file:wawi.secret"}}
entities:
  item:
    key: number
    fields:
      number: {from: ARTNR, type: code, lstrip: "0"}
      price: {from: PREIS, type: price, decimal: comma, currency: WAEHR, per: PE, values: {"": 1, H: 100}}
      until: {from: GBIS, type: date, format: "%d.%m.%y", pivot: 49, none: "00.00.00"}
      weight: {from: GEW, type: measure, unit: g, to: kg}
    reads:
      get_item: {one: true, params: {number: code}, sql: "SELECT * FROM ARTST WHERE ARTNR = :number"}
"""


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    (folder / "erp.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecificationError) as caught:
        load_specification(folder / "erp.yaml")
    assert str(caught.value.problems[0]) in caught.value.message
    assert caught.value.code == "connector.invalid"
    return caught.value.problems


def loaded(folder: Path, text: str) -> Specification:
    (folder / "erp.yaml").write_text(text, encoding="utf-8")
    return load_specification(folder / "erp.yaml")


@pytest.mark.parametrize("text", [HTTP, SQL])
def test_a_right_specification_loads(tmp_path: Path, text: str) -> None:
    """A whole specification without a mistake is loaded, references unresolved."""
    assert loaded(tmp_path, text).connection.url.startswith("env:")


def test_bare_numbers_are_numbers_where_json_stands(tmp_path: Path) -> None:
    """In a body, a condition and a code's meaning 5 is a number and "5" a text; elsewhere both are texts."""
    spec = loaded(tmp_path, HTTP)
    book = spec.actions["book"]
    assert book.request is not None
    assert book.request.body == {
        "n": 5, "f": 0.5, "t": "5", "b": True, "z": None, "c": "{customer}", "r": "007",
        "lines": {"each": "lines", "do": {"sku": "{item.item}", "no": "{number}"}},
    }  # fmt: skip
    assert book.lookup is not None
    assert book.lookup.without == {"status": [5, "5"]}
    assert spec.entities["order"].fields["status"].values == {"open": "open", "5": 5, "done": "5", "x": 0.5}
    assert spec.errors[0].status == ("409",)


CHANGES: Final = [
    # what is written instead of what, and what the message must say
    ("kind: http", "kind: htp", "kind: expected 'http', 'sql', 'mail' or 'files', found 'htp'; did you mean http?"),
    ("burst: 20", "bursts: 20", "limits.bursts: expected a known field, found bursts; did you mean burst?"),
    ("rate: 50/s", "rate: fast", "limits.rate: expected a rate such as 20/s"),
    ("error: conflict", "error: clash", "errors.0.error: expected"),
    ("matches: duplicate", "matches: '('", "errors.0.body.matches: expected a regular expression, found '('"),
    ("status: 409, body: {at: type, matches: duplicate}, ", "", "errors.0: expected a condition"),
    ("key: order_number", "key: order_nr", "entities.order.key: expected a field of this entity, found 'order_nr'"),
    ("key: order_number", "key: [status, total_x]", "found 'total_x'"),
    ("source_time: changed", "source_time: status", "expected a field of type datetime, found status, a enum"),
    ("order_number: number", "order_number: ..a", "fields.order_number"),
    ("order_number: number", "Order_Number: number", "a name of lower-case letters, digits and _"),
    (
        "order_number: number",
        "order_number: number\n      copy: x",
        "fields.copy: expected a name that Python leaves free",
    ),
    ("{type: datetime}", "{type: datetme}", "did you mean datetime?"),
    ("{type: datetime}", "{type: datetime, zone: Europe/Berln}", "found Europe/Berln; did you mean Europe/Berlin?"),
    ("{type: datetime}", "{type: datetime, format: '%Q'}", "expected a strptime form"),
    ("{type: datetime}", "{type: datetime, format: '%d.%m.%y'}", "expected pivot beside a year of two digits"),
    ("{type: datetime}", "{type: datetime, currency: EUR}", "expected no `currency` beside type datetime"),
    ("{type: datetime}", "{type: datetime, encoding: latin-99}", "expected an encoding such as cp1252"),
    ("{type: money, currency: currency}", "{type: money}", "total: expected the field currency"),
    ("{type: money, currency: currency}", "{type: price, currency: EUR}", "total: expected the field per"),
    ("{type: money, currency: currency}", "{type: measure, unit: parsnips}", "total.unit: expected a unit such as kg"),
    ("{type: money, currency: currency}", "{type: measure, unit: kg, to: m}", "expected a unit that kg can be turned"),
    ("{type: money, currency: currency}", "{type: boolean, 'true': J}", "total: expected the field false"),
    ("{type: money, currency: currency}", "{type: object}", "total: expected the field fields"),
    ("{type: money, currency: currency}", "{read: find_order}", "total.read: expected a read of this"),
    ("{from: qty, type: decimal}", "{from: qty, type: enum}", "lines.fields.quantity: expected the field values"),
    ("since: datetime?", "since: daytime?", "params.since: expected one of text, code"),
    ("since: datetime?", "item: code?", "params.item: expected a name"),
    ("since: datetime?", "from: code?", "params.from: expected a name"),
    (
        'customer: "{customer}", po_number: "{po_number}"}}\n        rows',
        'customer: "{custmer}"}}\n        rows',
        "found 'custmer'; did you mean customer?",
    ),
    ('"/orders/{order_number}"', '"/orders/{order_number"', "without its other half"),
    ('"/orders/{order_number}"', '"/orders/{order_number|uper}"', "the unknown format uper"),
    (
        "paging: {cursor: {at: next, param: cursor}}",
        "paging: {at_most: 5}",
        "paging: expected exactly one of cursor, page",
    ),
    ("complete: {count: total}", "complete: {}", "complete: expected count, count_header, end, more or whole"),
    (
        "request: {path: /orders, query",
        "sql: SELECT 1\n        request: {path: /orders, query",
        "sql: expected `request`, because",
    ),
    ("get_order:", "find_orders:", "expected each key once"),
    ("  cancel:\n", "  get_order:\n", "expected a name of its own for each read and action"),
    (
        "key: [customer, po_number]",
        "key: [customer, ponumber]",
        "book.key: expected an argument of this action, found 'ponumber'",
    ),
    (
        'read: get_order, with: {order_number: "{po_number}"}, take: total',
        "read: get_order, take: totl",
        "found none for order_number",
    ),
    ("take: total", "take: totl", "found 'totl'; did you mean total?"),
    (
        'with: {customer: "{customer}", po_number: "{po_number}"}\n      without',
        "with: {custmer: x}\n      without",
        "lookup.with.custmer: expected an argument of find_orders",
    ),
    ("read: find_orders\n", "read: find\n", "lookup.read: expected a read of this connector, found 'find'; known:"),
    ("without: {status", "without: {state", "lookup.without.state: expected a field of what is read"),
    ('same: {total: "{order}"}', 'same: {total: "{ordr}"}', "lookup.same.total"),
    ('sku: "{item.item}"', 'sku: "{itm.item}"', "request.body.lines.do.sku"),
    ('c: "{customer}"', 'c: "{item.x}"', "request.body.c: expected an argument"),
    ("each: lines, do", "each: lins, do", "request.body.lines.each"),
    ("result: {entity: order}", "result: {entity: ordr}", "found 'ordr'; did you mean order?"),
    ("result: {entity: order}", "result: {}", "result: expected exactly one of entity, fields, read, found none"),
    ("undo: {action: cancel,", "undo: {action: cancl,", "found 'cancl'; did you mean cancel?"),
    ("effect: irreversible", "effect: reversible", "cancel.effect: expected an `undo` beside effect: reversible"),
    (
        "    effect: reversible",
        "    effect: irreversible",
        "book.effect: expected reversible, because there is an `undo`",
    ),
    ("preview: {order_number: NEW", "preview: {number: NEW", "preview.number: expected a field of the result"),
    ("visible_within: 2s", "visible_within: 2", "visible_within: expected a duration"),
    ("visible_within: 2s", "visible_within: 2s\n    cost: much", "cost: expected an amount of money"),
    (
        "auth: {oauth2: {",
        "auth: {bearer: {token: 'env:T'}, oauth2: {",
        "auth: expected exactly one of basic, api_key, bearer",
    ),
    (
        'client_id: orders, client_secret: "env:ERP_SECRET"',
        "client_id: orders",
        "auth.oauth2: expected the field client_secret",
    ),
    ("timeout: 10s", "timeout: 10s, replica: {url: x, lag: x, max_lag: 1s}", "expected no `replica` beside kind http"),
    ("timeout: 10s", "timeout: 10s, hosts: ['https://x']", "connection.hosts.0: expected a host such as"),
    (
        "path: /health",
        "path: /health, method: GET, body: {}",
        "health.request.method: expected a method that carries a body",
    ),
]


@pytest.mark.parametrize("before, after, says", CHANGES)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, before: str, after: str, says: str) -> None:
    """Each mistake is told with its line, its field, what was expected, what was found and the nearest right word."""
    assert before in HTTP
    text = HTTP.replace(before, after, 1)
    found = [problem for problem in problems(tmp_path, text) if says in str(problem)]
    assert found, [str(problem) for problem in problems(tmp_path, text)]
    first = HTTP[: HTTP.index(before)].count("\n") + 1
    assert first <= found[0].line <= first + max(before.count("\n"), after.count("\n"))
    assert found[0].column > 0


@pytest.mark.parametrize(
    "before, after",
    [
        ('"env:ERP_SECRET"', '"env:BRIDGEHEAD_KEY"'),
        ('url: "env:ERP_URL"', 'url: "env:BRIDGEHEAD_DATABASE_URL"'),
        ("timeout: 10s", 'timeout: 10s, headers: {X-Mine: "env: BRIDGEHEAD_KEY_FILE"}'),
    ],
)
def test_a_variable_of_ours_is_no_setting_of_another_system(tmp_path: Path, before: str, after: str) -> None:
    """A file that would send Bridgehead's own key or its database's address somewhere is refused when it is loaded."""
    assert before in HTTP
    (found,) = problems(tmp_path, HTTP.replace(before, after, 1))
    assert "expected a variable that is made for this connector" in str(found)


def test_every_mistake_is_found_in_one_pass(tmp_path: Path) -> None:
    """Mistakes of shape and mistakes between the parts are told together, in the order of the file, each once."""
    text = HTTP
    for before, after in (
        ("timeout: 10s", "timeout: soon"),
        ("burst: 20", "bursts: 20"),
        ("source_time: changed", "source_time: changd"),
        ("{type: money, currency: currency}", "{type: money, currency: currency, scale: -1}"),
        ('"/orders/{order_number}"}\n', '"/orders/{number}"}\n'),
        ("read: find_orders\n", "read: find_order\n"),
        ("result: {entity: order}", "result: {entity: orders}"),
    ):
        assert before in text
        text = text.replace(before, after, 1)
    found = problems(tmp_path, text)
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)
    assert [problem.field for problem in found] == [
        "connection.timeout",
        "limits.bursts",
        "entities.order.source_time",
        "entities.order.fields.total.scale",
        "entities.order.reads.get_order.request.path",
        "actions.book.lookup.read",
        "actions.book.result.entity",
    ]


@pytest.mark.parametrize(
    "before, after",
    [
        ('"env:ERP_SECRET"', "hunter2-secret"),
        ('url: "env:ERP_URL"', 'url: "https://me:hunter2-secret@erp.example.com"'),
        ('url: "env:ERP_URL"', 'url: "https://erp.example.com/?api_key=hunter2-secret"'),
        ("timeout: 10s", "timeout: 10s, headers: {X-Api-Key: hunter2-secret}"),
        ("timeout: 10s", "timeout: 10s, headers: {Authorization: Bearer hunter2-secret}"),
        ("timeout: 10s", "timeout: 10s, headers: {X-Other: Bearer hunter2-secret}"),
        ("timeout: 10s", "timeout: 10s, proxy: 'http://me:hunter2-secret@proxy'"),
        ("path: /health", "path: /health, query: {access_token: hunter2-secret}"),
        ("path: /health", "path: /health, headers: {Cookie: hunter2-secret}"),
        ("{n: 5,", "{password: hunter2-secret, n: 5,"),
        ("path: /health", "path: '/health?token=hunter2-secret'"),
    ],
)
def test_a_secret_that_is_written_out_is_refused_and_not_shown(tmp_path: Path, before: str, after: str) -> None:
    """A password, token or key in the file is a mistake whose message holds no piece of it."""
    assert before in HTTP
    found = problems(tmp_path, HTTP.replace(before, after, 1))
    assert len(found) == 1
    assert "env:" in str(found[0])
    assert "hunter2" not in str(found[0])


@pytest.mark.parametrize(
    "before, after",
    [
        ("timeout: 10s", "timeout: 10s, headers: {X-Api-Key: 'env:KEY', Accept: text/json}"),
        ("path: /health", "path: /health, query: {page_token: '{{x}}', tokens: many}"),
        ("order_number: number", "order_number: number\n      token: token\n      password: {from: pw}"),
    ],
)
def test_a_name_alone_is_no_secret(tmp_path: Path, before: str, after: str) -> None:
    """References under a secret's name, and fields that are called so, are no mistake."""
    assert loaded(tmp_path, HTTP.replace(before, after, 1)).connector == "erp"


@pytest.mark.parametrize(
    "before, after, says",
    [
        ("params: {number: code}, sql", "params: {number: code}, request: {path: x}, sql", "expected `sql`"),
        ("auth: {basic: {user: reader, password: ", "auth: {bearer: {token: ", "auth.bearer: expected a way"),
        ("unit: g", "unit: unit_x", "expected a unit such as kg"),
        ("currency: WAEHR, ", "", "expected the field currency"),
        ('values: {"": 1, H: 100}', "values: {H: hundred}", "values.H: expected a number above zero"),
        ("pivot: 49, ", "", "expected pivot"),
        ('format: "%d.%m.%y", ', "", "expected a `format` with %y"),
    ],
)
def test_mistakes_in_a_database_connector(tmp_path: Path, before: str, after: str, says: str) -> None:
    """What belongs to another kind, and options that lack their companion, are told."""
    assert before in SQL
    assert any(says in str(problem) for problem in problems(tmp_path, SQL.replace(before, after, 1)))


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "expected a connector specification, found an empty file"),
        ("a: [1", "well-formed YAML"),
        ("- a", "a mapping"),
        ("connector: a\nconnector: b", "each key once"),
        ("a: &x 1\nb: *x", "a value written out"),
        ("{}", "the field connector"),
        ("connector: a\nkind: http\nconnection: 5", "connection: expected a mapping of fields"),
        ("a: !!python/object:x {}", "tag"),
    ],
)
def test_what_is_no_specification_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """An empty, broken or foreign file is one clear error."""
    assert any(says in str(problem) for problem in problems(tmp_path, text))


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A missing file, or a folder, is an error about the file and not about a deployment."""
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(UserError) as caught:
            load_specification(path)
        assert caught.value.code == "connector.unreadable"
        assert "deployment" not in str(caught.value)


WORDS: Final = sorted(set(re.findall(r"[a-z_]+", HTTP)))
NODES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([*WORDS, "{", "{a}", "%d", "(", "5", "env:X", "..", "é"])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**6), NODES), min_size=1, max_size=4))
def test_whatever_is_written_is_loaded_or_refused(tmp_path: Path, changes: list[tuple[int, object]]) -> None:
    """Any values in any places end in a specification or in mistakes with a line, never in another error."""
    document = yaml.safe_load(HTTP.replace("datetime?", '"datetime?"'))
    for place, value in changes:
        spots = [spot for spot in walked(document) if spot[0]]
        holder, names = spots[place % len(spots)]
        holder[names[place // len(spots) % len(names)]] = value
    try:
        loaded(tmp_path, yaml.safe_dump(document, allow_unicode=True))
    except SpecificationError as error:
        mistakes = error.problems
    else:
        mistakes = ()
    assert all(problem.line > 0 and problem.expected for problem in mistakes)


Holder = dict[object, object]


def walked(node: object) -> list[tuple[Holder, list[object]]]:
    """Returns every mapping and list in a document, each with the names or positions in it."""
    if not isinstance(node, dict | list):
        return []
    names: list[object] = list(node) if isinstance(node, dict) else list(range(len(node)))
    holder = cast("Holder", node)
    return [(holder, names), *(found for name in names for found in walked(holder[name]))]
