"""Server-sent events from bytes, however the network cut them.

The format is that of the HTML standard, section 9.2.6 "Interpreting an event stream".
"""

from __future__ import annotations

from typing import Final

_BOM: Final = b"\xef\xbb\xbf"


class EventDecoder:
    """Turns the bytes of an event stream into the data of its events.

    An event counts once its blank line has come; what the stream ends in the middle of
    is dropped, as the standard asks. Fields other than ``data`` are ignored.
    """

    __slots__ = ("_data", "_line", "_skip_lf", "_started")

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._skip_lf = False
        self._started = False

    def feed(self, data: bytes) -> list[str]:
        """Returns the data of the events that these bytes complete, in order.

        Raises UnicodeDecodeError where an event is not UTF-8.
        """
        events: list[str] = []
        for line in self._lines(data):
            if line:
                self._field(line)
            elif self._data:
                events.append(b"\n".join(self._data).decode("utf-8"))
                self._data.clear()
        return events

    def _lines(self, data: bytes) -> list[bytes]:
        """Returns the lines that these bytes complete; CR, LF and CRLF each end one."""
        if self._skip_lf and data:
            data = data.removeprefix(b"\n")
            self._skip_lf = False
        self._skip_lf = data.endswith(b"\r") or (self._skip_lf and not data)
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self._line += data
        if b"\n" not in data:  # a long line in small pieces is looked at once, and not once for each
            return []
        *whole, rest = bytes(self._line).split(b"\n")
        self._line = bytearray(rest)
        if whole and not self._started:
            self._started = True
            whole[0] = whole[0].removeprefix(_BOM)
        return whole

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
