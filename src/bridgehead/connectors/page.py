"""A connector's page for people, made from its specification: what it reaches, reads, does, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_entity import EntityPart, FieldPart, ReadPart
from bridgehead.connectors.trying import how, worded

_SPECIAL: Final = re.compile(r"([\\`*{}\[\]<>|#]|(?<!\w)_|_(?!\w))")


def page(spec: Specification) -> str:
    """Returns the page in Markdown. It holds references to secrets and never one; texts of the file are escaped."""
    return "\n".join(_lines(spec)).rstrip() + "\n"


def gaps(spec: Specification) -> list[str]:
    """Returns what a reader should know is missing: in what is fresh, whole, or made once."""
    found = [f"It was never run against the vendor: {spec.untried}."] if spec.untried else []
    if spec.health is None and spec.kind == "http":
        found.append("Nothing says how to ask whether the system answers (`health`).")
    if spec.limits.rate is None and spec.limits.concurrency is None:
        found.append("Nothing says what the system bears (`limits`).")
    for name, entity in spec.entities.items():
        if entity.max_age is None:
            found.append(f"{_code(name)}: nothing says how old a value may be (`max_age`).")
        for read_name, read in entity.reads.items():
            if not read.one and spec.kind == "http" and read.complete is None and read.paging is None:
                found.append(f"{_code(read_name)}: nothing shows that its list is whole (`paging`, `complete`).")
    for name, action in spec.actions.items():
        if action.lookup is None and action.verify is None:
            found.append(f"{_code(name)}: it cannot be read back; a lost reply goes to a person (`lookup`).")
        if action.effect == "reversible" and action.undo is None:
            found.append(f"{_code(name)}: it counts as reversible, and nothing takes it back (`undo`).")
        if not action.preview:
            found.append(f"{_code(name)}: in shadow it has no answer (`preview`).")
    return found


def _lines(spec: Specification) -> Iterator[str]:
    yield from (f"# {_text(spec.connector)}", "")
    if spec.about:
        yield from (_text(spec.about), "")
    yield from ("## What it reaches", "", *_table(("", ""), list(_reach(spec))), "")
    for name, entity in spec.entities.items():
        yield from _entity(name, entity)
    if spec.actions:
        yield from ("## What it does", "")
    for name, action in spec.actions.items():
        yield from _action(name, action)
    yield from ("## What is missing", "")
    missing = gaps(spec)
    yield from (f"- {one}" for one in missing or ["Nothing that the specification could say."])


def _reach(spec: Specification) -> Iterator[tuple[str, str]]:
    connection = spec.connection
    yield "Kind", spec.kind
    yield "Where", _code(connection.url)
    if connection.hosts:
        yield "Hosts", ", ".join(map(_code, connection.hosts))
    if connection.replica is not None:
        yield "Copy for reads", f"{_code(connection.replica.url)}, at most {connection.replica.max_lag:g} s behind"
    yield "Logs in by", _login(spec)
    limits = spec.limits
    bounds = [
        f"{limits.rate:g} requests a second" if limits.rate is not None else "",
        f"{limits.burst} at once after a pause" if limits.rate is not None else "",
        f"{limits.concurrency} under way at one time" if limits.concurrency is not None else "",
    ]
    yield "Limits", ", ".join(one for one in bounds if one) or "none are declared"
    yield "A call takes at most", f"{connection.timeout:g} s"
    if spec.intake is not None:
        kinds = [
            name for name in ("mail", "webhook", "poll", "queue", "folder") if getattr(spec.intake, name) is not None
        ]
        yield "Sends us work by", ", ".join(kinds)


def _login(spec: Specification) -> str:
    auth = spec.auth
    if auth is None:
        return "nothing"
    if auth.basic is not None:
        return f"user {_code(auth.basic.user)} and the password in {_code(auth.basic.password)}"
    if auth.api_key is not None:
        place = f"header {auth.api_key.header}" if auth.api_key.header else f"query parameter {auth.api_key.query}"
        return f"the key in {_code(auth.api_key.value)}, as {_text(place)}"
    if auth.bearer is not None:
        return f"the token in {_code(auth.bearer.token)}"
    if auth.oauth2 is not None:
        part = auth.oauth2
        scopes = f", scopes {', '.join(map(_code, part.scopes))}" if part.scopes else ""
        secret = f" and the secret in {_code(part.client_secret)}" if part.client_secret else ""
        return f"OAuth 2 ({part.grant.replace('_', ' ')}) as {_code(part.client_id)}{secret}{scopes}"
    if auth.login is not None:
        return f"a session of user {_code(auth.login.user)} with the password in {_code(auth.login.password)}"
    return f"the hook {_code(auth.hook)}" if auth.hook else "nothing"


def _entity(name: str, entity: EntityPart) -> Iterator[str]:
    yield from (f"## {_text(name)}", "")
    if entity.about:
        yield from (_text(entity.about), "")
    said = [f"One record is named by {', '.join(map(_code, entity.key))}."]
    if entity.max_age is not None:
        then = "is read again" if entity.stale == "reread" else "is an error"
        said.append(f"A value older than {entity.max_age:g} s {then}.")
    if entity.cache is not None:
        said.append(f"A worker may keep it for {entity.cache:g} s.")
    if entity.version is not None:
        said.append(f"Its version is {_code(entity.version)}.")
    if entity.integrity != "system_of_record":
        said.append(f"What it says is {_text(entity.integrity)}.")
    yield from (" ".join(said), "")
    yield from _table(("Field", "From", "Type", "Label"), list(_fields(entity.fields, "")))
    yield ""
    for read_name, read in entity.reads.items():
        yield from _read(read_name, read)


def _fields(fields: Mapping[str, FieldPart], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, part in fields.items():
        source = part.from_ if isinstance(part.from_, str) else " + ".join(part.from_ or [])
        if part.read is not None:
            source = f"the read {part.read}"
        yield _code(f"{prefix}{name}"), _code(source or name), _text(how(part, label=False)), _text(part.label or "")
        if part.fields is not None:
            yield from _fields(part.fields, f"{prefix}{name}.")


def _read(name: str, read: ReadPart) -> Iterator[str]:
    yield from (f"### {_text(name)}", "")
    about = [_text(read.about)] if read.about else []
    about.append("Brings exactly one record." if read.one else "Brings a list.")
    if read.any_of:
        about.append(f"Needs one of {', '.join(map(_code, read.any_of))}.")
    if read.complete is not None:
        about.append("It is known whether the list is whole.")
    if read.outbound:
        about.append("It carries arguments out of the trust boundary.")
    yield from (" ".join(about), "")
    if read.params:
        yield from (
            *_table(("Argument", "Form"), [(_code(key), _text(worded(form))) for key, form in read.params.items()]),
            "",
        )


def _action(name: str, action: ActionPart) -> Iterator[str]:
    yield from (f"### {_text(name)}", "")
    if action.about:
        yield from (_text(action.about), "")
    yield from (
        *_table(("Argument", "Form"), [(_code(key), _text(worded(form))) for key, form in action.params.items()]),
        "",
    )
    yield from (f"- {one}" for one in _safety(action))
    yield ""


def _arguments(shape: Mapping[str, object]) -> Iterator[str]:
    yield from _table(("Argument", "Form"), [(_code(key), _text(worded(form))) for key, form in shape.items()])
    yield ""


def _safety(action: ActionPart) -> Iterator[str]:
    yield f"It is {action.effect}."
    keys = ", ".join(map(_code, action.key or tuple(action.params)))
    yield f"Two calls with the same {keys} are one effect."
    if action.lookup is not None:
        yield f"Before it is sent, {_code(action.lookup.read)} tells whether it is there already."
        if action.lookup.same:
            yield f"What is there must agree in {', '.join(map(_code, action.lookup.same))}; else it is a conflict."
    back = action.verify or action.lookup
    yield (
        f"When its reply is lost, {_code(back.read)} tells whether it happened."
        if back is not None
        else "When its reply is lost, a person must look."
    )
    if action.idempotency_header:
        yield f"The system drops a second request of one key ({_code(action.idempotency_header)})."
    if action.repeat == "if_absent":
        yield "It is sent again once it is surely not there."
    if action.if_match is not None:
        yield f"It holds only for the version that {_code(action.if_match.read)} showed."
    if action.visible_within is not None:
        yield f"A read shows it within {action.visible_within:g} s."
    yield f"{_code(action.undo.action)} takes it back." if action.undo is not None else "Nothing takes it back."
    if action.sensitive:
        yield f"Kept apart as sensitive: {', '.join(map(_code, action.sensitive))}."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]


def _text(text: str) -> str:
    """Returns text of a specification for a page: on one line, and nothing in it is Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    found = " ".join(text.split()).replace("`", "'").replace("|", "\\|")
    return f"`{found}`" if found else ""
