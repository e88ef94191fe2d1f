"""What a gateway lists, page by page. Reconciliation reads it, and goes on at the page where it was stopped.

As with all look-ups, no method raises for what happens outside, and each may be asked again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from services.payments.gateways.answers import Answer
from services.payments.gateways.facts import DisputeFact, PaymentFact, RefundFact, SettlementItem

T_co = TypeVar("T_co", covariant=True)

ZONES: Final[Mapping[str, ZoneInfo]] = {"razorpay": ZoneInfo("Asia/Kolkata"), "stripe": ZoneInfo("UTC")}
"""Of the days under which gateways list settlements."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """items: in the gateway's order. cursor: where the next page begins; None after the last one."""

    items: Sequence[T_co]
    cursor: str | None


class Reports(Protocol):
    """The lists of one account. zone: of the days of its settlements. since, until: of when things came to be, until excluded."""

    zone: ZoneInfo

    async def payments(self, since: datetime, until: datetime, cursor: str | None = None) -> Answer[Page[PaymentFact]]: ...

    async def refunds(self, since: datetime, until: datetime, cursor: str | None = None) -> Answer[Page[RefundFact]]: ...

    async def disputes(self, since: datetime, until: datetime, cursor: str | None = None) -> Answer[Page[DisputeFact]]: ...

    async def dispute(self, dispute_id: str) -> Answer[DisputeFact]: ...

    async def settlement_items(self, day: date, cursor: str | None = None) -> Answer[Page[SettlementItem]]:
        """The lines of what was settled on this day, in the account's own time zone."""
        ...
