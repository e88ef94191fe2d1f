"""notifications.queue_daily_digests: who is asked for, when, and how often."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from services.notifications.tests.deliveries.arrange import know_person
from services.notifications.tests.digests.arrange import ASHA, DRIVER, collected
from shared.contracts.notifications import QueueDailyDigests, SendDailyDigest
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
