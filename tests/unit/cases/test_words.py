"""A name is found by its words, as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.cases.words import sought_words, words


@pytest.mark.parametrize(
    "name, typed",
    [
        ("Rheinwerk Handel GmbH", ("rheinwerk", "RHEINWERK handel", "Handel GmbH", "gmbh rheinwerk")),
        ("Müller-Lüdenscheidt & Söhne KG", ("müller", "mueller", "muller", "Soehne", "müller-lüdenscheidt")),
        ("Mueller AG", ("Müller", "mueller")),
        ("Levante Transmisiones S.L.U.", ("levante", "TRANSMISIONES s.l.u.")),
        ("Kovács Ærø Łódź", ("kovacs", "aero", "lodz")),
        ("K-17", ("k-17", "K17")),
        ("3M", ("3m",)),
        ("AB", ("ab",)),
        (
            "planering@kinnekulle.example.com",
            ("kinnekulle", "planering@kinnekulle.example.com", "kinnekulle.example.com"),
        ),
        ("Re: Bestellung DOC136586.pdf", ("doc136586", "DOC136586.PDF", "bestellung")),
    ],
)
def test_a_name_is_found_by_its_words(name: str, typed: tuple[str, ...]) -> None:
    """Each word finds its name alone, without regard to case, accents, umlauts, punctuation and legal forms."""
    for one in typed:
        assert set(sought_words(one)) <= set(words(name)), (one, sought_words(one), words(name))


@pytest.mark.parametrize("typed", ["rhein", "handelshaus", "17", "", "  ", "&&", "rheinwerk nord"])
def test_what_a_name_does_not_have_does_not_find_it(typed: str) -> None:
    """A part of a word finds nothing, and neither does nothing, nor a word too many."""
    assert not set(sought_words(typed)) <= set(words("Rheinwerk Handel K-17 GmbH"))


@given(st.text(max_size=300))
def test_any_text_is_found_by_itself(text: str) -> None:
    """Whatever a name is, what has any word finds itself, in few words of bounded length."""
    kept, wanted = words(text), sought_words(text)
    assert len(kept) <= 12
    assert all(0 < len(one) <= 64 for one in kept)
    assert 0 < len(wanted) <= 6
    if len(text.split()) < 4 and kept:
        assert wanted[0] in kept
