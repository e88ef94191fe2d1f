"""Whether a request can be made at all: what is wrong with it is said before any call."""

import re
from collections.abc import Mapping
from typing import Final

from services.payments.gateways.amounts import amount_fault
from services.payments.gateways.answers import Refusal, Refused

_RECEIPT: Final = re.compile(r"[A-Za-z0-9_-]{10,40}")
_MAX_NOTES: Final = 15
_MAX_NAME_CHARS: Final = 40
_MAX_NOTE_CHARS: Final = 256


def fault_of(gateway: str, receipt: str, amount_minor: int, currency: str, notes: Mapping[str, str]) -> Refused | None:
    """What is wrong with a request that moves money; None where nothing is."""
    amount = amount_fault(gateway, amount_minor, currency)
    if amount is not None:
        return Refused(Refusal.INVALID, amount, "amount")
    if not _RECEIPT.fullmatch(receipt):
        return Refused(Refusal.INVALID, "a receipt has 10 to 40 letters, digits, hyphens and underscores", "receipt")
    are_long = any(len(name) > _MAX_NAME_CHARS or len(text) > _MAX_NOTE_CHARS for name, text in notes.items())
    if are_long or len(notes) > _MAX_NOTES:
        return Refused(Refusal.INVALID, "there may be 15 notes, with names of 40 and texts of 256 characters", "notes")
    return None
