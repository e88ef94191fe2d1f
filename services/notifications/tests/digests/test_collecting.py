"""What is kept for which digest, and which windows are opened for that."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.digests.collecting import collect
from services.notifications.preferences.models import EVERY_DAY, Cadence, QuietHours, Sheet
from services.notifications.preferences.repository import PreferenceRepository
from services.notifications.tests.digests.arrange import ASHA, collectable
from shared.contracts.notifications import SendHourlyDigest
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, outbox_of, published

# Thursday, 13:30 in India.
NOW: Final = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
BEN: Final = "payments.customer:8"
ENTRIES: Final = text("SELECT delivery_id, cadence FROM digest_entries")
WINDOWS: Final = text("SELECT person, id, opened_at, closes_at FROM digest_windows ORDER BY person")


async def entries(session: Session) -> dict[UUID, str]:
    """The cadence of each entry."""
    return {row.delivery_id: row.cadence for row in await session.execute(ENTRIES)}


async def windows(session: Session) -> dict[str, tuple[datetime, datetime]]:
    """From when until when whose window is open."""
    return {row.person: (row.opened_at, row.closes_at) for row in await session.execute(WINDOWS)}


async def quiet(session: Session, **facts: Any) -> None:
    """When Asha wants nothing."""
    preferences = PreferenceRepository(session)
    sheet = await preferences.locked(ASHA, NOW)
    await preferences.put_sheet(Sheet(ASHA, sheet.revision, facts.get("hours"), facts.get("paused_until")), NOW)


async def due(session: Session) -> list[datetime | None]:
    """When each message that ends a window is due."""
    return [one.due_at for one in await outbox_of(session) if one.name == SendHourlyDigest.contract.name]


@pytest.mark.parametrize("cadence", Cadence)
async def test_message_without_an_end_is_kept_for_the_digest_that_its_recipient_wants(session: Session, cadence: Cadence) -> None:
    one = collectable(cadence)
    kept = await collect(session, [one], NOW)

    assert kept == await entries(session) == {one.candidate.id: cadence}
    assert list(await windows(session)) == ([ASHA] if cadence is Cadence.HOURLY else [])


@pytest.mark.parametrize(
    ("wanted", "valid_until", "cadence"),
    [
        # The next Monday morning in India, the next morning there, and in an hour, each with a quarter of an hour to spare.
        (Cadence.WEEKLY, "2026-11-23T02:45", Cadence.WEEKLY),
        (Cadence.WEEKLY, "2026-11-23T02:44", Cadence.DAILY),
        (Cadence.WEEKLY, "2026-11-20T02:45", Cadence.DAILY),
        (Cadence.WEEKLY, "2026-11-20T02:44", Cadence.HOURLY),
        (Cadence.WEEKLY, "2026-11-19T09:15", Cadence.HOURLY),
        (Cadence.WEEKLY, "2026-11-19T09:14", None),
        (Cadence.DAILY, "2026-12-31T00:00", Cadence.DAILY),
        (Cadence.DAILY, "2026-11-20T02:44", Cadence.HOURLY),
        (Cadence.DAILY, "2026-11-19T08:30", None),
        (Cadence.HOURLY, "2026-12-31T00:00", Cadence.HOURLY),
        (Cadence.HOURLY, "2026-11-19T09:14", None),
    ],
)
async def test_what_would_be_void_by_its_digest_is_kept_for_the_next_one_that_is_in_time(
    session: Session, wanted: Cadence, valid_until: str, cadence: Cadence | None
) -> None:
    one = collectable(wanted, "Asia/Kolkata", valid_until=datetime.fromisoformat(f"{valid_until}+00:00"))
    kept = await collect(session, [one], NOW)

    assert kept == await entries(session) == ({one.candidate.id: cadence} if cadence is not None else {})
    assert len(await published(session, SendHourlyDigest)) == (cadence is Cadence.HOURLY)


async def test_which_morning_is_in_time_depends_on_where_the_recipient_is(session: Session) -> None:
    # The next 08:00 is five hours away in New York, and eighteen and a half in India.
    york, india = (collectable(Cadence.DAILY, zone, valid_until=NOW + 6 * HOUR) for zone in ("America/New_York", "Asia/Kolkata"))
    kept = await collect(session, [york, india], NOW)

    assert kept == {york.candidate.id: Cadence.DAILY, india.candidate.id: Cadence.HOURLY}


async def test_first_message_opens_a_window_of_an_hour_and_later_ones_join_it(session: Session) -> None:
    await collect(session, [collectable(Cadence.HOURLY, person=person) for person in (ASHA, BEN, ASHA)], NOW)
    await collect(session, [collectable(Cadence.HOURLY)], NOW + timedelta(minutes=20))

    assert await windows(session) == {ASHA: (NOW, NOW + HOUR), BEN: (NOW, NOW + HOUR)}
    keys = {row.person: row.id for row in await session.execute(WINDOWS)}
    asked = {one.to_person: one.window_id for one in await published(session, SendHourlyDigest)}
    assert (asked, await due(session)) == (keys, [NOW + HOUR] * 2)


async def test_message_that_comes_again_stays_in_its_digest_and_opens_no_window(session: Session) -> None:
    weekly, hourly = collectable(Cadence.WEEKLY, valid_until=NOW + 24 * 7 * HOUR), collectable(Cadence.HOURLY)
    await collect(session, [weekly, hourly], NOW)
    await session.execute(text("DELETE FROM digest_windows"))
    await session.execute(text("UPDATE digest_entries SET digested_on = '2026-11-23'"))
    later = NOW + 24 * 6.5 * HOUR
    again = await collect(session, [weekly, hourly], later)

    assert again == {weekly.candidate.id: Cadence.WEEKLY, hourly.candidate.id: Cadence.HOURLY}
    assert await windows(session) == {}
    assert len(await published(session, SendHourlyDigest)) == 1


NIGHT: Final = QuietHours(time(14), time(8), EVERY_DAY)


@pytest.mark.parametrize(
    ("facts", "ends"),
    [
        # 14:00 until 08:00 in UTC: in an hour nothing is quiet yet.
        ({"hours": NIGHT}, NOW + HOUR),
        ({"hours": QuietHours(time(8, 30), time(11), EVERY_DAY)}, datetime(2026, 11, 19, 11, 0, tzinfo=UTC)),
        ({"paused_until": date(2026, 11, 21)}, datetime(2026, 11, 21, 0, 0, tzinfo=UTC)),
    ],
)
async def test_window_does_not_end_in_quiet_hours(session: Session, facts: dict[str, Any], ends: datetime) -> None:
    await quiet(session, **facts)
    await collect(session, [collectable(Cadence.HOURLY)], NOW)

    assert await windows(session) == {ASHA: (NOW, ends)}
    assert await due(session) == [ends]


async def test_window_that_was_to_outlast_a_pause_ends_in_an_hour_when_that_is_over(session: Session) -> None:
    await quiet(session, paused_until=date(2026, 11, 30))
    await collect(session, [collectable(Cadence.HOURLY)], NOW)
    await quiet(session)
    await collect(session, [collectable(Cadence.HOURLY)], NOW + HOUR)

    assert await windows(session) == {ASHA: (NOW, NOW + 2 * HOUR)}
    [first, second] = await published(session, SendHourlyDigest)
    assert first == second
    assert await due(session) == [datetime(2026, 11, 30, 0, 0, tzinfo=UTC), NOW + 2 * HOUR]


async def test_what_ends_before_its_quiet_hours_do_is_left_to_them(session: Session) -> None:
    await quiet(session, hours=QuietHours(time(8, 30), time(11), EVERY_DAY))
    kept = await collect(session, [collectable(Cadence.HOURLY, valid_until=NOW + 2 * HOUR)], NOW)

    assert kept == await entries(session) == {}
    await assert_nothing_published(session)
