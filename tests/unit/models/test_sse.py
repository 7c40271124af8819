from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgehead.models.sse import EventDecoder

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)


def encoded(events: list[list[str]], end: str) -> bytes:
    """Returns events as a server would write them, with comments and other fields between."""
    lines = []
    for event in events:
        lines += [": keep-alive", "event: message", *(f"data: {line}" for line in event), ""]
    return "".join(line + end for line in lines).encode()


@given(st.lists(st.lists(TEXT, min_size=1, max_size=3), max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_cutting_changes_nothing(events: list[list[str]], end: str, data: st.DataObject) -> None:
    """However the network cuts a stream, and however its lines end, the same events come out."""
    raw = encoded(events, end)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)), max_size=10)))
    decoder = EventDecoder()
    got = []
    for start, stop in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        got += decoder.feed(raw[start:stop])
    assert got == ["\n".join(lines) for lines in events]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_by_byte(end: str) -> None:
    """Lines and characters of several bytes survive a network that sends one byte at a time."""
    raw = encoded([["one 🚚", "two"], ["three"]], end)
    decoder = EventDecoder()
    got = [event for byte in raw for event in decoder.feed(bytes([byte]))]
    assert got == ["one 🚚\ntwo", "three"]


def test_an_event_without_its_blank_line_does_not_count() -> None:
    """What a stream ends in the middle of is dropped."""
    decoder = EventDecoder()
    assert decoder.feed(b"data: one\n\ndata: half") == ["one"]
    assert decoder.feed(b"") == []


def test_a_byte_order_mark_is_skipped() -> None:
    """A stream that starts with a byte order mark gives its first event whole."""
    assert EventDecoder().feed(b"\xef\xbb\xbfdata: one\n\n") == ["one"]


def test_only_one_space_is_taken_off() -> None:
    """A value keeps its own leading spaces but the first."""
    assert EventDecoder().feed(b"data:  two\ndata:none\n\n") == [" two\nnone"]


def test_bytes_that_are_no_text_raise() -> None:
    """An event that is not UTF-8 is an error and no event."""
    with pytest.raises(UnicodeDecodeError):
        EventDecoder().feed(b"data: \xff\xfe\n\n")
