"""Makes the real object behind every row of the taxonomy, and shows it to the code that meets such objects."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import errno
import json
import socket
import sqlite3
import ssl
from collections.abc import Callable, Mapping
from typing import Final

import duckdb
import httpx
import paramiko
import psycopg
import pydantic
import pymysql
import sqlalchemy.exc
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from bridgehead import errors
from bridgehead.adapters.langchain import failing as langchain_failing
from bridgehead.cases.failures import failure
from bridgehead.connectors import mail_smtp, mailbox_session, store_local, store_s3, store_sftp
from bridgehead.connectors.classify import Classifier
from bridgehead.connectors.http_reply import Reply
from bridgehead.connectors.paths import MISSING
from bridgehead.connectors.references import Redactor
from bridgehead.connectors.sql_classify import SqlErrors
from bridgehead.connectors.sql_pool import Work
from bridgehead.errors import Failed
from bridgehead.models import classes
from bridgehead.resilience.taxonomy import Row

CLASSIFIER: Final = Classifier("shop", (), Redactor())
_HUNDREDS: Final = {"1xx": 103, "2xx": 206, "3xx": 300, "4xx": 418, "5xx": 599}
_SMTP_HUNDREDS: Final = {"4xx": 455, "5xx": 554}
WORDS: Final = {
    "context_overflow": (
        "This model's maximum context length is 8192 tokens.",
        "the request exceeds the available context size",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "Requested token count exceeds the model's maximum context length of 32768 tokens",
    ),
    "refused_by_model": (
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "Your request was rejected as a result of our safety system.",
    ),
    "auth_expired": ('FATAL:  password authentication failed for user "x"', 'FATAL:  role "x" does not exist'),
    "invalid_input": ('FATAL:  database "x" does not exist',),
    "throttled": (
        "FATAL:  sorry, too many clients already",
        'FATAL:  too many connections for role "x"',
        "remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ),
    "transient": ("peer closed connection without sending complete message body (incomplete chunked read)",),
}
"""What servers write, by the class it stands for; each wording of the table is met by some of them."""


def met(row: Row) -> Failed:
    """Returns what the code says of a write that ended with a row's sign."""
    return _MET[f"{row.origin}/{row.kind}"](row.sign)


def makes(row: Row) -> bool:
    """Tells whether the sign of a row can be made without its server."""
    return f"{row.origin}/{row.kind}" in _MET


def _os_error(sign: str) -> OSError:
    if sign.startswith("EAI_"):
        return socket.gaierror(getattr(socket, sign), sign)
    return OSError(getattr(errno, sign), sign)


def _caused(cause: BaseException, wrapping: type[httpx.TransportError]) -> httpx.TransportError:
    """Returns the client library's exception as it comes: raised from what the system said."""
    wrapped = wrapping(str(cause))
    wrapped.__cause__ = cause
    return wrapped


def _connection_errno(sign: str) -> Failed:
    # What may come after the request was sent reaches us as an error of reading.
    late = sign in {"ECONNRESET", "EPIPE", "ECONNABORTED", "ESHUTDOWN", "ETIMEDOUT"}
    return CLASSIFIER.transport(_caused(_os_error(sign), httpx.ReadError if late else httpx.ConnectError), writes=True)


def _connection_exception(sign: str) -> Failed:
    kind = getattr(httpx, sign, None) or getattr(ssl, sign)
    made = ssl.SSLError(1, "x") if kind is ssl.SSLError else kind("x")
    if isinstance(made, ssl.SSLCertVerificationError):
        made.verify_message = "self-signed certificate"
        made = _caused(made, httpx.ConnectError)
    return CLASSIFIER.transport(made, writes=True)


def _alert(sign: str) -> Failed:
    made = ssl.SSLError(1, f"[SSL: {sign}]")
    made.reason = sign
    return CLASSIFIER.transport(made, writes=True)


def _http_status(sign: str) -> Failed:
    status = _HUNDREDS.get(sign) or int(sign)
    reply = Reply(status, httpx.Headers(), b"", httpx.URL("http://shop.example/"))
    found = CLASSIFIER.answer(reply, MISSING, writes=True)
    assert found is not None, f"{status} is no failure"
    return found


def _model_code(sign: str) -> Failed:
    # The status beside it says something else, and the code leads.
    return classes.of_response(400 if sign not in {"overloaded_error", "engine_overloaded"} else 500, {}, {
        "error": {"code": sign.upper() if sign == "deploymentnotfound" else sign, "message": "no"}
    })  # fmt: skip


def _provider(sign: str) -> Failed:
    import langchain_openai.chat_models.base as langchain
    import openai

    kind = getattr(openai, sign, None) or getattr(langchain, sign)
    request = httpx.Request("POST", "http://models.example/v1/chat/completions")
    made: BaseException
    match sign:
        case "APITimeoutError":
            made = kind(request=request)
        case "APIConnectionError":
            made = kind(message="x", request=request)
        case "APIResponseValidationError":
            made = kind(httpx.Response(200, request=request), None, message="x")
        case "LengthFinishReasonError":
            made = kind(
                completion=openai.types.chat.ChatCompletion(
                    id="1", choices=[], created=0, model="m", object="chat.completion"
                )
            )
        case "OpenAIRefusalError":
            made = kind("no")
        case _:
            made = kind()
    found = langchain_failing.classified(made)
    assert isinstance(found, Failed), found
    return found


def _worded(say: Callable[[str], Failed]) -> Callable[[str], Failed]:
    """Returns what shows every known text that a wording is in; they must mean the same."""
    import re

    def shown(sign: str) -> Failed:
        texts = [text for known in WORDS.values() for text in known if re.search(sign, text, re.IGNORECASE)]
        assert texts, f"no text is known for {sign}"
        found = [say(text) for text in texts]
        assert len({(one.error_class, one.applied) for one in found}) == 1
        return found[0]

    return shown


def _sql(error: Exception) -> Failed:
    return SqlErrors("shop", (), Redactor()).of(error, None, Work(), {}, applied=None)


def _sql_state(sign: str) -> Failed:
    state = sign if len(sign) == 5 else {"40": "40000"}.get(sign, f"{sign}Z99")
    known = contextlib.suppress(KeyError)
    kind: type[psycopg.Error] = psycopg.DatabaseError
    with known:
        kind = psycopg.errors.lookup(state)
    made = kind("x")
    made.sqlstate = state
    return _sql(made)


def _sql_number(sign: str) -> Failed:
    # The driver's own mapping gives the exception's class; HY000 is what most servers send beside it.
    return _sql(pymysql.err.OperationalError(int(sign), "x"))


def _unspecific(sign: str) -> Failed:
    made = pymysql.err.OperationalError(1999, "x")
    made.sqlstate = sign  # other drivers of MySQL tell it so
    return _sql(made)


def _sqlite(sign: str) -> Failed:
    made = sqlite3.OperationalError("x")
    made.sqlite_errorcode = int(sign)
    return _sql(made)


def _sql_exception(sign: str) -> Failed:
    if sign == "ConnectionTimeout":
        return _sql(psycopg.errors.ConnectionTimeout("x"))
    if sign == "TimeoutError":
        return _sql(sqlalchemy.exc.TimeoutError("QueuePool limit"))
    if sign == "UnicodeDecodeError":
        return _sql(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"))
    if sign == "UnicodeEncodeError":
        return _sql(UnicodeEncodeError("latin-1", "€", 0, 1, "x"))
    kind = getattr(builtins, sign, None) or getattr(psycopg, sign, None) or getattr(duckdb, sign)
    return _sql(kind("x"))


def _smtp_code(sign: str) -> Failed:
    return mail_smtp._refused("mx:25", {"4": 451, "5": 550}[sign[0]], f"{sign} no".encode())


def _smtp_status(sign: str) -> Failed:
    return mail_smtp._refused("mx:25", _SMTP_HUNDREDS.get(sign) or int(sign), b"no")


def _imap(error: Exception) -> Failed:
    try:
        with mailbox_session._telling("the folder cannot be opened", ""):
            raise error
    except Failed as failed:
        return failed


def _imap_condition(sign: str) -> Failed:
    made: Mapping[str, Exception] = {
        "login": LoginError("b'no'"),
        "no": IMAPClientError("select failed: no"),
        "bad": IMAPClientError("SELECT command error: BAD [b'what']"),
        "bye": IMAPClientAbortError("socket error: EOF"),
    }
    return _imap(made[sign])


def _sftp(sign: str) -> Failed:
    kind = getattr(builtins, sign, None) or getattr(paramiko, sign)
    made: Exception
    if sign == "BadHostKeyException":
        key = paramiko.RSAKey.generate(1024)
        made = kind("host", key, key)
    elif sign == "BadAuthenticationType":
        made = kind("no", ["publickey"])
    else:
        made = kind("no")
    return store_sftp._of(made, "a.csv", Redactor(), writes=True)


def _s3(status: int, code: str) -> Failed:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code></Error>'.encode() if code else b""
    return store_s3._refused(httpx.Response(status, content=body), "orders/a.csv", writes=True)


def _python(sign: str) -> Failed:
    made: Mapping[str, Callable[[], BaseException]] = {
        "gaierror": lambda: socket.gaierror(socket.EAI_NONAME, "no such name"),
        "SSLCertVerificationError": lambda: ssl.SSLCertVerificationError(1, "x"),
        "SSLError": lambda: ssl.SSLError(1, "x"),
        "JSONDecodeError": lambda: _raised(lambda: json.loads("<html>")),
        "IncompleteReadError": lambda: asyncio.IncompleteReadError(b"ab", 10),
        "ValidationError": lambda: _raised(lambda: pydantic.TypeAdapter(int).validate_python("x")),
        "Mismatch": lambda: errors.Mismatch("other"),
        "Refused": lambda: errors.Refused("no"),
    }
    return failure(made[sign]() if sign in made else getattr(builtins, sign)("x"))


def _raised(work: Callable[[], object]) -> BaseException:
    try:
        work()
    except Exception as error:  # noqa: BLE001  # whatever the library raises is what is wanted
        return error
    raise AssertionError("it went well")


_MET: Final[Mapping[str, Callable[[str], Failed]]] = {
    "connection/errno": _connection_errno,
    "connection/exception": _connection_exception,
    "connection/code": _alert,
    "connection/wording": _worded(lambda text: CLASSIFIER.broken_off(httpx.RemoteProtocolError(text), writes=True)),
    "http/status": _http_status,
    "model/status": lambda sign: classes.of_response(_HUNDREDS.get(sign) or int(sign), {}, None),
    "model/code": _model_code,
    "model/exception": _provider,
    "model/wording": _worded(lambda text: classes.of_response(400, {}, {"error": {"message": text}})),
    "sql/sqlstate": _sql_state,
    "sql/number": _sql_number,
    "sql/sqlite": _sqlite,
    "sql/wording": _worded(lambda text: _sql(psycopg.OperationalError(text))),
    "sql/exception": _sql_exception,
    "sql/condition": _unspecific,
    "smtp/code": _smtp_code,
    "smtp/status": _smtp_status,
    "imap/code": lambda sign: _imap(IMAPClientError(f"select failed: [{sign}] no (0.001 + 0.000 secs).")),
    "imap/condition": _imap_condition,
    "files/errno": lambda sign: store_local._of(_os_error(sign), "a.csv", applied=None),
    "sftp/exception": _sftp,
    "s3/code": lambda sign: _s3(400, sign),
    "s3/status": lambda sign: _s3(int(sign), ""),
    "python/exception": _python,
}
