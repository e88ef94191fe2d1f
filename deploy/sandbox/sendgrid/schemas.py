"""The request of Mail Send as SendGrid's published specification has it (sendgrid-oai, tsg_mail_v3, MIT), and its limits.

What stands here must be what the documents say and not what our own client sends; nothing is imported from it.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

MAX_BYTES = 30 * 1024 * 1024
MAX_RECIPIENTS = 1000
_ADDRESS = re.compile(r"[!-?A-~]+@[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+")
_REFUSED_HEADERS = {
    *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
    *("to", "from", "subject", "reply-to", "cc", "bcc"),
}


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError("Does not contain a valid address.")
    return value


def _name(value: str) -> str:
    if "," in value or ";" in value:
        raise ValueError("The name cannot include either the ; or , characters.")
    return value


def _headers(value: dict[str, str]) -> dict[str, str]:
    refused = sorted(_REFUSED_HEADERS.intersection(name.lower() for name in value))
    if refused:
        raise ValueError(f"You cannot use the following header: {refused[0]}")
    for name, text in value.items():
        if not re.fullmatch(r"[!-9;-~]+", name) or not re.fullmatch(r"[\x20-\x7e]*", text):
            raise ValueError(f"The header {name!r} is not one line of ASCII.")
    return value


def _within_10_000_bytes(value: dict[str, str]) -> dict[str, str]:
    size = sum(len(name.encode()) + len(text.encode()) for name, text in value.items())
    if size > 10_000:
        raise ValueError(f"is limited to 10000 bytes. You have provided {size} bytes.")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Texts = dict[StrictStr, StrictStr]
Headers = Annotated[Texts, AfterValidator(_headers)]
Limited = Annotated[Texts, AfterValidator(_within_10_000_bytes)]


class Mailbox(_Strict):
    """A recipient or a sender."""

    email: Annotated[StrictStr, AfterValidator(_address)]
    name: Annotated[StrictStr, AfterValidator(_name)] | None = None


class Personalization(_Strict):
    """Who gets a mail, and what is special about it."""

    to: list[Mailbox] = Field(min_length=1)
    cc: list[Mailbox] = []
    bcc: list[Mailbox] = []
    subject: StrictStr | None = Field(None, min_length=1)
    headers: Headers = {}
    substitutions: Limited = {}
    custom_args: Limited = {}
    send_at: StrictInt | None = None


class Part(_Strict):
    """One part of the body."""

    type: StrictStr = Field(min_length=1)
    value: StrictStr = Field(min_length=1)


class Attachment(_Strict):
    """A file. content: base64."""

    content: StrictStr = Field(min_length=1, pattern=r"^[A-Za-z0-9+/]+={0,2}$")
    filename: StrictStr
    type: StrictStr | None = Field(None, min_length=1)
    disposition: Literal["inline", "attachment"] = "attachment"
    content_id: StrictStr | None = None


class Switch(_Strict):
    """One of the tracking settings."""

    enable: StrictBool
    enable_text: StrictBool | None = None
    substitution_tag: StrictStr | None = None


class Tracking(_Strict):
    """How links and openings are followed."""

    click_tracking: Switch | None = None
    open_tracking: Switch | None = None
    subscription_tracking: Switch | None = None


class MailSend(_Strict):
    """The whole request. Templates, unsubscribe groups and the like are not offered: a client that uses them is told so."""

    personalizations: list[Personalization] = Field(min_length=1, max_length=MAX_RECIPIENTS)
    sender: Mailbox = Field(alias="from")
    reply_to: Mailbox | None = None
    subject: StrictStr | None = Field(None, min_length=1)
    content: list[Part] = Field(min_length=1)
    attachments: list[Attachment] = []
    headers: Headers = {}
    categories: list[Annotated[StrictStr, Field(max_length=255)]] = Field([], max_length=10)
    custom_args: Limited = {}
    tracking_settings: Tracking | None = None
    mail_settings: dict[str, Any] = Field({}, max_length=0)

    @model_validator(mode="after")
    def _parts_are_in_order(self) -> Self:
        order = [("text/plain", "text/html").index(part.type) for part in self.content if part.type.startswith("text/")]
        if order != sorted(order):
            raise ValueError("If present, text/plain and text/html must be the first two parts, in this order.")
        return self


def limits(mail: MailSend) -> list[tuple[str, str]]:
    """What is wrong with a request beyond its shape: field and message."""
    wrong = []
    seen: set[str] = set()
    recipients = 0
    for index, one in enumerate(mail.personalizations):
        mailboxes = [*one.to, *one.cc, *one.bcc]
        recipients += len(mailboxes)
        for address in (mailbox.email.lower() for mailbox in mailboxes):
            if address in seen:
                said = "Each unique email address in the personalizations array should only be included once."
                wrong.append((f"personalizations.{index}", said))
            seen.add(address)
        if one.subject is None and mail.subject is None:
            wrong.append(("subject", "The subject is required. You can get around this requirement if you use a template."))
    if recipients > MAX_RECIPIENTS:
        wrong.append(("personalizations", "There is a limit of 1000 total recipients (to + cc + bcc) per request."))
    return wrong
