"""The hours in which Indian networks take promotional and service-explicit SMS: 10:00 to 21:00 in India."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.dlt.gate import INDIA, DltGate, opens_at
from services.notifications.dlt.registry import Registry
from services.notifications.gates.gate import Candidate, Hold
from services.notifications.tests.dlt.arrange import OURS, SAID, registered
from shared.runtime.db import Session

NIGHT = datetime(2026, 11, 21, 21, 0, tzinfo=INDIA)
OPEN = datetime(2026, 11, 22, 10, 0, tzinfo=INDIA)


def candidate(number: int = 1, **parts: Any) -> Candidate:
    """An SMS to an Indian number right before it is sent."""
    usual: dict[str, Any] = {
        "organization_id": OURS,
        "channel": "sms",
        "to_person": None,
        "address": "+919812345678",
        "address_hash": "0" * 32,
        "category": "marketing",
        "lane": "normal",
        "urgent": False,
        "template_name": None,
        "subject_key": None,
        "dedupe_key": None,
        "asked_at": NIGHT,
        "text": SAID,
    }
    return Candidate(id=UUID(int=number), **(usual | parts))


async def held(session: Session, *candidates: Candidate, now: datetime = NIGHT) -> dict[int, datetime]:
    """Until when each is held."""
    found = await DltGate(Registry()).check(session, candidates, now)
    assert all(isinstance(one, Hold) and one.reason == "dlt_window" for one in found.values())
    return {key.int: one.until for key, one in found.items() if isinstance(one, Hold)}


def at(day: int, hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """A moment of November 2026 in India."""
    return datetime(2026, 11, day, hour, minute, second, microsecond, tzinfo=INDIA)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(21, 9, 59, 59, 999_999), at(21, 10)),
        (at(21, 10), None),
        (at(21, 20, 59, 59, 999_999), None),
        (at(21, 21), at(22, 10)),
        (at(21, 23, 59, 59), at(22, 10)),
        (at(22, 0), at(22, 10)),
        (at(30, 22), datetime(2026, 12, 1, 10, tzinfo=INDIA)),
        # The same moments as the server's clock has them, five and a half hours behind.
        (datetime(2026, 11, 21, 15, 29, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 21, 15, 30, tzinfo=UTC), at(22, 10)),
        (datetime(2026, 11, 21, 4, 29, 59, tzinfo=UTC), at(21, 10)),
        (datetime(2026, 11, 21, 4, 30, tzinfo=UTC), None),
    ],
)
def test_hours_begin_at_ten_and_end_right_before_nine(now: datetime, until: datetime | None) -> None:
    assert opens_at(now) == until


async def test_marketing_waits_for_the_morning_and_passes_during_the_hours(session: Session) -> None:
    assert await held(session, candidate()) == {1: OPEN}
    assert await held(session, candidate(), now=at(21, 20, 58, 59)) == {}


async def test_what_would_come_to_the_networks_after_the_hours_waits_for_the_morning(session: Session) -> None:
    assert await held(session, candidate(), now=at(21, 20, 59)) == {1: OPEN}
    assert await held(session, candidate(), now=at(21, 20, 59, 59)) == {1: OPEN}
    assert await held(session, candidate(), now=at(22, 10)) == {}


@pytest.mark.parametrize(
    ("dlt_class", "category", "is_held"),
    [
        ("P", "orders", True),
        ("SE", "orders", True),
        ("SI", "marketing", False),
        ("T", "marketing", False),
    ],
)
async def test_class_of_the_registered_text_decides_before_the_category(
    session: Session, dlt_class: str, category: str, is_held: bool
) -> None:
    await registered(session, dlt_class=dlt_class)

    assert (await held(session, candidate(category=category)) != {}) is is_held


@pytest.mark.parametrize(
    ("category", "is_held"),
    [("orders", False), ("account", False), ("reminders", True), ("digests", True), ("marketing", True), ("unheard_of", True)],
)
async def test_without_a_registered_text_the_category_decides(session: Session, category: str, is_held: bool) -> None:
    without_text = candidate(2, category=category, text=None)

    assert (await held(session, candidate(category=category), without_text) != {}) is is_held


async def test_organization_s_own_category_counts_for_itself_alone(session: Session) -> None:
    await session.execute(
        text("INSERT INTO categories (name, organization_id, legal_class, title) VALUES ('tips', :ours, 'transactional', 'T')"),
        {"ours": OURS},
    )

    own, foreign = candidate(1, category="tips"), candidate(2, category="tips", organization_id=UUID(int=6))

    assert list(await held(session, own, foreign)) == [2]


async def test_urgent_sms_are_held_as_well_because_the_networks_refuse_them(session: Session) -> None:
    assert list(await held(session, candidate(urgent=True, lane="urgent"))) == [1]


async def test_other_countries_and_channels_are_not_held(session: Session) -> None:
    others = [candidate(1, address="+447911123456"), candidate(2, channel="email", address="a@example.com")]

    assert await held(session, *others, candidate(3)) == {3: OPEN}
