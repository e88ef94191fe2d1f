"""Calls of gateways on their way: what they are about, and what they bring to light while they are made."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.payments.attempts.models import Attempt, Card, End
from services.payments.gateways.declines import Decline
from services.payments.gateways.directory import Account
from services.payments.payments.models import Payment
from services.payments.payments.telling import Told
from services.payments.refunds.models import Refund


@dataclass(slots=True)
class Found:
    """What calls have brought to light: facts to apply, and calls that have ended. Filled while they are made."""

    told: list[Told] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    decline: Decline | None = None
    order_id: str | None = None


@dataclass(slots=True)
class ChargeWork:
    """One charge. order: the attempt under which the gateway's order is made first, where there is none. resumes: the calls were
    begun by somebody who has died, so the gateway is asked before anything is done. earlier: the gateway's payments of tries that
    it has declined. called_at: when those calls were made last. is_last: no further try by itself."""

    payment: Payment
    account: Account
    card: Card
    charge: UUID
    order: UUID | None
    begun_at: datetime
    resumes: bool
    is_last: bool
    earlier: frozenset[str] = frozenset()
    called_at: datetime | None = None
    found: Found = field(default_factory=Found)


@dataclass(slots=True)
class CallWork:
    """One call about a payment that is there: asking, capturing, releasing, giving back.

    account: None for money that a person has counted. attempt: under which it is written down; None for looks. unfinished: calls
    of which the end is not known. is_old: a refund that was asked for so long ago that its key may have been forgotten.
    refused: why the gateway will not do it.
    """

    payment: Payment
    account: Account | None
    attempt: UUID | None = None
    refund: Refund | None = None
    unfinished: list[Attempt] = field(default_factory=list)
    is_old: bool = False
    refused: str | None = None
    found: Found = field(default_factory=Found)
