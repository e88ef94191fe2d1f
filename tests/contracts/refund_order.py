"""A message with every kind of field, and what the registry looks like after somebody changed it."""

from typing import Any, ClassVar, Literal

from pydantic import Field, create_model

from shared.contracts import lanes
from shared.contracts.documents import Registry
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.money import Money

NAME = "payments.refund_order"
CONTRACT = Contract(NAME, (lanes.PAYMENTS_NORMAL, lanes.PAYMENTS_BATCH), max_batch=50)


class RefundOrder(Command):
    """Pay an order back."""

    contract: ClassVar = CONTRACT

    order_id: str = Field(min_length=1, max_length=64, pattern="^[a-z0-9]+$")
    amount: Money
    reason: Literal["returned", "lost"] = "returned"
    not_before: UtcDatetime | None = None
    lines: list[int] = Field(default=[], max_length=10)
    weights_kg: dict[str, float] = Field(default={})
    ratio: float = 1.0


SAMPLE: dict[str, Any] = {
    "order_id": "a1",
    "amount": {"amount_minor": 1250, "currency": "INR"},
    "reason": "lost",
    "not_before": "2026-11-20T06:00:00Z",
    "lines": [1, 2],
    "weights_kg": {"1": 2.5},
    "ratio": 0.5,
}


def altered(contract: Contract = CONTRACT, **fields: Any) -> Registry:
    """The registry after a change: `name=(type, default)` replaces or adds a field."""
    message = create_model("RefundOrder", __base__=RefundOrder, __doc__=RefundOrder.__doc__, **fields)
    message.contract = contract
    return {NAME: message}


def without(field: str) -> Registry:
    """The registry after a field was deleted."""
    kept = {name: (info.annotation, info) for name, info in RefundOrder.model_fields.items() if name != field}
    message = create_model("RefundOrder", __base__=Command, __doc__=RefundOrder.__doc__, **kept)  # type: ignore[call-overload] # fields by name
    message.contract = CONTRACT
    return {NAME: message}
