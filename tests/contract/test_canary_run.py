"""A full run with failures: real workers that are killed, systems and a model that tell the secrets they were given.

Every kind of source holds a canary of its own: the environment, files, the keyring, Vault and its token, an OAuth
client with the tokens it is issued, addresses, the database's own password, a user's password, session, token of the
API and one-time link, the issuer's token of a session, and Bridgehead's key.
What is looked through afterwards is all that others may see.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote

from bridgehead.auth.links import invitation, look
from bridgehead.auth.sessions import actor_of_session, open_session
from bridgehead.auth.tokens import actor_of_token, make
from bridgehead.models import Asked, Fault, Reply, ScriptedServer, ToolCall
from bridgehead.storage.api_tokens import ApiTokens
from bridgehead.storage.sealing import load_key
from bridgehead.storage.sessions import Sessions
from tests.support.http_server import Asked as Got
from tests.support.http_server import Told, http_server
from tests.support.rough_proxy import rough_proxy
from tests.support.world import World

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {"SHOP_PASSWORD": "canary-a1-of-the-env-4711", "SHOP_TOKEN": "canary-a2-of-a-tool-4712",
               "MODEL_KEY": "canary-a3-of-a-model-4713"}  # fmt: skip
FILE, FILE_OF_A_VARIABLE, FILE_OF_A_TOOL = "canary-b1-file-4721", "canary-b2-name-file-4722", "canary-b3-tool-file-4723"
RING, VAULT, VAULT_TOKEN = "canary-c1-ring-4731", "canary-c2-vault-4732", "canary-c3-vault-token-4733"
CLIENT, ISSUED = "canary-d1-oauth-client-4741", "canary-d2-issued-token-4742"
HINT = "canary-f1-token-of-the-issuer-4761"
ADDRESS, DATABASE, USER = "canary-e1-address-4751", "canary-e2-database-4752", "canary-e3-of-a-user-4753"
CANARIES = [*ENVIRONMENT.values(), FILE, FILE_OF_A_VARIABLE, FILE_OF_A_TOOL, RING, VAULT, VAULT_TOKEN, CLIENT, ISSUED,
            ADDRESS, DATABASE, USER]  # fmt: skip

SYSTEMS = {
    "ware": "basic: {user: desk, password: 'file:ware.key'}",
    "port": "api_key: {value: 'env:PORT_KEY', query: key}",
    "ring": "bearer: {token: 'keyring:ring/desk'}",
    "yard": "api_key: {value: 'vault:secret/data/yard#password', header: X-Key}",
    "bank": "oauth2: {token_url: 'env:TOKEN_URL', client_id: desk, client_secret: 'env:BANK_SECRET'}",
}
SYSTEM = """
connector: {name}
kind: http
connection: {{url: "env:SYSTEMS_URL", timeout: 5s}}
retry: {{tries: 2, base: 0.01s}}
auth: {{{auth}}}
entities:
  {name}_ticket:
    key: id
    fields: {{id: {{from: id, type: code}}, said: {{from: said, type: text}}}}
    reads: {{find_{name}: {{request: {{path: /{name}/tickets}}}}}}
"""
CODE = (
    """
import logging, threading
import httpx
from bridgehead.connectors.opening import connect
from bridgehead.models import Message, OfferedTool, OpenAICompatible, SecretReference, Turn
from bridgehead.models.governed import ask

HERE = Path(__file__).parent
WHO = ("buyer", os.environ["SHOP_PASSWORD"])

async def shop(path, **sent):
    headers = {"Connection": "close", "X-Token": os.environ["SHOP_TOKEN"]}
    headers["X-File"] = Path(os.environ["TOOL_PASSWORD_FILE"]).read_text()
    url = os.environ["SHOP_URL"]
    async with httpx.AsyncClient(trust_env=False, base_url=url, auth=WHO, headers=headers) as to:
        answer = await to.post(path, json=sent)
        if not answer.is_success:
            raise Failed(answer.text + repr(answer.request.headers.raw), error_class="transient")
        return answer.json()

@read
async def stock(thing: str) -> dict:
    return await shop("/stock", thing=thing)

@read
async def through_proxy(thing: str) -> str:
    raise RuntimeError("cannot reach " + os.environ["PROXY_URL"] + " with " + os.environ["SHOP_PASSWORD"])

async def booked(*, key, args):
    found = await shop("/booked", po=args["po"])
    return found or None

@reversible(key="po", verify=booked, undo=through_proxy, idempotent=True, timeout="2s")
async def book(po: str, note: str) -> dict:
    return await shop("/book", po=po, note=note)

TOOLS = {"stock": stock, "through_proxy": through_proxy, "book": book}
for name in ("""
    + ", ".join(f'"{name}"' for name in SYSTEMS)
    + """):
    TOOLS["find_" + name] = connect(HERE / f"{name}.yaml").tools["find_" + name]

def reader(document, name):
    order = json.loads(document)
    if order["po"] == "unread":
        raise RuntimeError("the reader used " + os.environ["SHOP_TOKEN"])
    return NewCase(input=order, key={"po": order["po"]})

async def agent(case: Case[dict], ctx: Context) -> str:
    if case.input["po"] == "ask":
        return await ctx.ask("desk", "Is " + os.environ["SHOP_TOKEN"] + " right?", str)
    if case.input["po"] == "return":
        return "done with " + os.environ["SHOP_TOKEN"]
    if case.input["po"] == "crash":
        logging.getLogger("shop.agent").error("my token is %s", os.environ["SHOP_TOKEN"])
        def die():
            raise OSError("no way to " + os.environ["PROXY_URL"])
        thread = threading.Thread(target=die)
        thread.start()
        thread.join()
        try:
            raise KeyError(os.environ["SHOP_TOKEN"])
        except KeyError as error:
            raise ArithmeticError("after " + os.environ["SHOP_PASSWORD"]) from error
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
                found = repr(error) + str(error) + str(error.attributes) + str(error.hint)
            messages.append(Message("tool", found, tool_call_id=call.id))
"""
)
RULES = "\n".join(
    ["stock: allow", "through_proxy: allow", "book: {hold: desk}", *(f"find_{one}: allow" for one in SYSTEMS)]
)
MORE = f"""
connect: [{", ".join(f"{name}.yaml" for name in SYSTEMS)}]
limits: {{steps: 90, repeats: 9}}
models:
  default: {{url: "env:MODEL_URL", name: m, key: "env:MODEL_KEY"}}
"""


def forms(secret: str) -> set[str]:
    """Returns how a secret may be written: base64 in each of its places, as hexadecimal (a dump's bytes), quoted."""
    data, found = secret.encode(), {secret, quote(secret, safe=""), secret.encode().hex()}
    for before in range(3):
        found.add(base64.b64encode(bytes(before) + data).decode()[-(-8 * before // 6) : 8 * (before + len(data)) // 6])
    return found


@dataclass
class Outside:
    """The systems, the issuer, Vault and the model: each says in its answers what it was sent."""

    tried: set[str] = field(default_factory=set)
    books: dict[str, object] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    """What was sent as credentials, so that no test is content because nothing was."""

    def _first(self, what: str) -> bool:
        if what in self.tried:
            return False
        self.tried.add(what)
        return True

    def vault(self, got: Got) -> Told:
        """Answers as Vault's KV engine, version 2, does."""
        if got.headers.get("x-vault-token") != VAULT_TOKEN or got.path != "/v1/secret/data/yard":
            return Told(403, body={"errors": [f"permission denied to {got.headers.get('x-vault-token')}"]})
        self.told.append(str(got.headers))
        data = {"data": {"password": VAULT}, "metadata": {"version": 3, "destroyed": False}}
        return Told(body={"request_id": "1", "lease_id": "", "renewable": False, "data": data})

    def systems(self, got: Got) -> Told:
        """Answers a connector with its own credentials: first 400, then 401, then a record."""
        sent = f"{got.headers.get('authorization', '')} {got.headers.get('x-key', '')} {got.query}"
        if got.path == "/token":
            self.told.append(f"{got.headers} {parse_qs(got.body.decode())}")
            return Told(body={"access_token": ISSUED, "token_type": "Bearer", "expires_in": 3600})
        self.told.append(sent)
        name = got.path.split("/")[1]
        if self._first(f"400 {name}"):
            return Told(400, body={"error": f"no room for {sent}"})
        if self._first(f"401 {name}"):
            return Told(401, body={"error": f"who is {sent}"}, headers={"WWW-Authenticate": f'Bearer realm="{sent}"'})
        return Told(body=[{"id": "1", "said": f"asked with {sent}"}])

    async def shop(self, got: Got) -> Told:
        """Books, and answers a tool with its credentials; the first booking's answer never comes."""
        sent = f"{got.headers['authorization']} {got.headers['x-token']} {got.headers['x-file']}"
        self.told.append(sent)
        asked = got.json
        assert isinstance(asked, dict)
        if got.path == "/booked":
            return Told(body=self.books.get(asked["po"]))
        if got.path == "/book":
            self.books.setdefault(asked["po"], {"number": f"N-{asked['po']}", "by": sent, "note": asked["note"]})
            if self._first("book"):
                await asyncio.Event().wait()  # its worker is killed meanwhile
            return Told(body=self.books[asked["po"]])
        if self._first("stock"):
            return Told(500, body={"error": f"failed for {sent}"})
        coded = [base64.b64encode(f"{before}{sent}".encode()).decode() for before in ("", "a", "ab")]
        return Told(body={"left": 3, "with": sent, sent: "as a name", "hex": sent.encode().hex(), "coded": coded})

    def model(self, asked: Asked) -> Reply | Fault:
        """Answers as a model that prints its key and what it was told, and once with an error that repeats it."""
        key = asked.headers["authorization"].partition(" ")[2]
        self.told.append(key)
        script = [*(("find_" + name, {}) for name in SYSTEMS for _ in range(3)), ("stock", {"thing": "lamp"}),
                  ("through_proxy", {"thing": "lamp"}), ("book", {"po": "1", "note": f"paid with {key}"})]  # fmt: skip
        messages = asked.body["messages"]
        assert isinstance(messages, list)
        turn = sum(isinstance(one, dict) and one["role"] == "assistant" for one in messages)
        if turn == 2 and self._first("model"):
            return Fault("status", code=503, body={"error": {"message": f"the key {key} has no room"}})
        if turn >= len(script):
            return Reply(text=f"I bought it. My key is {key}.")
        call = ToolCall(f"c{turn}", *script[turn])
        return Reply(text=f"My key is {key}.", tool_calls=(call,), finish_reason="tool_calls")


@contextmanager
def processes() -> Iterator[set[str]]:
    """Gives every command line that this machine shows while the block runs."""
    seen: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            for one in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # it has ended
                    seen.add(one.read_bytes().decode(errors="replace"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def around(world: World, place: Path, **addresses: str) -> dict[str, str]:
    """Puts each canary into its source; returns the environment of the processes."""
    for name, auth in SYSTEMS.items():
        (place / f"{name}.yaml").write_text(SYSTEM.format(name=name, auth=auth))
    files = {"ware.key": FILE, "port.key": FILE_OF_A_VARIABLE, "tool.key": FILE_OF_A_TOOL, "vault.token": VAULT_TOKEN,
             "user.key": USER, "ring.json": json.dumps({"ring/desk": RING})}  # fmt: skip
    for name, content in files.items():
        (place / name).write_text(content)
        (place / name).chmod(0o600)
    database = world.environment()["BRIDGEHEAD_DATABASE_URL"]
    assert "postgres:@" in database
    path = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(ROOT)])
    given = {
        **ENVIRONMENT, **addresses, "BANK_SECRET": CLIENT, "PORT_KEY_FILE": str(place / "port.key"),
        "TOOL_PASSWORD_FILE": str(place / "tool.key"), "VAULT_TOKEN_FILE": str(place / "vault.token"),
        "RING_FILE": str(place / "ring.json"), "PYTHON_KEYRING_BACKEND": "tests.support.ring.FileRing",
        "PROXY_URL": f"http://buyer:{ADDRESS}@127.0.0.1:9/", "PYTHONPATH": path, "BRIDGEHEAD_LOG": "debug",
        "BRIDGEHEAD_DATABASE_URL": database.replace("postgres:@", f"postgres:{DATABASE}@"),
    }  # fmt: skip
    return world.environment(**given)


COMMANDS = """
import contextlib, io, json, sys
from bridgehead.cli.application import run
told = {}
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        run(arguments)
    told[" ".join(arguments)] = out.getvalue()
json.dump(told, sys.stdout)
"""


async def cli(environment: Mapping[str, str], *commands: Sequence[str]) -> dict[str, str]:
    """Runs commands one after the other in a process of their own; returns what each printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", COMMANDS, env=environment, cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(json.dumps(commands).encode()), 90)
    assert process.returncode == 0, err.decode()
    return {**json.loads(out), f"standard error of {commands[0]}": err.decode()}


async def payloads(world: World) -> str:
    """Returns every payload of the database, opened."""
    opened = []
    async with world.app.database.connection() as conn:
        for row in await (await conn.execute(b"select commitment, key_id, sealed from blobs")).fetchall():
            key = await load_key(conn, world.app.vault, row["key_id"])
            opened.append(key.open(row["sealed"], bytes(row["commitment"])).decode(errors="replace"))
    return "\n".join(opened)


async def test_a_full_run_with_failures_shows_no_secret(world: World) -> None:
    """No canary is in a dump, payload, log, prompt, command's output, export, page, error or process list."""
    outside = Outside()
    found: dict[str, str] = {}
    place = world.write(CODE, tools=RULES, more=MORE)
    folder = str(place)
    async with (
        http_server(outside.systems) as systems, http_server(outside.vault) as vault, http_server(outside.shop) as shop,
        http_server(lambda _: Told()) as collector, ScriptedServer(outside.model) as model,
        rough_proxy(shop.url, shares={"*": {"throttled": 0.2, "late": 0.2, "lost": 0.1}}, seed=3,
                    name=lambda body: "stock" if b"thing" in body else "book") as rough,
    ):  # fmt: skip
        rough.shares = {**rough.shares, "book": {}}
        environment = around(
            world, place, SYSTEMS_URL=systems.url, TOKEN_URL=f"{systems.url}/token", VAULT_ADDR=vault.url,
            SHOP_URL=rough.url, MODEL_URL=model.url, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        )  # fmt: skip
        with processes() as seen:
            found |= await cli(
                environment, ["check", folder],
                ["promote", folder, "--to", "autonomous", "--why", "a test", "--by", "pat"],
                ["user", "add", "kim", "--group", "desk", "--password-file", f"{folder}/user.key", "--by", "pat"],
            )  # fmt: skip
            await world.submit({"po": "1"})
            logs: list[Path] = []

            def start() -> subprocess.Popen[bytes]:
                logs.append(place / f"worker-{len(logs)}.log")
                with logs[-1].open("wb") as log:
                    return subprocess.Popen(
                        [sys.executable, "-m", "bridgehead", "worker", str(place)],
                        env=environment, cwd=ROOT, stdout=log, stderr=log,
                    )  # fmt: skip

            worker = start()
            try:
                await world.until(world.cases, timeout_s=20, what="the first case")
                for po in ("crash", "ask", "return", "unread"):
                    await world.submit({"po": po})
                await world.until(lambda: held(world), timeout_s=30, what="an approval")
                (held_review,) = [review for review in await world.reviews() if review.kind == "approval"]
                number = f"R-{held_review.id}"
                found |= await cli(
                    environment, ["review", number], ["review", number, "approve", "--by", "kim", "--folder", folder]
                )
                told = found[f"review {number} approve --by kim --folder {folder}"]
                await world.until(lambda: reached(outside), timeout_s=20, what=f"the booking ({told})")
                worker.kill()
                worker.wait()
                worker = start()
                await world.until(lambda: done(world), timeout_s=60, what="the end")
                worker.terminate()
                await asyncio.to_thread(worker.wait, 20)
            finally:
                if worker.poll() is None:
                    worker.kill()
                    worker.wait()
            found |= await cli(
                environment,
                ["case", "C-1", "--json"], ["case", "C-2", "--json"], ["case", "C-3"], ["case", "C-4"],
                ["cases"], ["explain", "C-1"], ["explain", "C-1", "--json"],
                ["explain", "C-2"], ["explain", "C-3"], ["explain", "C-4"],
                ["explain", number], ["explain", "C-1", "--html", f"{folder}/page.html"],
                ["cases", "--json"], ["reviews", "--json"], ["review", number, "--json"], ["arrivals", "--json"],
                ["arrival", "A-1"], ["breakers", "--json"], ["controls"], ["user", "list"], ["grant", "list"],
                ["ledger", "verify", "--json"], ["ledger", "export", f"{folder}/heads.jsonl"], ["doctor"],
                ["report", folder], ["policy", "check", folder], ["authority", "bound", folder], ["db", "status"],
                ["policy", "replay", folder, "--with", folder, "--since", "1d"], ["undo", "--case", "C-1", "--dry-run"],
                ["checks", folder], ["connector", "test", f"{folder}/yard.yaml"],
            )  # fmt: skip
            (place / "vault.token").write_text("canary-c4-no-token-4734")
            found |= await cli(environment, ["connector", "try", f"{folder}/yard.yaml", "find_yard"])
            broken = "import os\nraise RuntimeError('no ' + os.environ['SHOP_TOKEN'] + os.environ['PROXY_URL'])\n"
            (place / f"{world.module}.py").write_text(broken)
            found |= await cli(environment, ["check", folder, "--json"], ["worker", folder, "--until-idle"])
        found["prompts"] = json.dumps([request.body for request in model.requests])
        found["telemetry"] = str(collector.asked)
    found |= {"page": (place / "page.html").read_text(), "heads": (place / "heads.jsonl").read_text()}
    found |= {log.name: log.read_text() for log in logs}
    found["processes"] = "\n".join(seen)
    cookie = await open_session(world.app, "kim", address="192.0.2.7", browser="a browser", hint=HINT)
    token = await make(world.app, "a program", ["read"], timedelta(days=1), of=("", "kim"), by="pat")
    link = (await invitation(world.app, "kim", by="pat")).partition("code=")[2]
    assert await actor_of_session(world.app, cookie) is not None
    assert await actor_of_token(world.app, token.text) is not None
    assert await look(world.app, link) is not None
    found |= await cli(environment, ["token", "list", "--json"], ["user", "list", "--json"])
    found |= {"a token, shown": f"{token}", "standing": str(await own_sessions_of_kim(world))}
    found["payloads"] = await payloads(world)
    found["dump"] = await dump(world)
    sent = " ".join(outside.told)
    key = (world.app.settings.home / "key").read_text().strip()
    unsent = {one for one in CANARIES if not any(form in sent for form in forms(one))}
    assert unsent == {ADDRESS, DATABASE, USER}, "a canary that never went out shows nothing"
    shown = {
        f"{one} in {name}": text[max(0, text.index(form) - 80) :][:160]
        for name, text in found.items()
        for one in [*CANARIES, key, cookie, token.text, link, HINT]
        for form in forms(one)
        if form in text
    }
    assert shown == {}
    assert "[secret]" in found["prompts"]
    assert "[secret]" in found["payloads"]
    assert "[secret]" in found["worker-0.log"]
    assert "ArithmeticError: after [secret]" in found["payloads"]
    assert "find_yard" in found["dump"]
    assert (await world.cases())[0]["outcome"] == "completed", found["explain C-1"]


async def own_sessions_of_kim(world: World) -> object:
    """Returns what a page shows of kim's sessions and tokens."""
    return [await Sessions(world.app.database).of("", "kim"), await ApiTokens(world.app.database).listing()]


async def held(world: World) -> bool:
    """Whether a call waits for an approval, and all else is with a person too."""
    return {"approval", "exception", "question", "document"} <= {review.kind for review in await world.reviews()}


async def reached(outside: Outside) -> bool:
    """Whether the first booking has come in."""
    return "book" in outside.tried


async def done(world: World) -> bool:
    """Whether the case that books has its outcome."""
    return bool(await world.rows("select 1 from cases where id = 1 and outcome is not null"))


async def dump(world: World) -> str:
    """Returns the data of every table as a dump writes it (PostgreSQL, COPY in text format)."""
    tables = await world.rows(
        "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    )
    written = []
    async with world.app.database.connection() as conn, conn.cursor() as cursor:
        for table in tables:
            name = f'"{table["schemaname"]}"."{table["tablename"]}"'
            async with cursor.copy(f"copy {name} to stdout".encode()) as copied:
                written += [name, *[bytes(row).decode() async for row in copied]]
    return "\n".join(written)
