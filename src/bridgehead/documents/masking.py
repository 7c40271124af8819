"""Hides what a document holds to prove who sent it: shown to people it would prove nothing any more."""

from __future__ import annotations

import re
from typing import Final

_SECRET: Final = re.compile(
    r"(<(?P<tag>SharedSecret|CredentialMac|DigitalSignature)\b[^>]*>)[^<]*(?:<(?!/)[^>]*>[^<]*)*", re.IGNORECASE
)
"""A partner's password, and what stands for one, in each cXML document (cXML, element Credential)."""
_CARD: Final = re.compile(r"(<PCard\b[^>]*?\bnumber\s*=\s*[\"'])[^\"']*", re.IGNORECASE)
"""The number of a purchasing card (cXML, element PCard)."""


def masked(text: str) -> str:
    """Returns a text with secrets of its sender as an ellipsis; everything else as it is."""
    return _CARD.sub(r"\1…", _SECRET.sub(r"\1…", text))
