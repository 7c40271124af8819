"""Turns an XML document into a tree of plain nodes, or refuses it: nothing is fetched, nothing expanded."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from lxml import etree

from bridgehead.documents.outcome import Refusal

_MOST_MARKS: Final = 300_000
"""Tags and attributes of one document: an order of some thousand lines; a tag costs about 7 µs and 400 bytes."""
_MOST_ATTRIBUTES: Final = 200
"""Attributes of one element; the parser's time grows with their square."""
_MOST_ALIKE: Final = 1_000
"""Elements of one name beside each other, unless they are the lines of an order."""
_LINES: Final = frozenset({"OrderLine", "ItemOut", "IncludedSupplyChainTradeLineItem", "ORDER_ITEM", "E1EDP01", "IDOC"})
_MOST_REMARKS: Final = 5_000
_DECLARATION: Final = re.compile(r"<\?xml\s[^>]{0,300}?\?>")
_ENCODING: Final = re.compile(r"""\sencoding\s*=\s*["']([A-Za-z][\w.:-]{0,39})["']""")
_BEFORE_ROOT: Final = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE_TOKEN: Final = re.compile(r"""[^<>"'\[\]]+|"[^"]*"|'[^']*'|<!--.*?-->|<\?.*?\?>|[<>\[\]]""", re.DOTALL)
_NAME: Final = re.compile(r"[\w:.-]*")
_ATTRIBUTE: Final = re.compile(r"""\s*[^\s=<>/"']+\s*=\s*(?:"[^"]*"|'[^']*')""")
_XINCLUDE: Final = "http://www.w3.org/2001/XInclude"
_SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#"
_SIGNED: Final = frozenset({"UBLDocumentSignatures", "Signature"})
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_BLANKS: Final = " \t\r\n\ufeff"
_NEW_LINE: Final = "\n"
_FAULTS: Final = {
    "ERR_TAG_NAME_MISMATCH": "an element is closed that is not open",
    "ERR_DOCUMENT_END": "something stands after its end, or its end is missing",
    "ERR_DOCUMENT_EMPTY": "it holds no element",
    "ERR_UNDECLARED_ENTITY": "it refers to an entity that is not declared",
    "WAR_UNDECLARED_ENTITY": "it refers to an entity that is not declared",
    "NS_ERR_UNDEFINED_NAMESPACE": "it uses a prefix that no namespace is bound to",
    "ERR_ATTRIBUTE_REDEFINED": "an element states an attribute twice",
    "ERR_INVALID_CHAR": "it holds a character that XML does not allow",
}


_NO_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType({})
_NO_COUNTS: Final[Mapping[str, int]] = MappingProxyType({})


class Node:
    """An element: local name, attributes by local name, own text, the line its start tag ends in (1-based).

    ``seen`` says that a reader has taken its text; ``whole`` says so of everything below it too.
    """

    __slots__ = ("attributes", "children", "counts", "index", "line", "name", "parent", "seen", "text", "uri", "whole")

    def __init__(self, name: str, uri: str, line: int, parent: Node | None, index: int, text: str) -> None:
        self.name = name
        self.uri = uri
        self.line = line
        self.parent = parent
        self.index = index
        self.text = text
        self.attributes = _NO_ATTRIBUTES
        self.children: Sequence[Node] = ()
        self.counts = _NO_COUNTS
        self.seen = False
        self.whole = False

    @property
    def path(self) -> str:
        """The names from below the root, each with its place among its like where there are several."""
        steps: list[str] = []
        node = self
        while node.parent is not None:
            several = node.parent.counts[node.name] > 1
            steps.append(f"{node.name}[{node.index}]" if several else node.name)
            node = node.parent
        return "/".join(reversed(steps)) or self.name

    @property
    def kind(self) -> str:
        """The path without places: the same for every line of an order."""
        steps: list[str] = []
        node = self
        while node.parent is not None:
            steps.append(node.name)
            node = node.parent
        return "/".join(reversed(steps)) or self.name

    def child(self, name: str) -> Node | None:
        """The first child of that name."""
        if name in self.counts:
            for one in self.children:
                if one.name == name:
                    return one
        return None

    def all(self, name: str) -> list[Node]:
        """The children of that name."""
        return [one for one in self.children if one.name == name] if name in self.counts else []

    def find(self, path: str) -> Node | None:
        """The first node at a path of names; the first child is followed at every step."""
        node: Node | None = self
        for name in path.split("/"):
            if node is None:
                return None
            node = node.child(name)
        return node

    def take(self) -> str:
        """The text in one line, and the node counts as read."""
        self.seen = True
        return _SPACES.sub(" ", self.text.strip(_BLANKS))

    def skip(self) -> None:
        """The node and all below it count as read."""
        self.whole = True

    def value(self, path: str) -> str:
        """The text at a path, in one line; empty when there is none."""
        node = self.find(path)
        return "" if node is None else node.take()

    def rename(self, name: str) -> None:
        """Gives the node another name among its siblings."""
        if self.parent is not None and isinstance(self.parent.counts, dict):
            counts = self.parent.counts
            counts[self.name] -= 1
            if not counts[self.name]:
                del counts[self.name]
            self.index = counts[name] = counts.get(name, 0) + 1
        self.name = name

    def walk_below(self, name: str) -> Iterator[Node]:
        """The nodes of that name two levels below."""
        for one in self.children:
            yield from one.all(name)

    def walk(self) -> Iterator[Node]:
        """The node and all below it in the order of the document, without what is skipped."""
        stack = [self]
        while stack:
            node = stack.pop()
            if not node.whole:
                yield node
                stack.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment or processing instruction: nothing that a field may come from."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """The root, the remarks around and inside it, the namespaces used."""

    root: Node
    rows: Sequence[str]
    """The lines of the text that was parsed."""
    remarks: tuple[Remark, ...]
    uris: frozenset[str]
    currencies: Mapping[str, Node]
    """Each value of an attribute currencyID with the first element that has it."""
    defaults: bool
    """Whether the document's own declarations set defaults of attributes, which are not applied."""


def parse(document: bytes, part: str) -> Document:
    """Parses the document.

    Raises Refusal: ``xml.encoding``, ``xml.entities`` (a document type that declares any), ``xml.xinclude``,
    ``xml.too_large``, ``xml.too_deep`` (256 levels), ``xml.syntax``. A reason never quotes the text around the fault,
    for that may be a secret.
    """
    text = _decode(document, part)
    if text.count("<") + text.count('="') + text.count("='") > _MOST_MARKS:
        raise Refusal("xml.too_large", f"The document has more than {_MOST_MARKS} tags and attributes.", part)
    if text.count("<!--") + text.count("<?") > _MOST_REMARKS:
        raise Refusal("xml.too_large", f"The document has more than {_MOST_REMARKS} comments and instructions.", part)
    text, defaults = _without_doctype(text, part)
    _refuse_attributes(text, part)
    parser = etree.XMLParser(
        encoding="utf-8",
        remove_blank_text=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise _refusal(error, part, text) from error
    except (ValueError, UnicodeEncodeError) as error:
        raise Refusal("xml.syntax", "The document holds characters that XML does not allow.", part) from error
    return _Builder(part, defaults).build(root, text.split("\n"))


def _decode(document: bytes, part: str) -> str:
    """The text by byte-order mark or by the declared encoding (XML 1.0, appendix F), without the declaration."""
    mark = next(
        (
            (bom, name)
            for bom, name in (
                (codecs.BOM_UTF8, "utf-8"),
                (codecs.BOM_UTF32_LE, "utf-32"),
                (codecs.BOM_UTF32_BE, "utf-32"),
                (codecs.BOM_UTF16_LE, "utf-16-le"),
                (codecs.BOM_UTF16_BE, "utf-16-be"),
            )
            if document.startswith(bom)
        ),
        None,
    )
    if mark is not None:
        encoding, body = mark[1], document[len(mark[0]) :]
    else:
        body = document
        head = document[:4]
        wide = "utf-16-le" if head[1:2] == b"\0" else "utf-16-be" if head[:1] == b"\0" else ""
        encoding = wide or "utf-8"
    opening = body[:800].decode(encoding if encoding.startswith("utf-16") else "latin-1", "replace").lstrip(_BLANKS)
    found = _DECLARATION.match(opening)
    stated = None if found is None else _ENCODING.search(found[0])
    if stated is not None:
        declared = _known(stated[1], part)
        if mark is None and encoding == "utf-8" and declared != "utf-16":
            encoding = declared
        elif declared != encoding and not (declared == "utf-16" and encoding.startswith("utf-16")):
            raise Refusal(
                "xml.encoding", f"The document declares {stated[1]} and its bytes are not in that encoding.", part
            )
    try:
        text = body.decode("utf-8" if encoding == "ascii" else encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Refusal(
            "xml.encoding",
            f"The document is said to be in {stated[1] if stated else encoding} and its bytes are not.",
            f"{part}, line {line}",
        ) from error
    start = len(text) - len(text.lstrip(_BLANKS))
    declaration = _DECLARATION.match(text, start)
    blank = text[:start].count("\n")
    if declaration is None:
        return "\n" * blank + text[start:]
    return "\n" * (blank + declaration[0].count("\n")) + text[declaration.end() :]


def _known(name: str, part: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    if re.fullmatch(r"utf-8|utf-16|ascii|iso8859-\d{1,2}|cp125\d", found) is None:
        raise Refusal("xml.encoding", f"The document declares the encoding {name}, which is not read.", part)
    return found


def _without_doctype(text: str, part: str) -> tuple[str, bool]:
    """The text with its document type declaration blanked out; raises Refusal when that declares entities.

    What this scan does not understand stays in the text, and ``_Builder`` refuses it.
    """
    at = 0
    while (found := _BEFORE_ROOT.match(text, at)) is not None:
        at = found.end()
    if not text.startswith("<!DOCTYPE", at):
        return text, False
    inside, end = False, at + 9
    while (token := _DOCTYPE_TOKEN.match(text, end)) is not None:
        end = token.end()
        if token[0] == "[":
            inside = True
        elif token[0] == "]":
            inside = False
        elif token[0] == ">" and not inside:
            break
    else:
        return text, False
    declaration = text[at:end]
    if "<!ENTITY" in declaration or re.search(r"[\[>\s]%[\w:.-]", declaration) is not None:
        line = text.count("\n", 0, at) + 1
        raise Refusal(
            "xml.entities",
            "The document type declares entities; they are not expanded, so the document is not read.",
            f"{part}, line {line}",
        )
    return text[:at] + "\n" * declaration.count("\n") + text[end:], "<!ATTLIST" in declaration


def _refuse_attributes(text: str, part: str) -> None:
    for tag in text.split("<"):
        if tag.count("=") <= _MOST_ATTRIBUTES:
            continue
        at, many = len(_NAME.match(tag)[0]), 0  # type: ignore[index] # the pattern matches nothing, too
        while (found := _ATTRIBUTE.match(tag, at)) is not None:
            at, many = found.end(), many + 1
        if many > _MOST_ATTRIBUTES:
            raise Refusal("xml.too_large", f"An element has more than {_MOST_ATTRIBUTES} attributes.", part)


def _refusal(error: etree.XMLSyntaxError, part: str, text: str) -> Refusal:
    log: Any = error.error_log
    name = "" if log.last_error is None else str(log.last_error.type_name)
    message = "" if log.last_error is None else str(log.last_error.message).lower()
    where = f"{part}, line {error.lineno or 1}"
    if "depth" in message:
        return Refusal("xml.too_deep", "The elements of the document are nested more than 256 deep.", where)
    if "entity" in message and "undeclared" not in name.lower() and "loop" in message:
        return Refusal("xml.entities", "The document refers to entities in a circle.", where)
    if "too long" in message or "huge" in message or name == "ERR_RESOURCE_LIMIT":
        return Refusal("xml.too_large", "A text, name or attribute of the document is too long to be read.", where)
    ends = text.rstrip()
    if not ends.endswith(">") or name == "ERR_TAG_NOT_FINISHED":
        return Refusal("xml.syntax", "The document ends in the middle.", f"{part}, line {ends.count(_NEW_LINE) + 1}")
    fault = _FAULTS.get(name, name.removeprefix("ERR_").replace("_", " ").lower())
    return Refusal("xml.syntax", f"The document is not well-formed XML: {fault or 'it cannot be parsed'}.", where)


class _Builder:
    """Copies the parsed tree into nodes, without recursion."""

    def __init__(self, part: str, defaults: bool) -> None:  # noqa: FBT001 - a fact that is passed on
        self.part = part
        self.defaults = defaults
        self.names: dict[str, tuple[str, str]] = {}
        self.remarks: list[Remark] = []
        self.currencies: dict[str, Node] = {}

    def build(self, root: etree._Element, rows: Sequence[str]) -> Document:
        if root.getroottree().docinfo.internalDTD is not None:
            raise Refusal("xml.entities", "The document type declaration cannot be read safely.", self.part)
        for sibling in (*root.itersiblings(preceding=True), *root.itersiblings()):
            self._remark(sibling)
        names = self.names
        top = self._node(root, *self._split(root.tag), None, 1)
        stack: list[_Open] = [_Open(iter(root), top, [root.text or ""], [], {})]
        while stack:
            here = stack[-1]
            for element in here.rest:
                tag: Any = element.tag
                if element.tail:
                    here.pieces.append(element.tail)
                if not isinstance(tag, str):
                    self._remark(element)
                    continue
                uri, name = names.get(tag) or self._split(tag)
                index = here.counts[name] = here.counts.get(name, 0) + 1
                if index > _MOST_ALIKE and name not in _LINES:
                    raise Refusal(
                        "xml.too_large", f"{name[:60]} stands more than {_MOST_ALIKE} times in a row.", self.part
                    )
                node = self._node(element, uri, name, here.node, index)
                here.children.append(node)
                if len(element):
                    stack.append(_Open(iter(element), node, [node.text], [], {}))
                    break
            else:
                stack.pop()
                here.node.children, here.node.counts = here.children, here.counts
                if len(here.pieces) > 1:
                    here.node.text = "".join(here.pieces)
        uris = frozenset(uri for uri, _ in self.names.values())
        if _XINCLUDE in uris:
            raise Refusal("xml.xinclude", "The document includes others (XInclude); they are not fetched.", self.part)
        return Document(top, rows, tuple(self.remarks), uris, self.currencies, self.defaults)

    def _node(self, element: etree._Element, uri: str, name: str, parent: Node | None, index: int) -> Node:
        line: Any = element.sourceline
        node = Node(name, uri, line or 1, parent, index, element.text or "")
        items = element.items()
        if items:
            node.attributes = {str(key).rpartition("}")[2]: str(value) for key, value in items if _XSI not in str(key)}
            currency = node.attributes.get("currencyID")
            if currency is not None and currency not in self.currencies:
                self.currencies[currency] = node
        return node

    def _split(self, tag: str) -> tuple[str, str]:
        uri, _, name = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
        self.names[tag] = (uri, name)
        return uri, name

    def _remark(self, element: etree._Element) -> None:
        line: Any = element.sourceline
        self.remarks.append(Remark((element.text or "")[:20_000], line or 1))


@dataclass(slots=True)
class _Open:
    """An element whose children are being copied."""

    rest: Iterator[etree._Element]
    node: Node
    pieces: list[str]
    children: list[Node]
    counts: dict[str, int]


def set_aside(root: Node, uris: Iterable[str], known: Callable[[str], bool]) -> str:
    """Renames the elements of other namespaces, so that no field is taken from them; returns one such namespace."""
    for node in root.all("Signature"):
        node.skip()
    extensions = root.all("UBLExtensions")
    for node in extensions:
        node.skip()
    foreign = sorted(uri for uri in uris if not known(uri))
    stray = ""
    for node in root.walk() if foreign else ():
        if node.uri == _SIGNATURE:
            node.skip()
        elif not known(node.uri) and node.parent is not None:
            stray = stray or node.uri
            node.rename(f"{{{node.uri}}}{node.name}")
    for node in extensions:
        node.whole = all(
            one.name in _SIGNED for content in node.walk_below("ExtensionContent") for one in content.children
        )
    return stray
