"""What a client shows after checkout, and how gateways sign it and their call-backs. All comparisons take constant time."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from services.payments.gateways.errors import ForgedWebhook

STRIPE_TOLERANCE_S: Final = 300
"""How far Stripe's time stamp may be from ours (docs.stripe.com/webhooks/signature); its repeats are signed anew."""
_MAX_SIGNATURES: Final = 20


@dataclass(frozen=True, slots=True)
class OrderProof:
    """order_id: from our own records and never from the client, who could show a paid order of another amount."""

    order_id: str
    payment_id: str
    signature: str = field(repr=False)

    @property
    def signed(self) -> str:
        return f"{self.order_id}|{self.payment_id}"


@dataclass(frozen=True, slots=True)
class SubscriptionProof:
    """subscription_id: from our own records."""

    subscription_id: str
    payment_id: str
    signature: str = field(repr=False)

    @property
    def signed(self) -> str:
        return f"{self.payment_id}|{self.subscription_id}"


@dataclass(frozen=True, slots=True)
class LinkProof:
    """link_id, reference_id: from our own records."""

    link_id: str
    reference_id: str
    status: str
    payment_id: str
    signature: str = field(repr=False)

    @property
    def signed(self) -> str:
        return f"{self.link_id}|{self.reference_id}|{self.status}|{self.payment_id}"


CheckoutProof: TypeAlias = OrderProof | SubscriptionProof | LinkProof


def proves(proof: CheckoutProof, key_secret: str) -> bool:
    """Whether Razorpay has signed it: hex HMAC-SHA256 under the key's secret (razorpay.com/docs, utility of its SDKs)."""
    return _is_signed(_bytes(proof.signed), [proof.signature], [key_secret])


def check_razorpay(raw: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
    """X-Razorpay-Signature: hex HMAC-SHA256 over the raw body under one of the secrets. Raises ForgedWebhook."""
    signature = header(headers, "x-razorpay-signature")
    if not signature:
        raise ForgedWebhook("unsigned")
    if not _is_signed(raw, [signature], secrets):
        raise ForgedWebhook("signature")


def check_stripe(raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> None:
    """Stripe-Signature: `t=<seconds>,v1=<hex HMAC-SHA256 over "t.body">`, several v1 during a rotation. Raises
    ForgedWebhook."""
    parts = [part.strip().partition("=") for part in header(headers, "stripe-signature").split(",")]
    stamp = next((value for name, _, value in parts if name == "t"), "")
    signatures = [value for name, _, value in parts if name == "v1"][:_MAX_SIGNATURES]
    if not signatures or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise ForgedWebhook("unsigned")
    if not _is_signed(stamp.encode() + b"." + raw, signatures, secrets):
        raise ForgedWebhook("signature")
    if abs(now.timestamp() - int(stamp)) > STRIPE_TOLERANCE_S:
        raise ForgedWebhook("stale")


def header(headers: Mapping[str, str], name: str) -> str:
    """A header by its name in lower case; empty where there is none."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _is_signed(message: bytes, signatures: Sequence[str], secrets: Sequence[str]) -> bool:
    """Whether one of the signatures is that of one of the secrets. All are tried, so that the time tells nothing of which it
    was."""
    expected = [hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().encode() for secret in secrets]
    found = [hmac.compare_digest(one, _bytes(signature)) for one in expected for signature in signatures]
    return any(found)


def _bytes(text: str) -> bytes:
    # compare_digest refuses texts beyond ASCII, and a forger may send halves of characters, which encode to nothing.
    return text.encode("utf-8", "replace")
