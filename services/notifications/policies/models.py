"""How an organization wants its messages sent; see migration 0009."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from services.notifications.preferences.models import Choice, Key, QuietHours

DEDUPE_HOURS: Final = 720
SOFT_BOUNCES: Final = (5, 7, 30)
"""So many, within so many days, suppress an address for so many days."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What an organization has said; None is left to Waybill.

    revision: 0 while it has said nothing. country: whose numbers may be written without a plus; `SMS_DEFAULT_COUNTRY` else.
    locale, time_zone: of people who have none; English and UTC else. frontend_url: where its links lead; `FRONTEND_URL` else.
    quiet: of people who have said nothing. throttle_*: messages per recipient and category that is not transactional; no limit
    else. dedupe_hours: how long a key counts; 720 else. soft_bounce_*: see SOFT_BOUNCES. choices: of people who have not chosen.
    """

    organization_id: UUID | None = None
    revision: int = 0
    display_name: str | None = None
    country: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    frontend_url: str | None = None
    quiet: QuietHours | None = None
    throttle_per_hour: int | None = None
    throttle_per_day: int | None = None
    dedupe_hours: int | None = None
    soft_bounce_count: int | None = None
    soft_bounce_days: int | None = None
    soft_bounce_suppress_days: int | None = None
    choices: Mapping[Key, Choice] = field(default_factory=dict)
