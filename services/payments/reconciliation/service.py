"""Beginning runs: one for each account, over a few days, over many, or over a single one."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.payments.gateways.errors import GatewayAccountNotFound
from services.payments.gateways.reports import ZONES
from services.payments.reconciliation.errors import RunNotFound
from services.payments.reconciliation.models import HOURLY_DAYS, AccountKey, Run, Span
from services.payments.reconciliation.run_repository import RunReader, RunRepository
from services.payments.reconciliation.stepping import go_on
from shared.contracts.payments import ReconcilePayments
from shared.runtime.outbox import Publisher

SETTLES: Final = timedelta(minutes=10)
"""What is younger is still on its way to us by call-back, and is no drift."""
STANDS_STILL: Final = timedelta(hours=6)
KEPT: Final = timedelta(days=90)


class Reconciling:
    """Begins runs in one unit of work. accounts: all that there are."""

    def __init__(self, runs: RunRepository, accounts: Sequence[AccountKey], publisher: Publisher) -> None:
        self._runs = runs
        self._accounts = accounts
        self._publisher = publisher

    async def begin(self, message_id: UUID, asked: ReconcilePayments, at: datetime, requested_by: str) -> list[UUID]:
        """Begin a run for each account that is meant; returns their ids. The same message begins them once.

        Raises GatewayAccountNotFound for an account that is not there.
        """
        slot, begun = asked.slot or at, list[UUID]()
        for account in self._meant(asked):
            run_id = uuid5(message_id, account.key)
            await self._runs.tidy(account.key, stands_still=STANDS_STILL, before=slot - KEPT)
            if await self._runs.begin(
                run_id, message_id, account, span_of(asked, slot, ZONES[account.gateway]), slot, requested_by
            ):
                go_on(self._publisher, run_id, 0)
            begun.append(run_id)
        return begun

    def request(self, asked: ReconcilePayments) -> UUID:
        """Ask for runs; returns the message's id. Raises GatewayAccountNotFound where there is nothing to compare."""
        if not self._meant(asked):
            raise GatewayAccountNotFound(
                "the organization has no account of its own; what is paid through the installation's is compared every hour"
            )
        return self._publisher.publish(asked)

    def _meant(self, asked: ReconcilePayments) -> list[AccountKey]:
        meant = [one for one in self._accounts if _is_meant(one, asked)]
        if asked.account is not None and not meant:
            raise GatewayAccountNotFound(f"there is no account {asked.account} at a gateway; leave account out for all of them")
        return sorted(meant, key=lambda one: one.key)


def span_of(asked: ReconcilePayments, slot: datetime, zone: ZoneInfo) -> Span:
    """What a run looks at: a day of the account, or so many days up to its slot. zone: of the account's days."""
    until, today = slot - SETTLES, slot.astimezone(zone).date()
    if asked.day is None:
        since = until - timedelta(days=asked.days or HOURLY_DAYS)
        return Span(since, until, since.astimezone(zone).date(), today)
    begins, ends = _midnight(asked.day, zone), _midnight(asked.day + timedelta(days=1), zone)
    return Span(begins, max(min(ends, until), begins + timedelta(seconds=1)), asked.day, asked.day)


def found(run: Run | None) -> Run:
    """Raises RunNotFound where there is none."""
    if run is None:
        raise RunNotFound("there is no run with this id; GET /v1/reconciliation/runs lists those that you may see")
    return run


async def run_of(reader: RunReader, run_id: UUID, organization_id: UUID | None) -> Run:
    """One run. Raises RunNotFound."""
    return found(await reader.find(run_id, organization_id))


def _is_meant(account: AccountKey, asked: ReconcilePayments) -> bool:
    is_whose = asked.organization_id is None or account.organization_id == asked.organization_id
    return is_whose and asked.account in (None, account.key)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
