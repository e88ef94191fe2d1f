"""Shapes of the ledger's API."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.ledger.models import Account


class EntryOut(BaseModel):
    """One line of a transaction."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="Counted from 1.")
    account: Account
    currency: str = Field(examples=["INR"])
    amount_minor: int = Field(description="A debit is positive, a credit negative.", examples=[11800])


class TransactionOut(BaseModel):
    """What was posted: entries that sum to nothing in each currency."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    source: str = Field(description="What kind of thing it follows from.", examples=["capture"])
    source_id: str = Field(description="Which one; a thing is posted once.")
    occurred_at: datetime = Field(description="When that happened. Balances count by this.")
    description: str
    reverses: UUID | None = Field(description="The transaction that it undoes.")
    created_at: datetime = Field(description="When it was posted.")
    entries: list[EntryOut]


class StatementLineOut(BaseModel):
    """An entry of an account."""

    model_config = ConfigDict(from_attributes=True)

    transaction_id: UUID
    number: int = Field(description="Which entry of its transaction.")
    source: str = Field(examples=["capture"])
    source_id: str
    occurred_at: datetime
    description: str
    amount_minor: int = Field(description="A debit is positive, a credit negative.", examples=[11800])
    balance_minor: int = Field(description="Of the account, after this entry.", examples=[23600])


class AccountBalanceOut(BaseModel):
    """What an account holds, in the column of its side."""

    account: Account
    debit_minor: int = Field(examples=[11800])
    credit_minor: int = Field(examples=[0])


class CurrencyBalances(BaseModel):
    """The accounts of one currency. Both columns have the same sum."""

    currency: str = Field(examples=["INR"])
    accounts: list[AccountBalanceOut]
    debit_minor: int
    credit_minor: int


class TrialBalance(BaseModel):
    """What the accounts of an organization held at a moment."""

    organization_id: UUID
    before: datetime | None = Field(description="Of all entries before this moment; null: of all entries.")
    currencies: list[CurrencyBalances]


class RefreshAccepted(BaseModel):
    """The balances are made anew by a message of this id; `GET /v1/operations/messages/{message_id}` shows how it goes."""

    message_id: UUID
