"""What a source of arrivals does, in words for people."""

from __future__ import annotations

from bridgehead.connectors.document_intake import IntakePart
from bridgehead.spec.deployment import Intake


def told(intake: Intake, part: IntakePart) -> str:
    """Returns what becomes an arrival, and what happens to it at its source."""
    if intake.kind == "mail" and part.mail is not None:
        after = f"moved to {part.mail.move_to}" if part.mail.move_to else f"flagged {part.mail.flag}"
        return f"each mail in {intake.options.get('folder', 'INBOX')}, then {after}"
    if intake.kind == "webhook" and part.webhook is not None:
        return f"each message signed by {part.webhook.scheme}"
    if intake.kind == "poll" and part.poll is not None:
        read = intake.options.get("read", part.poll.read)
        return f"each version of what {read} brings, by {part.poll.cursor}, every {part.poll.every:g} s"
    if intake.kind == "queue" and part.queue is not None:
        return f"each waiting row, marked once stored, every {part.queue.every:g} s"
    if intake.kind == "files" and part.folder is not None:
        return f"each {part.folder.pattern} in {part.folder.path}, then moved to {part.folder.done}"
    return ""
