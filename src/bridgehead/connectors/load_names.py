"""What a specification's parts may refer to: its reads, actions, entities, fields and arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from bridgehead.connectors.document import Specification
from bridgehead.connectors.findings import Findings, Path
from bridgehead.connectors.record_types import usable_name
from bridgehead.spec.problem import nearest, shown

RESERVED: Final = frozenset(
    {"item", "number", "effect_key", "version", "result", "reply", "before", "found", "size", "user", "password"}
)
"""Names that a connector gives itself; ``number``, ``size``, ``user`` and ``password`` stay free for arguments."""
_FREE: Final = frozenset({"number", "size", "user", "password"})


class Names:
    """The names in a file, also of parts that were left out because something in them is wrong."""

    def __init__(self, spec: Specification, findings: Findings) -> None:
        self._spec = spec
        self._findings = findings
        self._read_of = {
            read: entity
            for entity in findings.names("entities")
            for read in findings.names("entities", entity, "reads")
        }

    @property
    def reads(self) -> Iterable[str]:
        """The reads of all entities."""
        return self._read_of

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions."""
        return self._findings.names("actions")

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities."""
        return self._findings.names("entities")

    @staticmethod
    def free(name: str) -> bool:
        """Tells whether an argument may have a name."""
        return usable_name(name) and (name not in RESERVED or name in _FREE)

    def entity_of(self, read: str) -> str:
        """Returns the entity of a read that exists."""
        return self._read_of[read]

    def fields(self, entity: str) -> tuple[str, ...]:
        """Returns the fields of an entity."""
        return self._findings.names("entities", entity, "fields")

    def brought_by(self, read: str) -> tuple[str, ...] | None:
        """Returns the fields of what a read brings; None for a read that does not exist."""
        return self.fields(self.entity_of(read)) if read in self.reads else None

    def params(self, kind: str, name: object) -> tuple[str, ...]:
        """Returns the arguments of a ``read`` or an ``action``."""
        return self._findings.names(*self._place(kind, str(name)), "params")

    def _place(self, kind: str, name: str) -> Path:
        if kind == "action":
            return ("actions", name)
        return ("entities", self._read_of.get(name, ""), "reads", name)

    def _required(self, kind: str, name: str) -> set[str]:
        spot = self._findings.top.at((*self._place(kind, name), "params"))
        if not self.params(kind, name):
            return set()
        return {
            str(param)
            for param, child in spot.children.items()
            if not (isinstance(child.value, str) and child.value.endswith("?"))
        }

    def known(self, name: str, path: Path, expected: str, options: Iterable[str], *, key: bool = False) -> bool:
        """Notes a name that is not among the options; returns whether it is."""
        options = tuple(options)
        if name in options:
            return True
        self._findings.add(path, expected, shown(name), nearest(name, options), key=key)
        return False

    def call(
        self, name: str, given: Mapping[str, object], path: Path, findings: Findings, *, kind: str = "read"
    ) -> bool:
        """Notes a read or action that is not there, arguments it does not take, and those it lacks."""
        options = self.reads if kind == "read" else self.actions
        if not self.known(
            name, (*path, kind), f"{'a read' if kind == 'read' else 'an action'} of this connector", options
        ):
            return False
        params = self.params(kind, name)
        for argument in given:
            self.known(argument, (*path, "with", argument), f"an argument of {name}", params, key=True)
        lacking = self._required(kind, name) - set(given)
        if lacking:
            findings.add(
                (*path, "with") if given else (*path, kind), f"every argument that {name} needs",
                f"none for {', '.join(sorted(lacking))}",
            )  # fmt: skip
        any_of = self._any_of(name) if kind == "read" else ()
        if any_of and not set(any_of) & set(given):
            findings.add((*path, kind), f"one of the arguments {', '.join(any_of)} of {name}", "none")
        return True

    def _any_of(self, read: str) -> tuple[str, ...]:
        entity = self._spec.entities.get(self._read_of[read])
        part = None if entity is None else entity.reads.get(read)
        return () if part is None else part.any_of

    def check_unique(self) -> None:
        """Notes two tools of one name."""
        seen: dict[str, Path] = {}
        places: list[Path] = [
            ("entities", entity, "reads", read)
            for entity in self.entities
            for read in self._findings.names("entities", entity, "reads")
        ]
        places += [("actions", name) for name in self.actions]
        for path in places:
            name = str(path[-1])
            if name in seen:
                line = self._findings.top.at(seen[name]).key_line
                self._findings.add(
                    path, "a name of its own for each read and action", f"{name} again (the first is in line {line})",
                    "each becomes a tool of its name", key=True,
                )  # fmt: skip
            seen.setdefault(name, path)
