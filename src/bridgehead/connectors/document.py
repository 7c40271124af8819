"""The shape of a connector specification: one system of record, as pydantic models and so as a JSON Schema.

A specification says how to reach a system, what it holds (*entities* with their reads), what may be
done to it (*actions*), and how both are made safe. It holds no secret: only where each one is found.
"""

from __future__ import annotations

from typing import Literal, cast

from pydantic import Field

from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_connection import (
    AuthPart,
    ConnectionPart,
    ErrorPart,
    LimitsPart,
    RequestPart,
    RetryPart,
)
from bridgehead.connectors.document_entity import EntityPart
from bridgehead.connectors.document_intake import IntakePart
from bridgehead.connectors.part_types import Name, Sql, Text
from bridgehead.spec.forms import Part

Kind = Literal["http", "sql", "mail", "files"]


class HealthPart(Part):
    """A cheap question that shows the system answers."""

    request: RequestPart | None = None
    sql: Sql | None = None


class Specification(Part):
    """One system of record: a connector."""

    connector: Name = Field(description="Its name: what bridgehead.yaml and the tools call it.")
    kind: Kind
    about: Text | None = None
    untried: Text | None = Field(default=None, description="Set when it was never run against the vendor: says so.")
    connection: ConnectionPart
    auth: AuthPart | None = None
    limits: LimitsPart = Field(default_factory=LimitsPart)
    retry: RetryPart = Field(default_factory=RetryPart)
    errors: list[ErrorPart] = Field(default_factory=list)
    entities: dict[Name, EntityPart] = Field(default_factory=dict)
    actions: dict[Name, ActionPart] = Field(default_factory=dict)
    intake: IntakePart | None = None
    health: HealthPart | None = None


def json_schema() -> dict[str, object]:
    """Returns the JSON Schema (2020-12) of the file, the short form of fields included."""
    schema = cast("dict[str, object]", Specification.model_json_schema(mode="validation"))
    parts = cast("dict[str, object]", schema["$defs"])
    path: dict[str, object] = {"type": "string", "minLength": 1}
    parts["FieldPart"] = {"anyOf": [path, {"type": "array", "items": path}, parts["FieldPart"]]}
    return schema
