"""What gateways tell, brought into the form in which it is merged."""

import json
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from services.payments.gateways.declines import Decline
from services.payments.gateways.facts import DisputeFact, OrderFact, PaymentFact, RefundFact, TokenFact
from services.payments.payments import ranks
from services.payments.payments.models import DisputeNews, Named, OrderNews, PaymentNews, RefundNews

_NAMESPACE: Final = UUID("6f1c1c1e-58a7-5d0e-9a59-0c8d6a6f2b11")

MoneyFact = OrderFact | PaymentFact | RefundFact | DisputeFact | TokenFact
"""What moves a payment, or a method that it is made with."""


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, and the key of the account at the gateway that it is of."""

    account: str
    fact: MoneyFact


def receipt_id(receipt: str | None) -> UUID | None:
    """The attempt or refund that a receipt names; None for one that is not ours."""
    try:
        return UUID(receipt) if receipt else None
    except ValueError:
        return None


def named(told: Told) -> Named:
    """By what it can be told whose a fact is."""
    fact = told.fact
    return Named(
        fact.gateway,
        told.account,
        getattr(fact, "order_id", None),
        getattr(fact, "payment_id", None),
        receipt_id(getattr(fact, "receipt", None)),
    )


def order_news(told: Told) -> OrderNews | None:
    """None for an order that is not one of our attempts."""
    fact = told.fact
    receipt = receipt_id(fact.receipt) if isinstance(fact, OrderFact) else None
    if not isinstance(fact, OrderFact) or receipt is None:
        return None
    return OrderNews(fact.gateway, told.account, receipt, fact.order_id, fact.client_secret)


def payment_news(account: str, fact: PaymentFact) -> PaymentNews:
    """As payments are merged."""
    return PaymentNews(
        id=uuid5(_NAMESPACE, f"payment/{fact.gateway}/{account}/{fact.payment_id}"),
        gateway=fact.gateway,
        account=account,
        gateway_payment_id=fact.payment_id,
        gateway_order_id=fact.order_id,
        receipt=fact.receipt,
        rank=ranks.payment_rank(fact),
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        captured_minor=fact.captured_minor,
        refunded_minor=fact.refunded_minor,
        fee_minor=fact.fee_minor,
        tax_minor=fact.tax_minor,
        method=fact.method,
        bank=fact.bank,
        reference=fact.reference,
        token=fact.token_id,
        action_url=fact.action_url,
        decline=_json(fact.decline) if fact.decline is not None else None,
        is_international=fact.is_international,
        at=fact.occurred_at,
    )


def refund_news(account: str, fact: RefundFact) -> RefundNews:
    """As refunds are merged."""
    return RefundNews(
        gateway=fact.gateway,
        account=account,
        gateway_refund_id=fact.refund_id,
        gateway_payment_id=fact.payment_id,
        receipt=fact.receipt,
        rank=ranks.REFUND_RANKS[fact.status],
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        reference=fact.reference,
        at=fact.occurred_at,
    )


def dispute_news(account: str, fact: DisputeFact) -> DisputeNews:
    """As disputes are merged."""
    return DisputeNews(
        id=uuid5(_NAMESPACE, f"dispute/{fact.gateway}/{account}/{fact.dispute_id}"),
        gateway=fact.gateway,
        account=account,
        gateway_dispute_id=fact.dispute_id,
        gateway_payment_id=fact.payment_id,
        rank=ranks.DISPUTE_RANKS[fact.status],
        amount_minor=fact.amount_minor,
        deducted_minor=fact.deducted_minor,
        currency=fact.currency,
        reason=fact.reason,
        respond_by=fact.respond_by,
        at=fact.occurred_at,
    )


def _json(decline: Decline) -> str:
    kept = {
        "code": decline.code,
        "reason": decline.reason,
        "kind": decline.kind.value,
        "delay_s": decline.delay_s,
        "next_action": decline.next_action.value,
        "text": decline.customer_text,
    }
    return json.dumps(kept, sort_keys=True)
