"""Messages that the notifications service owns."""

from typing import ClassVar, Final, Literal, Self
from uuid import UUID

from pydantic import Field, JsonValue, model_validator

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, Event, Send, UtcDatetime
from shared.contracts.retry import RetryPolicy

REFERENCE: Final = r"^[a-z]+\.[a-z_]+:.+$"
"""`<service>.<kind>:<id>`: whatever a service owns, as other services name it."""


class SendEmail(Send):
    """Send one e-mail with a ready subject and body.

    requester: the reference `<service>.<kind>:<id>` that `notifications.delivery_finished` quotes back
    to the service that asked; without one nobody is told.
    """

    contract: ClassVar = Contract(
        "notifications.send_email",
        (lanes.NOTIFICATIONS_NORMAL, lanes.NOTIFICATIONS_URGENT, lanes.NOTIFICATIONS_BULK),
        RetryPolicy(max_retries=3, base_s=30, cap_s=600),
        max_batch=250,
    )

    to_email: str = Field(max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
    to_name: str | None = Field(default=None, max_length=200)
    subject: str = Field(min_length=1, max_length=500)
    body: str = Field(min_length=1, max_length=48_000)
    body_html: str | None = Field(default=None, max_length=48_000)
    organization_id: UUID | None = None
    requester: str | None = Field(default=None, max_length=200, pattern=REFERENCE)


class SendTemplatedEmail(Send):
    """Send one e-mail whose subject and body a template makes of `context`.

    to_email or to_person: an address, or the reference of a person whom notifications knows, whose address, language and
    time zone then count.
    locale: a BCP 47 tag such as `de-AT`; by default the person's, then English.
    requester: as in SendEmail.
    """

    contract: ClassVar = Contract(
        "notifications.send_templated_email",
        (lanes.NOTIFICATIONS_NORMAL, lanes.NOTIFICATIONS_URGENT, lanes.NOTIFICATIONS_BULK),
        RetryPolicy(max_retries=3, base_s=30, cap_s=600),
        max_batch=100,
    )

    to_email: str | None = Field(default=None, max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
    to_person: str | None = Field(default=None, max_length=200, pattern=REFERENCE)
    to_name: str | None = Field(default=None, max_length=200)
    template_name: str = Field(max_length=100, pattern=r"^[a-z][a-z0-9_]*$")
    context: dict[str, JsonValue] = Field(default_factory=dict)
    locale: str | None = Field(default=None, max_length=35, pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")
    organization_id: UUID | None = None
    requester: str | None = Field(default=None, max_length=200, pattern=REFERENCE)

    @model_validator(mode="after")
    def _goes_to_one(self) -> Self:
        if (self.to_email is None) == (self.to_person is None):
            raise ValueError("name either to_email or to_person")
        return self


class CancelMessages(Command):
    """Drop what was asked for under a subject key and has not been sent; what is asked for afterwards is sent again.

    before: what was asked for until this moment is dropped; by default, until this message was asked for. That is the moment at
    which its transaction began, so a sender who first waits for a lock names the moment after the wait.
    """

    contract: ClassVar = Contract(
        "notifications.cancel_messages",
        (lanes.NOTIFICATIONS_URGENT,),
        RetryPolicy(max_retries=10, base_s=5, cap_s=600),
        max_batch=500,
    )

    subject_key: str = Field(min_length=1, max_length=200)
    reason: str | None = Field(default=None, max_length=300)
    before: UtcDatetime | None = None


class UpsertPerson(Command):
    """What a person's owner knows of the person. An older version than the one that is known changes nothing.

    reference: `trips.driver:…`, `payments.customer:…`. locale: a BCP 47 tag. time_zone: a name of the IANA database.
    """

    contract: ClassVar = Contract(
        "notifications.upsert_person",
        (lanes.NOTIFICATIONS_NORMAL,),
        RetryPolicy(max_retries=10, base_s=5, cap_s=600),
        max_batch=500,
    )

    reference: str = Field(max_length=200, pattern=REFERENCE)
    entity_version: int = Field(ge=1)
    organization_id: UUID | None = None
    name: str | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, max_length=320)
    phone: str | None = Field(default=None, max_length=32)
    locale: str | None = Field(default=None, max_length=35)
    time_zone: str | None = Field(default=None, max_length=64)


class DeliveryFinished(Event):
    """A delivery reached its end: accepted by the provider, given up, or dropped as pointless."""

    contract: ClassVar = Contract("notifications.delivery_finished", (lanes.ALERTS_DEFAULT,), max_batch=500)

    delivery_id: UUID
    requester: str
    status: Literal["sent", "failed", "dropped"]
    retries: int = Field(ge=0)
    finished_at: UtcDatetime
    error: str | None = Field(default=None, max_length=500)


class DeliveryDelayed(Event):
    """A try of a delivery has failed, and there will be another one. Told again when the reason changes or a try has counted.

    retries: tries that have counted so far, beyond the first.
    """

    contract: ClassVar = Contract("notifications.delivery_delayed", (lanes.ALERTS_DEFAULT,), max_batch=500)

    delivery_id: UUID
    requester: str
    retries: int = Field(ge=0)
    failed_at: UtcDatetime
    error: str = Field(max_length=500)
