"""What a specification promises, kept beside its recordings: a later edit that promises less is a failed test."""

from __future__ import annotations

from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_entity import EntityPart
from bridgehead.connectors.proving.hiding import labelled
from bridgehead.connectors.proving.recording import Promise
from bridgehead.connectors.proving.spoiling import needed, targets


def promises_of(spec: Specification, name: str) -> dict[str, Promise]:
    """Returns what the specification promises about a read's entity, or an action."""
    if name in spec.actions:
        return {name: Promise(key=spec.actions[name].key)}
    of, entity = next((of, entity) for of, entity in spec.entities.items() if name in entity.reads)
    return {of: promise_of(entity)}


def promise_of(entity: EntityPart) -> Promise:
    """Returns what the specification promises of an entity."""
    fields = {one.name: one.part.type + ("" if needed(one.part) else "?") for one in targets(entity.fields)}
    return Promise(tuple(entity.key), entity.max_age, fields, sorted(labelled(entity.fields)))
