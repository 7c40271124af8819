"""What a case is found by is taken from its key and its declared fields, in one spelling, and nothing in plain."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.cases.finding import (
    Finding,
    Subject,
    finding,
    found_by_document,
    found_by_result,
    sought,
    term,
    worded,
)
from bridgehead.spec.deployment import Search
from bridgehead.spec.tool import JSON


def hmac(purpose: str, data: bytes) -> bytes:
    """Stands for the vault's keyed digest."""
    return hashlib.sha256(purpose.encode() + b"\0" + data).digest()


ORDER: JSON = {
    "buyer": {"name": "Müller AG"}, "po": "PO\u20131", "total": "12.50", "currency": "EUR", "sum": "9", "in": "usd",
}  # fmt: skip


def test_each_value_of_the_key_is_a_term() -> None:
    """Each field of a business key finds its case alone, however it is spelled, and so does each word of a customer."""
    found = finding(hmac, Search(customer="buyer.name"), {"buyer": "K-1", "po": "PO\u20131"}, ORDER)
    assert set(found.terms) == {
        term(hmac, "key", "k-1"), term(hmac, "key", "po-1"), *worded(hmac, "customer", " müller  ag "),
    }  # fmt: skip
    assert set(sought(hmac, "customer", "MUELLER")) < set(found.terms)
    assert not set(sought(hmac, "customer", "k-1")) & set(found.terms)
    assert not set(sought(hmac, "document", "müller")) & set(found.terms)


def test_a_case_says_whom_it_is_about() -> None:
    """The customer and the key's last field name a case in a list, kept in its payload and read out of it again."""
    found = finding(hmac, Search(customer="buyer.name"), {"buyer": "K-1", "po": "PO\u20131"}, ORDER)
    assert found.subject == Subject("Müller AG", "PO\u20131")
    assert Subject.of({"input": ORDER, "text": "", **found.subject.kept}) == found.subject
    assert Subject.of({"input": ORDER, "text": ""}) == Subject()
    assert finding(hmac, Search(), {}, ORDER).subject.kept == {}
    long = finding(hmac, Search(customer="a"), {"po": 7}, {"a": "x y\n" * 90}).subject
    assert (len(long.customer), "\n" in long.customer, long.number) == (120, False, "7")


@pytest.mark.parametrize(
    "search, amount, currency",
    [
        (Search(), Decimal("12.50"), "EUR"),
        (Search(amount="sum", currency="CHF"), Decimal(9), "CHF"),
        (Search(amount="sum", currency="in"), Decimal(9), "USD"),
        (Search(amount="sum"), Decimal(9), ""),
        (Search(amount="sum", currency="buyer.name"), Decimal(9), ""),
        (Search(amount="nothing"), None, ""),
        (Search(amount="buyer"), None, ""),
    ],
)
def test_the_amount_is_what_is_declared(search: Search, amount: Decimal | None, currency: str) -> None:
    """The amount is the declared field's, else what the input states as its total; a currency is three letters."""
    found = finding(hmac, search, {}, ORDER)
    assert (found.amount, found.currency) == (amount, currency)


def test_what_is_missing_is_not_found_by() -> None:
    """An input without the declared fields gives no term and no amount, and nothing is raised."""
    assert finding(hmac, Search(customer="a.b", amount="c"), {}, {"a": {"b": None}}) == Finding()
    listed = finding(hmac, Search(customer="buyers"), {}, {"buyers": ["Anna", "B", {"x": 1}, "", None, True]})
    assert set(listed.terms) == {*worded(hmac, "customer", "anna"), *worded(hmac, "customer", "b")}
    many = finding(hmac, Search(customer="buyers"), {}, {"buyers": [str(n) for n in range(500)]})
    assert len(many.terms) == 32


def test_a_mail_is_found_by_sender_and_subject() -> None:
    """Of a mail the sender and the subject find it as its name does; headers that are wrong, or none, keep nothing."""
    mail = b"Subject: =?utf-8?b?UHJlaXNl?= 2026\r\nFrom: a@b.example\r\n\r\nFrom: nobody"
    found = set(found_by_document(hmac, "x 1.eml", mail))
    for typed in ("preise", "a@b.example", "x"):
        assert set(sought(hmac, "document", typed)) <= found, typed
    assert not set(sought(hmac, "document", "nobody")) & found
    stuck = b"Subject: =?\xfc?q?a?=\n\nx"  # a character set that is not written in ASCII
    for odd in (
        stuck,
        b"",
        b"\xff\xfe\0",
        b"Subject: =?nope?b?!!?=\n\nx",
        b"Subject: =?utf-8?b?" + b"!" * 70_000,
        b":" * 99,
    ):
        assert set(found_by_document(hmac, "x", odd)) >= set(worded(hmac, "document", "x"))


@given(
    document=st.binary(max_size=400)
    | st.builds(
        lambda name, word: b"%s: =?%s?=\n\nx" % (name, word),
        st.sampled_from([b"From", b"Subject"]),
        st.binary(max_size=60),
    )
)
def test_any_document_is_found_by_its_name(document: bytes) -> None:
    """Whatever a document holds, what it is found by is taken without an error, and is a few digests."""
    assert 1 <= len(found_by_document(hmac, "order", document)) <= 32


def test_what_a_system_answered_finds_a_case() -> None:
    """The fields of a result that the deployment names are terms as those of the key are; nothing else of it is."""
    found = found_by_result(hmac, Search(results=("number", "a.b", "none")), {"number": "SO-1", "a": {"b": 7}, "c": 1})
    assert set(found) == {term(hmac, "key", "so-1"), term(hmac, "key", "7")}
    assert found_by_result(hmac, Search(), {"number": "SO-1"}) == ()
    assert found_by_result(hmac, Search(results=("number",)), None) == ()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "total"]), inner),
    max_leaves=8,
)


@given(given_input=VALUES, key=st.dictionaries(st.sampled_from(["a", "b"]), VALUES))
def test_no_input_keeps_a_case_from_being_opened(given_input: JSON, key: dict[str, JSON]) -> None:
    """Whatever stands in an input, what it is found by can be stored: digests, a finite amount, a code or nothing."""
    found = finding(hmac, Search("a", "b", "a"), key, given_input)
    assert all(len(one) == 32 for one in found.terms)
    assert found.amount is None or found.amount.is_finite()
    assert found.currency == "" or (found.currency.isascii() and len(found.currency) == 3)
