"""Caps are written in one form, and a text that has none of it is told what to write."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bridgehead.money import Money
from bridgehead.spec.caps import Cap, CapError, parse_cap
from bridgehead.spec.deployment import Second, SequenceRule
from bridgehead.spec.load import load
from bridgehead.spec.problem import DeploymentError

HEAD = """deployment: orders
agent: deploy:orders
owner: desk@example.com
case: {key: [po], deadline: 30m}
roles: {desk: {members: "group:desk"}, lead: {members: "group:leads"}}
fallback: desk
"""


def test_caps_are_read() -> None:
    """A cap states a number, what it counts, and a case or a window."""
    assert parse_cap("3 calls per case") == Cap("calls", Decimal(3))
    assert parse_cap(" 5000.50 EUR per 1d ") == Cap("money", Decimal("5000.50"), 86_400, "EUR")
    assert parse_cap("1 recipient per 1h30m") == Cap("recipients", Decimal(1), 5_400)
    assert parse_cap("0 records per 10s") == Cap("records", Decimal(0), 10)


@pytest.mark.parametrize("text", ["3 calls per case", "1 call per 1m", "5000.5 EUR per 1d", "7 records per 90m"])
def test_caps_are_shown_as_written(text: str) -> None:
    """What is shown of a cap reads as the same cap."""
    assert str(parse_cap(text)) == text
    assert parse_cap(str(parse_cap(text))) == parse_cap(text)


@pytest.mark.parametrize(
    "text, hint",
    [
        ("", "write it as in"),
        ("5000 EUR/1d", "write it as in"),
        ("5000 EUR by 1d", "write it as in"),
        ("5,000 EUR per 1d", "without separators"),
        ("-5 EUR per 1d", "without separators"),
        ("1.00001 EUR per 1d", "without separators"),
        ("5000 eur per 1d", "did you mean EUR?"),
        ("5 cals per case", "did you mean calls?"),
        ("5 things per case", "count calls, recipients, records"),
        ("1.5 calls per case", "write 1 calls"),
        ("5 calls per day", "write 1d"),
        ("5 calls per cas", "did you mean case?"),
        ("5 calls per 400d", "at most 366d"),
        ("5 calls per 0.5s", "at least 1s"),
        ("\u0665 calls per case", "without separators"),
    ],
)
def test_what_is_no_cap_says_what_to_write(text: str, hint: str) -> None:
    """A text that is no cap is refused, with what to write instead."""
    with pytest.raises(CapError) as raised:
        parse_cap(text)
    assert hint in raised.value.hint


def written(folder: Path, more: str) -> Path:
    """Writes a deployment and returns its folder."""
    (folder / "bridgehead.yaml").write_text(HEAD + more)
    return folder


def test_a_deployment_holds_caps_seconds_and_sequences(tmp_path: Path) -> None:
    """Caps, second persons and sequences of the file are those of the deployment; a sequence's owner is its own."""
    loaded = load(
        written(
            tmp_path,
            """tools:
  pay: {allow: total <= 5 EUR, otherwise: {hold: desk, second: {role: lead, above: 20 EUR}}, caps: [9 EUR per 1d]}
  post: {hold: desk, second: {role: lead}}
sequences:
  - {id: quiet, after: read_customer, reads: confidential, never: send_mail, reason: Private., remedy: Ask the desk.}
""",
        )
    )
    pay, post = loaded.tools["pay"], loaded.tools["post"]
    assert pay.otherwise is not None
    assert post.otherwise is not None
    assert pay.otherwise.second == Second("lead", Money(Decimal(20), "EUR"))
    assert post.otherwise.second == Second("lead")
    assert pay.caps == (Cap("money", Decimal(9), 86_400, "EUR"),)
    assert loaded.sequences == (
        SequenceRule(
            "quiet", "read_customer", "send_mail", "desk@example.com", "Private.", "Ask the desk.", "confidential"
        ),
    )


@pytest.mark.parametrize(
    "text, told",
    [
        ("tools:\n  pay: {allow: true, caps: [5 cals per case]}\n", ":8:29 tools.pay.caps.0: expected a cap"),
        ("tools:\n  pay: {allow: true, caps: [5 cals per case]}\n", "did you mean calls?"),
        ("tools:\n  pay: {allow: true, cap: [5 calls per case]}\n", "did you mean caps?"),
        ("tools:\n  pay: {hold: desk, second: {role: leed}}\n", "did you mean lead?"),
        ("tools:\n  pay: {allow: true, second: {role: lead}}\n", "second beside hold"),
        ("sequences:\n  - {id: a, after: b, nevr: c, reason: d, remedy: e}\n", "did you mean never?"),
        ("sequences:\n  - {id: a, after: b, never: c}\n", "sequences.0.reason: expected the field reason"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, told: str) -> None:
    """A mistake in a cap, a second person or a sequence keeps the deployment from loading, and says where it is."""
    with pytest.raises(DeploymentError) as raised:
        load(written(tmp_path, text))
    assert told in raised.value.message


def test_a_folder_of_policies_without_any_is_refused(tmp_path: Path) -> None:
    """An empty policies folder, or one whose files have another ending, does not load: somebody meant a policy."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "mail.txt").write_text("forbid (principal, action, resource);")
    with pytest.raises(DeploymentError, match=r"mail\.txt; add a policy file, or remove the folder"):
        load(written(tmp_path, ""))
