"""What a client shows after checkout, and how gateways sign it and their call-backs."""

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class OrderProof:
    """order_id: from our own records and never from the client, who could show a paid order of another amount."""

    order_id: str
    payment_id: str
    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SubscriptionProof:
    subscription_id: str
    payment_id: str
    signature: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkProof:
    """link_id, reference_id: from our own records."""

    link_id: str
    reference_id: str
    status: str
    payment_id: str
    signature: str = field(repr=False)


CheckoutProof: TypeAlias = OrderProof | SubscriptionProof | LinkProof
