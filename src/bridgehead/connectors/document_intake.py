"""How a system sends us work: each mail, message, record, row or file becomes one arrival."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bridgehead.connectors.document_connection import RequestPart
from bridgehead.connectors.part_types import Duration, Name, Names, SecretReference, Sql, Text
from bridgehead.spec.forms import Part


class MailIntake(Part):
    """A mailbox that is watched. A mail that is stored is moved or flagged, one of the two."""

    move_to: Text | None = Field(default=None, description="The folder for mails that are stored.")
    flag: Text | None = Field(default=None, description="The keyword set instead, such as $Stored.")
    refused: Text = Field(default="Refused", description="The folder for mails that cannot be taken.")
    every: Duration = Field(default="60s", validate_default=True, description="Looked at without IDLE.")


class WebhookIntake(Part):
    """Messages that the system sends to us, each signed."""

    scheme: Literal["standard_webhooks", "hmac_sha256"] = Field(
        default="standard_webhooks",
        description="standard_webhooks: id, time and body are signed. hmac_sha256: the body alone.",
    )
    secret: SecretReference
    header: Text = Field(default="webhook-signature", description="Where the signature is (hmac_sha256).")
    window: Duration = Field(
        default="5m",
        validate_default=True,
        description="A message signed longer ago, or further ahead, is refused (standard_webhooks).",
    )


class PollIntake(Part):
    """Records that are new or changed become arrivals, each version once."""

    read: Name
    cursor: Name = Field(description="The field that grows; the read takes its last value as argument `since`.")
    every: Duration = Field(default="60s", validate_default=True)
    overlap: Duration = Field(
        default="60s",
        validate_default=True,
        description="Of a cursor that is a time: so far back it is looked again, for what became visible late.",
    )
    start: Literal["everything", "new"] = Field(
        default="everything", description="What the first look takes: all that is there, or what comes from then on."
    )
    document: RequestPart | None = Field(
        default=None,
        description="Gets the document of a record, by its {fields}; without it, the record as JSON is it (http).",
    )
    suffix: Text = Field(default=".json", description="How the document's name ends: .eml, .pdf, …")


class QueueIntake(Part):
    """Rows of a table that are taken one by one; each is marked only after it is stored."""

    next: Sql = Field(description="SELECT of waiting rows, oldest first.")
    key: Names = Field(min_length=1, description="Columns that name a row.")
    document: Text = Field(description="The column that holds the document; @row for the whole row as JSON.")
    done: Sql = Field(description="UPDATE that marks one row (:key columns); run after the arrival is stored.")
    every: Duration = Field(default="5s", validate_default=True)
    suffix: Text = Field(default="", description="How the document's name ends: .json, .xml, …")


class FolderIntakePart(Part):
    """Files that become arrivals and are moved away once stored."""

    path: Text = "."
    pattern: Text = "*"
    done: Text = "done"
    refused: Text = "refused"
    every: Duration = Field(default="10s", validate_default=True)


class IntakePart(Part):
    """How the system sends us work: exactly one of these."""

    mail: MailIntake | None = None
    webhook: WebhookIntake | None = None
    poll: PollIntake | None = None
    queue: QueueIntake | None = None
    folder: FolderIntakePart | None = None
