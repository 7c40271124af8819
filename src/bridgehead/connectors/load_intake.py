"""Checks what a specification says of how the system sends us work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_intake import PollIntake, QueueIntake
from bridgehead.connectors.findings import Findings, Path
from bridgehead.connectors.load_names import Names
from bridgehead.connectors.load_templates import check_request
from bridgehead.connectors.sql_statement import parse_change, parse_read
from bridgehead.errors import UserError
from bridgehead.spec.problem import nearest

INTAKES: Final = ("mail", "webhook", "poll", "queue", "folder")
CURSORS: Final = ("datetime", "date", "integer", "decimal", "text", "code")
_ONLY: Final[Mapping[str, str]] = {"mail": "mail", "queue": "sql", "folder": "files"}


def check_intake(spec: Specification, names: Names, findings: Findings) -> None:
    """Notes what an intake says of parts that are not there, or cannot be."""
    intake = spec.intake
    if intake is None:
        return
    given = [name for name in INTAKES if findings.has("intake", name)]
    if len(given) != 1:
        findings.add(("intake",), f"exactly one of {', '.join(INTAKES)}", " and ".join(given) or "none", key=True)
    for option, kind in _ONLY.items():
        if findings.has("intake", option) and spec.kind != kind:
            findings.add(
                ("intake", option), f"an intake of kind {spec.kind}", option, f"it belongs to {kind}", key=True
            )
    if intake.mail is not None and (intake.mail.move_to is None) == (intake.mail.flag is None):
        both = "both" if intake.mail.flag else "none"
        findings.add(("intake", "mail"), "either `move_to` or `flag`, for mails that are stored", both, key=True)
    if intake.webhook is not None and intake.webhook.scheme == "standard_webhooks" and findings.has(
        "intake", "webhook", "header"
    ):  # fmt: skip
        findings.add(
            ("intake", "webhook", "header"), "no header beside standard_webhooks, which names its own",
            hint="another header belongs to scheme: hmac_sha256", key=True,
        )  # fmt: skip
    if intake.poll is not None:
        _poll(spec, intake.poll, names, findings)
    if intake.queue is not None:
        _queue(intake.queue, findings)


def _poll(spec: Specification, poll: PollIntake, names: Names, findings: Findings) -> None:
    path: Path = ("intake", "poll")
    if not names.known(poll.read, (*path, "read"), "a read of this connector", names.reads):
        return
    params = names.params("read", poll.read)
    if "since" not in params:
        findings.add((*path, "read"), "a read with the argument since", poll.read)
    of = names.entity_of(poll.read)
    fields = names.fields(of)
    entity = spec.entities.get(of)
    read = None if entity is None else entity.reads.get(poll.read)
    for name, form in ({} if read is None else read.params).items():
        if not (isinstance(form, str) and form.endswith("?")):
            hint = "the first look has none" if name == "since" else "intake gives since alone"
            findings.add((*path, "read"), f"a read whose argument {name} may be left out ({name}: …?)", hint=hint)
    if names.known(poll.cursor, (*path, "cursor"), f"a field of {of}", fields) and entity is not None:
        kind = entity.fields[poll.cursor].type if poll.cursor in entity.fields else "text"
        if kind not in CURSORS:
            findings.add((*path, "cursor"), f"a field of type {', '.join(CURSORS)}", f"{poll.cursor}, a {kind}")
        if kind != "datetime" and findings.has(*path, "overlap"):
            findings.add((*path, "overlap"), "a cursor that is a time (datetime)", f"{poll.cursor}, a {kind}")
    if poll.document is not None:
        if spec.kind != "http":
            findings.add((*path, "document"), "a connector of kind http", spec.kind, key=True)
        if poll.document.method != "GET":
            findings.add((*path, "document", "method"), "GET: getting a document changes nothing")
        check_request(poll.document, (*path, "document"), fields, findings)


def _queue(queue: QueueIntake, findings: Findings) -> None:
    for name, parsed in (("next", parse_read), ("done", parse_change)):
        path = ("intake", "queue", name)
        try:
            statement = parsed(queue.next if name == "next" else queue.done, "this statement")
        except UserError as error:
            findings.add(path, "one SELECT" if name == "next" else "one UPDATE", error.message, error.hint)
            continue
        known = queue.key if name == "done" else ()
        for bind in statement.binds:
            if bind not in known:
                hint = nearest(bind, known) or "next takes no argument"
                findings.add(path, "a column that key names" if known else "no argument", f":{bind}", hint)
        if name == "done" and not set(queue.key) <= set(statement.binds):
            lacking = ", ".join(f":{one}" for one in queue.key if one not in statement.binds)
            findings.add(path, "a statement that marks one row, by its whole key", f"none of {lacking}")
