"""What a system holds: entities, their fields and the ways to read them."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema

from bridgehead.connectors.document_connection import RequestPart
from bridgehead.connectors.part_types import (
    Duration,
    FieldPath,
    FieldType,
    Literals,
    Name,
    Names,
    Pairs,
    Shape,
    Sql,
    Template,
    Text,
)
from bridgehead.spec.forms import Part

PUBLIC: Final = frozenset({"public", "none"})
"""Labels that say: looked at, and may be written down."""


def _field(value: object) -> object:
    return {"from": value} if isinstance(value, str | list) else value


_Field: TypeAlias = Annotated["FieldPart", BeforeValidator(_field)]
_Fields: TypeAlias = Annotated[dict[Name, _Field], Field(min_length=1)]


class FieldPart(Part):
    """One field of an entity: where it stands in what the system sends, and what it means."""

    from_: FieldPath | list[FieldPath] | None = Field(
        default=None,
        alias="from",
        description="A path, or several whose texts are joined (default: the field's own name). ^. goes one outwards.",
    )
    value: Annotated[JsonValue, WithJsonSchema({})] = Field(
        default=None, description="What it always is, where the system does not say it; with `else`: what it is then."
    )
    else_: _Field | None = Field(
        default=None,
        alias="else",
        description="How it is read where there is nothing: another path or value, with the type of this field.",
    )
    match: Text | None = Field(
        default=None,
        description="The part of the text that counts (a regular expression; its first group). Of a list: the first "
        "text that fits, and of a field of type list: each. What does not fit is none.",
    )
    join: str = Field(default=" ", max_length=20, description="What stands between the texts of several paths.")
    type: FieldType = "text"
    optional: bool = Field(default=False, description="May be absent or empty; otherwise that is an error.")
    none: Literals = Field(default=(), description="Texts that mean: there is none. The field is then optional.")
    strip: Text | None = Field(default=None, description="Characters to take off both ends, besides spaces.")
    lstrip: Text | None = Field(default=None, description="Characters to take off the left, such as leading zeros.")
    decimal: Literal["point", "comma"] = Field(default="point", description="The decimal sign of numbers in texts.")
    sign: Literal["leading", "trailing"] = "leading"
    scale: int = Field(default=0, ge=0, le=12, description="Implied decimals: 2 makes 12345 to 123.45.")
    currency: Text | None = Field(default=None, description="Of money: a code such as EUR, or a path to it.")
    per: Text | None = Field(
        default=None,
        description="Of a price: it is for this many (a number, or a path to it; codes are listed in values). "
        "Of a number, likewise: it counts things of this many of the system's: 86400 makes seconds to days.",
    )
    unit: Text | None = Field(default=None, description="Of a measure: its unit; with values: a path to its code.")
    to: Text | None = Field(default=None, description="Of a measure: the unit it is turned into.")
    format: Names = Field(
        default=(), description="Of dates and times: strptime forms, epoch or epoch_ms; the first that fits."
    )
    pivot: int | None = Field(default=None, ge=0, le=99, description="Two-digit years above it are 19xx.")
    zone: Text | None = Field(default=None, description="Of times without one: the IANA zone they are in.")
    values: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="What each code means: of an enumeration, of a measure's unit, of what a price is for.",
    )
    other: Literal["fail", "keep"] = Field(default="fail", description="What a code that is not listed does.")
    true: Literals = Field(
        default=(), description="Of a boolean: the texts that mean yes; all others must be in false."
    )
    false: Literals = ()
    encoding: Text | None = Field(
        default=None,
        description="Of bytes: their encoding. FROM>TO repairs what was stored wrong; FROM>TO? leaves what was right. "
        "Of several paths: of each by itself.",
    )
    split: Text | None = Field(default=None, description="Of a list in one text: what separates it.")
    fields: _Fields | None = Field(default=None, description="Of an object or list: its own fields.")
    only: dict[FieldPath, JsonValue] = Field(
        default_factory=dict, description="Of a list: the entries that count, PATH: value or values, as they were sent."
    )
    pairs: Text | None = Field(
        default=None,
        description="Of a list in an object: its entries by the names that fit (a regular expression), as `key` (its "
        "first group) and `value`.",
    )
    read: Name | None = Field(default=None, description="Filled by another read; `from` is then not used.")
    with_: Pairs = Field(default_factory=dict, alias="with", description="Its arguments: NAME: field of this record.")
    label: Text | None = Field(default=None, description="personal, confidential, …: kept out of recordings.")

    @property
    def hides(self) -> bool:
        """Whether the label keeps the field out of errors, recordings and screens."""
        return self.label is not None and self.label not in PUBLIC


Field_: TypeAlias = Annotated[FieldPart, BeforeValidator(_field)]
"""A field; a path alone stands for a text at that place."""
# Complete only here: a name that is looked up later is not found from the modules that use this one.
Fields: TypeAlias = Annotated[dict[Name, Field_], Field(min_length=1)]


class CursorPaging(Part):
    """The answer names what to ask for next."""

    at: FieldPath = Field(description="Where the answer gives the cursor; absent or empty ends the list.")
    param: Text | None = Field(
        default=None,
        description="The query parameter (or body field) that takes it; without it, it is the next page's address.",
    )


class NumberPaging(Part):
    """Pages or offsets are counted by the asker; a page that is not full ends the list."""

    param: Text
    size: int = Field(ge=1, le=100_000)
    size_param: Text | None = None
    start: int | None = Field(default=None, ge=0, description="The first page (default 1) or offset (default 0).")


class KeysetPaging(Part):
    """The next page is what lies beyond the last record's field."""

    field: Name
    param: Text
    size: int = Field(ge=1, le=100_000)


class PagingPart(Part):
    """How a list goes on: exactly one of cursor, page, offset, link (RFC 8288 rel=next) and keyset."""

    cursor: CursorPaging | None = None
    page: NumberPaging | None = None
    offset: NumberPaging | None = None
    link: Literal[True] | None = None
    keyset: KeysetPaging | None = None
    at_most: int = Field(default=1_000, ge=1, le=1_000_000, description="Pages; more are an error, never cut off.")


class CompletePart(Part):
    """How to know that a list is whole: its count, a mark at its end, or whether more follows."""

    count: FieldPath | None = Field(default=None, description="Where the answer says how many records there are.")
    count_header: Text | None = None
    end: FieldPath | None = Field(default=None, description="A place that holds something only in the last page.")
    more: FieldPath | None = Field(default=None, description="A place that is true while pages follow, and then false.")
    whole: Text | None = Field(
        default=None,
        description="Why one answer always holds everything, where there is no count and no paging.",
    )


class FilePart(Part):
    """A file of records, by name or pattern, below the connection's URL."""

    path: Template
    format: Literal["csv", "json", "jsonl"]
    encoding: Text = "utf-8"
    delimiter: Text | None = None


class LetPart(Part):
    """A value that a read or an action needs and its arguments do not hold: read first, exactly one record."""

    read: Name
    with_: Pairs = Field(default_factory=dict, alias="with")
    where: dict[Name, JsonValue] = Field(default_factory=dict)
    take: Name | None = Field(default=None, description="One field of the record (default: the record).")
    each: FieldPath | None = Field(default=None, description="Read once for all entries of this list argument.")
    by: Name | None = Field(
        default=None,
        description="Makes a table, for {NAME[PATH].FIELD}: of all records by this field, or with `each` of one for "
        "each entry by this field of the entry.",
    )


class ReadPart(Part):
    """One way to read an entity; it becomes a tool of this name. Arguments ending in ? may be left out."""

    about: Text | None = None
    params: Shape = Field(default_factory=dict)
    any_of: Names = Field(default=(), description="At least one of these must be given.")
    one: bool = Field(default=False, description="Exactly one record; none is not_found, two are an error.")
    each: Name | None = Field(default=None, description="A list argument asked for one by one, side by side.")
    let: dict[Name, LetPart] = Field(default_factory=dict, description="What it needs besides: read first.")
    request: RequestPart | None = Field(default=None, description="http")
    sql: Sql | None = Field(default=None, description="sql: one SELECT with :argument; an absent one is NULL.")
    file: FilePart | None = Field(default=None, description="files")
    rows: FieldPath | None = Field(default=None, description="Where the list lies in the answer (default: the answer).")
    where: dict[Name, Template] = Field(
        default_factory=dict, description="Records kept: field equals argument (files)."
    )
    paging: PagingPart | None = None
    complete: CompletePart | None = None
    timeout: Duration | None = None
    outbound: bool = Field(default=False, description="It carries arguments out of the trust boundary.")
    hedge: bool = Field(default=True, description="Ask a second time when the answer takes longer than nine of ten.")


class EntityPart(Part):
    """Something the system holds: its fields, its key, how fresh it must be, and how it is read."""

    about: Text | None = None
    key: Names = Field(min_length=1, description="The fields that name one record.")
    fields: Fields
    reads: dict[Name, ReadPart] = Field(min_length=1)
    max_age: Duration | None = Field(default=None, description="The oldest a value may be when it is acted on.")
    stale: Literal["reread", "fail"] = Field(default="reread", description="What an older one does.")
    cache: Duration | None = Field(default=None, description="How long one worker may serve a read from memory.")
    source_time: Name | None = Field(default=None, description="The field that says when the system itself knew it.")
    changed: Name | None = Field(default=None, description="The field that grows with every change.")
    version: Text | None = Field(default=None, description="The field, or 'header etag', for compare-and-set.")
    integrity: Literal["system_of_record", "trusted", "untrusted"] = "system_of_record"
    region: Text | None = None
