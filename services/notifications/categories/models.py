"""What messages are about, and what the law says of declining them; see migration 0009."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple
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


class About(NamedTuple):
    """What a message is about. organization_id: of the message; where it has none, that of its person counts, by reference."""

    category: str
    organization_id: UUID | None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Law:
    """What follows from a category's legal class. counts_as_marketing: for complaints and registers that are about advertising.

    The database's `law_of` says it; see migration 0009, also for a category that nobody has declared.
    """

    legal_class: LegalClass
    can_be_declined: bool
    counts_as_marketing: bool


UNDECLARED: Final = Law(LegalClass.SERVICE, can_be_declined=True, counts_as_marketing=True)

BUILT_IN: Final[Mapping[str, LegalClass]] = MappingProxyType(
    {
        "general": LegalClass.TRANSACTIONAL,
        "orders": LegalClass.TRANSACTIONAL,
        "payments": LegalClass.TRANSACTIONAL,
        "subscriptions": LegalClass.TRANSACTIONAL,
        "invoices": LegalClass.TRANSACTIONAL,
        "trips": LegalClass.TRANSACTIONAL,
        "alerts": LegalClass.TRANSACTIONAL,
        "account": LegalClass.TRANSACTIONAL,
        "reminders": LegalClass.SERVICE,
        "digests": LegalClass.SERVICE,
        "marketing": LegalClass.MARKETING,
    }
)
"""Those that Waybill brings along, which nobody can change. Migration 0009 has the same."""


def law_of_class(legal_class: LegalClass) -> Law:
    """What follows from the class of a category that is declared."""
    return Law(legal_class, legal_class is not LegalClass.TRANSACTIONAL, legal_class is LegalClass.MARKETING)


DIGESTS: Final = "digests"
ACCOUNT: Final = "account"
