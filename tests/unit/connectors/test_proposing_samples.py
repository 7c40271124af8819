"""What is guessed from rows is what the rows show; what they cannot show is asked."""

from __future__ import annotations

import pytest

from bridgehead.connectors.document_entity import FieldPart
from bridgehead.connectors.mapping import beside
from bridgehead.connectors.proposing.draft import Draft, Question
from bridgehead.connectors.proposing.samples import Column, Guess, guess

DAYS = ("20260331", "20251224", "19990101", "20260228", "20240229", "20260715")


def seen(
    *values: object, name: str = "X_DAT", kind: str = "text", currency: str | None = None, key: bool = False
) -> Guess:
    """Returns what a column of these values is taken for."""
    return guess(Draft("x", {}), "T", Column(name, kind, nullable=False, values=values), currency=currency, key=key)


def reads(found: Guess, value: object) -> object:
    """Returns what the proposed field makes of a value."""
    part = FieldPart.model_validate({"from": "X", **found.part})
    (one,) = beside({"x": part}, ({"X": value},))
    assert one.unfit is None, one.unfit
    return one.value


@pytest.mark.parametrize(
    "values, expected",
    [
        (DAYS, {"type": "date", "format": "%Y%m%d"}),
        ((*DAYS, "00000000"), {"type": "date", "format": "%Y%m%d", "none": "00000000"}),
        (("31032026", "24121999", "01012001", "28022026", "29022024"), {"type": "date", "format": "%d%m%Y"}),
        (("31.03.26", "24.12.99", "28.02.26", "29.02.24"), {"type": "date", "format": "%d.%m.%y", "pivot": 49}),
        (("2026-03-31", "0000-00-00"), {"type": "date", "none": "0000-00-00"}),
        (("2026-03-31 00:00:00", "2026-04-01 00:00:00"), {"type": "date", "format": "%Y-%m-%d %H:%M:%S"}),
        (("2026-03-31T10:00:00Z", "2026-04-01T00:00:00Z"), {"type": "datetime"}),
    ],
)  # fmt: skip
def test_dates_in_texts(values: tuple[str, ...], expected: dict[str, object]) -> None:
    """A column whose texts are all dates of one form is a date of that form, and so is read."""
    found = seen(*values)
    assert found.part == expected
    for value in values:
        reads(found, value)


def test_dates_of_two_lengths_keep_their_order() -> None:
    """Old short dates beside long ones are read in the order of the long ones, and the remark counts both."""
    found = seen("31032026", "24121999", "13012001", "28022026", "29022024", "310398", "110298")
    assert found.part["format"] == ["%d%m%Y", "%d%m%y"]
    assert str(reads(found, "110298")) == "1998-02-11"
    assert found.notes[0].startswith("guessed: 5 of 7 rows look like DDMMYYYY, 2 like DDMMYY")


def test_dates_that_two_forms_fit_are_asked() -> None:
    """Where day and month cannot be told apart, a person is asked, and the answer decides."""
    values = ("01022026", "03042026", "05062026", "07082026", "09102026")
    open_ = seen(*values)
    assert (
        open_.notes[-1] == "ASK: How are the dates of T.X_DAT written? Options: DDMMYYYY | MMDDYYYY. Taken: DDMMYYYY."
    )
    asked = Draft("x", {}, lambda question: question.options[1])
    told = guess(asked, "T", Column("X_DAT", "text", nullable=False, values=values), currency=None, key=False)
    assert told.part == {"type": "date", "format": "%m%d%Y"}


@pytest.mark.parametrize(
    "values",
    [
        ("10042", "10043", "10044", "10045", "10046"),
        ("00010042", "00010043", "00010044", "00010045", "00010046"),
        (*DAYS[:3], "20261399", "x", "y"),
        ("260331", "251224", "990101", "260228", "240229", "260715"),
    ],
)
def test_numbers_are_no_dates(values: tuple[str, ...]) -> None:
    """Customer numbers, texts that are partly no dates, and six digits without a date's name are no dates."""
    assert seen(*values, name="X").part.get("type", "text") in {"text", "code"}


def test_codes_keep_their_zeros() -> None:
    """A code is kept as it is stored, so that it can be asked for again; the remark says how zeros are dropped."""
    found = seen("00010042", "00010043", "00010044", "00010045", "00010046", key=True)
    assert found.part == {"type": "code"}
    assert reads(found, "00010042  ") == "00010042"
    assert "5 of 5 rows have leading zeros, all are 8 long" in found.notes[0]


@pytest.mark.parametrize(
    "values, true, false",
    [(("J", "N", " "), "J", "N"), (("X", "", " "), "X", ""), (("1", "0"), "1", "0"), (("Y", "N"), "Y", "N")],
)
def test_flags(values: tuple[str, ...], true: str, false: str) -> None:
    """The usual pairs of letters are yes and no, and a blank is no."""
    found = seen(*values, *values)
    assert found.part["type"] == "boolean"
    assert (reads(found, true), reads(found, false), reads(found, " ")) == (True, False, False)


def test_decimal_commas() -> None:
    """German numbers are read with their sign behind, as money where the row has a currency."""
    values = ("1.250,50-", "0,00", "12,30+", "7,00")
    assert seen(*values).part == {"type": "decimal", "decimal": "comma", "sign": "trailing"}
    found = seen(*values, name="SALDO", currency="WAEHR")
    assert found.part["type"] == "money"
    assert found.part["currency"] == "WAEHR"


def test_a_comma_that_may_be_either_is_asked() -> None:
    """Three digits behind every comma may be thousands: asked, never decided in silence."""
    assert any(
        "ASK: Is the comma in T.GEW the decimal sign?" in one for one in seen("1,250", "3,000", name="GEW").notes
    )


def test_implied_decimals_are_asked() -> None:
    """Whole numbers that are named like amounts are kept whole until a person says how many decimals are implied."""
    found = seen(12550, 100, kind="integer", name="NETTO", currency="WAEHR")
    assert found.part == {"type": "integer"}
    assert any(one.startswith("ASK: T.NETTO is whole and named like an amount") for one in found.notes)
    draft = Draft("x", {}, lambda _: "2")
    column = Column("NETTO", "integer", nullable=False, values=(12550,))
    told = guess(draft, "T", column, currency="WAEHR", key=False)
    assert told.part == {"type": "money", "scale": 2, "currency": "WAEHR"}


def test_mojibake_is_repaired() -> None:
    """Texts of UTF-8 that was stored as windows-1252 are repaired, and right ones are left."""
    found = seen("MÃ¼ller", "GrÃ¶ÃŸe", "Straße", "abc")
    assert found.part == {"encoding": "cp1252>utf-8?"}
    assert [reads(found, one) for one in ("MÃ¼ller", "Straße")] == ["Müller", "Straße"]
    assert seen("São Paulo", "Ã‰", "Ärger").part.get("encoding") != "cp1252>utf-8"


def test_choices_are_kept_open() -> None:
    """A few short codes are a choice whose unknown codes are kept, because nobody said what they mean."""
    found = seen(*(["A", "L", "G"] * 8))
    assert found.part == {"type": "enum", "values": {"A": "A", "G": "G", "L": "L"}, "other": "keep"}
    assert reads(found, "Z") == "Z"


def test_no_value_of_a_row_is_in_a_remark() -> None:
    """Remarks count rows and never show what stands in one; codes of a choice stand in the file as its values."""
    asked: list[Question] = []

    def ask(question: Question) -> None:
        asked.append(question)

    draft = Draft("x", {}, ask)
    secret = ("Erika Mustermann", "Max Beispiel", "1.234,56", "00099887", "DE89370400440532013000")
    for values in (secret[:2], secret[2:3] * 9, secret[3:4] * 9, secret[4:] * 9):
        found = guess(draft, "T", Column("X", "text", values=values), currency=None, key=False)
        assert not any(one in note for one in secret for note in found.notes)
    assert not any(one in question.text for one in secret for question in asked)


def test_a_key_is_never_optional() -> None:
    """What names a row is always there, also in a table without rows."""
    assert seen(name="ID", key=True).part == {"type": "code"}
    assert seen("", "A", name="K", key=True).part == {"type": "code"}
