"""What an HTTP system answers: statuses, and answers that succeeded and are not what was agreed."""

from __future__ import annotations

from typing import Final

from bridgehead.resilience.taxonomy.row import Row, rows

ROWS: Final[tuple[Row, ...]] = (
    *rows(
        "http", "status", "RFC 9110 section 15.5: a client error, so nothing was carried out",
        ("401", "auth_expired", False, "the credentials are not known, or not any more"),
        ("403", "forbidden", False, "the credentials are known and may not do this"),
        ("404 410", "not_found", False, "it is not there"),
        ("407", "auth_expired", False, "the proxy does not know the credentials"),
        ("408", "timeout", False, "the request did not come in time"),
        ("409", "conflict", False, "the record is in another state"),
        ("412", "conflict", False, "the record has changed since it was read"),
        ("421", "transient", False, "the connection led to another server; a new one may not"),
        ("400 405 406 411 413 414 415 416 417 422 426", "invalid_input", False, "the request is wrong"),
        ("4xx", "invalid_input", False, "the request is wrong"),
    ),
    *rows("http", "status", "RFC 8470 section 5.2", ("425", "transient", False, "too early to take; sent anew it is")),
    *rows(
        "http", "status", "RFC 4918 section 11",
        ("423", "transient", False, "somebody has locked the record"),
        ("507", "dependency_down", None, "the system's storage is full"),
    ),
    *rows(
        "http", "status", "RFC 6585",
        ("428", "conflict", False, "it wants to be told which version is meant"),
        ("429", "throttled", False, "too many requests"),
        ("431", "invalid_input", False, "the header fields are too large"),
        ("511", "dependency_down", None, "a network in between wants a login"),
    ),
    *rows("http", "status", "RFC 7725", ("451", "forbidden", False, "not to be given, for legal reasons")),
    *rows("http", "status", "Microsoft IIS", ("440", "auth_expired", False, "the session has ended")),
    *rows(
        "http", "status", "RFC 9110 section 15.6: a server error, which leaves open what was done",
        ("500", "transient", None, "the system failed"),
        ("501 505", "invalid_input", None, "the system cannot do what is asked, whoever asks"),
        ("502", "dependency_down", None, "a gateway got no answer from the system"),
        ("503", "dependency_down", None, "the system is down or overloaded"),
        ("504", "timeout", None, "a gateway got no answer in time"),
        ("5xx", "transient", None, "the system failed"),
    ),
    *rows(
        "http", "status", "Cloudflare, 5xx errors",
        ("520", "transient", None, "the system's answer was empty or strange"),
        ("521 522 523 525 526", "dependency_down", None, "the gateway does not reach the system"),
        ("524", "timeout", None, "the gateway got no answer in time"),
    ),
    *rows("http", "status", "several providers", ("529", "transient", None, "the system is overloaded")),
    *rows(
        "http", "status", "RFC 9110 section 15.4; redirects are not followed",
        ("307 308", "invalid_output", False, "it asks for the same request elsewhere"),
        ("3xx", "invalid_output", None, "it answered with a redirect"),
    ),
    *rows("http", "status", "RFC 9110 section 15.2", ("1xx", "invalid_output", None, "an answer that is none")),
    *rows(
        "http", "condition", "the specification's own `rows`, `complete` and `result`; RFC 9110 section 8.3; RFC 8259",
        ("not_json", "invalid_output", None, "it succeeded with a page of HTML, or with another form than JSON"),
        ("broken_json", "invalid_output", None, "it succeeded with JSON that cannot be read"),
        ("empty", "invalid_output", None, "it succeeded with nothing where records were expected"),
        ("off_schema", "invalid_output", None, "it succeeded with records of another form than was agreed"),
        ("undecodable", "invalid_output", None, "its body cannot be decompressed, or is too long"),
    ),
)  # fmt: skip
