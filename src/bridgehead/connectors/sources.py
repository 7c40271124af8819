"""The sources of arrivals that a deployment names under ``intake`` and its connectors provide."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bridgehead.connectors.document_intake import IntakePart
from bridgehead.connectors.file_store import FileStore, LocalFolder
from bridgehead.connectors.files_watch import FilesWatch
from bridgehead.connectors.http_wire import HttpWire
from bridgehead.connectors.polling import CursorStore, Polling
from bridgehead.connectors.queue_table import QueueTable
from bridgehead.connectors.references import Redactor, Secret, setting
from bridgehead.connectors.source_checks import EXAMPLES, PARTS
from bridgehead.connectors.stores import open_folder
from bridgehead.connectors.toolset import Connected
from bridgehead.connectors.watching import Keep, Source
from bridgehead.connectors.webhook import Hook
from bridgehead.errors import UserError
from bridgehead.spec.deployment import Intake


@dataclass(frozen=True, slots=True)
class Opener:
    """Makes the sources of one deployment. ``keep`` gives what stores arrivals of one kind of source.

    ``turn`` tells whether it is this worker's turn at a source that only one should look at at a time.
    """

    deployment: str
    keep: Callable[[str], Keep]
    cursors: CursorStore
    turn: Callable[[str], AbstractAsyncContextManager[bool]]
    max_mb: int

    def hook(self, intake: Intake, system: Connected) -> Hook:
        """Returns one webhook, for the one server that takes all of them."""
        webhook = _part(system).webhook
        if webhook is None:
            raise _absent(intake, system)
        secret = Secret.of(webhook.secret, system.path.parent)
        return Hook(system.connector.name, webhook, secret, self.keep("webhook"))

    def source(self, intake: Intake, system: Connected) -> Source:
        """Returns one source that is watched; raises UserError for settings that cannot work."""
        part, connector, folder = _part(system), system.connector, system.path.parent
        if intake.kind == "poll" and part.poll is not None:
            chosen = part.poll.model_copy(update={"read": intake.options.get("read", part.poll.read)})
            fetch = connector.wire.fetch if isinstance(connector.wire, HttpWire) else None
            return Polling(
                connector, chosen, self.keep("poll"), self.cursors,
                deployment=self.deployment, max_mb=self.max_mb, fetch=fetch,
            )  # fmt: skip
        if intake.kind == "queue" and part.queue is not None:
            return QueueTable(connector, part.queue, self.keep("queue"), max_mb=self.max_mb)
        if intake.kind == "files" and part.folder is not None:
            files = open_files(system, part.folder.path)
            return FilesWatch(connector.name, part.folder, files, self.keep("files"), max_mb=self.max_mb)
        if intake.kind == "mail" and part.mail is not None:
            return self._mail(intake, system, folder)
        raise _absent(intake, system)

    def _mail(self, intake: Intake, system: Connected, folder: Path) -> Source:
        part = _part(system).mail
        if part is None:
            raise _absent(intake, system)
        try:
            from bridgehead.connectors.mailbox import MailboxIntake
            from bridgehead.connectors.mailbox_opening import mailbox_of
            from bridgehead.connectors.mailbox_session import After
        except ImportError as error:
            raise UserError(
                f"connector {system.connector.name}: a mailbox needs {error.name}",
                code="connector.extra",
                hint="Install it: pip install 'bridgehead[mail]'",
            ) from error
        watched = intake.options.get("folder", "INBOX")
        return MailboxIntake(
            mailbox_of(system.connector.spec, folder=folder),
            watched,
            self.keep("mail"),
            after=After(part.move_to, part.flag, part.refused),
            max_mb=self.max_mb,
            turn=partial(self.turn, f"mail:{self.deployment}:{system.connector.name}:{watched}"),
            every_s=part.every,
        )


def open_files(system: Connected, path: str) -> FileStore:
    """Returns the place that a connector of kind ``files`` names; raises UserError for one that cannot be used.

    A path, or ``file:///PATH``, is a folder of this machine; a relative one lies beside the specification.
    All others are stores (``stores.py``).
    """
    url = setting(system.connector.spec.connection.url, folder=system.path.parent)
    parts = urlsplit(url)
    if parts.scheme not in {"", "file"} or parts.netloc:
        return open_folder(system.connector.spec, path, folder=system.path.parent, redactor=Redactor())
    root = (system.path.parent / (unquote(parts.path) if parts.scheme else url) / path).resolve()
    if not root.is_dir():
        raise UserError(
            f"connector {system.connector.name}: there is no folder {root}",
            code="intake.files",
            hint="Make it, or change connection.url or intake.folder.path.",
        )
    return LocalFolder(root)


def _part(system: Connected) -> IntakePart:
    return system.connector.spec.intake or IntakePart()


def _absent(intake: Intake, system: Connected) -> UserError:
    return UserError(
        f"{system.path.name} has no intake.{PARTS.get(intake.kind, intake.kind)}", code="intake.missing",
        hint=f"Add {EXAMPLES.get(intake.kind, 'it')}.",
    )  # fmt: skip
