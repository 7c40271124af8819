"""The words by which a name is found: without case, accents and punctuation, and without legal forms. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from bridgehead.effects.keys import spelled

_MOST: Final = 12
_MOST_SOUGHT: Final = 6
_SHORTEST_PART: Final = 3
"""Signs of a part of a word by which it is found too: of ``K-17`` neither ``K`` nor ``17`` finds anything."""
_LONGEST: Final = 64
_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"})
_SPACED: Final = re.compile(r"(?:[^\W\d_]\.){2,}[^\W\d_]?")
"""An abbreviation such as S.L.U., which is one word."""
_LEGAL: Final = """
ab ag aps as asa bv bvba co corp cie doo eg ek ev gbr gesmbh gmbh inc kft kg kgaa limited llc llp lp ltd mbh nv oao ohg
oo ooo oy oyj plc pte pty sa sarl sas sasu se sl slu sp spa spol spzoo srl sro ua ug und and et y
"""
LEGAL_FORMS: Final = frozenset(_LEGAL.split())
"""Words that name no one: they find nothing unless they are all that a name has."""


def words(text: str) -> tuple[str, ...]:
    """Returns the words by which a text is found, at most twelve, each in every way in which it is written.

    A word of several parts is found whole and by each longer part; one with umlauts as ``muller`` and ``mueller``.
    """
    found: list[str] = []
    for token in _tokens(text):
        parts = _parts(token)
        whole = "".join(parts)
        longer = [one for one in parts if len(one) >= _SHORTEST_PART] if len(parts) > 1 else []
        for one in (whole, *longer):
            found += [_bare(one), _bare(one.translate(_GERMAN))]
    kept = [one for one in dict.fromkeys(found) if one]
    return tuple(one[:_LONGEST] for one in _named(kept)[:_MOST])


def sought_words(text: str) -> tuple[str, ...]:
    """Returns the words that a text must have to be found, the longest first; an empty one finds nothing."""
    wanted = [_bare("".join(_parts(token)).translate(_GERMAN)) for token in _tokens(text)]
    kept = _named([one for one in dict.fromkeys(wanted) if one])
    longest = sorted(kept, key=len, reverse=True)[:_MOST_SOUGHT]
    return tuple(one[:_LONGEST] for one in longest) or ("",)


def _tokens(text: str) -> Iterator[str]:
    for token in str(spelled(text)).split():
        yield token
        name, at, domain = token.partition("@")
        if at:
            yield from (name, domain)


def _parts(token: str) -> list[str]:
    bare = token.strip(".,;:()\"'")
    if _SPACED.fullmatch(f"{bare}.") or _SPACED.fullmatch(bare):
        return [bare.replace(".", "")]
    return re.findall(r"[^\W_]+", bare.replace("'", "").replace("\u2019", ""))


def _named(found: Sequence[str]) -> list[str]:
    """Returns the words without legal forms; all of them where there are no others."""
    return [one for one in found if one not in LEGAL_FORMS] or list(found)


def _bare(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.translate(_LETTERS))
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
