"""XML as senders' programs write it: the same tree with other prefixes, indents, encodings and declarations.

Extensible Markup Language 1.0 and Namespaces in XML 1.0; text is escaped, nothing is validated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; two hyphens within it are written as one."""

    text: str


@dataclass(frozen=True, slots=True)
class Element:
    """An element; ``name`` has the logical prefix of its namespace, which a dress replaces."""

    name: str
    content: tuple[Element | Comment | str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


Content = Element | Comment | str | Sequence[Element | Comment] | None
NOTHING: Final[Mapping[str, str]] = {}


def element(name: str, *content: Content, attributes: Mapping[str, str] = NOTHING) -> Element:
    """Returns an element with this content; what is None is left out, a sequence is taken in."""
    parts: list[Element | Comment | str] = []
    for part in content:
        if isinstance(part, Element | Comment | str):
            parts.append(part)
        elif part is not None:
            parts.extend(part)
    return Element(name, tuple(parts), {key: text for key, text in attributes.items() if text})


def maybe(name: str, text: str | None, attributes: Mapping[str, str] = NOTHING) -> Element | None:
    """Returns an element with this text, or None where there is none."""
    return element(name, text, attributes=attributes) if text else None


@dataclass(frozen=True, slots=True)
class Dress:
    """How a program writes a tree. ``prefixes`` are its own for the logical ones; "" is the default namespace.

    ``everywhere`` declares the default namespace on each element that leaves it and uses no prefix at all.
    """

    namespaces: Mapping[str, str]
    prefixes: Mapping[str, str]
    indent: str = "  "
    newline: str = "\n"
    encoding: str = "utf-8"
    declaration: bool = True
    standalone: bool = False
    everywhere: bool = False
    single: bool = False
    more: Mapping[str, str] = field(default_factory=dict)
    doctype: str = ""


def write(root: Element, dress: Dress) -> bytes:
    """Returns the document; a letter that the encoding lacks is written as a character reference."""
    parts = []
    if dress.declaration:
        mark = "'" if dress.single else '"'
        label = {"utf-8": "UTF-8", "latin-1": "ISO-8859-1"}[dress.encoding]
        ending = f" standalone={mark}yes{mark}" if dress.standalone else ""
        parts.append(f"<?xml version={mark}1.0{mark} encoding={mark}{label}{mark}{ending}?>{dress.newline}")
    if dress.doctype:
        parts.append(dress.doctype + dress.newline)
    parts.extend(_written(root, dress, 0, None))
    return "".join(parts).encode(dress.encoding, "xmlcharrefreplace")


def _written(node: Element, dress: Dress, depth: int, default: str | None) -> Iterator[str]:
    logical, _, local = node.name.rpartition(":")
    attributes = dict(node.attributes)
    if dress.everywhere:
        name, uri = local, dress.namespaces.get(logical, "")
        if uri != default:
            attributes = {"xmlns": uri, **attributes}
        default = uri
    else:
        prefix = dress.prefixes.get(logical, logical)
        name = f"{prefix}:{local}" if prefix else local
    if depth == 0:
        attributes = {**_declared(dress), **attributes, **dress.more}
    shown = "".join(f" {key}={_quoted(text, dress)}" for key, text in attributes.items())
    pad = dress.indent * depth if dress.indent else ""
    end = dress.newline if dress.indent or depth == 0 else ""
    if not node.content:
        yield f"{pad}<{name}{shown}/>{end}"
        return
    if all(isinstance(part, str) for part in node.content):
        text = "".join(escape(part) for part in node.content if isinstance(part, str))
        yield f"{pad}<{name}{shown}>{text}</{name}>{end}"
        return
    yield f"{pad}<{name}{shown}>{dress.newline if dress.indent else ''}"
    for part in node.content:
        if isinstance(part, Element):
            yield from _written(part, dress, depth + 1, default)
        elif isinstance(part, Comment):
            inner = dress.indent * (depth + 1) if dress.indent else ""
            yield f"{inner}<!-- {part.text.replace('--', '-')} -->{dress.newline if dress.indent else ''}"
        else:
            yield escape(part)
    yield f"{pad}</{name}>{end}"


def _declared(dress: Dress) -> dict[str, str]:
    if dress.everywhere:
        return {}
    found = {}
    for logical, uri in dress.namespaces.items():
        prefix = dress.prefixes.get(logical, logical)
        found[f"xmlns:{prefix}" if prefix else "xmlns"] = uri
    return found


def _quoted(text: str, dress: Dress) -> str:
    quoted = quoteattr(text)
    if dress.single and "'" not in text and quoted[0] == '"':
        return f"'{quoted[1:-1]}'"
    return quoted
