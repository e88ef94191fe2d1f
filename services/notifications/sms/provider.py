"""What carries an SMS to the outside."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.notifications.providers.answers import Answer


@dataclass(frozen=True, slots=True)
class DltTemplate:
    """What the Indian registry (TRAI's DLT) knows of a text, and how MSG91 calls it.

    template_id: the registry's. provider_template_id: MSG91's own id of it. header: the sender id. variables: by MSG91's
    names, in the order of the text's placeholders, what this message has in each.
    """

    template_id: str
    provider_template_id: str
    header: str
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """One SMS to one recipient, ready to go.

    delivery_id, attempt: how call-backs find it; go along wherever a provider takes a reference of ours.
    to: E.164, with its plus. sender: our number or header; None for the account's own.
    valid_for_s: how long the provider may try to deliver it.
    dlt: None outside of India.
    """

    delivery_id: UUID
    attempt: int
    to: str
    body: str
    sender: str | None = None
    valid_for_s: int | None = None
    dlt: DltTemplate | None = None


class SmsProvider(Protocol):
    """Sends SMS. Lives as long as its process, and owns its connections.

    concurrency: how many it can carry at once.
    """

    concurrency: int

    async def send(self, sms: OutgoingSms) -> Answer:
        """Send one SMS, within the provider's own time-outs (25 s). Never raises for what happens outside."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...
