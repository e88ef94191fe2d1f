"""Comparing what gateways hold with what we hold: classes, runs and what they find."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

SYSTEM: Final = "system:reconciliation"
HOURLY_DAYS: Final = 3
NIGHTLY_DAYS: Final = 35
HOUSE: Final = UUID(int=0)
"""In the place of an organization in the ledger: money on the installation's own account that belongs to nobody whom we know."""


class Class(StrEnum):
    """What can be wrong; what none of these is true of is matched. The database has the same list.

    missing_local       the gateway has it, and we know nothing of it
    missing_gateway     we have it, and the gateway knows nothing of it
    amount_mismatch     both have it, with different amounts; of a settlement: it is not the sum of its items
    currency_mismatch   both have it, in different currencies
    late_auth           a status mismatch: it had failed or ended with us, and a bank has said yes all the same
    refund_unseen       a status mismatch: the gateway has refunded, or got further with it than we knew
    captured_unseen     a status mismatch: the gateway has captured, and we did not know
    status_mismatch     any other status that was not known: authorized, failed, cancelled
    duplicate_capture   the same thing was paid twice
    fee_mismatch        fee or its tax is not what was told with the payment, credit is not amount - fee, or GST is not 18 % of it
    settled_not_posted  the gateway has settled what our books have no posting for
    unsettled_overdue   captured, and in no settlement after T+2 working days (international: T+7)
    on_hold             the gateway keeps it back
    orphan_refund       a refund of what we do not know, or above what there is to refund
    dispute_unseen      the gateway has a dispute, or has got further with it than we knew
    utr_missing         settled, without the bank's reference that proves it
    """

    MISSING_LOCAL = "missing_local"
    MISSING_GATEWAY = "missing_gateway"
    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    STATUS_MISMATCH = "status_mismatch"
    LATE_AUTH = "late_auth"
    REFUND_UNSEEN = "refund_unseen"
    CAPTURED_UNSEEN = "captured_unseen"
    DUPLICATE_CAPTURE = "duplicate_capture"
    FEE_MISMATCH = "fee_mismatch"
    SETTLED_NOT_POSTED = "settled_not_posted"
    UNSETTLED_OVERDUE = "unsettled_overdue"
    ON_HOLD = "on_hold"
    ORPHAN_REFUND = "orphan_refund"
    DISPUTE_UNSEEN = "dispute_unseen"
    UTR_MISSING = "utr_missing"


Stage = Literal["payments", "refunds", "disputes", "items", "lookups", "compare", "postings", "done"]
RunState = Literal["running", "finished", "failed"]
LookupKind = Literal["payment", "order", "refund", "dispute", "settlement"]
FindingKind = Literal["payment", "refund", "dispute", "item", "settlement"]


@dataclass(frozen=True, slots=True)
class AccountKey:
    """An account at a gateway, as payments name it. organization_id: whose own it is; None for the installation's."""

    gateway: str
    key: str
    organization_id: UUID | None


@dataclass(frozen=True, slots=True)
class Span:
    """What a run looks at: payments that came to be from since on and before until, and settlements of these days, both
    included."""

    since: datetime
    until: datetime
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class Run:
    """A comparison of one account. stage, day, cursor: where it stands; step: how many pages it has behind it."""

    id: UUID
    gateway: str
    account: str
    organization_id: UUID | None
    requested_by: str
    slot: datetime
    since: datetime
    until: datetime
    first_day: date
    last_day: date
    stage: Stage
    day: date | None
    cursor: str | None
    step: int
    state: RunState
    fetched: dict[str, int]
    counts: dict[str, Any]
    posted: int
    error: str | None
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run goes on."""

    stage: Stage
    day: date | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Something that is asked for by its id, because a list has not told it."""

    kind: LookupKind
    entity_id: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was not as it should be. amount_minor: at stake."""

    run_id: UUID
    class_: Class
    entity_id: str
    kind: FindingKind
    healed: bool
    organization_id: UUID | None
    payment_id: UUID | None
    amount_minor: int | None
    currency: str | None
    details: dict[str, Any]
