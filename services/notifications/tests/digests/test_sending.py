"""notifications.send_daily_digest: what it says, what it leaves for the next morning, and what it does without trips."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.cancellations.repository import Cancellation, CancellationRepository, key_of
from services.notifications.preferences.models import Cadence, QuietHours
from services.notifications.preferences.repository import PreferenceRepository
from services.notifications.tests.deliveries.arrange import due_again, know_person
from services.notifications.tests.digests.arrange import ASHA, DRIVER, candidate, collected, keep
from services.notifications.tests.digests.conftest import TripsStandIn
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.notifications import SendDailyDigest, SendOrderReminder, SendTemplatedEmail
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of, published

OURS: Final = UUID(int=5)
TODAY: Final = date(2026, 11, 21)
TRIP: Final = {
    "number": "T-2041",
    "pickup_at": "2026-11-21T04:00:00Z",
    "pickup": "Andheri",
    "dropoff": "Nhava Sheva",
    "status": "assigned",
    "driver": "is not asked for",
}


def digest(person: str = ASHA, day: date = TODAY) -> SendDailyDigest:
    """A person's digest."""
    return SendDailyDigest(to_person=person, digest_on=day)


async def undigested(session: Session) -> int:
    """How many entries wait."""
    return int((await session.execute(text("SELECT count(*) FROM digest_entries WHERE digested_on IS NULL"))).scalar_one())


async def test_entries_are_told_by_category_at_most_twenty_and_all_are_done_with(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA, time_zone="Asia/Kolkata")
    await collected(session, 3, category="reminders")
    await collected(session, 20, category="own_things", template_name=None)
    handled = await run_task(digest())

    mail = await assert_published(session, SendTemplatedEmail, to_person=ASHA, template_name="daily_digest", category="digests")
    groups: Any = mail.context["groups"]
    assert [(group["title"], len(group["entries"])) for group in groups] == [("Reminders", 3), ("Own things", 17)]
    assert groups[0]["entries"][0] == {"title": "Order reminder", "body": None}
    assert (mail.context["more"], mail.context["digest_on"], mail.context["trips"]) == (3, "2026-11-21", None)
    assert mail.context["dashboard_url"] == "https://app.example.com"
    assert (mail.dedupe_key, mail.organization_id) == (f"daily_digest:2026-11-21:{ASHA}", None)
    # Until the next one, at 08:00 in India.
    assert mail.valid_until == datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
    assert (handled.outcome, await undigested(session)) == ("done", 0)
    assert [one.lanes for one in await outbox_of(session)] == [(NOTIFICATIONS_BULK.name,)]


async def test_subject_of_the_message_is_its_line(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA, locale="hi-IN")
    kept = candidate()
    await session.execute(
        text("""
            INSERT INTO deliveries (id, to_address, subject, status, created_at, finished_at)
            VALUES (:id, 'a@example.com', 'Approve the sample', 'dropped', now(), now())
        """),
        {"id": kept.id},
    )
    await collected(session, 1, id=kept.id)
    await run_task(digest())

    groups: Any = (await assert_published(session, SendTemplatedEmail)).context["groups"]
    assert groups == [{"category": "reminders", "title": "रिमाइंडर", "entries": [{"title": "Approve the sample", "body": None}]}]


async def test_same_digest_twice_is_one_mail(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await collected(session, 2)
    key = uuid7()
    first, second = [(await run_task.run([digest()], ids=[key]))[0] for _ in range(2)]
    again = await run_task(digest())

    assert (first.carried_out, second.carried_out, again.outcome) == (True, False, "dropped")
    await assert_published(session, SendTemplatedEmail)


async def test_nothing_is_said_where_there_is_nothing_to_say(run_task: TaskRunner, session: Session, trips: TripsStandIn) -> None:
    await know_person(session, ASHA)
    await know_person(session, DRIVER)
    await know_person(session, "payments.customer:8", email=None)
    await collected(session, person="payments.customer:8")
    people = (ASHA, "payments.customer:8", "payments.customer:9", DRIVER)
    handled = [await run_task(digest(person)) for person in people]

    assert [one.outcome for one in handled] == ["dropped", "dropped", "dropped", "done"]
    await assert_nothing_published(session)
    assert trips.asked == [f"/v1/people/trips.driver%3A7/trip-summary?date={TODAY}"]


async def test_drivers_day_is_read_from_trips(run_task: TaskRunner, session: Session, trips: TripsStandIn) -> None:
    await know_person(session, DRIVER)
    trips.status = 200
    trips.body = {"trips": [TRIP | {"pickup_at": "2026-11-21T09:30:00Z"}] * 24 + [TRIP], "completed": 3, "distance_m": 184_300}
    await run_task(digest(DRIVER))

    context = (await assert_published(session, SendTemplatedEmail, to_person=DRIVER)).context
    lines: Any = context["trips"]
    assert (len(lines), lines[0]) == (20, {name: value for name, value in TRIP.items() if name != "driver"})
    assert (context["completed"], context["distance_m"], context["more"], context["groups"]) == (3, 184_300, 5, [])
    assert "authorization: Bearer " in trips.heads[0].replace("Authorization", "authorization")


async def test_day_without_trips_is_not_told_of(run_task: TaskRunner, session: Session, trips: TripsStandIn) -> None:
    await know_person(session, DRIVER)
    trips.status, trips.body = 200, {"trips": [], "completed": 0, "distance_m": 0}
    await run_task(digest(DRIVER))

    await assert_nothing_published(session)


@pytest.mark.parametrize(("status", "body"), [(503, None), (401, None), (200, {"trips": 7}), (200, None)])
async def test_trips_that_is_away_is_asked_again_and_then_done_without(
    run_task: TaskRunner, session: Session, trips: TripsStandIn, status: int, body: Any
) -> None:
    await know_person(session, DRIVER)
    await collected(session, person=DRIVER)
    trips.status, trips.body = status, body
    key, outcomes = uuid7(), []
    for _ in range(4):
        outcomes.append((await run_task.run([digest(DRIVER)], ids=[key]))[0].outcome)
        await due_again(session, key)

    assert outcomes == ["retry", "retry", "retry", "done"]
    assert len(trips.asked) == 4
    assert (await assert_published(session, SendTemplatedEmail)).context["trips"] is None
    assert await undigested(session) == 0


async def test_of_two_days_in_one_batch_the_first_tells_of_what_waits(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await collected(session, 2)
    await run_task.run([digest(), digest(day=date(2026, 11, 22))])

    assert (await assert_published(session, SendTemplatedEmail)).context["digest_on"] == "2026-11-21"


SUNDAY, MONDAY, TUESDAY = (date(2026, 11, day) for day in (22, 23, 24))


async def test_week_is_told_of_on_a_monday_beside_the_day(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await collected(session, cadence=Cadence.WEEKLY, template_name="of_the_week")
    await collected(session, template_name="of_the_day")
    await run_task(digest(day=SUNDAY))
    on_sunday = (await said(session), await undigested(session))
    await session.execute(text("DELETE FROM outbox"))
    await collected(session, template_name="of_monday")
    await run_task(digest(day=MONDAY))

    assert on_sunday == (["Of the day"], 1)
    assert (await said(session), await undigested(session)) == (["Of the week", "Of monday"], 0)
    assert (await assert_published(session, SendTemplatedEmail)).context["with_week"] is True


async def test_who_wants_nothing_but_the_week_is_told_nothing_on_other_days(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await collected(session, 2, cadence=Cadence.WEEKLY)
    await collected(session, cadence=Cadence.HOURLY)
    tuesday = await run_task(digest(day=TUESDAY))

    await assert_nothing_published(session)
    assert (tuesday.outcome, await undigested(session)) == ("dropped", 3)


async def test_of_sunday_and_monday_in_one_batch_the_second_tells_of_the_week(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await collected(session, cadence=Cadence.WEEKLY, template_name="of_the_week")
    await collected(session, template_name="of_the_day")
    await run_task.run([digest(day=SUNDAY), digest(day=MONDAY)])

    mails = await published(session, SendTemplatedEmail)
    told: Any = {(one.context["digest_on"], one.context["with_week"]): one.context["groups"] for one in mails}
    assert {key: groups[0]["entries"][0]["title"] for key, groups in told.items()} == {
        ("2026-11-22", False): "Of the day",
        ("2026-11-23", True): "Of the week",
    }
    assert await undigested(session) == 0


async def said(session: Session) -> list[str]:
    """The lines of the digest that was published."""
    groups: Any = (await assert_published(session, SendTemplatedEmail, template_name="daily_digest")).context["groups"]
    return [entry["title"] for group in groups for entry in group["entries"]]


@pytest.mark.parametrize(
    ("key", "own", "after", "told"),
    [
        ("payments.order:1", None, timedelta(0), False),
        ("payments.order:1", None, timedelta(seconds=-1), True),
        ("payments.order:2", None, timedelta(0), True),
        ("payments.order:1", OURS, timedelta(0), True),
        ("notifications.delivery", None, timedelta(0), False),
    ],
)
async def test_what_was_cancelled_overnight_is_not_told_of(
    run_task: TaskRunner, session: Session, key: str, own: UUID | None, after: timedelta, told: bool
) -> None:
    await know_person(session, ASHA)
    one = candidate(subject_key="payments.order:1", template_name="approve_sample")
    await keep(session, one)
    await collected(session)
    subject_key = key_of(one.id) if key == "notifications.delivery" else key
    word = Cancellation(subject_key, own, MONDAY_MORNING + after, "over", "ann")
    await CancellationRepository(session).remember([word])
    await run_task(digest())

    assert await said(session) == (["Approve sample"] if told else []) + ["Order reminder"]
    assert await undigested(session) == 0


async def test_notice_that_was_cancelled_before_its_mail_was_asked_for_is_not_told_of(
    run_task: TaskRunner, session: Session
) -> None:
    await know_person(session, ASHA)
    one = candidate(subject_key="payments.order:1", asked_at=MONDAY_MORNING + timedelta(minutes=2))
    statement = """
        INSERT INTO deliveries (id, to_person, status, asked_at, created_at, finished_at)
        VALUES (:id, :to, 'dropped', :at, now(), now())
    """
    await session.execute(text(statement), {"id": one.id, "to": ASHA, "at": MONDAY_MORNING})
    await keep(session, one)
    word = Cancellation("payments.order:1", None, MONDAY_MORNING + timedelta(minutes=1), "over", "ann")
    await CancellationRepository(session).remember([word])
    await run_task(digest())

    await assert_nothing_published(session)
    assert await undigested(session) == 0


async def test_what_is_past_its_time_in_the_morning_is_not_told_of(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await know_person(session, ASHA)
    for name, until in (("late", -1), ("just", 1)):
        valid_until = clock() + timedelta(seconds=until)
        await collected(session, template_name=name, valid_until=valid_until)
    await run_task(digest())

    assert await said(session) == ["Just"]


@pytest.mark.usefixtures("settings_of_the_process")
async def test_reminder_that_a_notice_has_become_is_told_of_by_its_subject(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    for statement in (
        "INSERT INTO preference_sheets (person, revision, updated_at) VALUES (:person, 1, now())",
        "INSERT INTO preferences SELECT :person, 'reminders', 'email', 'daily', now()",
    ):
        await session.execute(text(statement), {"person": ASHA})
    await run_task(SendOrderReminder(to_person=ASHA, order_id="o1", order_number="WB-1", action="approve the sample"))
    [mail] = [one for one in await outbox_of(session) if one.name == SendTemplatedEmail.contract.name]
    message = SendTemplatedEmail.model_validate_json(mail.body)
    [handled] = await run_task.run([message], ids=[mail.id])
    await session.execute(text("DELETE FROM outbox"))
    await run_task(digest())

    [line] = await said(session)
    subject = await session.scalar(text("SELECT subject FROM deliveries WHERE id = :id"), {"id": mail.id})
    assert (handled.outcome, line) == ("dropped", subject)
    assert "WB-1" in line


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        # The clock stands at Monday, 2 March 2026, 9:00 UTC; its digest is void at 8:00 on the next day.
        ({"paused_until": date(2026, 3, 3)}, True),
        ({"paused_until": date(2026, 3, 4)}, False),
        ({"quiet": QuietHours(time(8), time(20), frozenset({1}))}, True),
        ({"quiet": QuietHours(time(8), time(8), frozenset({1, 2}))}, False),
    ],
)
async def test_what_nobody_would_hear_of_before_the_next_morning_waits_for_another_one(
    run_task: TaskRunner, session: Session, facts: dict[str, Any], told: bool
) -> None:
    await know_person(session, ASHA)
    await collected(session)
    preferences = PreferenceRepository(session)
    sheet = await preferences.locked(ASHA, MONDAY_MORNING)
    await preferences.put_sheet(replace(sheet, **facts), MONDAY_MORNING)
    handled = await run_task(digest(day=MONDAY_MORNING.date()))

    assert (handled.outcome, await undigested(session)) == (("done", 0) if told else ("dropped", 1))
    assert len(await published(session, SendTemplatedEmail)) == told
