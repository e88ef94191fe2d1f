"""SendEmail's request as AWS's own model of the service has it (botocore, sesv2/2019-09-27), and its limits."""

import base64
import binascii
import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr, model_validator

MAX_BYTES = 40 * 1024 * 1024
_ADDRESS = re.compile(r"[!-?A-~]+@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_FROM = re.compile(r"[\x20-\x7e]{0,320}")


def _address(value: str) -> str:
    plain = value.rpartition("<")[2].rstrip(">").strip()
    if not _ADDRESS.fullmatch(plain) or not _FROM.fullmatch(value):
        raise ValueError("Invalid email address: local parts are ASCII, domains are in punycode.")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Address = Annotated[StrictStr, AfterValidator(_address)]


class Destination(_Strict):
    """Who gets the mail; 50 recipients at most."""

    ToAddresses: list[Address] = []
    CcAddresses: list[Address] = []
    BccAddresses: list[Address] = []

    @property
    def all(self) -> list[str]:
        """All recipients."""
        return [*self.ToAddresses, *self.CcAddresses, *self.BccAddresses]

    @model_validator(mode="after")
    def _count(self) -> Self:
        if not 1 <= len(self.all) <= 50:
            raise ValueError("Recipient count is not between 1 and 50.")
        return self


class Raw(_Strict):
    """A whole MIME message in base64."""

    Data: StrictStr

    @property
    def message(self) -> bytes:
        """Its bytes."""
        return base64.b64decode(self.Data)

    @model_validator(mode="after")
    def _is_a_message(self) -> Self:
        try:
            message = base64.b64decode(self.Data, validate=True)
        except binascii.Error:
            raise ValueError("Data is not base64.") from None
        if len(message) > MAX_BYTES:
            raise ValueError("Message length is more than 41943040 bytes long.")
        head = message.partition(b"\r\n\r\n")[0]
        if not re.search(rb"^from:", head, re.IGNORECASE | re.MULTILINE):
            raise ValueError("Missing final '@domain': the message has no From header.")
        if not message.isascii():
            raise ValueError("The message holds bytes beyond 7 bit; encode them as quoted-printable or base64.")
        return self


class Content(_Strict):
    """What the mail says. Simple and Template are not offered: a client that uses them is told so."""

    Raw: Raw


class Tag(_Strict):
    """A name and a value that come back with events."""

    Name: StrictStr = Field(pattern=r"^[A-Za-z0-9_-]{1,256}$")
    Value: StrictStr = Field(pattern=r"^[A-Za-z0-9_-]{1,256}$")


class SendEmail(_Strict):
    """The whole request."""

    FromEmailAddress: Address | None = None
    Destination: Destination
    ReplyToAddresses: list[Address] = []
    FeedbackForwardingEmailAddress: Address | None = None
    Content: Content
    EmailTags: list[Tag] = []
    ConfigurationSetName: StrictStr | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
