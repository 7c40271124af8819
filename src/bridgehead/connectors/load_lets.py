"""Checks what reads and actions ask before they are sent: its read, arguments, conditions and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridgehead.connectors.document_entity import LetPart
from bridgehead.connectors.findings import Findings, Path
from bridgehead.connectors.load_names import Names
from bridgehead.connectors.load_templates import check_names, check_template


class Lets:
    """The ``let`` of one read or action; ``params`` are its arguments."""

    def __init__(
        self, parts: Mapping[str, LetPart], path: Path, params: Iterable[str], names: Names, findings: Findings
    ) -> None:
        self._parts, self._path, self._params = parts, path, tuple(params)
        self._names, self._findings = names, findings

    def check(self) -> None:
        """Notes what is wrong with each; a later one may ask for those before it."""
        findings, known = self._findings, [*self._params]
        for name, part in self._parts.items():
            path = (*self._path, name)
            if name in self._params or not Names.free(name):
                findings.add(path, "a name that no argument has", name, key=True)
            asked = [*known, "item"] if part.each is not None else known
            if part.each is not None:
                check_names({part.each}, (*path, "each"), known, findings)
            check_asked(part.read, part.with_, path, asked, self._names, findings)
            fields = self._names.brought_by(part.read)
            if fields is not None:
                check_conditions(part.where, (*path, "where"), fields, asked, self._names, findings)
                if part.take is not None:
                    self._names.known(part.take, (*path, "take"), f"a field of what {part.read} brings", fields)
                if part.by is not None and part.each is None:
                    self._names.known(part.by, (*path, "by"), f"a field of what {part.read} brings", fields)
            known.append(name)

    def check_ends(self) -> None:
        """Notes a read that itself reads something first: so none asks itself without end."""
        for name, part in self._parts.items():
            entity = self._names.entity_of(part.read) if part.read in self._names.reads else None
            if entity is not None and self._findings.has("entities", entity, "reads", part.read, "let"):
                self._findings.add((*self._path, name, "read"), "a read without a `let` of its own", part.read)


def check_asked(
    read: str, given: Mapping[str, object], path: Path, known: Iterable[str], names: Names, findings: Findings
) -> None:
    """Notes an unknown read, wrong arguments, and names in their templates that are not ``known``."""
    known = tuple(known)
    names.call(read, given, path, findings)
    for argument, template in given.items():
        check_template(template, (*path, "with", argument), known, findings)


def check_conditions(
    conditions: Mapping[str, object],
    path: Path,
    fields: Iterable[str],
    known: Iterable[str],
    names: Names,
    findings: Findings,
) -> None:
    """Notes conditions on what is no field of the record, and names in them that are not ``known``."""
    known, fields = tuple(known), tuple(fields)
    for field, template in conditions.items():
        names.known(field, (*path, field), "a field of what is read", fields, key=True)
        check_template(template, (*path, field), known, findings)
