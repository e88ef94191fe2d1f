"""Razorpay's signatures: hex HMAC-SHA256 with the key's secret over ids, with the webhook's secret over a raw body."""

import hashlib
import hmac
from collections.abc import Sequence


def payment_signature(key_secret: str, order_id: str, payment_id: str) -> str:
    """What checkout hands over, and a charge on a mandate."""
    return _hex(key_secret, f"{order_id}|{payment_id}".encode())


def webhook_headers(body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """What proves an event: by one secret, also while it is being changed."""
    return {"X-Razorpay-Signature": _hex(secrets[0], body)}


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
