"""Records one read or one action of a real system, so that nothing secret and nothing labelled reaches the disk.

The answers are freed of both first. Then the call is played on them, with stand-ins for its arguments
and for every credential, and what is written down are the questions that the connector asks *there*:
a real credential has no way into a recording. What is about to be saved is searched once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, cast

import httpx
from pydantic import ValidationError

from bridgehead.clock import utc_now
from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.connectors.fill import plain
from bridgehead.connectors.hosts import base_url
from bridgehead.connectors.http_reply import MAX_BYTES, decompressed
from bridgehead.connectors.limits import LocalLimits
from bridgehead.connectors.load import load_specification
from bridgehead.connectors.part_types import SECRET_SCHEMES
from bridgehead.connectors.ports import Wire
from bridgehead.connectors.proving.hiding import Hider, labelled, masked_result
from bridgehead.connectors.proving.http_world import (
    KEPT_HEADERS,
    SIGN_IN,
    TaggedHttpWire,
    named_headers,
    parsed_json,
    question_of,
    secret_query,
    streamed,
)
from bridgehead.connectors.proving.promises import promises_of
from bridgehead.connectors.proving.recording import (
    Call,
    Exchange,
    Recording,
    dump_recording,
    load_recording,
    recording_path,
)
from bridgehead.connectors.proving.sql_world import COMMIT, RecordedPool, TaggedSqlWire
from bridgehead.connectors.proving.stage import (
    Performed,
    effect_key_of,
    outcome,
    perform,
    plain_result,
    stage,
    stand_in_address,
    typed_arguments,
)
from bridgehead.connectors.proving.standins import stands_in
from bridgehead.connectors.proving.world import asked_by
from bridgehead.connectors.references import Redactor, Secret, setting
from bridgehead.connectors.sharing import bounds_of
from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest
from bridgehead.spec.tool import JSON

REFERENCES: Final = tuple(f"{scheme}:" for scheme in SECRET_SCHEMES)
_ERROR: Final = 400
_SETTINGS: Final = frozenset({"url", "token_url", "client_id", "user", "smtp"})
"""What a specification may refer to and is no secret."""


@dataclass(slots=True)
class Recorder(httpx.AsyncBaseTransport):
    """Carries requests to the real system, and keeps each with its answer; requests for credentials are not kept."""

    inner: httpx.AsyncBaseTransport
    spec: Specification
    base: httpx.URL
    kept: list[Exchange]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request and reads its whole answer."""
        response = await self.inner.handle_async_request(request)
        of, writes = asked_by()
        if of == SIGN_IN:
            return response
        parts: list[bytes] = []
        async for part in response.stream:  # type: ignore[union-attr]  # an asynchronous transport gives an asynchronous stream
            parts.append(part)
            if sum(map(len, parts)) > MAX_BYTES:
                break
        await response.aclose()
        raw = b"".join(parts)
        question = question_of(
            request, await request.aread(), self.base, named_headers(self.spec, of), secret_query(self.spec)
        )
        self.kept.append(Exchange(of, question, self._answer(response, raw), write=writes))
        return streamed(response, raw)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.inner.aclose()

    def _answer(self, response: httpx.Response, raw: bytes) -> dict[str, object]:
        try:
            content = decompressed(raw, response.headers.get("content-encoding", ""))
        except ValueError:
            content = b""
        told = KEPT_HEADERS | _named_answers(self.spec)
        headers = {name.lower(): value for name, value in response.headers.items() if name.lower() in told}
        answer: dict[str, object] = {"status": response.status_code, "headers": headers}
        body = parsed_json(content) if content.strip() else None
        if body is not None:
            answer["body"] = body
        elif content.strip():
            answer["text"] = content.decode("utf-8", "replace")
        return answer


def _named_answers(spec: Specification) -> set[str]:
    """Returns the headers of answers that the specification gives a meaning."""
    named = {name.lower() for rule in spec.errors for name in rule.header}
    for entity in spec.entities.values():
        named |= {(entity.version or "").partition("header ")[2].lower()}
        completes = [read.complete for read in entity.reads.values() if read.complete is not None]
        named |= {one.count_header.lower() for one in completes if one.count_header}
    return named


@dataclass(frozen=True, slots=True)
class Recorded:
    """What ``record`` did: the file, the call in it, and how many stand-ins were put in."""

    path: Path
    call: Call
    hidden: int


async def record(path: Path, name: str, given: Mapping[str, JSON], *, write: bool = False) -> Recorded:
    """Carries out a read (or with ``write`` an action) on the real system and adds it to the recordings.

    Raises UserError: an unknown name or argument, ``connector.write`` for an action without leave,
    ``connector.unrecorded`` when it cannot be written down safely; and what the call itself raises.
    Nothing is saved then.
    """
    spec = load_specification(path)
    check_callable(spec, name, write=write)
    place = recording_path(path)
    before = load_recording(place)
    redactor = Redactor()
    real = setting(spec.connection.url, folder=path.parent)
    kept: list[Exchange] = []
    connector = _opened(spec, path.parent, redactor, real, kept)
    try:
        arguments = _arguments(spec, name, given)
        typed = typed_arguments(spec, name, arguments)
        call = Call(name, utc_now().replace(microsecond=0), arguments)
        if name in spec.actions:
            call, result = await _acted(connector, kept, call, typed)
        else:
            reading = await connector.read(name, typed)
            result = reading.records
            call = replace(call, exchanges=_taken(kept))
    finally:
        await connector.aclose()
    hider = Hider(spec)
    system = stand_in_address(spec, real.strip().rstrip("/"))
    origins = (_origin(real), _origin(system)) if spec.kind == "http" else None
    cleaned = _cleaned(hider, call, origins)
    lag = spec.connection.replica.max_lag if spec.connection.replica is not None else None
    allowed = spec.connection.hosts if spec.kind == "sql" else ()
    recording = replace(
        before or Recording(spec.connector, spec.kind, system), system=system, hosts=allowed, max_lag=lag
    )
    played = await _played(spec, recording, cleaned, result, hider)
    recording = recording.with_call(played, promises_of(spec, name))
    text = dump_recording(recording)
    # Lines may be broken anywhere in the file, so what it holds is searched value by value as well.
    _search("\n".join([text, *_texts(asdict(recording))]), spec, hider, redactor, folder=path.parent)
    _save(place, text)
    return Recorded(place, played, len(hider.stand_ins.texts()))


def check_callable(spec: Specification, name: str, *, write: bool) -> None:
    """Raises UserError unless ``name`` is a read, or an action that may be carried out."""
    reads = [one for entity in spec.entities.values() for one in entity.reads]
    if name not in [*reads, *spec.actions]:
        raise UserError(
            f"{spec.connector} has no read and no action {name!r}", code="connector.read",
            hint=nearest(name, [*reads, *spec.actions]),
        )  # fmt: skip
    if name in spec.actions and not write:
        raise UserError(
            f"{name} changes {spec.connector}: it was not carried out", code="connector.write",
            hint="Record it on a test system, or where its effect is wanted, with --write.",
        )  # fmt: skip
    if spec.kind not in {"http", "sql"}:
        raise UserError(f"kind {spec.kind} cannot be recorded yet", code="connector.kind")


async def _acted(
    connector: Connector, kept: list[Exchange], call: Call, typed: Mapping[str, object]
) -> tuple[Call, object]:
    action = connector.spec.actions[call.name]
    key = effect_key_of(call)
    readable = action.verify is not None or action.lookup is not None
    before: list[Exchange] = []
    if readable:
        if await connector.verify(call.name, typed, key=key) is not None:
            due = connector.counters.finished
            there = "was there, unfinished: what was due was sent" if due else "is there already: nothing was sent"
            raise UserError(
                f"{call.name} with these arguments {there}", code="connector.unrecorded",
                hint="Give arguments that the system does not hold yet, so that the write itself is recorded.",
            )  # fmt: skip
        before = _taken(kept)
    result = await connector.act(call.name, typed, key=key)
    exchanges = _taken(kept)
    if not any(exchange.write for exchange in exchanges):
        raise UserError(f"{call.name} sent nothing: it was there already", code="connector.unrecorded")
    after: list[Exchange] = []
    if readable:
        await _shown(connector, call.name, typed, key)
        after = _taken(kept)
    return replace(call, before=before, exchanges=exchanges, after=after), result


async def _shown(connector: Connector, name: str, typed: Mapping[str, object], key: str) -> None:
    if await connector.verify(name, typed, key=key) is None:
        raise UserError(
            f"{name} was carried out, and reading it back does not find it", code="connector.unrecorded",
            hint="Check its lookup (or verify): what it asks, `where` and `same`. The effect is in the system.",
        )  # fmt: skip


def _arguments(spec: Specification, name: str, given: Mapping[str, JSON]) -> dict[str, object]:
    """Returns arguments as a recording holds them; raises UserError ``input.argument``."""
    reads = {of: read for entity in spec.entities.values() for of, read in entity.reads.items()}
    shape = reads[name].params if name in reads else spec.actions[name].params
    known = list(shape)
    for one in given:
        if one not in known:
            raise UserError(
                f"{name} has no argument {one!r}", code="input.argument",
                hint=nearest(one, known) or f"It takes {', '.join(known) or 'none'}.",
            )  # fmt: skip
    listed = {one: [value] for one, value in given.items() if isinstance(shape[one], list) and isinstance(value, str)}
    try:
        typed = typed_arguments(spec, name, {**given, **listed})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UserError(
            f"{name}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}", code="input.argument",
            hint=f"It takes {', '.join(known)}: write NAME=VALUE, lists and objects as JSON.",
        ) from None  # fmt: skip
    return {one: plain(value) for one, value in typed.items() if value is not None}


def _opened(
    spec: Specification, folder: Path, redactor: Redactor, real: str, kept: list[Exchange]
) -> Connector:  # fmt: skip
    """Returns a connector to the real system whose exchanges are kept."""
    limits = LocalLimits(spec.connector, bounds_of(spec.limits))
    if spec.kind == "http":
        base = base_url(real, connector=spec.connector)
        wire: Wire = TaggedHttpWire(
            spec, folder=folder, limits=limits, redactor=redactor,
            carrier=lambda connections: Recorder(connections(), spec, base, kept),
        )  # fmt: skip
        return Connector(spec, wire, clean=redactor.clean)
    # A copy may lag behind what was just written, so the database itself is asked.
    alone = spec.model_copy(update={"connection": spec.connection.model_copy(update={"replica": None})})
    wire = TaggedSqlWire(
        alone, folder=folder, limits=limits, redactor=redactor,
        pool_of=lambda make, _: RecordedPool(make(), kept.append),
        committed=lambda name: kept.append(Exchange(name, COMMIT, {}, write=not any(one.write for one in kept))),
    )  # fmt: skip
    return Connector(alone, wire, clean=redactor.clean)


def _taken(kept: list[Exchange]) -> list[Exchange]:
    """Returns what was kept since; a refusal that was overcome by trying again says nothing of the call."""
    found = [exchange for exchange in kept if int(cast("int", exchange.answer.get("status", 200))) < _ERROR]
    kept.clear()
    return found


def _cleaned(hider: Hider, call: Call, origins: tuple[str, str] | None) -> Call:
    """Returns a call whose answers and arguments hold nothing that must not be written down."""

    def answered(exchange: Exchange) -> Exchange:
        answer = dict(exchange.answer)
        if "body" in answer:
            answer["body"] = hider.body(exchange.of, answer["body"])
        elif "text" in answer:
            answer["text"] = "(a text that is no JSON)"
        return replace(exchange, answer=answer)

    # First every answer, so that every hidden value is known; then each place where one of them stands.
    groups = [[answered(one) for one in group] for group in (call.before, call.exchanges, call.after)]
    arguments = hider.arguments(call.arguments)

    def everywhere(value: object) -> object:
        replaced = hider.stand_ins.everywhere(value)
        return replaced if origins is None else _moved(replaced, *origins)

    before, exchanges, after = (
        [
            replace(
                one,
                request=cast("Mapping[str, object]", everywhere(dict(one.request))),
                answer=cast("Mapping[str, object]", everywhere(dict(one.answer))),
            )
            for one in group
        ]
        for group in groups
    )
    return replace(call, arguments=arguments, before=before, exchanges=exchanges, after=after)


def _moved(value: object, real: str, stand_in: str) -> object:
    """Returns a value in which links to the system lead to the address that stands for it."""
    if isinstance(value, dict):
        return {key: _moved(one, real, stand_in) for key, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, real, stand_in) for one in value]
    return value.replace(real, stand_in) if isinstance(value, str) else value


def _origin(url: str) -> str:
    return str(httpx.URL(url).copy_with(path="/", query=None, fragment=None)).rstrip("/")


async def _played(spec: Specification, recording: Recording, call: Call, real: object, hider: Hider) -> Call:
    """Plays a call on its cleaned answers and returns it with the questions that were asked there.

    Raises UserError when the mapping does not work on them, or gives something else than it did.
    """
    async with stage(spec, recording, call, loose=True) as on:
        ended = await outcome(perform(on))
        if ended.value is None or ended.strange or not isinstance(ended.value, Performed):
            raise UserError(
                f"{call.name} cannot be replayed on what may be written down: {ended.ended}",
                code="connector.unrecorded",
                hint="A labelled field whose value decides something cannot be replaced; label it public if it may be.",
            )
        done = ended.value
    names = [one for entity in spec.entities.values() for one in labelled(entity.fields)]
    shown, meant = plain_result(done.result), hider.stand_ins.everywhere(plain_result(real))
    if masked_result(shown, names) != masked_result(meant, names):
        raise UserError(
            f"{call.name} gives something else on what may be written down", code="connector.unrecorded",
            hint="A labelled value stands in a field without a label as well; label that one too.",
        )  # fmt: skip
    return replace(
        call, before=done.before, exchanges=done.exchanges, after=done.after, result=shown,
        found=plain_result(done.found),
    )  # fmt: skip


def _search(text: str, spec: Specification, hider: Hider, redactor: Redactor, *, folder: Path) -> None:
    """Raises UserError ``connector.unrecorded`` when a secret or a labelled value stands in what is to be saved."""
    for reference in secret_references(spec):
        try:
            redactor.add(Secret.of(reference, folder).reveal())
        except UserError:
            continue  # a secret that is not there was not sent
    if redactor.clean(text) != text:
        raise UserError(
            "the recording would hold a secret: nothing was saved", code="connector.unrecorded",
            hint="The system repeats a credential in its answers. Map that field with a label, or leave it unmapped.",
        )  # fmt: skip
    if (found := stands_in(text, hider.stand_ins.texts())) is not None:
        raise UserError(
            f"the recording would hold a labelled value of {len(found)} characters: nothing was saved",
            code="connector.unrecorded", hint="It stands in a field without a label as well; label that one too.",
        )  # fmt: skip


def secret_references(spec: Specification) -> list[str]:
    """Returns every reference to a secret in a specification."""
    found: list[str] = []
    _references(spec.model_dump(mode="json", include={"auth", "connection", "intake"}), found)
    return sorted(set(found))


def _references(value: object, found: list[str], name: str = "") -> None:
    if isinstance(value, Mapping):
        for key, one in value.items():
            _references(one, found, str(key))
    elif isinstance(value, list):
        for one in value:
            _references(one, found, name)
    elif isinstance(value, str) and value.startswith(REFERENCES) and name not in _SETTINGS:
        found.append(value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield str(key)
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif value is not None:
        yield str(value)


def _save(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UserError(f"{path} cannot be written: {error.strerror}", code="connector.recording") from error
