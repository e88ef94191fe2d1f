"""Comparing what gateways hold and settle with what we hold."""

from datetime import date
from typing import ClassVar, Final
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_PATIENT: Final = RetryPolicy(max_retries=10, base_s=5, cap_s=600)


class ReconcilePayments(Command):
    """Compare what gateways hold with what we hold, for each account in a run of its own.

    slot: the scheduled moment, up to which it is compared. days: how far back from there, 3 unless said otherwise. day: in the
    place of `days`, a single day under which the gateway lists settlements. account: one account alone, as payments name it.
    organization_id: its own accounts alone. requested_by: who has asked for it, where a person has.
    """

    contract: ClassVar = Contract("payments.reconcile_payments", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
    days: int | None = Field(default=None, ge=1, le=366)
    day: date | None = None
    account: str | None = Field(default=None, max_length=100)
    organization_id: UUID | None = None
    requested_by: str | None = Field(default=None, max_length=200)


class AdvanceReconciliation(Command):
    """Read the page that a run is at, and write down what it tells. step: which one; a run that is past it does nothing."""

    contract: ClassVar = Contract("payments.advance_reconciliation", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=10)

    run_id: UUID
    step: int = Field(ge=0)
