"""What payments, refunds and disputes mean for the ledger. Pure: nothing is read, and nothing is written here."""

from datetime import datetime
from uuid import UUID

from services.payments.ledger.models import Account, Posting, credit, debit
from services.payments.payments.models import OFFLINE, Payment


def money_account(payment: Payment) -> Account:
    """Where a payment's money is: with the gateway until it settles, or where somebody has counted it."""
    if payment.gateway != OFFLINE:
        return Account.GATEWAY_RECEIVABLE
    return Account.CASH if payment.account == "cash" else Account.BANK


def captured(payment: Payment, *, applied_minor: int, surplus_minor: int, at: datetime) -> Posting:
    """What the order or invoice had use for settles what is owed; the rest is the customer's, or unexplained without one."""
    over = Account.CUSTOMER_CREDIT if payment.customer_id is not None else Account.SUSPENSE
    return Posting(
        payment.organization_id,
        "capture",
        str(payment.id),
        at,
        f"Payment {payment.id}",
        (
            debit(money_account(payment), payment.currency, applied_minor + surplus_minor),
            credit(Account.ACCOUNTS_RECEIVABLE, payment.currency, applied_minor),
            credit(over, payment.currency, surplus_minor),
        ),
    )


def captured_again(payment: Payment, held_id: UUID, amount_minor: int, at: datetime) -> Posting:
    """A second success for the same thing is all surplus."""
    over = Account.CUSTOMER_CREDIT if payment.customer_id is not None else Account.SUSPENSE
    entries = (debit(money_account(payment), payment.currency, amount_minor), credit(over, payment.currency, amount_minor))
    return Posting(
        payment.organization_id, "duplicate_capture", str(held_id), at, f"Payment {payment.id} was taken twice", entries
    )


def captured_otherwise(payment: Payment, held_id: UUID, amount_minor: int, currency: str, at: datetime) -> Posting:
    """Another amount or currency than was asked for: nobody adjusts it, somebody explains it."""
    entries = (debit(money_account(payment), currency, amount_minor), credit(Account.SUSPENSE, currency, amount_minor))
    return Posting(payment.organization_id, "mismatched_capture", str(held_id), at, f"Payment {payment.id} is another", entries)


def refund_requested(payment: Payment, refund_id: UUID, amount_minor: int, at: datetime, *, from_credit: bool) -> Posting:
    """We owe it from now on."""
    given = Account.CUSTOMER_CREDIT if from_credit else Account.ACCOUNTS_RECEIVABLE
    entries = (debit(given, payment.currency, amount_minor), credit(Account.REFUNDS_PAYABLE, payment.currency, amount_minor))
    return Posting(payment.organization_id, "refund", str(refund_id), at, f"Refund of payment {payment.id}", entries)


def refund_processed(payment: Payment, refund_id: UUID, amount_minor: int, at: datetime) -> Posting:
    """It has left."""
    entries = (
        debit(Account.REFUNDS_PAYABLE, payment.currency, amount_minor),
        credit(money_account(payment), payment.currency, amount_minor),
    )
    return Posting(payment.organization_id, "refund_processed", str(refund_id), at, f"Refund of payment {payment.id}", entries)


def refund_failed(payment: Payment, refund_id: UUID, amount_minor: int, at: datetime, *, from_credit: bool) -> Posting:
    """We keep it after all, and owe nothing: the reverse of the request."""
    given = Account.CUSTOMER_CREDIT if from_credit else Account.ACCOUNTS_RECEIVABLE
    entries = (debit(Account.REFUNDS_PAYABLE, payment.currency, amount_minor), credit(given, payment.currency, amount_minor))
    return Posting(payment.organization_id, "refund_failed", str(refund_id), at, f"Refund of payment {payment.id}", entries)


def refund_revived(payment: Payment, refund_id: UUID, amount_minor: int, at: datetime, *, from_credit: bool) -> Posting:
    """It was told as failed, and has left all the same: requested once more."""
    given = Account.CUSTOMER_CREDIT if from_credit else Account.ACCOUNTS_RECEIVABLE
    entries = (debit(given, payment.currency, amount_minor), credit(Account.REFUNDS_PAYABLE, payment.currency, amount_minor))
    return Posting(payment.organization_id, "refund_revived", str(refund_id), at, f"Refund of payment {payment.id}", entries)


def disputed(payment: Payment, dispute_id: UUID, amount_minor: int, at: datetime) -> Posting:
    """The gateway has taken it until the banks have decided."""
    entries = (
        debit(Account.DISPUTES, payment.currency, amount_minor),
        credit(money_account(payment), payment.currency, amount_minor),
    )
    return Posting(payment.organization_id, "dispute", str(dispute_id), at, f"Dispute of payment {payment.id}", entries)


def dispute_lost(payment: Payment, dispute_id: UUID, amount_minor: int, at: datetime) -> Posting:
    """It stays taken."""
    entries = (
        debit(Account.DISPUTE_LOSSES, payment.currency, amount_minor),
        credit(Account.DISPUTES, payment.currency, amount_minor),
    )
    return Posting(payment.organization_id, "dispute_lost", str(dispute_id), at, f"Dispute of payment {payment.id}", entries)


def dispute_won(payment: Payment, dispute_id: UUID, amount_minor: int, at: datetime) -> Posting:
    """It has come back."""
    entries = (
        debit(money_account(payment), payment.currency, amount_minor),
        credit(Account.DISPUTES, payment.currency, amount_minor),
    )
    return Posting(payment.organization_id, "dispute_won", str(dispute_id), at, f"Dispute of payment {payment.id}", entries)
