"""What a model is not cleared for is blacked out of what it is sent: every value that was read above its clearance.

Values are known from the record: in the result of a tool by the labels of its fields, and everywhere else (goal, input,
the model's own earlier words) by the value itself, in the spellings that JSON, Python and people give it. What code of
the agent made of a value, a sum or a part of it, is not known again.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

from bridgehead.errors import Refused
from bridgehead.gate.labels import Labels
from bridgehead.gate.normal import leaves
from bridgehead.gate.provenance import Sink
from bridgehead.gate.redaction import BLACKED_OUT
from bridgehead.gate.tracing import Origin, is_field
from bridgehead.spec.tool import JSON

_SHORTEST: Final = 3
"""A shorter value is blacked out in the results of tools alone: elsewhere it would blot out ordinary words."""
_WORD: Final = 4
"""A value shorter than this, and every number, counts as a whole word only."""
_SPELT: Final = 64
"""Values up to this length that hold a digit are known in groups, too, as people write accounts."""

_NUMBER: Final = re.compile(r"-?(\d+)(?:\.(\d+))?", re.ASCII)
_GAP: Final = r"[.,'\u2019\s_]?"
"""What people write between groups of three digits."""

OfTool = Callable[[str], Labels]
"""Returns what the fields of a tool's result are worth."""


class Cover:
    """What is blacked out for one model: a sink with a clearance and a region."""

    def __init__(self, sink: Sink, origins: Iterable[Origin], labels_of: OfTool) -> None:
        self._sink, self._labels_of = sink, labels_of
        barred = [(one.name, leaf) for one in origins for leaf in self._barred(one)]
        self._short = {name for name, leaf in barred if isinstance(leaf, bool) or len(str(leaf).strip()) < _SHORTEST}
        """The sources of which a barred value is too short to be known in a text."""
        values = {str(leaf) for _, leaf in barred if not isinstance(leaf, bool)}
        spelt = {pattern for value in values for pattern in _patterns(value)}
        longest_first = sorted(spelt, key=len, reverse=True)
        self._pattern = re.compile("|".join(longest_first), re.IGNORECASE) if longest_first else None

    def said(self, value: JSON) -> JSON:
        """Returns a value with what is barred blacked out of its texts, its names of fields and its numbers."""
        if self._pattern is None or value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._pattern.sub(BLACKED_OUT, value)
        if isinstance(value, int | float):
            return BLACKED_OUT if self._pattern.fullmatch(str(value)) else value
        if isinstance(value, Mapping):
            told: dict[str, JSON] = {}
            for name, inner in value.items():
                shown = str(self.said(name))
                told[f"{shown} {len(told) + 1}" if shown in told else shown] = self.said(inner)
            return told
        return [self.said(inner) for inner in value]

    def text(self, text: str) -> str:
        """Returns a text with what is barred blacked out."""
        return text if self._pattern is None else self._pattern.sub(BLACKED_OUT, text)

    def result(self, tool: str, content: JSON) -> JSON:
        """Returns what a tool answered, its barred fields blacked out by their labels.

        A text that is no JSON is blacked out whole where one of its barred values could not be known in it.
        """
        labels = self._labels_of(tool)
        if not labels.marks:
            return self.said(content)
        if not isinstance(content, str):
            return self.said(self._fields(labels, content, ()))
        try:
            parsed = json.loads(content)
        except ValueError:
            parsed = content
        if isinstance(parsed, str):
            barred = tool in self._short or self._bars(labels, ())
            return BLACKED_OUT if barred and parsed else self.said(content)
        return json.dumps(self.said(self._fields(labels, parsed, ())), ensure_ascii=False)

    def check(self, name: str, beside: JSON) -> None:
        """Raises Refused where what is sent beside the messages (instructions, tools) holds what is barred."""
        if self.said(beside) != beside:
            raise Refused(
                f"{name}: its instructions or tools hold what the case has read above the model's clearance",
                code="policy.refused",
                hint="Only messages are blacked out: say it in a message, or raise the model's clearance.",
            )

    def _fields(self, labels: Labels, value: JSON, path: tuple[str, ...]) -> JSON:
        if isinstance(value, Mapping):
            return {name: self._fields(labels, inner, (*path, str(name))) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._fields(labels, inner, (*path, "*")) for inner in value]
        return BLACKED_OUT if value not in (None, "") and self._bars(labels, path) else value

    def _bars(self, labels: Labels, path: tuple[str, ...]) -> bool:
        label = labels.of(path)
        regions = frozenset({label.region}) if label.region else frozenset[str]()
        return bool(self._sink.refuses(label.confidentiality, regions))

    def _barred(self, origin: Origin) -> Iterator[str | int | float]:
        for path, leaf in leaves(origin.value) if origin.labels.marks else ():
            if self._bars(origin.labels, path):
                yield leaf
                yield from (name for name in path if name != "*" and not is_field(name))


def _patterns(value: str) -> Iterator[str]:
    """Yields the patterns in which a value is known again, lines of a longer text each by itself as well."""
    lines = [line.strip() for line in value.splitlines()]
    for one in dict.fromkeys([value.strip(), *(lines if len(lines) > 1 else ())]):
        if len(one) < _SHORTEST:
            continue
        if number := _NUMBER.fullmatch(one):
            yield _number(number[1], (number[2] or "").rstrip("0"))
        for spelling in () if number else dict.fromkeys(_spellings(one)):
            yield _whole(r"\s+".join(map(re.escape, spelling.split())), spelling)
        bare = re.sub(r"[\s.-]", "", one)
        if len(bare) <= _SPELT and bare.isalnum() and len(bare) > _WORD and any(map(str.isdigit, bare)):
            yield _whole(r"[\s.-]?".join(map(re.escape, bare)), bare)


def _spellings(value: str) -> Iterator[str]:
    """Yields a text as JSON, Python, HTML and addresses write it, its letters composed and decomposed."""
    for form in ("NFC", "NFD"):
        one = unicodedata.normalize(form, value)
        yield from (one, json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1], repr(one)[1:-1])
        yield from (html.escape(one, quote=False), html.escape(one), quote(one, safe=""), quote_plus(one))
    yield value


def _number(whole: str, part: str) -> str:
    """Returns the pattern of a number with and without groups of thousands, a comma or a point, and zeros behind."""
    first = len(whole) % 3 or 3
    groups = [whole[:first], *(whole[at : at + 3] for at in range(first, len(whole), 3))]
    behind = rf"[.,]{part}0*" if part else r"(?:[.,]0+)?"
    return rf"(?<![\w.,]){_GAP.join(groups)}{behind}(?![\w]|[.,]\d)"


def _whole(pattern: str, value: str) -> str:
    if len(value) < _WORD or value.replace(".", "", 1).lstrip("-").isdigit():
        return rf"(?<![\w.,]){pattern}(?![\w]|[.,]\d)"
    return pattern
