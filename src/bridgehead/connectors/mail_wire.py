r"""Carries the actions of a ``mail`` connector: a mail is sent once, and its copy says what became of it.

With ``sent_folder`` a copy is put there *before* the mail is handed in, with the flag ``\Draft``, which is
taken off once the server has said that it took the mail. So a copy without the flag was sent, no copy was
surely not, and a copy that kept the flag is the one case that only a person can settle. Copies are found
by their Message-ID, which is made from the effect's key.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from bridgehead.clock import boot_s
from bridgehead.connectors.document import Specification
from bridgehead.connectors.document_action import ActionPart
from bridgehead.connectors.document_entity import EntityPart, ReadPart
from bridgehead.connectors.hosts import is_loopback
from bridgehead.connectors.mail_message import Message, message_of
from bridgehead.connectors.mail_smtp import Server, Smtp
from bridgehead.connectors.ports import Answer, Limits, Values
from bridgehead.connectors.references import Redactor, setting
from bridgehead.connectors.stores import Gate, Threads
from bridgehead.errors import ErrorClass, Failed, UserError
from bridgehead.resilience.deadline import bounded
from bridgehead.spec.tool import JSON

if TYPE_CHECKING:
    from bridgehead.connectors.mail_copies import Copies
    from bridgehead.connectors.mailbox_session import Mailbox

T = TypeVar("T")

_PORTS: Final = {"smtp": 587, "smtps": 465}
_THREADS: Final = 4


class MailWire:
    """Sends the mails of one connector, in a bounded number of threads.

    Raises UserError ``connector.url``, ``connector.host`` and ``connector.extra`` when actions are
    declared and cannot be carried. Nothing is opened and no secret is read before the first call.
    """

    def __init__(self, spec: Specification, *, folder: Path, limits: Limits, redactor: Redactor) -> None:
        self._spec = spec
        self._limits = limits
        self._redactor = redactor
        self._threads = Threads(spec.limits.concurrency or _THREADS, f"{spec.connector}-mail")
        self._server: Server | None = None
        self._mailbox: Mailbox | None = None
        if spec.actions or spec.connection.smtp is not None:
            self._server = _server_of(spec, folder)
            self._mailbox = _mailbox_of(spec, folder)

    async def read(self, entity: EntityPart, read: ReadPart, values: Values, *, primary: bool = False) -> Answer:  # noqa: ARG002  # a mailbox is read by its intake
        """Raises Failed: mails come by the intake, not as entities."""
        raise self._failed("a mailbox holds no entities; its mails come by intake", "invalid_input", applied=False)

    async def act(self, action: ActionPart, values: Values) -> Answer:
        """Sends a mail once. The answer tells ``message_id`` and ``to``. Never tried again here.

        Raises Failed: ``unknown_effect`` when an earlier try of the same effect may have been sent.
        """
        message, folder = self._message(action, values)
        secret = await self._secret()

        gate = Gate()

        def hand_in(smtp: Smtp) -> None:
            gate.enter()
            smtp.send(message)

        def send() -> None:
            server, mailbox = self._open_settings()
            with Smtp.open(server, user=mailbox.user, secret=secret, xoauth2=mailbox.auth != "password") as smtp:
                if folder is None:
                    hand_in(smtp)
                    return
                with self._copies(secret, folder) as copies:
                    copies.send(message, lambda: hand_in(smtp))

        await self._run(send, action, gate)
        return Answer(body=_told(message))

    async def find(self, action: ActionPart, values: Values) -> Answer | None:
        """Returns what an action has sent, by its copy; None when it surely sent nothing.

        Raises Failed ``unknown_effect`` when only a person can tell, and when there is no ``sent_folder``.
        """
        message, folder = self._message(action, values)
        if folder is None:
            raise self._failed("no copy is kept, so nothing can tell whether it was sent", "unknown_effect")
        secret = await self._secret()

        def look() -> bool:
            with self._copies(secret, folder) as copies:
                return copies.sent(message.message_id)

        return Answer(body=_told(message)) if await self._run(look, action) else None

    async def follow(self, action: ActionPart, values: Values) -> None:
        """Does nothing: ``then`` holds requests, which mail does not take (refused at load)."""

    async def health(self) -> None:
        """Returns when the SMTP server lets us in; raises Failed."""
        if self._server is None:
            return
        secret = await self._secret()

        def look() -> None:
            server, mailbox = self._open_settings()
            with Smtp.open(server, user=mailbox.user, secret=secret, xoauth2=mailbox.auth != "password") as smtp:
                smtp.noop()

        await self._run(look, None)

    async def aclose(self) -> None:
        """Lets the threads end."""
        self._threads.close()

    def _message(self, action: ActionPart, values: Values) -> tuple[Message, str | None]:
        if action.mail is None:
            raise self._failed("this action sends no mail", "invalid_input", applied=False)
        _, mailbox = self._open_settings()
        return message_of(action.mail, values, user=mailbox.user), action.mail.sent_folder

    def _open_settings(self) -> tuple[Server, Mailbox]:
        if self._server is None or self._mailbox is None:
            raise self._failed("connection.smtp is missing", "invalid_input", applied=False)
        return self._server, self._mailbox

    def _copies(self, secret: str, folder: str) -> Copies:
        from bridgehead.connectors.mail_copies import Copies

        return Copies(self._open_settings()[1], secret, folder)

    async def _secret(self) -> str:
        try:
            secret = await self._open_settings()[1].secret()
        except UserError as error:
            raise self._failed(error.message, "auth_expired", applied=False, hint=error.hint) from error
        except Failed as error:
            error.applied = False
            raise
        self._redactor.add(secret)
        return secret

    async def _run(self, work: Callable[[], T], action: ActionPart | None, gate: Gate | None = None) -> T:
        timeout_s = bounded((action.timeout if action is not None else None) or self._spec.connection.timeout)
        until_s = boot_s() + timeout_s
        try:
            async with self._limits.admit(within_s=timeout_s):
                return await self._threads.run(work, within_s=until_s - boot_s(), gate=gate)
        except Failed as failed:
            line = " ".join(self._redactor.clean(failed.message).split())[:200]
            raise self._failed(line, failed.error_class, applied=failed.applied, hint=failed.hint) from failed

    def _failed(self, text: str, error_class: ErrorClass, *, applied: bool | None = None, hint: str = "") -> Failed:
        name = self._spec.connector
        return Failed(f"{name}: {text}", error_class=error_class, applied=applied, hint=hint, connector=name)


def _told(message: Message) -> JSON:
    return {"message_id": message.message_id, "to": list(message.recipients)}


def _server_of(spec: Specification, folder: Path) -> Server:
    connection = spec.connection
    text = "" if connection.smtp is None else setting(connection.smtp, folder=folder)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password:
        raise UserError(
            f"connector {spec.connector}: connection.smtp is no mail server's address", code="connector.url",
            hint="Write smtps://HOST or smtp://HOST:PORT, and name the user under auth.",
        )  # fmt: skip
    host = parts.hostname.lower()
    number = port or _PORTS[parts.scheme]
    listed = {setting(one, folder=folder).lower() for one in connection.hosts}
    if listed and not {host, f"{host}:{number}"} & listed:
        raise UserError(
            f"connector {spec.connector}: connection.smtp leads to {host}, which is not among connection.hosts",
            code="connector.host", hint="If mail is really handed in there, add it to connection.hosts.",
        )  # fmt: skip
    ca = connection.tls.ca if connection.tls is not None else None
    return Server(
        host, number, tls=parts.scheme == "smtps", starttls=parts.scheme == "smtp" and not is_loopback(host),
        context=ssl.create_default_context(cafile=None if ca is None else str(folder / ca)),
        connect_s=connection.connect_timeout, timeout_s=connection.timeout,
    )  # fmt: skip


def _mailbox_of(spec: Specification, folder: Path) -> Mailbox:
    try:
        from bridgehead.connectors.mailbox_opening import mailbox_of
    except ImportError as error:
        raise UserError(
            f"connector {spec.connector}: kind mail needs {error.name}", code="connector.extra",
            hint="Install it: pip install 'bridgehead[mail]'",
        ) from error  # fmt: skip
    return mailbox_of(spec, folder=folder)
