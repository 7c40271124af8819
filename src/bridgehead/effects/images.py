"""What a record looked like: a digest of each field, so that any change of it since can be seen and named.

An image is kept with the effect's result, under the data key of its case; the values themselves are not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from bridgehead.spec.tool import JSON

IMAGE: Final = "image"
"""Under this name an effect's recorded result holds its image; without it the record was not read back."""
_STAMP: Final = "~"
_BYTES: Final = 12


def image_of(record: Mapping[str, object], stamps: frozenset[str] = frozenset()) -> dict[str, JSON]:
    """Returns a digest of each field (96 bits of BLAKE2b over its JSON); a field that is null counts as not there.

    ``stamps`` are fields that move with every write and never back, such as a version: they are marked.
    """
    return {
        f"{_STAMP}{name}" if name in stamps else str(name): hashlib.blake2b(
            json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain).encode("utf-8", "backslashreplace"),
            digest_size=_BYTES,
        ).hexdigest()
        for name, value in record.items()
        if value is not None
    }


def edited(
    before: Mapping[str, JSON],
    after: Mapping[str, JSON],
    *,
    stamped: bool = True,
    ignored: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Returns the fields in which two images differ, by name; without ``ignored``, and stamps where they tell nothing.

    ``stamped`` False: something of ours was written and taken back in between, which moved them.
    """
    differ = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    told = {name.removeprefix(_STAMP) for name in differ if stamped or not name.startswith(_STAMP)}
    return tuple(sorted(told - ignored))


def differing(before: JSON, after: JSON) -> tuple[str, ...]:
    """Returns the names under which two results differ; none when they are equal or no records."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return ()
    return tuple(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))


def recorded_with(result: JSON, image: Mapping[str, JSON] | None, **told: JSON) -> dict[str, JSON]:
    """Returns what is recorded of an effect that happened."""
    return {"result": result, **told, **({} if image is None else {IMAGE: dict(image)})}


def without_image(recorded: JSON) -> JSON:
    """Returns what is recorded of an effect as people are shown it."""
    if not isinstance(recorded, Mapping):
        return recorded
    return {name: value for name, value in recorded.items() if name != IMAGE}


def _plain(value: object) -> object:
    """Returns what a driver gave as JSON that tells it from any other value of its type."""
    if isinstance(value, Mapping):
        return {str(name): one for name, one in value.items()}
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, tuple | set | frozenset):
        return sorted(map(repr, value)) if isinstance(value, set | frozenset) else list(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    return repr(value)
