"""/v1/ledger: trial balance, statements of accounts, transactions."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from services.payments import ledger_deps
from services.payments.auth import OneOrganization, OverseeingAdmin, PaymentsRead, ReadableOrganization
from services.payments.ledger.balance_repository import BalanceReader
from services.payments.ledger.errors import TransactionNotFound
from services.payments.ledger.filter_models import TransactionFilter
from services.payments.ledger.models import Account
from services.payments.ledger.schemas import RefreshAccepted, StatementLineOut, TransactionOut, TrialBalance
from services.payments.ledger.transaction_repository import TransactionReader
from services.payments.ledger.trial_balance import HEADER, as_csv
from shared.contracts.payments import RefreshLedgerBalances
from shared.runtime.http.csv_file import MEDIA_TYPE, attachment, csv_answer
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.outbox import publish

router = APIRouter(prefix="/v1/ledger", tags=["ledger"])

Before = Annotated[
    AwareDatetime | None, Query(description="Only entries before this moment.", examples=["2026-04-01T00:00:00+05:30"])
]
Since = Annotated[AwareDatetime | None, Query(description="Only entries from this moment on.")]
OneCurrency = Annotated[str | None, Query(pattern="^[A-Z]{3}$", description="Only this currency.", examples=["INR"])]
Currency = Annotated[str, Query(pattern="^[A-Z]{3}$", examples=["INR"])]
_CSV_ANSWER: Final = csv_answer(",".join(HEADER) + "\r\n")


async def filter_of_query(meant: Annotated[TransactionFilter, Query()]) -> TransactionFilter:
    """The filter that the query names; a dependency of its own, so that other parameters may stand beside it."""
    return meant


@router.get("/trial-balance", summary="Draw up a trial balance")
async def trial_balance(
    organization_id: OneOrganization, db: ReadDb, before: Before = None, currency: OneCurrency = None
) -> TrialBalance:
    """What every account of an organization held at a moment, by currency. Debits and credits have the same sum."""
    return await ledger_deps.trial_balances(db).of(organization_id, before=before, currency=currency)


@router.get("/trial-balance.csv", summary="Export a trial balance as CSV", response_class=Response, responses=_CSV_ANSWER)
async def export_trial_balance(
    organization_id: OneOrganization, db: ReadDb, before: Before = None, currency: OneCurrency = None
) -> Response:
    """A row per account; amounts in minor units and in the currency's own."""
    found = await ledger_deps.trial_balances(db).of(organization_id, before=before, currency=currency)
    return Response(as_csv(found), media_type=MEDIA_TYPE, headers=attachment("trial-balance.csv"))


@router.get("/accounts/{account}/entries", summary="Read an account's statement")
async def statement(
    account: Account,
    organization_id: OneOrganization,
    db: ReadDb,
    paging: Paging,
    currency: Currency,
    since: Since = None,
    before: Before = None,
) -> Page[StatementLineOut]:
    """The entries of one account, the newest first, each with the balance after it."""
    lines = await BalanceReader(db).statement(
        organization_id, account, currency, since=since, before=before, after=paging.after, limit=paging.fetch
    )
    return paging.page(lines, StatementLineOut, key=lambda line: (line.occurred_at, line.transaction_id, line.number))


@router.get("/transactions", summary="List transactions")
async def list_transactions(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    meant: Annotated[TransactionFilter, Depends(filter_of_query)],
) -> Page[TransactionOut]:
    """The newest posted first. `source` and `source_id` find what was posted for one thing, such as a payment."""
    after: Any = paging.after[0] if paging.after is not None else None
    found = await TransactionReader(db).newest(meant, organization_id, after=after, limit=paging.fetch)
    return paging.page(found, TransactionOut, key=lambda one: (one.id,))


@router.get("/transactions/{transaction_id}", summary="Read a transaction", responses=problems(TransactionNotFound))
async def get_transaction(transaction_id: UUID, principal: PaymentsRead, db: ReadDb) -> TransactionOut:
    """With its entries."""
    found = await TransactionReader(db).find(transaction_id, principal.organization_id)
    if found is None:
        raise TransactionNotFound(
            "there is no transaction with this id; GET /v1/ledger/transactions lists those that you may see"
        )
    return TransactionOut.model_validate(found)


@router.post("/balances/rebuild", status_code=202, summary="Rebuild the kept balances")
async def rebuild_balances(_: OverseeingAdmin, db: WriteDb) -> RefreshAccepted:
    """Remove what is kept of the months that are over and sum the whole ledger anew, of all organizations.

    Nothing that can be read changes by it. Postings for an earlier month wait meanwhile. Twice it does the same again.
    """
    return RefreshAccepted(message_id=publish(db, RefreshLedgerBalances(from_scratch=True)))
