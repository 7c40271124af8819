"""Parts what follows a labelled value in its own text from the value: nothing that stands beside it is lost."""

from __future__ import annotations

import re
from typing import Final

from bridgehead.documents.tables.heading_parts import fold
from bridgehead.documents.tables.headings import label_of

_ENDS: Final = re.compile(r"(?<!\b[^\W\d_])(?<!\b[^\W\d_]{2})[.;!?,]\s+(?=[^\W\d_])|\n\s*|\s(?=[^\W\d_]{4,20}:\s)")
_LABEL: Final = re.compile(r"(?P<label>[^\W_][^:=]{1,40}?)\s{0,2}[:=]\s{0,4}(?P<value>\S.*)", re.DOTALL)
_SENTENCE_WORDS: Final = 3
_PLACE_WORDS: Final = 6
_RULE: Final = re.compile(
    r"\(?\bincoterms?\b\W{0,3}(?:20[12]0|2000)?\)?|\b(?:EXW|FCA|FAS|FOB|CFR|CIF|CPT|CIP|DAP|DPU|DDP|DAT)\b"
)
_SMALL: Final = re.compile(r"(?<![\w-])[a-zà-öø-ÿ]{3,}(?![\w-])")
_PAYING: Final = re.compile(
    r"\b(?:net\w*|rein|tag\w*|days?|jours?|dias?|giorni|dagen|dagar|dni|zahl\w*|pay\w*|pai\w*|pag\w*|betal\w*|platn\w*|terms?|after|nach|ab|from|of|upon|receipt|erhalt\w*|eingang|rechnung\w*|invoice\w*|date|datum"
    r"|dato|fatt\w*|fact\w*|fakt\w*|skonto|discount|cash|abzug|ohne|without|within|innerhalb|binnen|in|on|by|per|due|fallig\w*|prompt|monat\w*|month\w*|end\w*|fin|mois|fine|mese|mes|ende|eom|der|des|die|bei|mit|dem|und|and|the|a"
    r"|days'|open|account|credit|transfer|uberweis\w*|virement|transferencia|bonifico|overschrijving|przelew\w*|bank\w*|sepa|lastschrift|vorkasse|vorauskasse|advance|prepay\w*|de|la|du|des|dla|od|desde|dopo|na|nach|escompte|sconto|korting|sans|date|data|fecha|reception|ricevimento|ontvangst|otrzymani\w*|wystawieni\w*|efter|fran|till|senast|innan|abziehbar|strictly|standard|usual|as|agreed|vereinbart|wie|ublich)\b"
)


def _starts_sentence(rest: str, *, words: int) -> bool:
    return len(re.findall(r"[^\W\d_]{2,}", rest)) >= words


def split_value(name: str, value: str) -> tuple[str, str]:
    """The value and what follows it: another label with its value, or a sentence of its own.

    A party's lines are parted at full stops and known labels only; ``Kai 5, 20457 Hamburg`` stays whole.
    """
    for gap in _ENDS.finditer(value[:400]):
        head, rest = value[: gap.start()].strip(), value[gap.end() :].strip()
        label = _LABEL.match(rest)
        if not head:
            continue
        if label is not None and label_of(label["label"]) is not None:
            return head, rest
        if gap[0][0] in ".;!?" and _starts_sentence(rest, words=_SENTENCE_WORDS):
            if (
                name.startswith(("ship_to", "bill_to", "buyer", "customer"))
                and len(_SMALL.findall(rest)) < _SENTENCE_WORDS
            ):
                continue
            return head, rest
    return value, ""


def labelled_rest(rest: str) -> tuple[str, str] | None:
    """The field and value that a rest is, when it starts with a known label."""
    label = _LABEL.match(rest)
    name = label_of(label["label"]) if label is not None else None
    return None if label is None or name is None else (name, label["value"])


def beside_rule(value: str) -> str:
    """What stands beside an Incoterms rule that is more than its place and its edition; empty when nothing is."""
    rest = _RULE.sub(" ", value.replace("®", " ").replace("™", " ")) if value.isupper() else _RULE_ANY.sub(" ", value)
    rest = " ".join(rest.split()).strip(" .,;:()-–")
    words = re.findall(r"[^\W\d_]{2,}", rest)
    return rest if len(words) > _PLACE_WORDS or len(_SMALL.findall(rest)) >= _SENTENCE_WORDS else ""


_RULE_ANY: Final = re.compile(_RULE.pattern, re.IGNORECASE)


def beside_terms(value: str) -> str:
    """The value again when it has words that terms of payment do not have; empty when it speaks of paying only."""
    strange = re.findall(r"[^\W\d_]{3,}", _PAYING.sub(" ", fold(value)))
    return value if len(strange) >= _SENTENCE_WORDS else ""
