"""Shapes of the mailbox API."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.entries import Criteria, Entry
from deploy.sandbox.mailbox.mime import Content
from deploy.sandbox.mailbox.receipt import CHANNEL
from deploy.sandbox.schemas import Paging, Waiting


class Filter(BaseModel):
    """Which mails are meant. An unknown parameter is refused, so that a slip of the pen cannot delete the wrong ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str | None = Field(None, description="A recipient of the envelope; * and ? are wildcards.", examples=["*@example.com"])
    subject: str | None = Field(None, description="A part of the subject.")
    message_id: str | None = Field(None, description="The Message-ID as it stands in the header, with its angle brackets.")
    search: str | None = Field(None, description="A part of a recipient, the sender or the subject.")

    def criteria(self, before: int | None = None) -> Criteria:
        """For the ledger."""
        return Criteria(CHANNEL, to=self.to, subject=self.subject, reference=self.message_id, search=self.search, before=before)


class Page(Paging, Filter):
    """Which page of the mails that are meant."""


class Wait(Waiting, Filter):
    """How many mails to wait for, and how long (seconds)."""


class Envelope(BaseModel):
    """What the sender said in SMTP, as against the headers."""

    mail_from: Annotated[str, Field(description="Empty for the null sender, <>.")]
    rcpt_to: list[str]


class Summary(BaseModel):
    """A mail in a list. answered is false where the connection was dropped, or stayed silent, in the place of an answer.

    provider_id: what the provider called it in its answer and its events. ref: the sender's own id of it, beside the Message-ID.
    """

    id: int
    provider: str
    message_id: str | None
    subject: str
    envelope: Envelope
    received_at: str
    size_bytes: int
    tls: bool
    login: str | None
    answered: bool
    provider_id: str | None = None
    ref: str | None = None


class AttachmentSummary(BaseModel):
    """An attachment; its bytes are at url."""

    filename: str | None
    content_type: str
    content_id: str | None
    size_bytes: int
    url: str


class Header(BaseModel):
    """One header, decoded."""

    name: str
    value: str


class Mail(Summary):
    """A whole mail. defects: what is wrong with its MIME, where something is."""

    headers: list[Header]
    text: str | None
    html: str | None
    attachments: list[AttachmentSummary]
    defects: list[str]


class MailList(BaseModel):
    """Newest first."""

    items: list[Summary]
    next_cursor: int | None


class WaitResult(BaseModel):
    """reached: whether the count was reached in time. count: how many there are. items: the newest of them."""

    reached: bool
    count: int
    items: list[Summary]


class Repeated(BaseModel):
    """A Message-ID that came in more than one mail."""

    message_id: str
    count: int


class Stats(BaseModel):
    """messages = message_ids + surplus + without_message_id. repeated: at most 1,000, the most frequent first.

    pruned: how many mails had to go to make room (SANDBOX_MAX_MESSAGES) since the data folder was made.
    """

    messages: int
    message_ids: int
    surplus: int
    without_message_id: int
    pruned: int
    repeated: list[Repeated]


def summary(entry: Entry) -> Summary:
    """An entry of the ledger for a list."""
    return Summary(**_members(entry))


def mail(entry: Entry, content: Content) -> Mail:
    """An entry of the ledger with what the mail says."""
    attachments = [
        AttachmentSummary(
            filename=part.filename,
            content_type=part.content_type,
            content_id=part.content_id,
            size_bytes=len(part.content),
            url=f"/mail/{entry.id}/attachments/{index}",
        )
        for index, part in enumerate(content.attachments)
    ]
    return Mail(
        **_members(entry),
        headers=[Header(name=name, value=value) for name, value in content.headers],
        text=content.text,
        html=content.html,
        attachments=attachments,
        defects=list(content.defects),
    )


def _members(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "provider": entry.provider,
        "message_id": entry.reference,
        "subject": entry.subject,
        "envelope": Envelope(mail_from=entry.sender, rcpt_to=list(entry.recipients)),
        "received_at": entry.received_at,
        "size_bytes": entry.size_bytes,
        **entry.details,
    }
