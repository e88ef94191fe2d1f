"""Notices that precede debits of mandates; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

NoticeStatus = Literal["wanted", "asked", "delivered", "failed", "spent"]
Key = tuple[UUID, date]
"""A subscription and a period's first day."""

Told = tuple[UUID, str, int]
"""A mandate, and the currency and amount of a debit of it. Of two notices that are alike the later one overrides the earlier
(razorpay.com/docs/payments/recurring-payments/cards/faqs)."""

LEAD: Final = timedelta(hours=37)
"""How long before a debit its notice is asked for. RBI demands 24 hours; with Razorpay's cards it takes 36 hours and 5 minutes
(razorpay.com/docs/api/payments/recurring-payments/cards/create-subsequent-payments)."""
AHEAD: Final = timedelta(hours=48)
"""How long before a period its notice is asked for at the earliest: what it comes to may still change."""
GOOD_FOR: Final = timedelta(days=3)
"""How long after its day a debit may still be made on its notice."""
UNCONFIRMED: Final = timedelta(hours=1)
"""A notice that nobody has confirmed so long after the debit's time has failed."""
RUPAY_MOST_MINOR: Final = 1_500_000
"""INR 15,000.00. Above it a card's holder authenticates each debit, by a link of the gateway's that is good for 72 hours; RuPay
has no such way (razorpay.com/announcements/rbi-card-mandate-guidelines)."""
_NOTICED: Final = frozenset({("razorpay", "card"), ("razorpay", "upi")})


def needs_notice(gateway: str | None, kind: str | None, currency: str) -> bool:
    """Whether RBI's rules on mandates hold: of cards and UPI, in rupees. Stripe gives notice by itself."""
    return currency == "INR" and (gateway, kind) in _NOTICED


def amount_fault(max_amount_minor: int | None, label: str | None, amount_minor: int) -> str | None:
    """Why a stored method cannot be charged so much; None where it can. label: begins with a card's network."""
    if max_amount_minor is not None and amount_minor > max_amount_minor:
        return "the stored payment method does not allow so much at once"
    if label is not None and label.lower().startswith("rupay") and amount_minor > RUPAY_MOST_MINOR:
        return "a RuPay card is not charged more than INR 15,000.00 at once without its holder"
    return None


@dataclass(frozen=True, slots=True)
class Debit:
    """What is to be charged of a period, on a mandate. payment_id: None where there is no payment yet."""

    subscription_id: UUID
    start_on: date
    organization_id: UUID
    payment_id: UUID | None
    payment_method_id: UUID
    gateway: str
    account: str
    currency: str
    amount_minor: int

    @property
    def key(self) -> Key:
        """Its period."""
        return self.subscription_id, self.start_on

    @property
    def told(self) -> Told:
        """What its holder is told of it."""
        return self.payment_method_id, self.currency, self.amount_minor


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it stands."""

    id: UUID
    subscription_id: UUID
    start_on: date
    number: int
    payment_method_id: UUID
    account: str
    currency: str
    amount_minor: int
    charge_after: datetime
    then_charge: bool
    status: NoticeStatus
    gateway_order_id: str | None
    asked_at: datetime | None

    @property
    def key(self) -> Key:
        """Its period."""
        return self.subscription_id, self.start_on

    def is_of(self, debit: Debit) -> bool:
        """Whether it tells of just this."""
        return (self.payment_method_id, self.currency, self.amount_minor) == debit.told


@dataclass(frozen=True, slots=True)
class Asked:
    """How the asking for a notice went. status: as the gateway says; None where it is not known yet."""

    id: UUID
    status: NoticeStatus | None
    gateway_order_id: str | None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a notice, as its gateway tells it of its own order."""

    account: str
    gateway_order_id: str
    delivered: bool
