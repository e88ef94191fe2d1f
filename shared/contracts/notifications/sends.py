"""Sending one message over one channel, and one e-mail to many.

Fields that all of them share:

category        what it is about (`orders`, `payments`, …): decides whether the person may decline it
dedupe_key      a second message under the same key to the same recipient over the same channel is dropped
requester       the reference `<service>.<kind>:<id>` that `notifications.delivery_finished` quotes back to the service that
                asked; without one nobody is told
locale          a BCP 47 tag such as `de-AT`; by default the person's, then English
"""

import json
from typing import Annotated, Any, ClassVar, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SerializerFunctionWrapHandler, model_serializer, model_validator

from shared.contracts import lanes
from shared.contracts.message import Contract, Send
from shared.contracts.notifications.fields import Category, Email, Locale, Phone, Reference, TemplateName
from shared.contracts.retry import RetryPolicy

_ANY_LANE = (lanes.NOTIFICATIONS_NORMAL, lanes.NOTIFICATIONS_URGENT, lanes.NOTIFICATIONS_BULK)
_RETRY = RetryPolicy(max_retries=3, base_s=30, cap_s=600)

Attachments = Annotated[list[Reference], Field(max_length=5)]
"""References of documents, `payments.invoice:…`, which are fetched from their owner right before the mail goes out. All
together have 10 MB at most."""


class ChannelSend(Send):
    """What a message to one recipient over one channel has, whichever that is."""

    organization_id: UUID | None = None
    requester: Reference | None = None
    category: Category = "general"
    dedupe_key: str | None = Field(default=None, min_length=1, max_length=200)


class SendEmail(ChannelSend):
    """Send one e-mail with a ready subject and body."""

    contract: ClassVar = Contract("notifications.send_email", _ANY_LANE, _RETRY, max_batch=250)

    to_email: Email
    to_name: str | None = Field(default=None, max_length=200)
    subject: str = Field(min_length=1, max_length=500)
    body: str = Field(min_length=1, max_length=48_000)
    body_html: str | None = Field(default=None, max_length=48_000)
    attachments: Attachments = Field(default_factory=list)


class SendTemplatedEmail(ChannelSend):
    """Send one e-mail whose subject and body a template makes of `context`.

    to_email or to_person: an address, or the reference of a person whom notifications knows, whose address, language and
    time zone then count.
    """

    contract: ClassVar = Contract("notifications.send_templated_email", _ANY_LANE, _RETRY, max_batch=100)

    to_email: Email | None = None
    to_person: Reference | None = None
    to_name: str | None = Field(default=None, max_length=200)
    template_name: TemplateName
    context: dict[str, JsonValue] = Field(default_factory=dict)
    locale: Locale | None = None
    attachments: Attachments = Field(default_factory=list)

    @model_validator(mode="after")
    def _goes_to_one(self) -> Self:
        if (self.to_email is None) == (self.to_person is None):
            raise ValueError("name either to_email or to_person")
        return self


class SendUrgentEmail(ChannelSend):
    """Send one e-mail before all others: on the urgent lane, at any hour, and by another provider at once where one fails.

    Either subject and body, or template_name and context.
    """

    contract: ClassVar = Contract("notifications.send_urgent_email", (lanes.NOTIFICATIONS_URGENT,), _RETRY, max_batch=100)

    to_email: Email | None = None
    to_person: Reference | None = None
    to_name: str | None = Field(default=None, max_length=200)
    subject: str | None = Field(default=None, min_length=1, max_length=500)
    body: str | None = Field(default=None, min_length=1, max_length=48_000)
    body_html: str | None = Field(default=None, max_length=48_000)
    template_name: TemplateName | None = None
    context: dict[str, JsonValue] = Field(default_factory=dict)
    locale: Locale | None = None

    @model_validator(mode="after")
    def _says_one_thing_to_one(self) -> Self:
        if (self.to_email is None) == (self.to_person is None):
            raise ValueError("name either to_email or to_person")
        if (self.template_name is None) == (self.subject is None and self.body is None):
            raise ValueError("give either subject and body, or template_name and context")
        if self.template_name is None and (self.subject is None or self.body is None or self.to_email is None):
            raise ValueError("a mail without a template needs to_email, subject and body")
        return self


class SendSms(ChannelSend):
    """Send one SMS with a ready text."""

    contract: ClassVar = Contract("notifications.send_sms", _ANY_LANE, _RETRY, max_batch=100)

    to_phone: Phone
    body: str = Field(min_length=1, max_length=1600)


class SendTemplatedSms(ChannelSend):
    """Send one SMS whose text a template makes of `context`.

    to_phone or to_person: a number, or the reference of a person whom notifications knows, whose number, language and time
    zone then count.
    """

    contract: ClassVar = Contract("notifications.send_templated_sms", _ANY_LANE, _RETRY, max_batch=100)

    to_phone: Phone | None = None
    to_person: Reference | None = None
    template_name: TemplateName
    context: dict[str, JsonValue] = Field(default_factory=dict)
    locale: Locale | None = None

    @model_validator(mode="after")
    def _goes_to_one(self) -> Self:
        if (self.to_phone is None) == (self.to_person is None):
            raise ValueError("name either to_phone or to_person")
        return self


class SendInApp(ChannelSend):
    """Put one item into a person's in-app inbox, made by the template's push part of `context`."""

    contract: ClassVar = Contract("notifications.send_in_app", _ANY_LANE, _RETRY, max_batch=200)

    to_person: Reference
    template_name: TemplateName
    context: dict[str, JsonValue] = Field(default_factory=dict)
    locale: Locale | None = None


class BulkRecipient(BaseModel):
    """One of many recipients. What is wrong with one is recorded for that one, and keeps nobody else from their mail.

    context: goes before the common one, key by key.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    to_email: str | None = Field(default=None, max_length=1000)
    to_person: str | None = Field(default=None, max_length=1000)
    to_name: str | None = Field(default=None, max_length=1000)
    locale: str | None = Field(default=None, max_length=1000)
    context: dict[str, JsonValue] = Field(default_factory=dict)

    @model_serializer(mode="wrap")
    def _without_gaps(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Names of empty fields would take more room than a thousand addresses do.
        return {name: value for name, value in dump(self).items() if value}


class SendBulkEmail(Send):
    """Send one e-mail to each of many, on the bulk lane.

    email_list: each an address, or an object as BulkRecipient has it.
    """

    contract: ClassVar = Contract("notifications.send_bulk_email", (lanes.NOTIFICATIONS_BULK,), _RETRY, max_batch=10)

    email_list: list[BulkRecipient] = Field(min_length=1, max_length=1000)
    common_context: dict[str, JsonValue] = Field(default_factory=dict)
    template_name: TemplateName
    organization_id: UUID | None = None
    requester: Reference | None = None
    category: Category = "marketing"
    dedupe_key: str | None = Field(default=None, min_length=1, max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _bare_addresses(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("email_list"), list):
            return value
        return {**value, "email_list": [_recipient(one) for one in value["email_list"]]}


_MAX_FIELD: Final = 1000
_FIELDS: Final = ("to_email", "to_person", "to_name", "locale")


def _recipient(value: Any) -> Any:
    """One of the list in the form that BulkRecipient takes. What is no recipient stands for an address, which is none."""
    if isinstance(value, BulkRecipient):
        return value
    if isinstance(value, str):
        return {"to_email": value[:_MAX_FIELD]}
    is_usable = (
        isinstance(value, dict)
        and all(isinstance(value.get(name, ""), str | None) for name in _FIELDS)
        and isinstance(value.get("context", {}), dict)
    )
    if not is_usable:
        return {"to_email": json.dumps(value, default=str)[:_MAX_FIELD]}
    return {name: one[:_MAX_FIELD] if name in _FIELDS and isinstance(one, str) else one for name, one in value.items()}
