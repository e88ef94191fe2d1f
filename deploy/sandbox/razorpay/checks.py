"""Whether the fields of a request are as Razorpay documents them. Each check raises Refused with the field in it."""

import re
from typing import Any

from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.answers import Refused

MIN_PAISE = 100
MAX_RECEIPT, MAX_NOTES, MAX_NOTE = 40, 15, 256
MAX_COUNT, MAX_RECON_COUNT = 100, 1000
_CURRENCY = re.compile(r"[A-Z]{3}")
_THREE_DECIMALS = {"KWD", "BHD", "OMR"}


def known(body: Document, names: set[str]) -> None:
    """Refuse fields that are not documented, as Razorpay does."""
    unknown = sorted(set(body) - names)
    if unknown:
        raise Refused(f"{', '.join(unknown)} is/are not required and should not be sent")


def amount_of(body: Document, *, least: int = 1) -> int:
    """The amount in minor units."""
    amount = body.get("amount")
    if amount is None:
        raise Refused("The amount field is required.", field="amount")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise Refused("The amount must be an integer.", field="amount")
    if amount < least:
        raise Refused(
            "Order amount less than minimum amount allowed" if least == MIN_PAISE else "The amount must be atleast INR 1.00",
            field="amount",
        )
    return amount


def currency_of(body: Document, amount: int) -> str:
    """The currency; of three-decimal ones the amount's last digit must be 0."""
    currency = body.get("currency")
    if currency is None:
        raise Refused("The currency field is required.", field="currency")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise Refused("Currency is not supported", field="currency")
    if currency in _THREE_DECIMALS and amount % 10:
        raise Refused(f"The last digit of an amount in {currency} must be 0", field="amount")
    return currency


def receipt_of(body: Document) -> str | None:
    """Our own id."""
    receipt = body.get("receipt")
    if receipt is not None and not isinstance(receipt, str):
        raise Refused("The receipt must be a string.", field="receipt")
    if receipt is not None and len(receipt) > MAX_RECEIPT:
        raise Refused("The receipt may not be greater than 40 characters.", field="receipt")
    return receipt


def notes_of(body: Document) -> Any:
    """The notes; none are an empty list, as Razorpay shows them."""
    notes = body.get("notes") or []
    if notes and not isinstance(notes, dict):
        raise Refused("The notes must be an array.", field="notes")
    if len(notes) > MAX_NOTES:
        raise Refused("Number of fields in notes should be less than or equal to 15", field="notes")
    for value in notes.values() if isinstance(notes, dict) else ():
        if isinstance(value, dict | list) or len(str(value)) > MAX_NOTE:
            raise Refused("Notes value cannot exceed 256 characters.", field="notes")
    return notes


def text_of(body: Document, name: str, *, required: bool = True) -> str | None:
    """A text."""
    value = body.get(name)
    if (value is None or value == "") and required:
        raise Refused(f"The {name} field is required.", field=name)
    if value is not None and not isinstance(value, str):
        raise Refused(f"The {name} must be a string.", field=name)
    return value


def flag_of(body: Document, name: str) -> bool:
    """A flag, which Razorpay takes as JSON's or as 0 and 1."""
    value = body.get(name, False)
    if value not in (0, 1, "0", "1", "true", "false", None):
        raise Refused(f"The {name} field must be true or false.", field=name)
    return value in (1, "1", "true")


def number_of(query: Document, name: str, default: int | None, *, most: int | None = None, least: int = 0) -> int | None:
    """A number of the query string."""
    value = query.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,12}", value):
        raise Refused(f"The {name} must be an integer.", field=name)
    if int(value) < least:
        raise Refused(f"The {name} must be at least {least}.", field=name)
    if most is not None and int(value) > most:
        raise Refused(f"The {name} may not be greater than {most}.", field=name)
    return int(value)
