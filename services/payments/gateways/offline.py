"""Payments without a gateway: cash, bank transfers and cheques, as an operator records them.

Nothing is called, and nothing can be unknown: what the operator says is the fact. A cheque is no money before the bank has
cleared it; until then it is `created`, and a bounced one has failed like any other payment.

OfflineRefused (422)    the record cannot be meant
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.payments.gateways.amounts import check_amount
from services.payments.gateways.declines import NextAction, ask
from services.payments.gateways.facts import PaymentFact, PaymentStatus, RefundFact, RefundStatus
from shared.runtime.errors import Invalid
from shared.runtime.redaction import redact_text

OFFLINE: Final = "offline"
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,49}")
_BOUNCED: Final = ask("cheque_bounced", NextAction.CHANGE_METHOD)


class OfflineRefused(Invalid):
    code, title = "offline_payment_refused", "The payment cannot be recorded"


class OfflineMethod(StrEnum):
    CASH = "cash"
    BANK_TRANSFER = "bank_transfer"
    CHEQUE = "cheque"


class Clearing(StrEnum):
    """Of a cheque. waiting: handed in. cleared: the money is there. bounced: it is not, and will not be."""

    WAITING = "waiting"
    CLEARED = "cleared"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class OfflinePayment:
    """What an operator records.

    receipt: of the attempt, which is the payment's id as well. reference: the bank's (UTR) or the cheque's number; cash may
    have one. at: when the money, or the bank's word on the cheque, came. bank: whose cheque or account it is. clearing: of a
    cheque.
    """

    receipt: str
    amount_minor: int
    currency: str
    method: OfflineMethod
    at: datetime
    reference: str | None = None
    bank: str | None = None
    clearing: Clearing | None = None


@dataclass(frozen=True, slots=True)
class OfflineRefund:
    """What was given back by hand. reference: as of a payment."""

    receipt: str
    payment_id: str
    amount_minor: int
    currency: str
    at: datetime
    reference: str | None = None


def offline_payment(record: OfflinePayment) -> PaymentFact:
    """The fact that a record is. Raises OfflineRefused and AmountRefused."""
    check_amount(OFFLINE, record.amount_minor, record.currency)
    _check_reference(record.reference, is_needed=record.method is not OfflineMethod.CASH)
    if (record.clearing is not None) != (record.method is OfflineMethod.CHEQUE):
        raise OfflineRefused("a cheque is waiting, cleared or bounced, and nothing else is; give clearing with cheques alone")
    is_here = record.clearing in (None, Clearing.CLEARED)
    is_lost = record.clearing is Clearing.BOUNCED
    unpaid = PaymentStatus.FAILED if is_lost else PaymentStatus.CREATED
    return PaymentFact(
        gateway=OFFLINE,
        payment_id=record.receipt,
        order_id=None,
        receipt=record.receipt,
        status=PaymentStatus.CAPTURED if is_here else unpaid,
        amount_minor=record.amount_minor,
        currency=record.currency,
        captured_minor=record.amount_minor if is_here else 0,
        refunded_minor=0,
        occurred_at=record.at,
        fee_minor=0,
        tax_minor=0,
        method=record.method.value,
        bank=record.bank,
        reference=record.reference,
        decline=_BOUNCED.of("CHEQUE", "cheque_bounced", "") if is_lost else None,
    )


def offline_refund(record: OfflineRefund) -> RefundFact:
    """The fact that a record is. Raises OfflineRefused and AmountRefused."""
    check_amount(OFFLINE, record.amount_minor, record.currency)
    _check_reference(record.reference, is_needed=False)
    return RefundFact(
        gateway=OFFLINE,
        refund_id=record.receipt,
        payment_id=record.payment_id,
        receipt=record.receipt,
        status=RefundStatus.PROCESSED,
        amount_minor=record.amount_minor,
        currency=record.currency,
        occurred_at=record.at,
        reference=record.reference,
    )


def _check_reference(reference: str | None, *, is_needed: bool) -> None:
    if reference is None:
        if is_needed:
            raise OfflineRefused("give reference: the bank's number of the transfer (UTR), or that of the cheque")
        return
    if not _REFERENCE.fullmatch(reference):
        raise OfflineRefused("a reference has 1 to 50 letters, digits and spaces, and the signs . / _ -")
    if "[card]" in redact_text(reference):
        raise OfflineRefused(
            "the reference looks like a card's number, which is never kept; give the bank's number of the payment"
        )
