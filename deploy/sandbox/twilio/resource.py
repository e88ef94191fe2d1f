"""The Message resource (twilio.com/docs/messaging/api/message-resource#message-properties)."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from deploy.sandbox.entries import Entry

VERSION = "2010-04-01"
PRICE_UNITS = 750
"""Of one segment, in hundred-thousandths of a dollar."""
_CHARGED = ("delivered", "undelivered")


def message(entry: Entry, account_sid: str) -> dict[str, Any]:
    """An SMS of the ledger as Twilio shows it."""
    details = entry.details
    history = details["history"]
    sent = next((step["at"] for step in history if step["status"] in ("sent", "delivered", "undelivered")), None)
    path = f"/{VERSION}/Accounts/{account_sid}/Messages/{details['provider_id']}"
    return {
        "account_sid": account_sid,
        "api_version": VERSION,
        "body": details["text"],
        "date_created": _rfc2822(entry.received_at),
        "date_sent": _rfc2822(sent),
        "date_updated": _rfc2822(history[-1]["at"]),
        "direction": "outbound-api",
        "error_code": details["code"],
        "error_message": None,
        "from": entry.sender or None,
        "messaging_service_sid": details["request"].get("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": str(details["segments"]),
        "price": _price(details["segments"]) if details["status"] in _CHARGED else None,
        "price_unit": "USD",
        "sid": details["provider_id"],
        "status": details["status"],
        "subresource_uris": {"media": f"{path}/Media.json"},
        "to": entry.recipients[0],
        "uri": f"{path}.json",
    }


def _price(segments: int) -> str:
    """What the account is charged, which is negative, and is not known while the message is on its way."""
    whole, rest = divmod(segments * PRICE_UNITS, 100_000)
    return f"-{whole}.{rest:05}"


def _rfc2822(at: str | None) -> str | None:
    return format_datetime(datetime.fromisoformat(at).astimezone(UTC)) if at is not None else None
