"""A connector over a recording: the real wire, mapping, lookups and freshness, and nothing of the real system."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import httpx
from pydantic import BaseModel, ConfigDict, create_model

from bridgehead.clock import utc_now
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_connection import AuthPart
from bridgehead.connectors.fill import plain
from bridgehead.connectors.ports import Wire
from bridgehead.connectors.proving.http_world import HttpWorld, LooseHttpWorld, TaggedHttpWire
from bridgehead.connectors.proving.recording import Call, Exchange, Recording
from bridgehead.connectors.proving.sql_world import LooseSqlWorld, PlayedPool, SqlWorld, TaggedSqlWire, kind_of
from bridgehead.connectors.proving.world import PlayClock, Told, Unrecorded, World
from bridgehead.connectors.record_types import record_types
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.shapes import parameters
from bridgehead.errors import BridgeheadError, Failed, Mismatch

P = TypeVar("P", bound=BaseModel)

SHORT_S: Final = (0.3, 1.5, 8.0)
"""How long a call may take on the stage when the system never answers; a busy machine needs longer to get there."""

_PAUSE_S: Final = 0.005
_STAND_IN: Final = "stand-in-secret"


@dataclass(slots=True)
class Stage:
    """One connector over one played system."""

    connector: Connector
    world: World
    limits: Told
    clock: PlayClock
    call: Call
    spec: Specification
    """As it was loaded; the connector's own has stand-ins for settings."""

    @property
    def arguments(self) -> dict[str, object]:
        """The call's arguments, typed."""
        return self.typed(self.call.name, self.call.arguments)

    def typed(self, name: str, given: Mapping[str, object]) -> dict[str, object]:
        """Returns arguments of a read or an action as it takes them."""
        return typed_arguments(self.spec, name, given)

    @property
    def writes(self) -> int:
        """How many requests of the action itself reached the system, carried out or not."""
        return sum(one.write for one in self.world.sent)


_KNOWN: Final[dict[str, tuple[Specification, object]]] = {}
"""What was made of the last specification, by what it is: making types is what costs time on a stage."""


def _types(spec: Specification) -> Mapping[str, type[BaseModel]]:
    found = _KNOWN.get("")
    if found is None or found[0] is not spec:
        found = _KNOWN[""] = (spec, record_types(spec))
    return cast("Mapping[str, type[BaseModel]]", found[1])


def typed_arguments(spec: Specification, name: str, given: Mapping[str, object]) -> dict[str, object]:
    """Returns arguments of a read or an action, typed; raises ValueError for what does not fit its parameters."""
    found = _KNOWN.get(name)
    if found is None or found[0] is not spec:
        found = _KNOWN[name] = (spec, _arguments_of(spec, name))
    made = cast("type[BaseModel]", found[1]).model_validate(dict(given))
    return {one: getattr(made, one) for one in type(made).model_fields}


def _arguments_of(spec: Specification, name: str) -> type[BaseModel]:
    reads = {of: read for entity in spec.entities.values() for of, read in entity.reads.items()}
    shape = reads[name].params if name in reads else spec.actions[name].params
    taken: dict[str, Any] = {
        one.name: (one.annotation, ... if one.default is one.empty else one.default)
        for one in parameters(shape, owner=f"{spec.connector}_{name}")
    }
    return create_model(name, __config__=ConfigDict(extra="forbid"), **taken)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: with a value, with a failure, or in a way that no call may end."""

    value: object = None
    failed: Failed | None = None
    mismatch: Mismatch | None = None
    strange: str = ""

    @property
    def ended(self) -> str:
        """How it ended, in words."""
        if self.failed is not None:
            known = {None: "it may have been applied", False: "not applied"}[self.failed.applied]
            return f"{self.failed.error_class} ({known}): {self.failed.message}"
        if self.mismatch is not None:
            return f"a mismatch: {self.mismatch.message}"
        return self.strange or "a result"

    @property
    def error_class(self) -> str:
        """The class it failed with; empty where it did not."""
        return "" if self.failed is None else self.failed.error_class


async def outcome(work: Awaitable[object]) -> Outcome:
    """Returns how a call ended."""
    try:
        return Outcome(value=await work)
    except Failed as failed:
        return Outcome(failed=failed)
    except Mismatch as mismatch:
        return Outcome(mismatch=mismatch)
    except Unrecorded as asked:
        return Outcome(strange=str(asked))
    except BridgeheadError as error:
        return Outcome(strange=error.message)


@asynccontextmanager
async def stage(
    spec: Specification, recording: Recording, call: Call, *, short_s: float | None = None,
    loose: bool = False, copied: bool = False,
) -> AsyncIterator[Stage]:  # fmt: skip
    """Gives a connector over a recording; ``short_s`` is the longest that a call may take.

    ``copied`` lets a database have its copy, at the time of day: how far that lags is ``SqlWorld.lag``.
    """
    with tempfile.TemporaryDirectory(prefix="bridgehead-stage-") as name:
        folder = Path(name)
        (folder / "secret").write_text(_STAND_IN, encoding="utf-8")
        (folder / "secret").chmod(0o600)
        played = played_specification(spec, recording.system, short_s=short_s, copied=copied)
        limits, clock = Told(), PlayClock(utc_now() if copied else call.recorded_at)
        system: World
        wire: Wire
        if spec.kind == "http":
            http = system = (LooseHttpWorld if loose else HttpWorld)(played, recording, call)
            wire = TaggedHttpWire(played, folder=folder, limits=limits, redactor=Redactor(), carrier=lambda _: http)
        else:
            base = system = (LooseSqlWorld if loose else SqlWorld)(played, recording, call)
            kind = kind_of(recording.system)
            wire = TaggedSqlWire(
                played, folder=folder, limits=limits, redactor=Redactor(),
                pool_of=lambda _, copy: PlayedPool(base, name=spec.connector, kind=kind, copy=copy),
            )  # fmt: skip
        connector = Connector(played, wire, now=clock.now, types=_types(spec))
        try:
            yield Stage(connector, system, limits, clock, call, spec)
        finally:
            await connector.aclose()


@dataclass(frozen=True, slots=True)
class Performed:
    """A call as it was carried out on the stage: what was asked, and what came of it."""

    result: object
    exchanges: Sequence[Exchange]
    before: Sequence[Exchange] = ()
    after: Sequence[Exchange] = ()
    there: object = None
    found: object = None


async def perform(on: Stage) -> Performed:
    """Carries out a recorded call as it was recorded; an action with its readings back before and after."""
    name, world, connector = on.call.name, on.world, on.connector
    if name not in connector.spec.actions:
        reading = await connector.read(name, on.arguments)
        return Performed(reading.records, world.taken())
    action, key = connector.spec.actions[name], effect_key_of(on.call)
    readable = action.verify is not None or action.lookup is not None
    there = await connector.verify(name, on.arguments, key=key) if readable else None
    before = world.taken()
    result = await connector.act(name, on.arguments, key=key)
    exchanges = world.taken()
    found = await connector.verify(name, on.arguments, key=key) if readable else None
    return Performed(result, exchanges, before, world.taken(), there, found)


def short_trace(error: BaseException) -> str:
    """Returns the file and line where an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "an unknown place" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def effect_key_of(call: Call) -> str:
    """Returns the effect key that a recorded action goes under: the same for the same arguments."""
    text = json.dumps([call.name, call.arguments], sort_keys=True, default=str)
    return "recorded-" + hashlib.sha256(text.encode()).hexdigest()[:24]


def plain_result(result: object) -> object:
    """Returns what a call gave as plain values, as a recording holds them."""
    if isinstance(result, list | tuple):
        return [plain_result(one) for one in result]
    return result.model_dump(mode="json") if isinstance(result, BaseModel) else plain(result)


def _database(spec: Specification, real: str) -> str:
    """Returns the address that stands for a database: by the host that the specification allows, if it does."""
    kind, _, place = real.partition("://")
    host, _, port = place.rpartition("@")[2].partition("/")[0].partition("?")[0].partition(":")
    for listed in spec.connection.hosts:
        if listed.lower() in {host.lower(), f"{host}:{port}".lower()}:
            return f"{kind.partition(':')[0]}://{listed.lower()}"
    return f"{kind.partition(':')[0]}://{spec.connector.replace('_', '-')}.example"


def stand_in_address(spec: Specification, real: str) -> str:
    """Returns the address that stands for the system in a recording.

    The real one where the specification itself names it or lists hosts, so that its allow-list is put
    to the test; otherwise a name that leads nowhere (RFC 2606), because it differs between machines.
    """
    if not _refers(spec.connection.url) or (spec.connection.hosts and spec.kind == "http"):
        return real
    if spec.kind == "sql":
        return _database(spec, real)
    url = httpx.URL(real)
    host = f"{spec.connector.replace('_', '-')}.example"
    return str(url.copy_with(host=host, port=None)).rstrip("/")


def played_specification(
    spec: Specification, system: str, *, short_s: float | None = None, copied: bool = False
) -> Specification:
    """Returns a specification without settings, secrets and files of its own, and with hardly any pauses."""
    given = spec.connection
    connection = _with(
        given,
        url=system if _refers(given.url) else given.url,
        proxy=None,
        tls=None,
        replica=_with(given.replica, url=system) if copied and given.replica is not None else None,
        headers={name: "stand-in" if _refers(value) else value for name, value in given.headers.items()},
        timeout=given.timeout if short_s is None else short_s,
    )
    auth = None if spec.auth is None or spec.auth.hook is not None else _played_auth(spec.auth)
    retry = _with(spec.retry, base=min(spec.retry.base, _PAUSE_S))
    played = _with(spec, connection=connection, auth=auth, retry=retry)
    if short_s is None:
        return played
    entities = {
        name: _with(entity, reads={of: _with(read, timeout=None) for of, read in entity.reads.items()})
        for name, entity in spec.entities.items()
    }
    return _with(played, entities=entities, actions={k: _with(one, timeout=None) for k, one in spec.actions.items()})


def _played_auth(auth: AuthPart) -> AuthPart:
    secret = "file:secret"  # noqa: S105  # a reference to a stand-in
    if auth.oauth2 is not None:
        issuer = {"token_url": "https://sign-in.example/token", "client_id": "stand-in", "user": None}
        secrets = {name: secret for name in ("client_secret", "refresh_token") if getattr(auth.oauth2, name)}
        return _with(auth, oauth2=_with(auth.oauth2, **issuer, **secrets))
    if auth.basic is not None:
        return _with(auth, basic=_with(auth.basic, user="stand-in", password=secret))
    if auth.api_key is not None:
        return _with(auth, api_key=_with(auth.api_key, value=secret))
    if auth.bearer is not None:
        return _with(auth, bearer=_with(auth.bearer, token=secret))
    if auth.login is not None:
        return _with(auth, login=_with(auth.login, user="stand-in", password=secret))
    return auth


def _with(part: P, **changes: object) -> P:
    return part.model_copy(update=changes)


def _refers(text: str) -> bool:
    return text.startswith(("env:", "file:"))
