"""Says what is wrong with the header of an X12 interchange: which element, where it stands and what was found.

The lengths are those of ASC X12.5, the interchange control structures: every element of ISA has a fixed one, so that
the header is 106 characters long with its terminator.
"""

from __future__ import annotations

from typing import Final

_ELEMENTS: Final[tuple[tuple[str, int], ...]] = (
    ("authorization information qualifier", 2),
    ("authorization information", 10),
    ("security information qualifier", 2),
    ("security information", 10),
    ("sender's qualifier", 2),
    ("sender's identification", 15),
    ("receiver's qualifier", 2),
    ("receiver's identification", 15),
    ("date", 6),
    ("time", 4),
    ("repetition separator", 1),
    ("version", 5),
    ("control number", 9),
    ("acknowledgement requested", 1),
    ("test or production", 1),
    ("component separator", 1),
)
LENGTH: Final = 106
_LOOKED_AT: Final = 400
_SHOWN: Final = 20


def isa_fault(text: str, element: str) -> str:
    """Returns what is wrong with a header that begins ``text``, in sentences; ``element`` is its element separator.

    The first element that has another length than it must have is named with what stands there.
    """
    group = text.find(f"GS{element}", 3, _LOOKED_AT)
    head = text[: group if group > 0 else _LOOKED_AT]
    if group < 0 and any(mark in head for mark in "\r\n"):
        head = head[: min(at for mark in "\r\n" if (at := head.find(mark)) > 0)]
    found = head.split(element)[1:]
    whole = _length(head) if group > 0 else ""
    at = 5
    for index, ((_, width), value) in enumerate(zip(_ELEMENTS[:-1], found, strict=False)):
        last = index == len(found) - 1
        if len(value) != width or last:
            if last and group < 0:
                return _cut(index, value, at)
            return f"{_of_one(index, value, at, element, count=len(found))}{whole}"
        at += width + 1
    if len(found) > len(_ELEMENTS):
        return f"ISA has {len(found)} elements before GS, and must have {len(_ELEMENTS)}.{whole}"
    value, follows = found[-1][:1], found[-1][1:2]
    after = f"{follows!r}, which is no segment terminator" if follows else "nothing"
    return f"ISA16 (component separator), at character {at}, is {value!r}, and is followed by {after}.{whole}"


def _cut(index: int, value: str, at: int) -> str:
    missing = len(_ELEMENTS) - index - 1
    return f"ISA ends within its elements: {_named(index, at)} is {_shown(value)}, and {missing} more must follow."


def _named(index: int, at: int) -> str:
    return f"ISA{index + 1:02} ({_ELEMENTS[index][0]}), at character {at},"


def _of_one(index: int, value: str, at: int, element: str, *, count: int) -> str:
    width = _ELEMENTS[index][1]
    shown = _shown(value)
    told = f"{_named(index, at)} is {shown}: {_counted(len(value))} where {width} must stand"
    following, more = _ELEMENTS[index + 1]
    few = count < len(_ELEMENTS)
    if few and len(value) > width and index < count - 1:
        lost = width + more - len(value)
        gone = f", and {_counted(lost)} of the two as well" if lost > 0 else ""
        return (
            f"{told}. It runs together with ISA{index + 2:02} ({following}), of {_counted(more)}:"
            f" the {element!r} between them is missing{gone}."
        )
    return f"{told}. ISA has {count} of its {len(_ELEMENTS)} elements." if few else f"{told}."


def _shown(value: str) -> str:
    """What stands in an element, with its blanks counted: whoever shows it may run them together."""
    bare = value.rstrip(" ")
    blanks = len(value) - len(bare)
    more = f"{blanks} blank{'' if blanks == 1 else 's'}"
    text = repr(bare if len(bare) <= _SHOWN else f"{bare[:_SHOWN]}…")
    return more if blanks and not bare else f"{text} and {more}" if blanks else text


def _counted(characters: int) -> str:
    return f"{characters} character{'' if characters == 1 else 's'}"


def _length(head: str) -> str:
    length = len(head.rstrip(" \t\r\n"))
    return f" ISA is {length} characters long with its terminator; it must be {LENGTH}." if length != LENGTH else ""
