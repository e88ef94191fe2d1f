"""Customers, orders and payments as the tests of payments need them, and facts as gateways tell them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.gateways.declines import Decline, DeclineKind, NextAction
from services.payments.gateways.facts import PaymentFact, PaymentStatus, RefundFact, RefundStatus
from services.payments.payments.models import NewPayment, Payment
from services.payments.payments.telling import Told
from services.payments.payments.writing_repository import PaymentRepository
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOTAL: Final = 11800
BROKE: Final = Decline(
    "BAD_REQUEST_ERROR",
    "insufficient_funds",
    DeclineKind.LATER,
    86400,
    NextAction.CHANGE_METHOD,
    "insufficient_funds",
    "No money.",
)

_CUSTOMER: Final = text("""
    INSERT INTO customers (id, organization_id, name, email, phone, locale, time_zone, created_at, updated_at)
    VALUES (:id, :ours, 'Ann', 'ann@example.com', '+919812345678', 'en-IN', 'Asia/Kolkata', :at, :at)
""")
_ORDER: Final = text("""
    INSERT INTO orders (id, organization_id, customer_id, number, status, currency, subtotal_minor, discount_minor, tax_minor,
                        round_off_minor, total_minor, supply_kind, round_to_minor, delivery, placed_at, created_at, updated_at,
                        changed_by, subscription_id, period_start)
    VALUES (:id, :ours, :customer_id, :number, 'placed', 'INR', :total, 0, 0, 0, :total, 'untaxed', 1, '{}', :at, :at, :at,
            'test', :subscription_id, :period_start)
""")
_LINE: Final = text("""
    INSERT INTO order_lines (order_id, number, sku, name, hsn_sac, quantity, unit_price_minor, discount_minor, tax_rate_bp,
                             taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor, total_minor)
    VALUES (:id, 1, 'cup', 'Cup', '6912', 1, :total, 0, 0, :total, 0, 0, 0, 0, :total)
""")


async def have_customer(session: Session) -> UUID:
    """Somebody with an address and a number."""
    customer_id = uuid7()
    await session.execute(_CUSTOMER, {"id": customer_id, "ours": OURS, "at": NOON})
    return customer_id


async def have_order(session: Session, customer_id: UUID, total: int = TOTAL, **period: Any) -> UUID:
    """A placed order of one line."""
    order_id = uuid7()
    bound = {"id": order_id, "ours": OURS, "customer_id": customer_id, "number": f"O-{order_id}", "total": total, "at": NOON}
    await session.execute(_ORDER, {"subscription_id": None, "period_start": None, **bound, **period})
    await session.execute(_LINE, {"id": order_id, "total": total})
    return order_id


async def have_payment(
    session: Session, order_id: UUID, customer_id: UUID, *, amount: int = TOTAL, gateway_order: str | None = "order_1"
) -> Payment:
    """A payment of an order, of which the gateway knows under its own order."""
    new = NewPayment(uuid7(), OURS, customer_id, order_id, None, None, None, "razorpay", "razorpay", None, "INR", amount, None)
    (payment,) = await PaymentRepository(session).insert([new], by="test", at=NOON)
    update = text("UPDATE payments SET gateway_order_id = :order WHERE id = :id")
    await session.execute(update, {"order": gateway_order, "id": payment.id})
    return payment


def pay(status: str, payment_id: str = "pay_1", *, minutes: int = 0, **more: Any) -> Told:
    """What Razorpay says of a payment of order_1."""
    usual: dict[str, Any] = {
        "gateway": "razorpay",
        "payment_id": payment_id,
        "order_id": "order_1",
        "receipt": None,
        "status": PaymentStatus(status),
        "amount_minor": TOTAL,
        "currency": "INR",
        "captured_minor": TOTAL if status == "captured" else 0,
        "refunded_minor": 0,
        "occurred_at": NOON + timedelta(minutes=minutes),
        "method": "upi",
        "decline": BROKE if status == "failed" else None,
    }
    return Told("razorpay", PaymentFact(**{**usual, **more}))


def give(status: str, refund_id: str = "rfnd_1", amount: int = TOTAL, *, minutes: int = 0, **more: Any) -> Told:
    """What Razorpay says of a refund of pay_1."""
    usual: dict[str, Any] = {
        "gateway": "razorpay",
        "refund_id": refund_id,
        "payment_id": "pay_1",
        "receipt": None,
        "status": RefundStatus(status),
        "amount_minor": amount,
        "currency": "INR",
        "occurred_at": NOON + timedelta(minutes=minutes),
    }
    return Told("razorpay", RefundFact(**{**usual, **more}))


async def rows(session: ReadSession, query: str, **bound: Any) -> Sequence[tuple[Any, ...]]:
    """What a query finds, as tuples."""
    return [tuple(row) for row in await session.execute(text(query), bound)]


async def balances(session: ReadSession) -> dict[str, int]:
    """What the accounts of the ledger come to."""
    query = "SELECT account, sum(amount_minor)::bigint FROM ledger_entries GROUP BY account HAVING sum(amount_minor) <> 0"
    return dict(await rows(session, query))


CHECK: Final = text("SET CONSTRAINTS ALL IMMEDIATE")
"""What the database checks at a commit, now."""
