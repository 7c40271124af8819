from __future__ import annotations

import pytest

from bridgehead.errors import UserError
from bridgehead.models.secret import SecretReference, resolve


def test_a_reference_never_shows_the_value() -> None:
    """A reference can be shown and compared without its value."""
    held = SecretReference("env:KEY", {"KEY": "s3cret-value"})
    assert held.reveal() == "s3cret-value"
    assert "s3cret" not in repr(held)
    assert held == SecretReference("env:KEY", {})


@pytest.mark.parametrize("text", ["sk-live-1234", "ENV:KEY=abc", "file:/etc/key"])
def test_a_value_is_no_reference(text: str) -> None:
    """Somebody who writes the secret itself is told so, without reading it again in the message."""
    with pytest.raises(UserError) as caught:
        SecretReference(text)
    assert caught.value.code == "model.key"
    assert text not in str(caught.value)


@pytest.mark.parametrize("text", ["", "env:", "env: "])
def test_a_reference_names_something(text: str) -> None:
    """A reference without a name is refused."""
    with pytest.raises(UserError, match="by reference"):
        SecretReference(text)


@pytest.mark.parametrize("value", ["", "   "])
def test_an_unset_secret_is_named(value: str) -> None:
    """A secret that is missing is an error that names where it should be."""
    with pytest.raises(UserError, match="holds no KEY"):
        SecretReference("env:KEY", {"KEY": value}).reveal()


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "quoted\u201d", "nul\0", "tab\there"])
def test_a_value_that_no_header_can_hold_is_refused_unquoted(value: str) -> None:
    """A secret that would break the header line is refused without being repeated."""
    with pytest.raises(UserError) as caught:
        SecretReference("env:KEY", {"KEY": value}).reveal()
    assert value not in str(caught.value)


def test_a_trailing_newline_is_no_part_of_a_secret() -> None:
    """A secret read from a file with its line end works."""
    assert SecretReference("env:KEY", {"KEY": "abc\n"}).reveal() == "abc"


def test_plain_text_is_itself() -> None:
    """An address may stand as it is, or be named."""
    assert resolve("http://127.0.0.1:1/v1", {}) == "http://127.0.0.1:1/v1"
    assert resolve("env:URL", {"URL": " http://127.0.0.1:2/v1 "}) == "http://127.0.0.1:2/v1"
    with pytest.raises(UserError) as caught:
        resolve("env:URL", {})
    assert caught.value.code == "model.setting"


@pytest.mark.parametrize("name", ["BRIDGEHEAD_KEY", " BRIDGEHEAD_DATABASE_URL", "bridgehead_key"])
def test_no_variable_of_ours_goes_to_a_model(name: str) -> None:
    """Neither Bridgehead's key nor its database's address can be named as a model's secret or address."""
    with pytest.raises(UserError, match="Bridgehead's own"):
        SecretReference(f"env:{name}")
    with pytest.raises(UserError, match="Bridgehead's own"):
        resolve(f"env:{name}", {name.strip(): "value"})
