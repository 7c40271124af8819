"""What may be done to a system, and how each action is made safe against a lost reply."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, WithJsonSchema

from bridgehead.connectors.document_connection import RequestPart
from bridgehead.connectors.document_entity import Fields, LetPart
from bridgehead.connectors.part_types import Duration, FieldPath, Name, Names, Pairs, Shape, Sql, Template, Text
from bridgehead.spec.forms import Part


class LookupPart(Part):
    """A read that tells whether an action has happened: before it is sent, and when its reply is lost."""

    read: Name
    with_: Pairs = Field(default_factory=dict, alias="with", description="Arguments: NAME: template.")
    where: dict[Name, JsonValue] = Field(
        default_factory=dict, description="Records that count: field: value or values."
    )
    without: dict[Name, JsonValue] = Field(
        default_factory=dict, description="Records that do not: field: value or values."
    )
    same: Pairs = Field(default_factory=dict, description="What must agree, field: template; else it is a mismatch.")
    done: dict[Name, JsonValue] = Field(
        default_factory=dict, description="Finished when: field: value; else `then` runs."
    )
    ignore: Names = Field(
        default=(),
        description="Fields that are sent, not mapped, and change by themselves: an undo takes them for no edit.",
    )


class StepPart(RequestPart):
    """One request that finishes an effect."""

    when: dict[Name, JsonValue] = Field(
        default_factory=dict, description="Sent only if, of what `lookup` finds: field: value or values."
    )


class StatementPart(Part):
    """One SQL statement of an action; all of them run in one transaction."""

    sql: Sql
    with_: Pairs = Field(default_factory=dict, alias="with", description="Values made for it: NAME: template.")
    each: FieldPath | None = Field(default=None, description="Run once for every entry of this list, as :item.FIELD.")
    take: bool = Field(default=False, description="Its first row's columns become values for what follows.")
    rows: int | None = Field(default=None, ge=0, description="Rows it must change; another number is a conflict.")


class WriteFilePart(Part):
    """A file that is written once: an existing one is never replaced."""

    path: Template
    format: Literal["csv", "json", "jsonl"]
    encoding: Text = "utf-8"
    delimiter: Text | None = None
    content: Annotated[JsonValue, WithJsonSchema({})] = None
    remove: bool = Field(default=False, description="Takes the file away instead, if it still holds this content.")


class MessagePart(Part):
    """A mail to send."""

    to: Template
    subject: Template
    text: Template
    from_: Template | None = Field(default=None, alias="from")
    sent_folder: Text | None = Field(default=None, description="Where the copy is put and looked for.")


class ResultPart(Part):
    """What an action returns: a record of an entity, in the answer or read afterwards, or fields of its own."""

    entity: Name | None = None
    rows: FieldPath | None = None
    fields: Fields | None = None
    read: Name | None = None
    with_: Pairs = Field(default_factory=dict, alias="with", description="May use {reply.PATH}.")


class UndoPart(Part):
    """The action that takes this one back."""

    action: Name
    with_: Pairs = Field(default_factory=dict, alias="with", description="May use {result.FIELD}.")


class IfMatchPart(Part):
    """Compare-and-set: the record is read, and the write holds only for the version that was read."""

    read: Name
    with_: Pairs = Field(default_factory=dict, alias="with")
    header: Text | None = Field(default="If-Match", description="Header that carries the version (http).")
    expect: Pairs = Field(default_factory=dict, description="Refused unless field: template agree beforehand.")


class ActionPart(Part):
    """Something that may be done to the system; it becomes a tool of this name."""

    about: Text | None = None
    effect: Literal["reversible", "irreversible"]
    params: Shape
    key: Names = Field(default=(), description="The arguments that make two calls the same effect (default: all).")
    sensitive: Names = ()
    let: dict[Name, LetPart] = Field(default_factory=dict)
    lookup: LookupPart | None = Field(default=None, description="Asked before the first request and for reading back.")
    verify: LookupPart | None = Field(default=None, description="Reading back, when it differs from `lookup`.")
    if_match: IfMatchPart | None = None
    request: RequestPart | None = None
    sql: list[StatementPart] | None = None
    file: WriteFilePart | None = None
    mail: MessagePart | None = None
    idempotency_header: Text | None = Field(default=None, description="The system drops a second request of this key.")
    repeat: Literal["never", "if_absent"] = Field(
        default="never",
        description="if_absent: once the lookup finds nothing after all waiting times, it may be sent again.",
    )
    then: list[StepPart] = Field(
        default_factory=list,
        description="Requests after it that are safe to repeat; {found.FIELD} is the record that `lookup` finds.",
    )
    result: ResultPart
    undo: UndoPart | None = None
    preview: dict[Name, JsonValue] = Field(default_factory=dict, description="Shadow's answer: field: template.")
    visible_within: Duration | None = Field(default=None, description="How long until a read shows what was written.")
    timeout: Duration | None = None
    cost: Text | None = None
