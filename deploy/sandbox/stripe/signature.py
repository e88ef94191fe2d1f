"""Stripe's signature: `t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`, a v1 for each secret that is valid."""

import hashlib
import hmac
import time
from collections.abc import Sequence


def webhook_headers(body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """What proves an event, at the moment at which it is sent."""
    at = int(time.time())
    signed = f"{at}.".encode() + body
    proofs = (hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets)
    return {"Stripe-Signature": ",".join([f"t={at}", *(f"v1={proof}" for proof in proofs)])}
