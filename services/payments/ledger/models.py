"""Double entry: transactions of entries that sum to nothing.

An entry's amount is signed: a debit is positive, a credit negative. Assets and costs (bank, receivables, fees) usually have
balances above zero, what is owed and earned (tax, customers' credit, revenue) below.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shared.runtime.db import Model


class Account(StrEnum):
    """Where money is, and why. The database has the same list in a constraint, and is the last to refuse."""

    ACCOUNTS_RECEIVABLE = "accounts_receivable"
    BAD_DEBT = "bad_debt"
    BANK = "bank"
    CASH = "cash"
    CUSTOMER_CREDIT = "customer_credit"
    DISPUTE_LOSSES = "dispute_losses"
    DISPUTES = "disputes"
    GATEWAY_FEES = "gateway_fees"
    GATEWAY_RECEIVABLE = "gateway_receivable"
    GST_INPUT = "gst_input"
    GST_OUTPUT_CGST = "gst_output_cgst"
    GST_OUTPUT_IGST = "gst_output_igst"
    GST_OUTPUT_SGST = "gst_output_sgst"
    GST_OUTPUT_UTGST = "gst_output_utgst"
    MANUFACTURER_COSTS = "manufacturer_costs"
    MANUFACTURER_PAYABLE = "manufacturer_payable"
    REFUNDS_PAYABLE = "refunds_payable"
    REVENUE = "revenue"
    ROUND_OFF = "round_off"
    SUSPENSE = "suspense"


@dataclass(frozen=True, slots=True)
class Entry:
    """An amount on one side of an account, signed; `debit` and `credit` make one without a sign."""

    account: Account
    currency: str
    amount_minor: int


def debit(account: Account, currency: str, amount_minor: int) -> Entry:
    """An entry on the left."""
    return Entry(account, currency, amount_minor)


def credit(account: Account, currency: str, amount_minor: int) -> Entry:
    """An entry on the right."""
    return Entry(account, currency, -amount_minor)


@dataclass(frozen=True, slots=True)
class Posting:
    """A transaction that has still to be written.

    source, source_id: what it follows from (`capture` and the payment's id); posted twice, it is posted once. occurred_at:
    when that happened, which is the day that the entries count for. Entries of nothing are allowed and left out.
    Raises ValueError where the entries of a currency do not sum to nothing: whoever has made them has miscounted.
    """

    organization_id: UUID
    source: str
    source_id: str
    occurred_at: datetime
    description: str
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        sums: Counter[str] = Counter()
        for entry in self.entries:
            sums[entry.currency] += entry.amount_minor
        if wrong := {currency: amount for currency, amount in sums.items() if amount}:
            raise ValueError(f"{self.source} {self.source_id}: the entries are out of balance by {wrong}")

    @property
    def written(self) -> tuple[Entry, ...]:
        """The entries that have an amount."""
        return tuple(entry for entry in self.entries if entry.amount_minor)


@dataclass(frozen=True, slots=True)
class Reversal:
    """A transaction that undoes an earlier one, entry by entry: the one of `reverses`, which is a source and its id."""

    source: str
    source_id: str
    reverses: tuple[str, str]
    occurred_at: datetime
    description: str


class LedgerEntry(Model):
    """One line of a transaction. organization_id and occurred_at are the transaction's, kept so by a foreign key."""

    __tablename__ = "ledger_entries"

    transaction_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_transactions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    account: Mapped[Account] = mapped_column(Text)
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class LedgerTransaction(Model):
    """What was posted, once per source and its id. Never changed. reverses: the transaction that it undoes."""

    __tablename__ = "ledger_transactions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    source: Mapped[str]
    source_id: Mapped[str]
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    description: Mapped[str]
    reverses: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    entries: Mapped[list[LedgerEntry]] = relationship(order_by=LedgerEntry.number, lazy="raise", viewonly=True)


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """What the entries of an account sum to in one currency; above zero it is a debit."""

    currency: str
    account: Account
    balance_minor: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An entry of an account with what it is about, and the balance after it."""

    transaction_id: UUID
    number: int
    source: str
    source_id: str
    occurred_at: datetime
    description: str
    amount_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class CheckedSlice:
    """Transactions that were looked at in the order of their ids: how many, up to which, and those that are out of balance."""

    transactions: int
    entries: int
    last_id: UUID
    unbalanced: tuple[UUID, ...]
