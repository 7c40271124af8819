"""Makes a stranger's text fit to be shown: without what proves who sent it, or would end our quotes."""

from __future__ import annotations

import re
from typing import Final

_SECRET: Final = re.compile(
    r"(<(?P<tag>SharedSecret|CredentialMac|DigitalSignature)\b[^>]*>)[^<]*(?:<(?!/)[^>]*>[^<]*)*", re.IGNORECASE
)
"""A partner's password, and what stands for one, in each cXML document (cXML, element Credential)."""
_CARD: Final = re.compile(r"(<PCard\b[^>]*?\bnumber\s*=\s*[\"'])[^\"']*", re.IGNORECASE)
"""The number of a purchasing card (cXML, element PCard)."""
_QUOTES: Final = str.maketrans({"“": "'", "”": "'", "„": "'", "‟": "'", '"': None})


def masked(text: str) -> str:
    """Returns a text with secrets of its sender as an ellipsis; everything else as it is."""
    return _CARD.sub(r"\1…", _SECRET.sub(r"\1…", text))


def unquoted(text: str) -> str:
    """Returns a stranger's text without the marks that would end the quotes “…” in which it is told."""
    return text.translate(_QUOTES)
