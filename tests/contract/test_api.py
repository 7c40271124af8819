"""The API over a real server: what it answers, what it refuses, and what counts once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from bridgehead.app import App
from bridgehead.storage.api_requests import ApiRequests
from tests.support.api import Api, serving
from tests.support.held import PARALLEL
from tests.support.world import World

CODE = """
async def taken_back(*, key, args, result):
    enter(undone=args["po"])

@reversible(key="po", verify=find, undo=taken_back)
async def book(po: str, amount: int) -> Booking:
    enter(number=f"N-{po}", po=po, amount=amount)
    return Booking(f"N-{po}", po, amount)

async def agent(case: Case[dict], ctx: Context) -> str:
    if case.input.get("fail"):
        raise Failed("no such thing", error_class="not_found")
    await book(case.input["po"], case.input["amount"])
    if case.input.get("more"):
        await book(case.input["po"] + "-b", case.input["more"])
    return case.input["po"]
"""
TOOLS = "book: {allow: amount <= 100, otherwise: {hold: desk, valid_for: 8h}}"


@pytest.fixture
async def api(app: App) -> AsyncIterator[Api]:
    """Gives the API over a running server."""
    async with serving(app) as served:
        yield served


async def deployed(world: World) -> None:
    """Deploys orders whose customers and amounts are searchable."""
    folder = world.write(CODE, tools=TOOLS)
    file = folder / "bridgehead.yaml"
    text = file.read_text().replace(
        "resume: 5m}",
        "resume: 5m, search: {customer: customer, amount: amount, currency: EUR, results: [number]}}",
    )
    file.write_text(text)
    from bridgehead.app import load_deployment

    world.loaded = load_deployment(folder)
    await world.app.register(world.loaded)
    await world.app.levels.set_level("orders", "autonomous", by="tester", why="a test")


def body(po: str, amount: int = 5, **more: object) -> bytes:
    """Returns an order as a document."""
    return json.dumps({"po": po, "amount": amount, "customer": "Müller  AG", **more}).encode()


async def submitted(client: httpx.AsyncClient, document: bytes, name: str = "order.json") -> httpx.Response:
    """Hands a document in."""
    return await client.post(
        "/arrivals",
        params={"deployment": "orders", "name": name},
        content=document,
        headers={"Content-Type": "application/octet-stream"},
    )


async def test_a_document_handed_in_becomes_a_case_that_is_found(world: World, api: Api) -> None:
    """P3: what the API acknowledges is stored, is worked on, and is found by key, customer, amount, state and time."""
    await deployed(world)
    client = await api.client("operator", "auditor")
    first = await submitted(client, body("PO-1"))
    assert first.status_code == 201, first.text
    assert first.json() == {"arrival": "A-1", "deployment": "orders", "name": "order.json", "known": False}
    again = await submitted(client, body("PO-1"))
    assert (again.status_code, again.json()["known"]) == (200, True)
    await world.settle()  # the first is opened first: two that are read at once take numbers in any order
    await submitted(client, body("PO-2", 50, customer="Other"), "b.json")
    await world.settle()
    for query, expected in [
        ({"key": "po-1"}, ["C-1"]),
        ({"key": "PO-3"}, []),
        ({"key": "n-po-2"}, ["C-2"]),
        ({"customer": "müller ag"}, ["C-1"]),
        ({"customer": "MUELLER"}, ["C-1"]),
        ({"customer": "müller nord"}, []),
        ({"customer": "mül"}, []),
        ({"amount_from": "10", "currency": "EUR"}, ["C-2"]),
        ({"amount_to": "10"}, ["C-1"]),
        ({"currency": "USD"}, []),
        ({"state": "done"}, ["C-2", "C-1"]),
        ({"state": "waiting"}, []),
        ({"outcome": "completed", "deployment": "orders"}, ["C-2", "C-1"]),
        ({"since": "2020-01-01T00:00:00Z"}, ["C-2", "C-1"]),
        ({"until": "2020-01-01T00:00:00Z"}, []),
        ({"error_class": "bug"}, []),
    ]:
        found = await client.get("/cases", params=query)
        assert found.status_code == 200, found.text
        numbers = [one["id"] for one in found.json()["items"]]
        assert (sorted(numbers, reverse=True) if "since" in query else numbers) == expected, query
    case = (await client.get("/cases/C-1")).json()
    assert (case["case"]["amount"], case["case"]["currency"]) == ("5", "EUR")
    assert (case["case"]["customer"], case["case"]["number"]) == ("Müller AG", "PO-1")
    named = [(one["customer"], one["number"]) for one in (await client.get("/cases")).json()["items"]]
    assert named == [("Other", "PO-2"), ("Müller AG", "PO-1")]
    viewer = await api.client("viewer", name="eve")
    for guess in ({"key": "po-1"}, {"customer": "müller"}, {"customer": "nobody"}):
        refused = await viewer.get("/cases", params=guess)
        assert (refused.status_code, refused.json()["code"]) == (403, "auth.right"), "whose a case is can be guessed"
    assert (await viewer.get("/cases", params={"currency": "EUR"})).status_code == 200
    shown = (await viewer.get("/cases")).text + (await viewer.get("/cases/C-1")).text
    assert "Müller" not in shown
    assert "PO-1" not in shown
    assert [step["name"] for step in case["steps"]] == ["book"]
    assert case["chain"]["whole"]
    assert (await client.get("/cases/C-1/ledger")).json()["differences"] == []
    told = (await client.get("/cases/C-1/explanation")).json()
    assert told["about"] == "C-1"
    assert any("book" in sentence for section in told["sections"] for sentence in section["sentences"])
    original = await client.get("/arrivals/A-1/original")
    assert original.content == body("PO-1")
    assert original.headers["content-disposition"].startswith("attachment")
    assert (await client.get("/arrivals")).json()["items"][0]["cases"] == ["C-2"]


async def test_a_document_that_became_no_case_is_found(world: World, api: Api) -> None:
    """P3: what opened no case is found by words of its name, its sender and its subject, until it is erased."""
    await deployed(world)
    client = await api.client("operator", "reviewer")
    mail = b"From: =?utf-8?q?J=C3=B6rg_Br=C3=BCck?= <joerg@rheinwerk.example.com>\nSubject: Lieferschein 4711\n\nhello"
    assert (await submitted(client, mail, "00014.eml")).status_code == 201
    assert (await submitted(client, b"no order at all", "Preis-Liste 2026.txt")).status_code == 201
    assert (await submitted(client, body("PO-1"), "order 4711.json")).status_code == 201
    await world.settle()
    for typed, expected in [
        ("00014", ["A-1"]), ("BRUECK", ["A-1"]), ("rheinwerk.example.com", ["A-1"]), ("lieferschein 4711", ["A-1"]),
        ("4711", ["A-1"]), ("liste", ["A-2"]), ("preis-liste", ["A-2"]), ("hello", []), ("lieferschein liste", []),
    ]:  # fmt: skip
        found = await client.get("/arrivals", params={"find": typed})
        assert [one["id"] for one in found.json()["items"]] == expected, (typed, found.text)
    narrowed = await client.get("/arrivals", params={"find": "4711", "state": "review", "deployment": "orders"})
    assert [one["id"] for one in narrowed.json()["items"]] == ["A-1"]
    viewer = await api.client("viewer", name="eve")
    assert (await viewer.get("/arrivals", params={"find": "4711"})).status_code == 403
    world.tampered = True
    async with world.app.database.connection() as conn:
        await conn.execute("update data_keys set wrapped = null where id = (select key_id from arrivals where id = 1)")
    assert (await client.get("/arrivals", params={"find": "00014"})).json()["items"] == []
    assert await world.rows("select count(*) as n from arrival_terms where arrival_id = 1") == [{"n": 0}]


async def test_an_erased_case_is_found_by_nothing(world: World, api: Api) -> None:
    """D9: with a case's data key, what it is found by and its amount are gone; nothing was ever kept in plain."""
    await deployed(world)
    client = await api.client("operator")
    await submitted(client, body("PO-1"))
    await world.settle()
    await submitted(client, body("PO-2"), "b.json")
    await world.settle()
    terms = await world.rows("select term from case_terms where case_id = 1")
    assert len(terms) == 4, "the number, the customer in both spellings, and what the booking got"
    world.tampered = True
    async with world.app.database.connection() as conn:
        await conn.execute("update data_keys set wrapped = null where id = (select key_id from cases where id = 1)")
    assert await world.rows("select case_id from case_terms where case_id = 1") == []
    assert await world.rows("select case_id from case_amounts") == [{"case_id": 2}]
    found = (await client.get("/cases", params={"customer": "Müller AG"})).json()["items"]
    assert [one["id"] for one in found] == ["C-2"]
    erased = await client.get("/cases/C-1")
    assert (erased.status_code, erased.json()["input"]) == (200, None)


async def test_pages_go_on_where_they_ended(world: World, api: Api) -> None:
    """A list handed through its cursor has each entry once, in its order, also by time; no other list takes it."""
    await deployed(world)
    client = await api.client("operator")
    for number in range(5):
        await submitted(client, body(f"PO-{number}", number + 1), f"{number}.json")
    await world.settle()
    for query in ({}, {"since": "2020-01-01T00:00:00Z"}, {"deployment": "orders", "amount_from": "0"}):
        seen: list[dict[str, str]] = []
        cursor: str | None = None
        for _ in range(4):
            page = await client.get("/cases", params={**query, "limit": 2, **({"cursor": cursor} if cursor else {})})
            seen += page.json()["items"]
            cursor = page.json()["next"]
            if cursor is None:
                break
        by = "opened_at" if "since" in query else "id"  # cases of one commit are opened in any order
        assert {one["id"] for one in seen} == {f"C-{number}" for number in range(1, 6)}
        assert len(seen) == 5
        assert [one[by] for one in seen] == sorted((one[by] for one in seen), reverse=True)
    cursor = (await client.get("/effects", params={"limit": 2})).json()["next"]
    wrong = await client.get("/cases", params={"cursor": cursor})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "input.cursor")


async def test_a_request_with_a_key_counts_once(world: World, api: Api) -> None:
    """The same key and request are answered as the first time; another request under it does nothing."""
    await deployed(world)
    client = await api.client("operator")
    key = {"Idempotency-Key": "k-1"}
    asked = {"deployment": "orders", "reason": "stocktaking"}
    first = await client.post("/controls/pause", json=asked, headers=key)
    assert (first.status_code, first.json()["changed"]) == (200, True)
    second = await client.post("/controls/pause", json=asked, headers=key)
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    other = await client.post("/controls/kill", json=asked, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "api.reused")
    assert [one["action"] for one in (await client.get("/controls")).json()["items"]] == ["pause"]
    stranger = await api.client("operator", name="stranger")
    theirs = await stranger.post("/controls/kill", json=asked, headers=key)
    assert (theirs.status_code, theirs.json()["changed"]) == (200, True), "a key is its sender's own"
    (row,) = await world.rows("select sealed, status from api_requests where sender = 'person:operator'")
    assert b"stocktaking" not in bytes(row["sealed"])  # type: ignore[call-overload]  # bytes of a column
    many = await asyncio.gather(
        *(client.post("/controls/resume", json=asked, headers={"Idempotency-Key": "k-2"}) for _ in range(8))
    )
    ran = [one for one in many if one.status_code == 200 and "idempotent-replayed" not in one.headers]
    assert len(ran) == 1
    assert {one.status_code for one in many} <= {200, 409}
    assert {one.json()["code"] for one in many if one.status_code == 409} <= {"api.running"}
    for wrong in ("", "a b", "x" * 201):
        refused = await client.post("/controls/pause", json=asked, headers={"Idempotency-Key": wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "api.key")


async def test_a_request_whose_process_died_runs_again(world: World, api: Api) -> None:
    """A key whose request was never answered is free again after two minutes, for that request and no other."""
    await deployed(world)
    client = await api.client("operator")
    asked = {"deployment": "orders", "reason": "stocktaking"}
    key = {"Idempotency-Key": "k"}
    await client.post("/controls/pause", json=asked, headers=key)

    async def died(ago: str) -> None:
        async with world.app.database.connection() as conn:
            await conn.execute(
                "update api_requests set status = null, sealed = null, started_at = clock_timestamp() - %s::interval",
                (ago,),
            )

    await died("110 s")
    assert (await client.post("/controls/pause", json=asked, headers=key)).json()["code"] == "api.running"
    await died("130 s")
    other = await client.post("/controls/kill", json=asked, headers=key)
    assert other.json()["code"] == "api.reused"
    ran = await client.post("/controls/pause", json=asked, headers=key)
    assert (ran.status_code, ran.json()["changed"]) == (200, False)
    assert "idempotent-replayed" not in ran.headers
    late = ApiRequests(world.app.database, world.app.vault)
    await late.finish("person:operator", "k", 1, 200, b"{}")
    again = await client.post("/controls/pause", json=asked, headers=key)
    assert again.json() == ran.json(), "who was thought dead stores no answer"
    await died("25 hours")
    assert (await client.post("/controls/kill", json=asked, headers=key)).json()["changed"] is True


async def test_of_two_decisions_one_counts_and_the_other_is_told(world: World, api: Api) -> None:
    """P1: two clients decide one review at once: one wins, the other hears 409 and who decided."""
    await deployed(world)
    hand = await api.client("operator")
    await submitted(hand, body("PO-1", 500))
    await world.settle()
    clients = [await api.client("reviewer", name=name) for name in ("ann", "ben")]
    shown = await clients[0].get("/reviews/R-1")
    assert shown.status_code == 200, shown.text
    assert shown.json()["args"] == {"amount": 500, "po": "PO-1"}
    tag = shown.headers["etag"]
    assert tag == f'"{shown.json()["digest"]}"'
    both = await asyncio.gather(
        *(one.post("/reviews/R-1/decision", json={"verb": "approve"}, headers={"If-Match": tag}) for one in clients)
    )
    assert sorted(one.status_code for one in both) == [200, 409], [one.text for one in both]
    lost = next(one for one in both if one.status_code == 409).json()
    won = next(one for one in both if one.status_code == 200).json()["review"]
    assert lost["code"] == "review.decided"
    assert won["decided_by"] in lost["detail"] + lost.get("hint", "") + str(lost)
    await world.settle()
    assert [entry["po"] for entry in world.books()] == ["PO-1"]


async def test_a_decision_names_what_was_shown(world: World, api: Api) -> None:
    """P1: a decision without the digest of what was shown is 428, with another one 412, and nothing is decided."""
    await deployed(world)
    hand = await api.client("operator")
    await submitted(hand, body("PO-1", 500))
    await world.settle()
    client = await api.client("reviewer")
    bare = await client.post("/reviews/R-1/decision", json={"verb": "approve"})
    assert (bare.status_code, bare.json()["code"]) == (428, "api.match")
    zeros = "0" * 64
    for how in (
        {"headers": {"If-Match": f'"{zeros}"'}},
        {"headers": {"If-Match": '""'}},
        {"json": {"verb": "approve", "shown_digest": zeros}},
    ):
        stale = await client.post("/reviews/R-1/decision", **{"json": {"verb": "approve"}, **how})  # type: ignore[arg-type]
        assert (stale.status_code, stale.json()["code"]) == (412, "review.changed")
    assert [one["id"] for one in (await client.get("/reviews")).json()["items"]] == ["R-1"]
    claimed = await client.post("/reviews/R-1/claim")
    assert (claimed.status_code, claimed.json()["claimed_by"]) == (200, "reviewer")
    assert (await client.post("/reviews/R-1/release")).json()["claimed_by"] is None


async def test_calls_of_a_case_are_decided_in_one_request(world: World, api: Api) -> None:
    """P1: held calls of one case are decided together, each by the digest that was shown of it, all or none."""
    await world.deploy(PARALLEL, tools="book: {allow: amount <= 10, otherwise: {hold: desk}}")
    await world.submit({"po": "all", "together": [{"po": f"P-{n}", "amount": 20 + n} for n in range(3)]})
    await world.settle()
    client = await api.client("reviewer")
    shown = {f"R-{n}": (await client.get(f"/reviews/R-{n}")).json()["digest"] for n in (1, 2, 3)}
    first = {"verb": "approve", "shown_digest": shown["R-1"]}
    also = [{"review": name, "shown_digest": shown[name]} for name in ("R-2", "R-3")]
    for wrong, status in (
        ([{**also[0], "shown_digest": "0" * 64}], 412),
        ([also[0], also[0]], 422),
        ([{**also[0], "review": "R-1"}], 422),
        ([{"review": "R-2"}], 422),
        ([{**also[0], "review": "R-99"}], 404),
    ):
        answer = await client.post("/reviews/R-1/decision", json={**first, "also": wrong})
        assert answer.status_code == status, answer.text
    assert len((await client.get("/reviews")).json()["items"]) == 3
    done = await client.post("/reviews/R-1/decision", json={**first, "also": also})
    assert done.status_code == 200, done.text
    assert [done.json()["review"]["standing"], *(one["standing"] for one in done.json()["also"])] == ["approved"] * 3
    await world.settle()
    assert sorted(str(entry["amount"]) for entry in world.books()) == ["20", "21", "22"]


async def test_what_was_done_is_taken_back(world: World, api: Api) -> None:
    """P8: an undo is looked at first and then carried out once; what changed meanwhile stops it."""
    await deployed(world)
    client = await api.client("operator")
    await submitted(client, body("PO-1"))
    await world.settle()
    listed = (await client.get("/effects", params={"case": "C-1"})).json()["items"]
    assert [(one["id"], one["state"]) for one in listed] == [("E-1", "committed")]
    whole = (await client.get("/effects/E-1")).json()
    assert whole["effect"]["args"] == {"amount": 5, "po": "PO-1"}
    assert whole["hindrance"] is None
    seen = await client.post("/undos/preview", json={"effect": "E-1"})
    assert seen.status_code == 200, seen.text
    assert (seen.json()["going"], seen.json()["looked"]) == (1, True)
    wrong = await client.post("/undos", json={"effect": "E-1", "reason": "a mistake", "expected": 2})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "undo.changed")
    made = await client.post("/undos", json={"effect": "E-1", "reason": "a mistake", "expected": 1})
    assert made.status_code == 201, made.text
    assert made.json()["items"][0]["state"] == "planned"
    assert world.loaded is not None
    await world.app.undoing(world.loaded).run(1)
    done = (await client.get("/undos/U-1")).json()
    assert (done["items"][0]["state"], done["by"]) == ("undone", "operator")
    again = await client.post("/undos", json={"effect": "E-1", "reason": "a mistake"})
    assert (again.status_code, again.json()["code"]) == (409, "undo.nothing")


async def test_a_case_under_way_is_handed_over_before_it_is_undone(world: World, api: Api) -> None:
    """P8: an undo of a case that still runs fences its agent first, and what it did is taken back after that."""
    await deployed(world)
    client = await api.client("operator")
    await submitted(client, body("PO-1", more=500))
    await world.settle()
    assert (await client.get("/cases/C-1")).json()["case"]["state"] == "waiting"
    seen = (await client.post("/undos/preview", json={"case": "C-1"})).json()
    assert (seen["open"], seen["going"]) == (["C-1"], 1)
    made = await client.post(
        "/undos", json={"case": "C-1", "reason": "a mistake", "expected": 1, "until": seen["until"]}
    )
    assert made.status_code == 201, made.text
    assert (await client.get("/cases/C-1")).json()["case"]["state"] == "with_person"
    assert world.loaded is not None
    await world.app.undoing(world.loaded).run(1)
    (effect,) = (await client.get("/effects", params={"state": "undone"})).json()["items"]
    assert (effect["id"], effect["undo"]) == ("E-1", "U-1")
    scopes = [
        {"reason": "x"}, {"effect": "E-9", "reason": "x"}, {"effect": "E-1", "case": "C-9", "reason": "x"},
    ]  # fmt: skip
    assert [(await client.post("/undos", json=one)).status_code for one in scopes] == [422, 404, 422]


async def test_who_may_not_see_documents_sees_none(world: World, api: Api) -> None:
    """D9: a viewer sees how a case goes and no word of what it holds, in any answer."""
    await deployed(world)
    hand = await api.client("operator")
    await submitted(hand, body("PO-1", 500, note="Geheimnis"), "Geheimnis of Müller.json")
    await world.settle()
    viewer = await api.client("viewer")
    for path in ("/cases", "/cases/C-1", "/arrivals", "/arrivals/A-1", "/effects", "/effects/E-1", "/reviews"):
        found = await viewer.get(path)
        assert found.status_code == 200, (path, found.text)
        assert "Geheimnis" not in found.text, path
        assert "Müller" not in found.text, path
        assert "PO-1" not in found.text, path
    for path in ("/cases/C-1/explanation", "/arrivals/A-1/original", "/reviews/R-1"):
        assert (await viewer.get(path)).status_code == 403, path


async def test_a_token_does_no_more_than_its_scopes(world: World, api: Api) -> None:
    """A token with fewer scopes than its owner has rights does less; without one, unknown or revoked, nothing."""
    await deployed(world)
    narrow = await api.client("operator", name="ann", scopes=("read",))
    assert (await narrow.get("/cases")).status_code == 200
    refused = await narrow.post("/controls/pause", json={"deployment": "orders", "reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "auth.right")
    wide = await api.client("viewer", name="ben")
    assert (await wide.post("/controls/pause", json={"deployment": "orders", "reason": "x"})).status_code == 403
    for token in (None, "bh_" + "A" * 43, "nonsense"):
        stranger = api.with_token(token)
        answer = await stranger.get("/cases")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    await world.app.users.disable("ann", by="tester", reason="left")
    assert (await narrow.get("/cases")).status_code == 401
    assert (await narrow.get("/me")).status_code == 401


async def test_names_of_documents_act_on_nothing(world: World, api: Api) -> None:
    """A name with a path, quotes or letters of elsewhere comes back inside one header; one with a line break is 422."""
    await deployed(world)
    client = await api.client("operator")
    evil = '../../x";a="é<script>.json'
    assert (await submitted(client, body("PO-1"), evil)).status_code == 201
    await world.settle()
    original = await client.get("/arrivals/A-1/original")
    assert original.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''..%2F..%2Fx%22%3Ba%3D%22%C3%A9%3Cscript%3E.json"
    )
    assert original.headers["content-type"] == "application/octet-stream"
    assert original.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in original.headers["content-security-policy"]
    assert (await client.get("/arrivals/A-1")).json()["arrival"]["name"] == evil
    for name in ("a\r\nX-Evil: 1", "a\0b", ""):
        assert (await submitted(client, body("PO-1"), name)).status_code == 422, name


async def test_what_is_too_large_is_refused_unread(world: World, api: Api) -> None:
    """A JSON body over 1 MiB and a document over the limit are 413, also when their length is not said."""
    await deployed(world)
    client = await api.client("operator")

    async def long() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 2**16

    large = {"deployment": "orders", "reason": "x" * 2**21}
    assert (await client.post("/controls/pause", json=large)).status_code == 413
    streamed = await client.post("/controls/pause", content=long(), headers={"Content-Type": "application/json"})
    assert streamed.status_code == 413
    # What its length alone says is answered before anything of it is sent.
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    writer.write(
        f"POST /api/v1/arrivals?deployment=orders&name=a HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {client.headers['authorization']}\r\nContent-Length: {2**30}\r\n\r\n".encode()
    )
    assert (await reader.readline()).split()[1] == b"413"
    writer.close()
    assert await world.rows("select id from arrivals") == []


async def test_problems_say_what_is_wrong_and_where(world: World, api: Api) -> None:
    """RFC 9457: what is wrong is told as problem details with a stable code; what was sent is not repeated."""
    await deployed(world)
    client = await api.client("operator")
    pause = "/controls/pause"
    kind = {"Content-Type": "application/json"}
    for answer, status, code in [
        (await client.get("/cases/C-99"), 404, "case.unknown"),
        (await client.get("/cases/17"), 404, "input.id"),
        (await client.get("/cases", params={"limit": 0}), 422, "api.invalid"),
        (await client.get("/cases", params={"colour": "red"}), 422, "api.invalid"),
        (await client.get("/cases", params=[("state", "done"), ("state", "due")]), 422, "input.twice"),
        (await client.get("/cases", params={"deployment": "ordres"}), 404, "input.deployment"),
        (await client.get("/cases", params={"amount_from": "9", "amount_to": "1"}), 422, "input.range"),
        (await client.get("/me", params={"x": "1"}), 422, "api.parameter"),
        (await client.post(pause, content=b"{", headers=kind), 400, "api.body"),
        (await client.post(pause, content=b"[NaN]", headers=kind), 400, "api.body"),
        (await client.post(pause, content=b"[" * 100_000, headers=kind), 400, "api.body"),
        (await client.post(pause, content=b"{}", headers=kind), 422, "api.invalid"),
        (await client.post(pause, content=b"{}"), 415, "api.media"),
        (await client.post(pause, json={"reason": "x", "tool": "a\0b"}), 422, "api.invalid"),
        (await client.post(pause, json={"reason": "x\0", "deployment": "orders"}), 422, "api.text"),
        (await client.post(pause, json={"reason": "x"}), 422, "control.scope"),
        (await client.get("/nothing"), 404, None),
    ]:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json().get("code") == code, answer.text
        assert answer.json()["status"] == status
    wrong = await client.post(pause, json={"reason": "", "deployment": "orders", "secret": "hunter2"})
    assert [one["field"] for one in wrong.json()["errors"]] == ["body.reason", "body.secret"]
    assert "hunter2" not in wrong.text
    wrong_method = await client.put("/controls/pause")
    assert wrong_method.status_code == 405
    assert "POST" in wrong_method.headers["allow"]


async def test_how_deployments_do_and_what_their_rules_say(world: World, api: Api) -> None:
    """Numbers of a deployment, its failures and its policies are told, and a call that nobody makes is explained."""
    await deployed(world)
    hand = await api.client("operator")
    await submitted(hand, body("PO-1"))
    await world.settle()
    await submitted(hand, body("PO-2", fail=True), "b.json")
    await world.settle()
    await submitted(hand, body("PO-3", 500), "c.json")
    await world.settle()
    viewer = await api.client("viewer")
    (told,) = (await viewer.get("/deployments", params={"period": "24h"})).json()["items"]
    assert (told["name"], told["level"], told["handled"], told["completed"]) == ("orders", "autonomous", 1, 1)
    assert (await viewer.get("/deployments/orders")).json()["queue"][0]["role"] == "desk"
    failed = (await viewer.get("/failures", params={"deployment": "orders"})).json()
    assert [(one["name"], one["n"]) for one in failed["classes"]] == [("not_found", 1)]
    assert [one["case"] for one in failed["examples"]] == ["C-2"]
    rules = (await viewer.get("/deployments/orders/policies")).json()
    assert [(one["tool"], one["allow"]) for one in rules["rules"]] == [("book", "amount <= 100")]
    assert "permit" in rules["rules"][0]["cedar"]
    explain = "/deployments/orders/policies/explain"
    for amount, verdict in ((5, "allow"), (500, "hold")):
        said = await viewer.post(explain, json={"tool": "book", "args": {"po": "X", "amount": amount}})
        assert said.status_code == 200, said.text
        assert said.json()["verdict"] == verdict
    assert (await viewer.post(explain, json={"tool": "boook"})).status_code == 422
    assert len(await world.rows("select id from effects")) == 2, "nothing was called"


async def test_a_role_is_handed_on_and_taken_back(world: World, api: Api) -> None:
    """A member hands a role to somebody who is in none, who may decide then, until it is taken back."""
    await deployed(world)
    hand = await api.client("operator")
    await submitted(hand, body("PO-1", 500))
    await world.settle()
    giver, taker = await api.client("reviewer", name="ann"), await api.client("reviewer", name="ben", groups=())
    assert (await taker.post("/reviews/R-1/claim")).status_code == 403
    asked = {"deployment": "orders", "role": "desk", "to": "ben", "until": "2999-01-01T00:00:00Z", "reason": "away"}
    made = await giver.post("/delegations", json=asked)
    assert made.status_code == 201, made.text
    assert (await taker.post("/reviews/R-1/claim")).status_code == 200
    assert [one["to_person"] for one in (await giver.get("/delegations")).json()["items"]] == ["ben"]
    assert (await taker.post(f"/delegations/{made.json()['id']}/end")).json() == {"changed": True}
    assert (await taker.post("/reviews/R-1/claim")).status_code == 403
    auditor = await api.client("auditor")
    assert (await auditor.get("/reviewers")).status_code == 200


async def test_the_api_stands_beside_the_console(world: World) -> None:
    """In the whole site, with its layers, the API answers tokens alone, and every problem of it is problem details."""
    from bridgehead.cli.api import beside
    from tests.support.console import made

    await deployed(world)
    async with serving(world.app, made(world.app, pages=(), beside=[beside(world.app)])) as api:
        client = await api.client("operator")
        first = await submitted(client, body("PO-1", note="x" * 2**21))
        assert first.status_code == 201, "a document may be larger than a form"
        assert (await client.get("/cases")).json()["items"] == []
        for answer, status in (
            (await client.get("/nothing"), 404),
            (await client.put("/me"), 405),
            (await api.with_token(None).get("/me"), 401),
            (await client.get("/cases/C-9"), 404),
        ):
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        cookie = await api.with_token(None).get("/me", headers={"Cookie": "bridgehead_session=whatever"})
        assert cookie.status_code == 401, "a session opens pages, and no verb of the API"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_document_is_there_for_everybody(api: Api, method: str) -> None:
    """The OpenAPI document needs no token: it says nothing about what is stored."""
    answer = await api.with_token(None).request(method, "/openapi.json")
    assert answer.status_code == 200
    if method == "GET":
        assert answer.json()["openapi"] == "3.1.0"
