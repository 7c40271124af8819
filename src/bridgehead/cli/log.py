"""A worker's log on standard error: one line for each event, safe to show, and kept off the status line."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from bridgehead.cli.output import clean

_ERASE: Final = "\r\x1b[K"  # erases the status line, which is written again within half a second


class _Line(logging.Formatter):
    """UTC to the second, how grave it is unless it is information, and the message; a traceback keeps its lines."""

    def __init__(self, start: str) -> None:
        super().__init__()
        self._start = start

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        grave = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        trace = "" if not record.exc_info else "\n" + self.formatException(record.exc_info)
        return f"{self._start}{at} {grave}{clean(record.getMessage())}{clean(trace, keep_lines=True)}"


def _ended(told: threading.ExceptHookArgs) -> None:
    """Logs the end of a thread by an exception, in the place of Python's own words to standard error."""
    name = "a thread" if told.thread is None else f"thread {told.thread.name}"
    if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
        logging.getLogger("bridgehead").error("%s ended by an exception", name, exc_info=told.exc_value)


@contextmanager
def log_to_terminal(level: str, *, live: bool) -> Iterator[None]:
    """Writes what Bridgehead logs, from ``level`` on, to standard error; ``live``: a status line stands there too.

    So it does with the warnings of other code in this process, a deployment's and libraries', and with the end of a
    thread: Python would write these as they are.
    """
    logger, others = logging.getLogger("bridgehead"), logging.getLogger()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(_ERASE if live and sys.stderr.isatty() else ""))
    theirs = logging.StreamHandler(sys.stderr)
    theirs.setFormatter(handler.formatter)
    theirs.setLevel(logging.WARNING)
    before, propagated, of_threads = logger.level, logger.propagate, threading.excepthook
    logger.addHandler(handler)
    others.addHandler(theirs)
    logger.setLevel(level.upper())
    logger.propagate = False
    threading.excepthook = _ended
    try:
        yield
    finally:
        threading.excepthook = of_threads
        others.removeHandler(theirs)
        logger.removeHandler(handler)
        logger.setLevel(before)
        logger.propagate = propagated
