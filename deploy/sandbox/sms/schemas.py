"""Shapes of the SMS API."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.entries import Criteria, Entry
from deploy.sandbox.schemas import Paging, Waiting
from deploy.sandbox.sms.receipt import CHANNEL


class Filter(BaseModel):
    """Which SMS are meant. An unknown parameter is refused, so that a slip of the pen cannot delete the wrong ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str | None = Field(None, description="The number; * and ? are wildcards.", examples=["+91*"])
    text: str | None = Field(None, description="A part of the text's first 500 characters.")
    reference: str | None = Field(None, description="The sender's own id: `ref` of the call-back at Twilio, CRQID at MSG91.")
    provider_id: str | None = Field(None, description="The id that the provider gave.")
    search: str | None = Field(None, description="A part of the number, the sender or the text.")

    def criteria(self, before: int | None = None) -> Criteria:
        """For the ledger."""
        return Criteria(
            CHANNEL,
            to=self.to,
            subject=self.text,
            reference=self.reference,
            search=self.search,
            before=before,
            provider_id=self.provider_id,
        )


class Page(Paging, Filter):
    """Which page of the SMS that are meant."""


class Wait(Waiting, Filter):
    """How many SMS to wait for, and how long (seconds)."""


class Step(BaseModel):
    """A status that the SMS has had. at: RFC 3339, UTC."""

    status: str
    code: int | None
    at: str


class SmsOut(BaseModel):
    """An SMS as a provider took it. answered is false where the connection was dropped, or stayed silent, instead of an answer.

    request: what came, field by field. text: of MSG91, which has the text and gets variables alone, these.
    """

    id: int
    provider: str
    provider_id: str
    reference: str | None
    sender: str
    to: str
    text: str
    encoding: str
    segments: int
    status: str
    code: int | None
    answered: bool
    received_at: str
    request: dict[str, Any]
    history: list[Step]

    @classmethod
    def of(cls, entry: Entry) -> "SmsOut":
        """An entry of the ledger."""
        return cls(
            id=entry.id,
            provider=entry.provider,
            reference=entry.reference,
            sender=entry.sender,
            to=entry.recipients[0],
            received_at=entry.received_at,
            **entry.details,
        )


class SmsList(BaseModel):
    """Newest first."""

    items: list[SmsOut]
    next_cursor: int | None


class WaitResult(BaseModel):
    """reached: whether the count was reached in time. count: how many there are. items: the newest of them."""

    reached: bool
    count: int
    items: list[SmsOut]


class Repeated(BaseModel):
    """A reference that came in more than one SMS."""

    reference: str
    count: int


class Stats(BaseModel):
    """messages = references + surplus + without_reference. repeated: at most 1,000, the most frequent first."""

    messages: int
    references: int
    surplus: int
    without_reference: int
    repeated: list[Repeated]
