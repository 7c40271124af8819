"""What mail servers answer: SMTP replies with their enhanced codes, IMAP's tagged answers and response codes."""

from __future__ import annotations

from typing import Final

from bridgehead.resilience.taxonomy.row import Row, rows

ROWS: Final[tuple[Row, ...]] = (
    *rows(
        "smtp", "code", "RFC 3463 and the IANA registry of enhanced status codes; more exact than the reply beside it",
        ("4.7.0", "transient", False, "put off by a policy (greylisting, reputation); it is tried again later"),
        ("4.2.2", "throttled", False, "the recipient's mailbox is full"),
        ("5.2.2", "invalid_input", False, "the recipient's mailbox is full, and nothing will change that by itself"),
        ("4.3.1", "dependency_down", False, "the mail system's storage is full"),
        ("4.3.2", "dependency_down", False, "the system takes no mail at the moment"),
        ("4.4.1 4.4.2", "dependency_down", False, "the next host does not answer"),
        ("4.4.5 4.5.3 4.7.28 5.7.28", "throttled", False, "too many mails, or too many recipients at once"),
        ("5.1.0 5.1.1 5.1.2 5.1.3 5.1.6 5.1.10", "not_found", False, "the recipient's address does not exist"),
        ("5.2.1 5.7.13", "forbidden", False, "the mailbox is closed"),
        ("5.2.3 5.3.4", "invalid_input", False, "the mail is too large"),
        ("5.5.3", "invalid_input", False, "too many recipients in one mail"),
        ("5.7.1 5.7.2 5.7.60", "forbidden", False, "this sender may not hand in this mail"),
        ("5.7.0 5.7.8 5.7.9 5.7.57", "auth_expired", False, "the login is missing or not accepted"),
        ("5.7.25 5.7.26 5.7.27", "forbidden", False, "SPF, DKIM or DMARC does not allow this sender"),
    ),
    *rows(
        "smtp", "status", "RFC 5321 section 4.2 and RFC 4954 section 6: a refusal, so the mail was not taken",
        ("421", "dependency_down", False, "the server is closing"),
        ("450", "throttled", False, "the mailbox is busy"),
        ("451", "transient", False, "the server failed while it took the mail"),
        ("452", "throttled", False, "the server is short of storage, or counts too many recipients"),
        ("454", "transient", False, "the server cannot check the login at the moment"),
        ("530 534 535 538", "auth_expired", False, "the login is missing or not accepted"),
        ("550 551 553", "invalid_input", False, "the address is unknown, or the mail is not wanted"),
        ("552", "invalid_input", False, "the mail is too large"),
        ("4xx", "transient", False, "the server cannot take the mail at the moment"),
        ("5xx", "invalid_input", False, "the server will not take this mail"),
    ),
    *rows(
        "smtp", "condition", "RFC 5321 section 4.5.3.2",
        ("unanswered", "timeout", None, "no answer to the mail's content in time"),
        ("broken_off", "transient", None, "the connection broke after the mail's content was sent"),
        ("no_starttls", "forbidden", False, "the server offers no STARTTLS; nothing is sent in clear text"),
    ),
    *rows(
        "imap", "code", "RFC 5530, RFC 3501 section 7.1, RFC 9208 (OVERQUOTA)",
        ("UNAVAILABLE", "dependency_down", False, "a part of the mail system is away"),
        ("SERVERBUG CONTACTADMIN", "dependency_down", False, "the mail system is broken"),
        ("AUTHENTICATIONFAILED AUTHORIZATIONFAILED EXPIRED", "auth_expired", False, "the login is not accepted"),
        ("PRIVACYREQUIRED", "forbidden", False, "the server wants TLS first"),
        ("NOPERM READ-ONLY", "forbidden", False, "this user may not do this"),
        ("INUSE", "transient", False, "somebody else has the folder locked"),
        ("EXPUNGEISSUED", "transient", False, "somebody has taken mails away meanwhile"),
        ("CORRUPTION", "dependency_down", False, "the mailbox is damaged"),
        ("LIMIT OVERQUOTA", "throttled", False, "a limit or the mailbox's size is reached"),
        ("ALREADYEXISTS", "conflict", False, "there is a folder of this name"),
        ("NONEXISTENT TRYCREATE", "not_found", False, "there is no such folder"),
        ("CANNOT CLIENTBUG BADCHARSET PARSE", "invalid_input", False, "the server cannot do what is asked"),
        ("UNKNOWN-CTE", "invalid_input", False, "the mail's encoding is not known"),
    ),
    *rows(
        "imap", "condition", "RFC 3501 section 7.1: NO and BAD, so nothing was carried out; BYE",
        ("login", "auth_expired", False, "NO to a login without a code"),
        ("no", "invalid_output", False, "NO without a code that is known"),
        ("bad", "invalid_output", False, "BAD, or an answer that is no IMAP"),
        ("bye", "dependency_down", None, "the server said goodbye, or the connection is lost"),
    ),
)  # fmt: skip
