"""A canary secret in every source: after a full run with failures it is in no dump, log, trace, prompt or export."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bridgehead.cases.hiding import SECRETS as PROCESS
from bridgehead.cases.hiding import Secrets
from bridgehead.models import Asked, Fault, Reply, ScriptedServer, ToolCall
from tests.support.http_server import Asked as Got
from tests.support.http_server import Told, http_server
from tests.support.world import World

CANARIES = {
    "SHOP_PASSWORD": "canary-0of-the-env-4711",
    "SHOP_TOKEN": "canary-1of-a-tool-4712",
    "DESK_KEY": "canary-2of-a-connector-4713",
    "MODEL_KEY": "canary-3of-a-model-4714",
    "PROXY_URL": "http://buyer:canary-4of-an-address-4715@127.0.0.1:9/",
}
SECRETS = [value.partition("buyer:")[2].partition("@")[0] or value for value in CANARIES.values()]
FORMS = [*SECRETS, *(base64.b64encode(one.encode()).decode().rstrip("=") for one in SECRETS)]

CODE = '''
import httpx
from bridgehead.models import Message, OfferedTool, OpenAICompatible, SecretReference, Turn
from bridgehead.models.governed import ask

@read
async def stock(thing: str) -> dict:
    """Asks the shop, which says in its answer with which token it was asked."""
    async with httpx.AsyncClient(trust_env=False) as shop:
        answer = await shop.get(os.environ["SHOP_URL"], headers={"X-Token": os.environ["SHOP_TOKEN"]})
        return answer.json()

@read
async def through_proxy(thing: str) -> str:
    raise RuntimeError("cannot reach " + os.environ["PROXY_URL"] + " with " + os.environ["SHOP_PASSWORD"])

@reversible(key="po", verify=find)
async def book(po: str, note: str) -> Booking:
    enter(po=po, number="N-1", amount=1, note=note)
    if note == "fails":
        raise Failed("refused by " + os.environ["SHOP_TOKEN"], error_class="invalid_input", applied=False)
    return Booking("N-1 for " + os.environ["SHOP_PASSWORD"], po, 1)

from bridgehead.connectors.opening import connect
desk = connect(Path(__file__).with_name("desk.yaml"))
TOOLS = {"stock": stock, "through_proxy": through_proxy, "book": book, "find": desk.tools["find_ticket"]}

async def agent(case: Case[dict], ctx: Context) -> str:
    client = OpenAICompatible(os.environ["MODEL_URL"], "m", key=SecretReference("env:MODEL_KEY"))
    messages = [Message("system", "You buy."), Message("user", "Buy " + case.input["po"])]
    while True:
        reply = await ask(ctx, Turn(tuple(messages)), client)
        if not reply.tool_calls:
            return reply.text
        messages.append(Message("assistant", reply.text, reply.tool_calls))
        for call in reply.tool_calls:
            try:
                found = json.dumps(await TOOLS[call.name](**call.arguments), default=str)
            except (Failed, Refused) as error:
                found = str(error)
            messages.append(Message("tool", found, tool_call_id=call.id))
'''
DESK = """
connector: desk
kind: http
connection: {url: "env:DESK_URL", timeout: 2s}
retry: {tries: 1}
auth: {bearer: {token: "env:DESK_KEY"}}
entities:
  ticket:
    key: id
    fields: {id: {from: id, type: code}, said: {from: said, type: text}}
    reads: {find_ticket: {request: {path: /tickets}}}
"""
TOOLS = "stock: allow\nthrough_proxy: allow\nbook: {hold: desk}\nfind_ticket: allow"
MORE = """
connect: [desk.yaml]
limits: {steps: 60, repeats: 9}
models:
  default: {url: "env:MODEL_URL", name: m, key: "env:MODEL_KEY"}
"""


def play(asked: Asked) -> Reply | Fault:
    """Answers as a model that prints its key, once with an error that repeats it."""
    key = asked.headers["authorization"].partition(" ")[2]
    script = [
        ("stock", {"thing": "lamp"}), ("find", {}), ("through_proxy", {"thing": "lamp"}),
        ("book", {"po": "1", "note": f"paid with {key}"}), ("book", {"po": "2", "note": "fails"}),
    ]  # fmt: skip
    messages = asked.body["messages"]
    assert isinstance(messages, list)
    turn = sum(isinstance(one, dict) and one["role"] == "assistant" for one in messages)
    if turn == 2 and not REFUSED:
        REFUSED.append(key)
        return Fault("status", code=503, body={"error": {"message": f"the key {key} has no room"}})
    if turn >= len(script):
        return Reply(text=f"I bought it. My key is {key}.")
    name, args = script[turn]
    return Reply(text=f"My key is {key}.", tool_calls=(ToolCall(f"c{turn}", name, args),), finish_reason="tool_calls")


REFUSED: list[str] = []


def shop(got: Got) -> Told:
    """Answers with the credentials it was given."""
    told = str(got.headers.get("x-token", "")) + str(got.headers.get("authorization", ""))
    if "tickets" in str(got):
        return Told(body=[{"id": "1", "said": f"asked with {told}"}])
    coded = base64.b64encode(told.encode()).decode()
    return Told(body={"left": 3, "asked with": told, told: "as a name", "coded": [coded]})


def processes() -> str:
    """Returns every command line of this machine."""
    lines = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            lines.append(one.read_bytes().decode(errors="replace"))
    return "".join(lines)


async def test_a_canary_is_found_nowhere(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No secret of an environment, tool, connector, model, address or error gets further than its own request."""
    caplog.set_level(logging.DEBUG, "bridgehead")
    REFUSED.clear()
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    async with http_server(shop) as server, ScriptedServer(play) as model:
        monkeypatch.setenv("SHOP_URL", f"{server.url}/stock")
        monkeypatch.setenv("DESK_URL", server.url)
        monkeypatch.setenv("MODEL_URL", model.url)
        PROCESS.keep_environment(CANARIES)  # as the process does when it starts with these variables
        place = world.write(CODE, tools=TOOLS, more=MORE)
        (place / "desk.yaml").write_text(DESK)
        await world.deploy(CODE, tools=TOOLS, more=MORE)
        await world.submit({"po": "1"})
        await world.settle(timeout_s=40)
        for _ in range(2):
            if [review.kind for review in await world.reviews()] == ["approval"]:
                await world.decide("approve")
                await world.settle(timeout_s=40)
        asked = json.dumps([request.body for request in model.requests])
        assert any(SECRETS[3] in str(request.headers) for request in model.requests), "no model was asked with its key"
    found = {"prompts": asked, "log": caplog.text, "reviews": str(await world.reviews(state=None))}
    tables = await world.rows("select tablename from pg_tables where schemaname = 'public'")
    for table in tables:
        found[f"table {table['tablename']}"] = str(await world.rows(f'select t::text from "{table["tablename"]}" t'))
    for command in (["case", "C-1", "--json"], ["explain", "C-1"], ["explain", "C-1", "--json"], ["cases", "--json"]):
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "bridgehead", *command], env=world.environment(), capture_output=True
        )  # fmt: skip
        found[" ".join(command)] = (done.stdout + done.stderr).decode()
    found["processes"] = processes()
    assert "[secret]" in found["prompts"]
    assert "[secret]" in found["case C-1 --json"]
    assert {name for name, text in found.items() for form in FORMS if form in text} == set()
    (case,) = await world.cases()
    assert case["outcome"] == "completed", found["explain C-1"]


async def test_what_an_agent_fails_with_is_shown_without_secrets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person reads the reason and the traceback of an agent's own exception, and no secret in them."""
    monkeypatch.setenv("SHOP_TOKEN", CANARIES["SHOP_TOKEN"])
    PROCESS.keep_environment(CANARIES)
    code = 'async def agent(case: Case[dict], ctx: Context) -> str:\n    raise ValueError(os.environ["SHOP_TOKEN"])'
    await world.deploy(code, tools="{}")
    await world.submit({"po": "1"})
    await world.settle()
    (review,) = await world.reviews()
    assert review.shown["reason"] == "The agent raised ValueError: [secret]"
    assert "ValueError: [secret]" in str(review.shown["traceback"])
    assert CANARIES["SHOP_TOKEN"] not in str(review.shown)


def test_words_of_an_environment_are_no_secrets() -> None:
    """A variable with an ordinary word hides nothing, and a short secret does not blot out texts."""
    secrets = Secrets()
    secrets.keep_environment({"SORT_KEY": "delivery_date", "PAGE_TOKEN": "monday", "HOME": "somewhere", "A": "b://c@d"})
    secrets.keep("abc")
    said = {"delivery_date": "monday abc"}
    assert secrets.without(said) is said


def test_a_secret_is_hidden_however_it_is_spelt() -> None:
    """As it is, in base64, in an address and in JSON a secret is taken out, also where it is the name of a field."""
    secrets = Secrets()
    secret = secrets.keep('s3cret/of "ours"')
    coded = base64.b64encode(secret.encode()).decode()
    assert secrets.hide(f"{secret} {coded}") == "[secret] [secret]=="
    assert secrets.hide("x=s3cret%2Fof%20%22ours%22&y") == "x=[secret]&y"
    assert secrets.without({secret: [1, {"a": secret}]}) == {"[secret]": [1, {"a": "[secret]"}]}
    for before in ("", "a", "ab"):
        text = base64.b64encode(f"{before}:{secret}:after".encode()).decode()
        assert "[secret]" in secrets.hide(text)
        assert base64.b64encode(secret.encode()[3:9]).decode() not in secrets.hide(text)
    assert secrets.hide(f"x{secret.encode().hex()}y") == "x[secret]y"


def test_the_file_of_a_secret_is_read_and_no_other(tmp_path: Path) -> None:
    """What a variable such as DESK_PASSWORD_FILE points to is hidden; no process file, folder or large file is read."""
    secrets = Secrets()
    (tmp_path / "key").write_text("of-a-file-4711\n")
    (tmp_path / "large").write_text("of-a-large-file-4712" * 1000)
    named = {"A_PASSWORD_FILE": "key", "B_TOKEN_FILE": "large", "C_SECRET_FILE": ".", "D_SECRET_FILE": "missing"}
    secrets.keep_environment({**{name: str(tmp_path / file) for name, file in named.items()}, "E_TOKEN_FILE": "\0"})
    assert secrets.hide("of-a-file-4711 of-a-large-file-4712") == "[secret] of-a-large-file-4712"
