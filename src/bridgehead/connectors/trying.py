"""A specification tried by a person: what a read brought beside what it becomes, and what an action would send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from bridgehead.connectors.connector import Connector
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_connection import RequestPart
from bridgehead.connectors.document_entity import EntityPart, FieldPart, LetPart, ReadPart
from bridgehead.connectors.fill import as_text, fill, fill_text, plain
from bridgehead.connectors.mapping import HIDDEN, Beside, beside
from bridgehead.connectors.paths import MISSING, find, parts_of
from bridgehead.connectors.picking import Scope
from bridgehead.connectors.ports import Answer, Values, Wire
from bridgehead.connectors.shapes import parameters
from bridgehead.errors import UserError
from bridgehead.money import Money
from bridgehead.spec.problem import nearest

_OWN: Final = frozenset({"from_", "type", "fields", "read", "with_", "label"})
_ENTRIES: Final = 3
_PART: Final = 4
"""Characters from which a labelled text is looked for inside of others: shorter ones stand in everything."""
NOTHING: Final = "(nothing)"


@dataclass(frozen=True, slots=True)
class Line:
    """One field of one record. ``raw`` and ``mapped`` are ``(hidden)`` where a label forbids to show them."""

    field: str
    path: str
    raw: object
    mapped: object
    how: str
    wrong: str = ""
    hint: str = ""


class Watched:
    """A wire that carries as the one inside it, and keeps what each read answered last."""

    def __init__(self, inner: Wire) -> None:
        self.inner = inner
        self.answers: dict[int, Answer] = {}

    async def read(self, entity: EntityPart, read: ReadPart, values: Values, *, primary: bool = False) -> Answer:
        """Returns what the inner wire returns."""
        answer = await self.inner.read(entity, read, values, primary=primary)
        self.answers[id(read)] = answer
        return answer

    async def act(self, action: ActionPart, values: Values) -> Answer:
        """Returns what the inner wire returns."""
        return await self.inner.act(action, values)

    async def follow(self, action: ActionPart, values: Values) -> None:
        """Sends what the inner wire sends."""
        await self.inner.follow(action, values)

    async def health(self) -> None:
        """Asks by the inner wire."""
        await self.inner.health()

    async def aclose(self) -> None:
        """Closes the inner wire."""
        await self.inner.aclose()


def typed(shape: Mapping[str, object], given: Mapping[str, object], *, owner: str) -> dict[str, object]:
    """Returns a person's arguments as the types that a shape declares.

    Raises UserError ``input.argument`` for one that is unknown, missing or of another type.
    """
    known = {one.name: one for one in parameters(shape, owner=owner)}
    for name in given:
        if name not in known:
            raise UserError(
                f"{owner} takes no {name}",
                code="input.argument",
                hint=nearest(name, known) if known else "It takes no arguments.",
            )
    found: dict[str, object] = {}
    for name, one in known.items():
        if name in given:
            try:
                found[name] = TypeAdapter(one.annotation).validate_python(given[name])
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(str(part) for part in (name, *first["loc"]))
                raise UserError(
                    f"{where}: {first['msg']}", code="input.argument", hint=f"{name} is {worded(shape[name])}."
                ) from None
        elif one.default is one.empty:
            raise UserError(
                f"{owner} needs {name}", code="input.argument", hint=f"Give {name}=…, {worded(shape[name])}."
            )
    return found


def worded(form: object) -> str:
    """Returns the form of one argument in words: ``code``, ``date, optional``, ``a list of {item: code}``."""
    if isinstance(form, str):
        return f"{form[:-1]}, optional" if form.endswith("?") else form
    if isinstance(form, Mapping):
        return "{" + ", ".join(f"{name}: {worded(one)}" for name, one in form.items()) + "}"
    if isinstance(form, Sequence) and form:
        return f"a list of {worded(form[0])}"
    return str(form)


def lines(
    fields: Mapping[str, FieldPart], raw: object, *, show: bool = False, entries: int | None = _ENTRIES
) -> list[Line]:
    """Returns every field of one record beside what was sent, those of lists and objects too.

    ``show`` shows labelled fields as well; ``entries`` bounds how many of a list (None: all).
    """
    return list(_lines(fields, (raw,), "", show=show, hidden=False, entries=entries))


def _lines(
    fields: Mapping[str, FieldPart], scope: Scope, prefix: str, *, show: bool, hidden: bool, entries: int | None
) -> Iterator[Line]:
    for one in beside(fields, scope):
        concealed = not show and (hidden or one.part.hides or one.used.hides)
        inner = one.used.fields
        nested = inner is not None and one.part.type in {"list", "object"} and one.raw not in (MISSING, None)
        yield _line(one, prefix, hidden=concealed, nested=nested)
        if not nested or inner is None:
            continue
        if one.part.type == "object":
            if isinstance(one.raw, Mapping):
                yield from _lines(
                    inner, (*scope, one.raw), f"{prefix}{one.name}.", show=show, hidden=concealed, entries=entries
                )
        elif isinstance(one.raw, Sequence) and not isinstance(one.raw, str | bytes):
            for number, entry in enumerate(one.raw[:entries]):
                yield from _lines(
                    inner, (*scope, entry), f"{prefix}{one.name}.{number}.", show=show, hidden=concealed,
                    entries=entries,
                )  # fmt: skip


def _line(one: Beside, prefix: str, *, hidden: bool, nested: bool) -> Line:
    raw: object = NOTHING if one.raw is MISSING else one.raw
    mapped = one.value
    if nested and isinstance(one.raw, Sequence) and not isinstance(one.raw, str):
        raw = mapped = f"{len(one.raw)} entries"
    elif nested:
        raw = mapped = "an object"
    wrong = hint = ""
    if one.unfit is not None:
        inside = ".".join(one.unfit.fields)
        wrong = f"{inside + ': ' if inside else ''}expected {one.unfit.expected}"
        hint = one.unfit.hint
        mapped = None
    if hidden:
        raw = raw if raw == NOTHING else HIDDEN
        mapped = mapped if mapped is None else HIDDEN
    return Line(f"{prefix}{one.name}", one.path, raw, mapped, how(one.part), wrong, hint)


def how(part: FieldPart, *, label: bool = True) -> str:
    """Returns what a field's mapping does, in the specification's own words; with its label if one is wanted."""
    said = [part.type, *_does(part)]
    if part.label and label:
        said.append(part.label)
    return ", ".join(said)


def _does(part: FieldPart) -> Iterator[str]:
    for name in sorted(part.model_fields_set - _OWN):
        value = getattr(part, name)
        if isinstance(value, FieldPart):
            yield f"else: {', '.join([*_stands(value), *_does(value)])}"
        elif name == "values" and isinstance(value, Mapping):
            yield f"{len(value)} {'code' if len(value) == 1 else 'codes'}"
        elif value is True:
            yield name
        elif isinstance(value, Mapping):
            yield f"{name} " + " and ".join(f"{key}: {_word(one)}" for key, one in value.items())
        elif value not in ((), None, False, ""):
            yield f"{name} " + (" or ".join(repr(each) for each in value) if isinstance(value, tuple) else str(value))


def _stands(part: FieldPart) -> Iterator[str]:
    """Yields where an ``else`` takes its value from."""
    if part.from_ is not None:
        yield f"from {' + '.join(part.from_) if isinstance(part.from_, list) else part.from_}"


def _word(value: object) -> str:
    return " or ".join(_word(one) for one in value) if isinstance(value, list) else str(value)


def unmapped(fields: Mapping[str, FieldPart], raw: Mapping[str, object]) -> list[str]:
    """Returns the names that the system sent and no field reads; their values are nobody's business."""
    paths = {path for name, part in fields.items() for path in _paths(name, part, depth=0)}
    used = paths | {parts_of(path.removeprefix("@."))[0] for path in paths}
    return [] if {"@", "*"} & used else [str(name) for name in raw if str(name) not in used]


def _paths(name: str, part: FieldPart, *, depth: int) -> Iterator[str]:
    """Yields the paths of a field, and of those inside it, that begin at the record itself."""
    own = part.from_ if isinstance(part.from_, list) else [part.from_ or name.replace(".", "\\.")]
    here = [] if part.read is not None or "value" in part.model_fields_set else own
    for path in [*here, *(text for text in (part.currency, part.per, part.unit) if text)]:
        outwards = 0
        while path.startswith("^."):
            path, outwards = path.removeprefix("^."), outwards + 1  # noqa: PLW2901  # the path without its steps outwards
        if outwards == depth:
            yield path
    for inner, one in (part.fields or {}).items():
        yield from _paths(inner, one, depth=depth + 1)
    if part.else_ is not None:
        yield from _paths(name, part.else_, depth=depth)


def outgoing(action: ActionPart, values: Values) -> list[tuple[str, object]]:
    """Returns what an action would send, filled as far as ``values`` reach: arguments, and what it reads first.

    A path that lacks a value (one that the answer would bring) stays as it is written, in braces.
    """
    if action.request is not None:
        return [*_request(action.request, values, "request")]
    found: list[tuple[str, object]] = []
    for number, one in enumerate(action.sql or [], 1):
        found.append((f"statement {number}", " ".join(one.sql.split())))
        found += [(f"  :{name}", fill(template, values)) for name, template in one.with_.items()]
    if action.mail is not None:
        found += [("to", fill_text(action.mail.to, values)), ("subject", fill_text(action.mail.subject, values)),
                  ("text", fill_text(action.mail.text, values))]  # fmt: skip
    if action.file is not None:
        found += [("file", fill_text(action.file.path, values)), ("content", fill(action.file.content, values))]
    return found


def _request(part: RequestPart, values: Values, name: str) -> Iterator[tuple[str, object]]:
    yield name, f"{part.method} {fill_text(part.path, values) or part.path}"
    for what, templates in (("query", part.query), ("header", part.headers), ("form", part.form)):
        for key, template in templates.items():
            text = fill_text(template, values)
            if text is not None:
                yield f"{what} {key}", text
    if part.body is not None:
        yield "body", fill(part.body, values)


@dataclass(frozen=True, slots=True)
class Offer:
    """One read or action, with what it takes, for a list."""

    name: str
    kind: str
    of: str
    arguments: dict[str, str] = field(default_factory=dict)
    about: str = ""


def offers(spec: Specification) -> list[Offer]:
    """Returns the reads and actions that a specification has."""
    found = [
        Offer(name, "read", of, {key: worded(form) for key, form in read.params.items()}, read.about or "")
        for of, entity in spec.entities.items()
        for name, read in entity.reads.items()
    ]
    found += [
        Offer(
            name,
            "action",
            action.effect,
            {key: worded(form) for key, form in action.params.items()},
            action.about or "",
        )
        for name, action in spec.actions.items()
    ]
    return found


def part_of(connector: Connector, name: str) -> tuple[str, EntityPart, ReadPart] | ActionPart:
    """Returns the read or the action of a name; raises UserError ``connector.read`` for an unknown one."""
    if name in connector.reads:
        return connector.reads[name]
    if name in connector.spec.actions:
        return connector.spec.actions[name]
    known = [*connector.reads, *connector.spec.actions]
    raise UserError(
        f"{connector.name} has no read or action {name!r}", code="connector.read", hint=nearest(name, known)
    )


def concealed(spec: Specification, read: str, value: object, *, show: bool) -> object:
    """Returns what a read filled as JSON can hold it, with labelled fields hidden unless ``show`` says otherwise."""
    if isinstance(value, list | tuple):
        return [concealed(spec, read, one, show=show) for one in value]
    if not isinstance(value, BaseModel):
        return shown(value)
    return _concealed(spec, _fields_of(spec, read), value, show=show)


def _concealed(spec: Specification, fields: Mapping[str, FieldPart], value: object, *, show: bool) -> object:
    if isinstance(value, list | tuple):
        return [_concealed(spec, fields, one, show=show) for one in value]
    if not isinstance(value, BaseModel):
        return shown(value)
    found: dict[str, object] = {}
    for name, part in fields.items():
        inner = getattr(value, name, None)
        if part.hides and not show:
            found[name] = HIDDEN
        elif part.read is not None:
            found[name] = concealed(spec, part.read, inner, show=show)
        else:
            found[name] = shown(inner) if part.fields is None else _concealed(spec, part.fields, inner, show=show)
    return found


def labelled_texts(spec: Specification, lets: Mapping[str, LetPart], values: Values) -> set[str]:
    """Returns the texts of labelled fields in what was read first, so that a preview can leave them out."""
    found: set[str] = set()
    for name, part in lets.items():
        value = values.get(name)
        each = list(value.values()) if isinstance(value, Mapping) else value
        for one in each if isinstance(each, list) else [each]:
            taken = {part.take: one} if part.take else one
            found |= {text for text in _labelled(spec, _fields_of(spec, part.read), taken, hidden=False) if text}
    return found


def _fields_of(spec: Specification, read: str) -> Mapping[str, FieldPart]:
    return next(entity.fields for entity in spec.entities.values() if read in entity.reads)


def _labelled(spec: Specification, fields: Mapping[str, FieldPart], value: object, *, hidden: bool) -> Iterator[str]:
    for name, part in fields.items():
        inner = find(value, name)
        hides = hidden or part.hides
        within = part.fields if part.read is None else _fields_of(spec, part.read)
        for one in inner if isinstance(inner, list | tuple) else [inner]:
            if one is MISSING or one is None:
                continue
            if within is not None:
                yield from _labelled(spec, within, one, hidden=hides)
            elif hides:
                yield as_text(one)


def without(value: object, texts: set[str]) -> object:
    """Returns what is to be shown with labelled texts hidden: whole values, and long enough parts of them."""
    if isinstance(value, dict):
        return {name: without(one, texts) for name, one in value.items()}
    if isinstance(value, list):
        return [without(one, texts) for one in value]
    if value is None or isinstance(value, bool):
        return value
    if str(value) in texts:
        return HIDDEN
    if isinstance(value, str):
        for text in sorted(texts, key=len, reverse=True):
            value = value.replace(text, HIDDEN) if len(text) >= _PART else value
    return value


def shown(value: object) -> object:
    """Returns a mapped or raw value as JSON can hold it."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", errors="backslashreplace")
    if isinstance(value, Money):
        return f"{value.amount:f} {value.currency}"
    if isinstance(value, BaseModel):
        return {name: shown(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): shown(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [shown(one) for one in value]
    try:
        return cast("object", plain(value))
    except (ValueError, TypeError):
        return str(value)
