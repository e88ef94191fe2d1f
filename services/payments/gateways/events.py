"""A gateway's call-back, verified and read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.payments.gateways.facts import Fact


class EventKind(StrEnum):
    """What an event is about. other: what we do not act on, known to the gateway or new; it is kept and nothing more."""

    PAYMENT = "payment"
    ORDER = "order"
    REFUND = "refund"
    DISPUTE = "dispute"
    SETTLEMENT = "settlement"
    DOWNTIME = "downtime"
    NOTICE = "notice"
    TOKEN = "token"  # noqa: S105 - the name of a kind
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    event_id: the gateway's; Razorpay sends it outside of what is signed, so that `content_key` has to be unique as well. name:
    `payment.captured` and so on. entity_id: of what it is about; empty where it names nothing. facts: what it says, that of its
    own kind in front; `order.paid` brings the payment too, `refund.processed` its payment. unread: entities that have not the
    form that is documented: ask the gateway for them. account_id: the gateway's own, where it tells it.
    """

    gateway: str
    event_id: str
    name: str
    kind: EventKind
    entity_id: str
    created_at: datetime
    facts: tuple[Fact, ...] = ()
    unread: tuple[str, ...] = ()
    account_id: str | None = None

    @property
    def content_key(self) -> tuple[str, str, str, datetime]:
        """Unique for what happened, whatever id it came under."""
        return self.gateway, self.name, self.entity_id, self.created_at
