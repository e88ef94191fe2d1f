"""How an SMS goes on record, and how it changes afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy.sandbox.entries import Entry, Receipt
from deploy.sandbox.ledger import Ledger
from deploy.sandbox.transaction import Transaction

CHANNEL = "sms"

# 3GPP TS 23.038 §6.2.1. Written down here a second time on purpose: a stand-in that counted by the service's own code would
# agree with every mistake in it.
_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_PAIRS = set("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Sms:
    """One SMS to one number. to: E.164. reference: the sender's own id of it. provider_id: the one that the provider gave.

    request: what came, field by field. answered: False where the connection was dropped instead of an answer.
    """

    provider: str
    provider_id: str
    reference: str | None
    sender: str
    to: str
    text: str
    status: str
    request: Mapping[str, Any] = field(default_factory=dict)
    answered: bool = True

    def receipt(self, raw: bytes) -> Receipt:
        """For the ledger. raw: the request's body."""
        encoding, segments = count(self.text)
        details = {
            "provider_id": self.provider_id,
            "text": self.text,
            "encoding": encoding,
            "segments": segments,
            "status": self.status,
            "code": None,
            "answered": self.answered,
            "request": dict(self.request),
            "history": [_step(self.status, None)],
        }
        return Receipt(CHANNEL, self.provider, self.reference, self.sender, (self.to,), self.text[:500], raw, details)


def count(text: str) -> tuple[str, int]:
    """Encoding (gsm7 or ucs2) and number of segments."""
    if all(one in _GSM or one in _GSM_PAIRS for one in text):
        encoding, sizes, widths = "gsm7", (160, 153), [2 if one in _GSM_PAIRS else 1 for one in text]
    else:
        encoding, sizes, widths = "ucs2", (70, 67), [len(one.encode("utf-16-be", "replace")) // 2 for one in text]
    if sum(widths) <= sizes[0]:
        return encoding, 1
    segments, left = 1, sizes[1]
    for width in widths:
        if width > left:
            segments, left = segments + 1, sizes[1]
        left -= width
    return encoding, segments


def move(ledger: Ledger, transaction: Transaction, entry_id: int, status: str, code: int | None) -> Entry | None:
    """Bring an SMS to a new status, within the transaction. None where it has been deleted."""
    entry = ledger.get(CHANNEL, entry_id)
    if entry is not None:
        history = [*entry.details["history"], _step(status, code)]
        transaction.amend(entry_id, {**entry.details, "status": status, "code": code, "history": history})
    return entry


def _step(status: str, code: int | None) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"status": status, "code": code, "at": at}
