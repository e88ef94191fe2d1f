"""notifications.queue_daily_digests: who is asked for, when, and how often."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from services.notifications.digests.window_repository import WindowRepository
from services.notifications.preferences.models import Cadence
from services.notifications.tests.deliveries.arrange import know_person
from services.notifications.tests.digests.arrange import ASHA, DRIVER, collected
from shared.contracts.notifications import QueueDailyDigests, SendDailyDigest, SendHourlyDigest
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, outbox_of, published

EIGHT_IN_INDIA: Final = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
TODAY: Final = date(2026, 11, 21)


async def asked_for(session: Session) -> list[tuple[str, date]]:
    """Whose digest of which day was asked for."""
    return [(one.to_person, one.digest_on) for one in await published(session, SendDailyDigest)]


async def test_who_has_entries_and_who_drives_is_asked_for_at_eight_where_they_are(
    run_task: TaskRunner, session: Session
) -> None:
    for person in (ASHA, DRIVER, "payments.customer:8"):
        await know_person(session, person, time_zone="Asia/Kolkata")
    await know_person(session, "trips.driver:8", time_zone="UTC")
    await know_person(session, "trips.driver:9", time_zone="Asia/Kolkata", email=None)
    await collected(session)
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA - timedelta(minutes=15)))
    early = await asked_for(session)
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA))

    assert early == []
    assert await asked_for(session) == [(ASHA, TODAY), (DRIVER, TODAY)]


async def test_same_slot_twice_asks_once(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, DRIVER, time_zone="Asia/Kolkata")
    key = uuid7()
    for ids in ([key], [key], [uuid7()]):
        await run_task.run([QueueDailyDigests(slot=EIGHT_IN_INDIA)], ids=ids)
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA - timedelta(days=1)))

    assert await asked_for(session) == [(DRIVER, TODAY)]


async def test_after_an_outage_of_days_each_person_is_asked_for_once(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, DRIVER, time_zone="Asia/Kolkata")
    await know_person(session, "trips.driver:8", time_zone="America/New_York")
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA - timedelta(days=3, minutes=15)))
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA + timedelta(hours=3)))

    # In New York it is past midnight; that day's morning is still to come.
    assert await asked_for(session) == [(DRIVER, TODAY)]


async def test_id_is_made_of_person_and_day(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, DRIVER, time_zone="Asia/Kolkata")
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA))
    await session.execute(text("UPDATE digest_progress SET slot = slot - interval '1 hour'"))
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA))

    assert len([one for one in await outbox_of(session) if one.name == "notifications.send_daily_digest"]) == 1


@pytest.mark.parametrize(
    ("own", "ours", "asked"),
    [(None, None, True), ("off", None, False), (None, "off", False), ("on", "off", True), ("off", "on", False)],
)
async def test_who_has_declined_digests_is_not_asked_for(
    run_task: TaskRunner, session: Session, own: str | None, ours: str | None, asked: bool
) -> None:
    organization = uuid7()
    await know_person(session, DRIVER, time_zone="Asia/Kolkata", organization_id=organization)
    bound: dict[str, Any] = {"org": organization, "person": DRIVER, "now": EIGHT_IN_INDIA, "own": own, "ours": ours}
    for statement in (
        "INSERT INTO organization_policies (organization_id, revision, updated_at, updated_by) VALUES (:org, 1, :now, 'ann')",
        "INSERT INTO preference_sheets (person, revision, updated_at) VALUES (:person, 1, :now)",
        "INSERT INTO organization_choices SELECT :org, 'digests', 'email', :ours WHERE CAST(:ours AS text) IS NOT NULL",
        "INSERT INTO preferences SELECT :person, 'digests', 'email', :own, :now WHERE CAST(:own AS text) IS NOT NULL",
    ):
        await session.execute(text(statement), {name: value for name, value in bound.items() if f":{name}" in statement})
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA))

    assert await asked_for(session) == ([(DRIVER, TODAY)] if asked else [])


async def test_organizations_zone_counts_for_who_has_none(run_task: TaskRunner, session: Session) -> None:
    organization = uuid7()
    await know_person(session, DRIVER, organization_id=organization)
    await session.execute(
        text(
            "INSERT INTO organization_policies (organization_id, revision, time_zone, updated_at, updated_by)"
            " VALUES (:id, 1, 'Asia/Kolkata', now(), 'ann')"
        ),
        {"id": organization},
    )
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA))

    assert await asked_for(session) == [(DRIVER, TODAY)]


@pytest.mark.parametrize(
    ("zone", "eight_on_sunday"),
    [
        ("Asia/Kolkata", datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
        # In New York it is Monday morning while it is evening in India.
        ("America/New_York", datetime(2026, 11, 22, 13, 0, tzinfo=UTC)),
    ],
)
async def test_week_is_asked_for_on_the_monday_of_where_the_person_is(
    run_task: TaskRunner, session: Session, zone: str, eight_on_sunday: datetime
) -> None:
    await know_person(session, ASHA, time_zone=zone)
    await collected(session, cadence=Cadence.WEEKLY)
    for days in (0, 1, 2):
        slot = eight_on_sunday + timedelta(days=days)
        await run_task(QueueDailyDigests(slot=slot - timedelta(minutes=15)))
        await run_task(QueueDailyDigests(slot=slot))

    assert await asked_for(session) == [(ASHA, date(2026, 11, 23))]


async def test_on_one_slot_a_monday_there_is_none_elsewhere(run_task: TaskRunner, session: Session) -> None:
    # 08:00 on Monday on Kiritimati, and on Sunday on Hawaii.
    slot = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    for person, zone in ((ASHA, "Pacific/Kiritimati"), ("payments.customer:8", "Pacific/Honolulu")):
        await know_person(session, person, time_zone=zone)
        await collected(session, person=person, cadence=Cadence.WEEKLY)
    await know_person(session, "payments.customer:9", time_zone="Pacific/Honolulu")
    await collected(session, person="payments.customer:9")
    await run_task(QueueDailyDigests(slot=slot))

    assert await asked_for(session) == [("payments.customer:9", date(2026, 11, 22)), (ASHA, date(2026, 11, 23))]


async def test_hourly_entries_are_left_to_their_window(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA, time_zone="Asia/Kolkata")
    await collected(session, cadence=Cadence.HOURLY)
    await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA))

    assert await asked_for(session) == []


async def test_window_whose_message_was_lost_is_asked_for_anew_and_not_at_every_slot(
    run_task: TaskRunner, session: Session
) -> None:
    windows = WindowRepository(session)
    ends = {ASHA: EIGHT_IN_INDIA - timedelta(hours=6, minutes=1), DRIVER: EIGHT_IN_INDIA - timedelta(hours=5)}
    await windows.enter(ends, EIGHT_IN_INDIA - timedelta(hours=8))
    for minutes in (0, 15, 30):
        await run_task(QueueDailyDigests(slot=EIGHT_IN_INDIA + timedelta(minutes=minutes)))

    [message] = await published(session, SendHourlyDigest)
    lost = (await windows.open_ones([ASHA]))[ASHA]
    assert (message.to_person, message.window_id, lost.closes_at) == (ASHA, lost.id, EIGHT_IN_INDIA)
