r"""The copies of sent mails in one folder of a mailbox: each says whether its mail was sent.

A copy is put there with ``\Draft`` before its mail is handed in, loses that flag once the mail was taken,
and is deleted when it surely was not.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from bridgehead.clock import utc_now
from bridgehead.connectors.mail_message import Message
from bridgehead.connectors.mailbox_session import After, Mailbox, Session
from bridgehead.errors import Failed

log = logging.getLogger("bridgehead.connectors")

_DRAFT: Final = b"\\Draft"
_SEEN: Final = b"\\Seen"
_DELETED: Final = b"\\Deleted"
_ASK: Final = "Ask who should have it, or look into the mail server's log; then settle the effect by hand."


class _Folder(Session):
    """The folder, as far as copies need it."""

    def found(self, message_id: str) -> dict[int, set[bytes]]:
        """Returns UID and flags of each copy that is not deleted."""
        with self._telling("the copies cannot be looked for"):
            self._client.noop()
            uids = self._client.search(["UNDELETED", "HEADER", "Message-ID", message_id])
            flags = self._client.get_flags(uids) if uids else {}
            return {int(uid): {bytes(one) for one in had} for uid, had in flags.items()}

    def put(self, folder: str, content: bytes) -> None:
        """Puts a copy there, not yet sent."""
        with self._telling("the copy cannot be put into its folder"):
            self._client.append(folder, content, flags=(_DRAFT, _SEEN), msg_time=utc_now())

    def sent(self, uid: int) -> None:
        """Says of a copy that its mail was taken."""
        with self._telling("the copy cannot be flagged"):
            self._client.remove_flags([uid], [_DRAFT])

    def away(self, uid: int) -> None:
        """Takes a copy away; where the server cannot take one alone, it stays, deleted."""
        with self._telling("the copy cannot be taken away"):
            self._client.add_flags([uid], [_DELETED])
            if "UIDPLUS" in self._can:
                self._client.uid_expunge([uid])


class Copies:
    """Copies in one folder, over a connection of one ``with``."""

    def __init__(self, mailbox: Mailbox, secret: str, folder: str) -> None:
        self._mailbox, self._secret, self._folder = mailbox, secret, folder
        self._session: _Folder | None = None

    def __enter__(self) -> Self:
        """Opens the folder; raises Failed ``applied=False``."""
        try:
            self._session = _Folder.open(self._mailbox, self._secret, self._folder, After(refused=self._folder))
        except Failed as error:
            error.applied = False
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection."""
        if self._session is not None:
            self._session.close()

    def sent(self, message_id: str) -> bool:
        """Tells whether a mail was sent; raises Failed ``unknown_effect`` when only a person can tell."""
        found = self._open.found(message_id)
        if not found:
            return False
        if any(_DRAFT not in flags for flags in found.values()):
            return True
        raise Failed(
            f"the copy of {message_id} in {self._folder} does not say whether its mail was sent",
            error_class="unknown_effect", hint=_ASK,
        )  # fmt: skip

    def send(self, message: Message, send: Callable[[], None]) -> None:
        """Sends a mail once, between putting its copy there and saying that it was sent.

        What was sent before is not sent again. Raises Failed, ``applied`` False when it surely was not sent.
        """
        try:
            if self.sent(message.message_id):
                return
        except Failed as error:
            if error.error_class != "unknown_effect":
                error.applied = False
            raise
        try:
            self._open.put(self._folder, message.content)
            copies = list(self._open.found(message.message_id))
        except Failed as error:
            error.applied = False
            raise
        if len(copies) != 1:
            what = "somebody else is sending this mail" if copies else "the copy cannot be found again"
            raise Failed(what, error_class="conflict" if copies else "invalid_output", applied=False)
        try:
            send()
        except Failed as error:
            if error.applied is False:
                with contextlib.suppress(Failed):
                    self._open.away(copies[0])
            raise
        try:
            self._open.sent(copies[0])
        except Failed:
            # It was sent: that the copy keeps its flag is no reason to call it lost.
            log.warning("the copy of %s in %s still says that it is a draft", message.message_id, self._folder)

    @property
    def _open(self) -> _Folder:
        if self._session is None:
            raise AssertionError("copies are used in a with block")
        return self._session
