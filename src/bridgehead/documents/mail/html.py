"""Turns HTML mail into text lines, table rows into tabbed rows, and sets aside what a reader could not see."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Final

from bridgehead.documents.outcome import Refusal

MAX_HTML = 2**20
MAX_LINES = 4_000
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
MAX_DEPTH = 1000
_VOID = frozenset(
    ["br", "hr", "img", "input", "meta", "link", "col", "area", "base", "embed", "source", "track", "wbr", "param"]
)
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "tr",
        "table",
        "ul",
        "ol",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "pre",
        "section",
        "article",
        "header",
        "footer",
        "center",
        "dl",
        "dt",
        "dd",
        "body",
        "form",
    ]
)
_RAW = ("script", "style", "title", "template", "noscript")
_ATTRIBUTE = re.compile(
    r"""([a-zA-Z-]{1,30})\s*=\s*(?:"([^"]{0,4000})"|'([^']{0,4000})'|([^\s"'>]{1,400}))|\b(hidden)\b"""
)
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all|font-size\s*:\s*(?:0(?:\.\d+)?|1)(?:px|pt|em|rem|%)?\s*(?:;|!|$)"
    r"|opacity\s*:\s*0(?:\.0\d*)?\s*(?:;|!|$)|max-(?:height|width)\s*:\s*0|(?:left|top|text-indent|margin-left)\s*:\s*-\d{3,}|(?<!-)(?:height|width)\s*:\s*0(?:px)?\s*(?:;|$)"
    r"|scale[xy3d]{0,2}\(\s*0(?:\.0\d*)?\s*[,)]|clip\s*:\s*rect\(\s*[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?[\s,]+[01](?:px)?\s*\)|clip-path\s*:\s*(?:inset\(\s*(?:100|[5-9]\d)%|circle\(\s*0)",
    re.IGNORECASE,
)
_STRIKING: Final = re.compile(
    r"text-decoration(?:-line)?\s*:[^;]{0,40}line-through|unicode-bidi\s*:\s*(?:isolate-|bidi-)?override", re.IGNORECASE
)
_STRUCK: Final = frozenset({"s", "strike", "del", "bdo"})
_COLOR = re.compile(r"(?<![-\w])(background(?:-color)?|color)\s*:\s*([^;!]{1,60})", re.IGNORECASE)
_RULE = re.compile(r"([^{}]{1,200})\{([^{}]{0,2000})\}")
_LINE_END = "\x0b"
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")


def _one_blank(found: re.Match[str]) -> str:
    """Blanks are one, but blanks that do not break stand as they are where they set text in columns (HTML 4.01, 9.1)."""
    return " " * found[0].count("\u00a0") if "\u00a0\u00a0" in found[0] else " "


@dataclass(slots=True)
class HtmlText:
    """The visible lines, and the texts nobody sees (hidden elements, comments, alternative texts).

    ``struck`` is what is shown struck out, which its writer took back, or in another order of letters than it stands. ``unsure`` are selectors of the style sheet that hide
    something of which it cannot be told what. ``cut_off`` says that the document ended inside a table.
    """

    lines: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    cut_off: bool = False


@dataclass(slots=True)
class _Open:
    tag: str
    hidden: bool
    color: str
    background: str
    struck: bool = False


def html_to_text(text: str) -> HtmlText:
    """Reads HTML in time linear in its length; raises Refusal ``mail.too_long`` or ``mail.html_depth``."""
    if len(text) > MAX_HTML:
        raise Refusal("mail.too_long", f"The HTML body has more than {MAX_HTML} characters.", "html")
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lower = text.lower() if len(text.lower()) == len(text) else text
        self.out = HtmlText()
        self.stack: list[_Open] = [_Open("", hidden=False, color="black", background="white")]
        self.line: list[str] = []
        self.hiding: frozenset[str] = frozenset()
        self.striking: frozenset[str] = frozenset()
        self.row: list[str] | None = None
        self.quotes = 0
        self.pre = 0

    def read(self) -> HtmlText:
        """Walks the text once from tag to tag."""
        at, text = 0, self.text
        while at < len(text):
            markup = _MARKUP.search(text, at)
            if markup is None:
                self._data(text[at:])
                break
            start = markup.start()
            self._data(text[at:start])
            if text.startswith("<!--", start):
                end = text.find("-->", start)
                comment = text[start + 4 : end if end >= 0 else len(text)]
                conditional = comment.lstrip().startswith(("[if", "<![endif"))
                if not conditional and len(self.out.unseen) < MAX_LINES:
                    self.out.unseen.append(comment[:2000])
                at = end + 3 if end >= 0 else len(text)
                continue
            end = text.find(">", start)
            if end < 0:
                break
            at = self._tag(text[start + 1 : end], end + 1)
        self._end_row()
        self._break()
        self.out.cut_off = any(element.tag in {"table", "tr", "td"} for element in self.stack)
        return self.out

    def _write(self, line: str) -> None:
        if len(self.out.lines) >= MAX_LINES:
            raise Refusal("mail.too_long", f"The HTML text has more than {MAX_LINES} lines.", "html")
        self.out.lines.append(line)

    def _tag(self, inside: str, after: int) -> int:
        closing = inside.startswith("/")
        name = re.match(r"/?\s*([a-zA-Z][\w:-]{0,30})", inside)
        if name is None:
            return after
        tag = name[1].lower()
        if closing:
            self._close(tag)
            return after
        if tag in _RAW:
            end = self.lower.find(f"</{tag}", after)
            content = self.text[after : end if end >= 0 else len(self.text)]
            if tag == "style":
                self._styles(content[:200_000])
            return end if end >= 0 else len(self.text)
        self._open(tag, inside)
        return after

    def _open(self, tag: str, inside: str) -> None:  # noqa: C901 - one branch for each kind of element
        attributes = {(a[1] or a[5]).lower(): a[2] or a[3] or a[4] or "" for a in _ATTRIBUTE.finditer(inside[:12_000])}
        if tag in {"br", "hr"} or (tag in _BLOCKS and not (tag == "dd" and self.line[-1:] == ["\t"])):
            if self.row is None:
                self._break()
            elif tag == "br" or self.line:
                self.line.append(_LINE_END)
        if tag == "img" and len(attributes.get("alt", "")) > 20:
            self.out.unseen.append(attributes["alt"])
        if attributes.get("title"):
            self.out.unseen.append(attributes["title"])
        if tag in _VOID or inside.endswith("/"):
            return
        if len(self.stack) > MAX_DEPTH:
            raise Refusal("mail.html_depth", f"The HTML body nests more than {MAX_DEPTH} elements.", "html")
        parent = self.stack[-1]
        style = html.unescape(attributes.get("style", ""))
        classes = {f".{one}" for one in attributes.get("class", "").lower().split()}
        classes |= {f"#{attributes['id'].lower()}", tag} if attributes.get("id") else {tag}
        background, color = parent.background, parent.color
        if attributes.get("bgcolor"):
            background = _plain(attributes["bgcolor"])
        if attributes.get("color"):
            color = _plain(attributes["color"])
        for found in _COLOR.finditer(style):
            if found[1].lower() == "color":
                color = _plain(found[2])
            elif "url" not in found[2]:
                background = _plain(found[2].split()[0])
        hidden = (
            parent.hidden or "hidden" in attributes or _HIDING.search(style) is not None or bool(classes & self.hiding)
        )
        if tag == "font" and attributes.get("size") == "0":
            hidden = True
        struck = parent.struck or tag in _STRUCK or _STRIKING.search(style) is not None or bool(classes & self.striking)
        self.stack.append(_Open(tag, hidden or _same(color, background), color, background, struck))
        if tag == "tr":
            self._end_row()
            self._break()
            self.row = []
        elif tag in {"td", "th"} and self.row is not None and self.line:
            self._cell()
        elif tag == "blockquote":
            self.quotes += 1
        elif tag == "pre":
            self.pre += 1
        elif tag == "li":
            self.line.append("- ")

    def _close(self, tag: str) -> None:
        for back in range(1, min(len(self.stack), 40)):
            if self.stack[-back].tag == tag:
                del self.stack[-back:]
                break
        else:
            return
        if tag in {"td", "th"} and self.row is not None:
            self._cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "dt" and self.row is None:
            # A term and its description are a label and its value.
            self.line.append("\t")
        elif tag in _BLOCKS and self.row is None:
            self._break()
            if tag in {"p", "table"}:
                self._write("")
        if tag == "blockquote":
            self.quotes = max(0, self.quotes - 1)
        elif tag == "pre":
            self.pre = max(0, self.pre - 1)

    def _cell(self) -> None:
        if self.row is not None:
            pieces = (_SPACES.sub(" ", piece).strip() for piece in "".join(self.line).split(_LINE_END))
            self.row.append(_LINE_END.join(piece for piece in pieces if piece))
            self.line = []

    def _end_row(self) -> None:
        """Writes the open row, if there is one; lines within a cell stay apart where a label stands beside them."""
        if self.row is None:
            return
        if self.line:
            self._cell()
        cells, self.row = self.row, None
        if any(cells):
            gap = "; " if len(cells) == 2 else " "
            self._write(("> " * self.quotes) + "\t".join(cell.replace(_LINE_END, gap) for cell in cells))

    def _data(self, raw: str) -> None:
        if not raw:
            return
        text = html.unescape(raw) if "&" in raw else raw
        if self.stack[-1].hidden:
            if text.strip(" \t\r\n\u00a0\u200b\u200c\u200d\ufeff\u034f\u00ad\u2007"):
                self.out.hidden.append(_SPACES.sub(" ", text).strip()[:2000])
            return
        if self.stack[-1].struck:
            if text.strip() and len(self.out.struck) < MAX_LINES:
                self.out.struck.append(_SPACES.sub(" ", text).strip()[:2000])
            return
        if self.pre:
            first, *rest = text.split("\n")
            self.line.append(first)
            for line in rest:
                self._break()
                self.line.append(line)
            return
        if text.strip() or (self.line and not self.line[-1].endswith(" ")):
            self.line.append(_SPACES.sub(_one_blank if self.row is None else " ", text))

    def _break(self) -> None:
        if self.row is not None:
            return
        text = "".join(self.line).replace(_LINE_END, " ")
        text = text.rstrip() if self.pre else text.strip()
        self.line = []
        if text and text != "-":
            self._write("> " * self.quotes + text)

    def _styles(self, content: str) -> None:
        hiding, striking = set(self.hiding), set(self.striking)
        for rule in _RULE.finditer(content):
            hides = _HIDING.search(rule[2]) is not None
            if not hides and _STRIKING.search(rule[2]) is None:
                continue
            for selector in rule[1].lower().split(","):
                # The last simple selector alone is looked at: rather too much is set aside, and told, than too little.
                named = re.findall(r"[.#][\w-]{1,60}", selector)
                last = re.search(r"(?:^|[\s>+~])([a-z][a-z0-9]{0,20})\s*$", selector)
                (hiding if hides else striking).update(named or ([last[1]] if last else []))
                if not named and last is None and selector.strip() and not selector.strip().startswith("@"):
                    self.out.unsure.append(" ".join(selector.split())[:80])
        self.hiding, self.striking = frozenset(hiding), frozenset(striking)


def _plain(color: str) -> str:
    """One spelling for white, so that equal colours compare equal."""
    color = color.strip().lower().rstrip(";").replace(" ", "")
    if re.fullmatch(r"#[0-9a-f]{3}", color):
        color = "#" + "".join(one * 2 for one in color[1:])
    if color in {
        "#ffffff",
        "#fefefe",
        "#fdfdfd",
        "#fcfcfc",
        "snow",
        "ghostwhite",
        "rgb(255,255,255)",
        "rgba(255,255,255,1)",
        "window",
    }:
        return "white"
    if color in {"#000000", "windowtext", "rgb(0,0,0)"}:
        return "black"
    return color


def _same(color: str, background: str) -> bool:
    if color == "transparent" or re.fullmatch(r"rgba\(\d+,\d+,\d+,0(?:\.0+)?\)", color):
        return True
    return background not in {"transparent", "none", "inherit", "initial"} and color == background
