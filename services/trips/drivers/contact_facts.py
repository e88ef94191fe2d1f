"""How a driver is reached and addressed, checked and in one form. Nothing is quoted in what is refused."""

from functools import cache
from typing import Annotated, Final
from zoneinfo import available_timezones

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat
from pydantic import AfterValidator, Field, WithJsonSchema

_NO_NUMBER: Final = "is not a phone number that anybody can have; write it with + and country code, such as +919812345678"


def email_address(text: str) -> str:
    """The address as mail servers compare it: the domain in lower case. Raises ValueError."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("is not an e-mail address that anybody can have; write it like ann@example.com") from None


def phone_number(text: str) -> str:
    """The number as E.164. Raises ValueError for one without its country code, or that its country never gives out."""
    # The library reads letters as the digits of a telephone's keys.
    if any(character.isalpha() for character in text):
        raise ValueError(_NO_NUMBER)
    try:
        number = phonenumbers.parse(text)
    except NumberParseException:
        raise ValueError(_NO_NUMBER) from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise ValueError(_NO_NUMBER)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def time_zone(text: str) -> str:
    """The name. Raises ValueError for one that is not in the IANA database."""
    if text not in _zones():
        raise ValueError("is not a time zone of the IANA database; write a name such as Asia/Kolkata")
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


Email = Annotated[
    str, Field(max_length=320), AfterValidator(email_address), WithJsonSchema({"type": "string", "examples": ["ann@example.com"]})
]
Phone = Annotated[
    str, Field(max_length=40), AfterValidator(phone_number), WithJsonSchema({"type": "string", "examples": ["+919812345678"]})
]
LanguageTag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$", examples=["en-IN"])]
"""BCP 47: language, script and region in their canonical spelling."""
TimeZone = Annotated[
    str, Field(max_length=64), AfterValidator(time_zone), WithJsonSchema({"type": "string", "examples": ["Asia/Kolkata"]})
]
