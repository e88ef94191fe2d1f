"""The trial balance: every account of an organization, in the column of its side."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from services.payments.ledger.balance_repository import BalanceReader
from services.payments.ledger.models import AccountBalance
from services.payments.ledger.schemas import AccountBalanceOut, CurrencyBalances, TrialBalance
from services.payments.money.currencies import exponent_of
from shared.runtime.http.csv_file import csv_lines

HEADER: Final = ("organization_id", "before", "currency", "account", "debit_minor", "credit_minor", "debit", "credit")


class TrialBalances:
    """Draws up trial balances."""

    def __init__(self, reader: BalanceReader) -> None:
        self._reader = reader

    async def of(self, organization_id: UUID, *, before: datetime | None, currency: str | None) -> TrialBalance:
        """Of one organization, of all entries before a moment or of all there are, in one currency or in each."""
        balances = await self._reader.balances(organization_id, before=before, currency=currency)
        by_currency = groupby(balances, key=lambda one: one.currency)
        return TrialBalance(
            organization_id=organization_id,
            before=before,
            currencies=[_currency(name, list(accounts)) for name, accounts in by_currency],
        )


def as_csv(balance: TrialBalance) -> bytes:
    """A row per account, amounts in minor units and in the currency's own."""
    rows: list[Sequence[Any]] = [HEADER]
    for one in balance.currencies:
        places = exponent_of(one.currency)
        for account in one.accounts:
            columns = (account.debit_minor, account.credit_minor)
            shown = (format(Decimal(amount).scaleb(-places), "f") for amount in columns)
            rows.append((balance.organization_id, balance.before, one.currency, account.account.value, *columns, *shown))
    return csv_lines(rows)


def _currency(name: str, balances: Sequence[AccountBalance]) -> CurrencyBalances:
    accounts = [
        AccountBalanceOut(account=one.account, debit_minor=max(one.balance_minor, 0), credit_minor=max(-one.balance_minor, 0))
        for one in balances
    ]
    return CurrencyBalances(
        currency=name,
        accounts=accounts,
        debit_minor=sum(one.debit_minor for one in accounts),
        credit_minor=sum(one.credit_minor for one in accounts),
    )
