"""What can be asked for over HTTP: messages over one channel, and notices over the channels that a person wants."""

import json
from datetime import datetime
from typing import Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from shared.contracts.message import UtcDatetime

_LINE: Final = r"^[^\x00-\x1f]+$"
_NAME: Final = r"^[a-z][a-z0-9_]*$"
_PERSON: Final = "A person who is known here, by `<service>.<kind>:<id>`, whose address, language and time zone count."
_DEDUPE: Final = "A second message under the same key to the same recipient is dropped."


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [fields]})


class _Request(BaseModel):
    valid_until: UtcDatetime | None = Field(default=None, description="Not sent after this moment.")
    subject_key: str | None = Field(default=None, max_length=200, pattern=_LINE, description="What it is about.")
    category: str = Field(default="general", max_length=50, pattern=_NAME, description="By which people choose what they get.")
    dedupe_key: str | None = Field(default=None, max_length=200, pattern=_LINE, description=_DEDUPE)
    lane: Literal["urgent", "normal", "bulk"] = "normal"


class _Templated(_Request):
    template_name: str = Field(max_length=100, pattern=_NAME)
    context: dict[str, JsonValue] = Field(default_factory=dict, description="The template's variables.")
    locale: str | None = Field(
        default=None,
        max_length=35,
        pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$",
        description="A BCP 47 tag; by default the person's, then English.",
    )

    @field_validator("context")
    @classmethod
    def _can_travel(cls, context: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return _travelling(context)


def _travelling(context: dict[str, JsonValue]) -> dict[str, JsonValue]:
    # Python reads halves of characters, NaN and any depth, and no message can carry them.
    try:
        json.dumps(context, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise ValueError("use whole characters, numbers other than NaN and Infinity, and fewer levels") from None
    return context


class EmailCreate(_Request):
    """An e-mail with a ready subject and text."""

    model_config = _example(
        to_email="customs.desk@example.com",
        to_name="Customs desk",
        subject="Shipment is late",
        body="Shipment MAEU1234567 is 3 days late.",
        body_html="<p>Shipment <b>MAEU1234567</b> is 3 days late.</p>",
    )

    to_email: str = Field(max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
    to_name: str | None = Field(default=None, max_length=200, pattern=_LINE)
    subject: str = Field(min_length=1, max_length=500, pattern=_LINE, description="One line.")
    body: str = Field(min_length=1, max_length=48_000)
    body_html: str | None = Field(default=None, max_length=48_000, description="An alternative to `body`.")


class TemplatedEmailCreate(_Templated):
    """An e-mail that a template makes. Name either `to_email` or `to_person`."""

    model_config = _example(
        to_email="customs.desk@example.com",
        to_name="Customs desk",
        template_name="welcome",
        context={"name": "Asha"},
        locale="de-AT",
    )

    to_email: str | None = Field(default=None, max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
    to_person: str | None = Field(default=None, max_length=200, pattern=r"^[a-z]+\.[a-z_]+:[^\x00-\x1f]+$", description=_PERSON)
    to_name: str | None = Field(default=None, max_length=200, pattern=_LINE)

    @model_validator(mode="after")
    def _goes_to_one(self) -> Self:
        if (self.to_email is None) == (self.to_person is None):
            raise ValueError("name either to_email or to_person")
        return self


class SmsCreate(_Request):
    """An SMS with a ready text."""

    model_config = _example(to_phone="+919812345678", body="Your order 1042 has been shipped.")

    to_phone: str = Field(max_length=32, pattern=r"^\+?[0-9][0-9 ()./-]{5,30}$", description="International, with a plus.")
    body: str = Field(min_length=1, max_length=1600, pattern=r"^[^\x00]+$")


class TemplatedSmsCreate(_Templated):
    """An SMS that a template makes. Name either `to_phone` or `to_person`."""

    model_config = _example(
        to_phone="+919812345678", template_name="order_shipped", context={"order_number": "1042"}, locale="hi"
    )

    to_phone: str | None = Field(default=None, max_length=32, pattern=r"^\+?[0-9][0-9 ()./-]{5,30}$")
    to_person: str | None = Field(default=None, max_length=200, pattern=r"^[a-z]+\.[a-z_]+:[^\x00-\x1f]+$", description=_PERSON)

    @model_validator(mode="after")
    def _goes_to_one(self) -> Self:
        if (self.to_phone is None) == (self.to_person is None):
            raise ValueError("name either to_phone or to_person")
        return self


class NotificationCreate(BaseModel):
    """Something that a person is told over the channels that the person wants."""

    model_config = _example(
        to_person="payments.customer:019a9f5e-0b00-7e21-b7c4-90ab12cd34ef",
        notification_type="order_shipped",
        context={"order_number": "1042"},
    )

    to_person: str = Field(max_length=200, pattern=r"^[a-z]+\.[a-z_]+:[^\x00-\x1f]+$", description=_PERSON)
    notification_type: str = Field(max_length=100, pattern=_NAME, description="A template; its parts say over which channels.")
    context: dict[str, JsonValue] = Field(default_factory=dict, description="The template's variables.")
    channels: list[Literal["email", "sms", "in_app"]] | None = Field(
        default=None, min_length=1, max_length=3, description="Which of them at most."
    )
    category: str = Field(default="general", max_length=50, pattern=_NAME, description="By which people choose what they get.")
    valid_until: UtcDatetime | None = Field(default=None, description="Not sent after this moment.")
    subject_key: str | None = Field(default=None, max_length=200, pattern=_LINE, description="What it is about.")
    dedupe_key: str | None = Field(default=None, max_length=200, pattern=_LINE, description=_DEDUPE)
    lane: Literal["urgent", "normal", "bulk"] = "normal"

    @field_validator("context")
    @classmethod
    def _can_travel(cls, context: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return _travelling(context)


class MessageAccepted(BaseModel):
    """The message will be sent; `GET /v1/deliveries/{id}` tells what became of it.

    Of a notice, `GET /v1/deliveries?notice_id=` lists what it has become.
    """

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [{"id": "019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a", "created_at": "2026-11-20T06:00:00.120000Z"}]
        },
    )

    id: UUID
    created_at: datetime
