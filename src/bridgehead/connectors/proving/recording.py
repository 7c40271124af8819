"""The recordings of one connector: one readable YAML file beside its specification, the same text for the same calls.

The exchanges are kept at the wire's edge, so that filling, authentication, paging, classification and
mapping all run again when they are replayed. The format is our own. By its documentation a cassette of
vcrpy keeps whole requests, credentials included, unless each place is named, holds HTTP alone and no
statements of SQL, and does not say which of two equal questions came before a write and which after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from bridgehead.connectors.files import read_document
from bridgehead.errors import UserError

MAX_MB: Final = 16
SUFFIX: Final = ".recorded.yaml"
_HEAD: Final = """\
# Recorded exchanges of the connector {name}: written by `bridgehead connector record`, replayed by `connector test`.
# Secrets were never in it. What carries a label, and what no field maps, is replaced by stand-ins of the same shape.
"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question to the system and its answer. ``of``: the read or action that asked; ``write``: it acted.

    http: ``request`` holds method, path (below the connection's URL), query, body or form; ``answer``
    status, headers, body or text. sql: ``request`` holds statement and values, ``answer`` columns,
    body (the rows) and changed; the COMMIT of an action is an exchange of its own.
    """

    of: str
    request: Mapping[str, object]
    answer: Mapping[str, object] = field(default_factory=dict)
    write: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One read or action as it was carried out.

    ``before`` and ``after`` are the readings back around an action, ``result`` is what was mapped,
    ``found`` what the last reading back gave.
    """

    name: str
    recorded_at: datetime
    arguments: Mapping[str, object] = field(default_factory=dict)
    before: Sequence[Exchange] = ()
    exchanges: Sequence[Exchange] = ()
    after: Sequence[Exchange] = ()
    result: object = None
    found: object = None


@dataclass(frozen=True, slots=True)
class Promise:
    """What the specification promised of an entity or an action when it was recorded; less is a failed test.

    ``fields`` holds the type of each field, with ``?`` behind it where it may be missing.
    """

    key: Sequence[str] = ()
    max_age: float | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """All recordings of one connector. ``system`` is the address that stands for the system's own in them.

    ``hosts`` and ``max_lag`` (seconds) are what the specification allowed a database's connections then.
    """

    connector: str
    kind: str
    system: str
    hosts: Sequence[str] = ()
    max_lag: float | None = None
    promises: Mapping[str, Promise] = field(default_factory=dict)
    calls: Sequence[Call] = ()

    def of(self, name: str) -> list[Call]:
        """Returns the calls of one read or action, in the order of the file."""
        return [call for call in self.calls if call.name == name]

    def with_call(self, call: Call, promises: Mapping[str, Promise]) -> Recording:
        """Returns it with a call, which takes the place of one with the same name and arguments."""
        others = [one for one in self.calls if (one.name, one.arguments) != (call.name, call.arguments)]
        calls = sorted([*others, call], key=lambda one: (one.name, str(one.arguments)))
        kept = {**self.promises, **promises}
        return replace(self, calls=calls, promises={name: kept[name] for name in sorted(kept)})


def recording_path(specification: Path) -> Path:
    """Returns where the recordings of a specification's file lie: ``erp.yaml`` → ``erp.recorded.yaml``."""
    return specification.with_name(specification.stem + SUFFIX)


def load_recording(path: Path) -> Recording | None:
    """Returns what was recorded, None where nothing was; raises UserError ``connector.recording``."""
    try:
        text = read_document(path, max_mb=MAX_MB).decode("utf-8")
        loaded = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader with three plain types more
        return _FILE.validate_python(loaded)
    except UserError as error:
        if error.code == "document.missing":
            return None
        raise UserError(error.message, code="connector.recording", hint=error.hint) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        where = _place(error)
        raise UserError(
            f"{path.name} is no recording{where}", code="connector.recording",
            hint="Take it back from version control, or delete it and record again: bridgehead connector record.",
        ) from error  # fmt: skip


def dump_recording(recording: Recording) -> str:
    """Returns the file's text."""
    calls = [_short(_plain_call(call)) for call in recording.calls]
    top = {
        "connector": recording.connector,
        "kind": recording.kind,
        "system": recording.system,
        **_short({"hosts": list(recording.hosts), "max_lag": _seconds(recording.max_lag)}),
        "promises": {name: _short(_plain_promise(one)) for name, one in recording.promises.items()},
        "calls": calls,
    }
    body = yaml.dump(top, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)
    return _HEAD.format(name=recording.connector) + body


def _plain_promise(one: Promise) -> dict[str, object]:
    return {
        "key": list(one.key),
        "max_age": _seconds(one.max_age),
        "fields": dict(one.fields),
        "labels": list(one.labels),
    }


def _seconds(value: float | None) -> float | None:
    return int(value) if value is not None and value == int(value) else value


def _plain_call(call: Call) -> dict[str, object]:
    return {
        "name": call.name,
        "recorded_at": call.recorded_at.astimezone(UTC).replace(microsecond=0),
        "arguments": dict(call.arguments),
        "before": [_plain_exchange(one) for one in call.before],
        "exchanges": [_plain_exchange(one) for one in call.exchanges],
        "after": [_plain_exchange(one) for one in call.after],
        "result": call.result,
        "found": call.found,
    }


def _plain_exchange(one: Exchange) -> dict[str, object]:
    return _short({"of": one.of, "write": one.write or None, "request": dict(one.request), "answer": dict(one.answer)})


def _short(mapping: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in mapping.items() if value not in (None, [], {})}


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f": line {mark.line + 1}: {getattr(error, 'problem', '')}"
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f": {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return ""


if TYPE_CHECKING:
    _Base = yaml.SafeLoader
else:
    # A recording may be long, and libyaml, where it is, reads it in a fraction of the time.
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(yaml.SafeDumper):
    """Writes lists of plain values in one line, decimals as numbers, and never an alias."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the base class's signature
        """Returns True: an alias is hard to read and to change."""
        return True


class _Loader(_Base):
    """Reads numbers with a fraction as Decimal, exactly as they stand there."""


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:float", str(value))


def _read_decimal(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    return Decimal(_scalar(loader, node).replace("_", ""))


def _scalar(loader: object, node: yaml.Node) -> str:
    return str(cast("yaml.SafeLoader", loader).construct_scalar(cast("yaml.ScalarNode", node)))


_Dumper.add_representer(Decimal, _decimal)
_Dumper.add_representer(float, lambda dumper, value: dumper.represent_scalar("!float", repr(value)))
_Dumper.add_representer(time, lambda dumper, value: dumper.represent_scalar("!time", value.isoformat()))
_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_list(list(value)))
_Loader.add_constructor("tag:yaml.org,2002:float", _read_decimal)
_Loader.add_constructor("!float", lambda loader, node: float(_scalar(loader, node)))
_Loader.add_constructor("!time", lambda loader, node: time.fromisoformat(_scalar(loader, node)))

_FILE: Final[TypeAdapter[Recording]] = TypeAdapter(Recording)
