"""What messages are about, and what the law says of declining them; see migration 0009."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

NAME: Final = r"^[a-z][a-z0-9_]{0,49}$"


class LegalClass(StrEnum):
    """transactional: about what a person has ordered or owns, and not to be declined. service: useful and no advertising, may be
    declined. marketing: may be declined, and says so in each message."""

    TRANSACTIONAL = "transactional"
    SERVICE = "service"
    MARKETING = "marketing"


@dataclass(frozen=True, slots=True)
class Category:
    """organization_id: whose own it is; None for one that Waybill brings along. title, title_hi: in English and in Hindi."""

    name: str
    organization_id: UUID | None
    legal_class: LegalClass
    title: str
    title_hi: str | None
    revision: int

    @property
    def locked(self) -> bool:
        """Whether nobody can decline it."""
        return self.legal_class is LegalClass.TRANSACTIONAL


BUILT_IN: Final = frozenset(
    (
        "general",
        "orders",
        "payments",
        "subscriptions",
        "invoices",
        "trips",
        "alerts",
        "account",
        "reminders",
        "digests",
        "marketing",
    )
)
DIGESTS: Final = "digests"
ACCOUNT: Final = "account"
