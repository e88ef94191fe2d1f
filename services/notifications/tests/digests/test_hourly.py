"""notifications.send_hourly_digest: one mail for each window, whoever collects or comes again meanwhile."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import text

from services.notifications.digests.collecting import collect
from services.notifications.digests.window_repository import WindowReader, WindowRepository
from services.notifications.people.repository import PersonRepository
from services.notifications.preferences.models import Cadence
from services.notifications.tests.deliveries.arrange import know_person
from services.notifications.tests.digests.arrange import ASHA, collectable, collected
from services.notifications.tests.mail_server import MailServer
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.notifications import SendHourlyDigest, SendOrderReminder, SendTemplatedEmail
from shared.runtime import outbox
from shared.runtime.db import Database, ReadSession, Session
from shared.runtime.ids import uuid7
from shared.runtime.outbox import publish
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.locks import WAITING
from shared.testing.messages import Handled, TaskRunner, assert_nothing_published, assert_published, outbox_of, published
from shared.testing.process import Processes
from shared.testing.wait import eventually

if TYPE_CHECKING:
    import asyncpg

BEN: Final = "payments.customer:8"
HOUR: Final = timedelta(hours=1)


async def wanted(session: Session, *names: str, person: str = ASHA, **fields: Any) -> None:
    """Messages by these templates that their recipient wants told of hourly, as the gate hands them over."""
    for name in names:
        await collect(session, [collectable(Cadence.HOURLY, person=person, template_name=name, **fields)], MONDAY_MORNING)


async def asked(session: Session) -> SendHourlyDigest:
    """The one message that ends a window, taken out of the outbox."""
    message = await assert_published(session, SendHourlyDigest)
    await forget(session)
    return message


async def forget(session: Session) -> None:
    """Empty the outbox."""
    await outbox.write_pending(session)
    await session.execute(text("DELETE FROM outbox"))


def lines(mail: SendTemplatedEmail) -> list[str]:
    """What the mail tells of."""
    groups: Any = mail.context["groups"]
    return [entry["title"] for group in groups for entry in group["entries"]]


async def left(session: ReadSession) -> tuple[int, int]:
    """How many entries have not been told of, and how many windows are open."""
    entries = await session.scalar(text("SELECT count(*) FROM digest_entries WHERE digested_on IS NULL"))
    windows = await session.scalar(text("SELECT count(*) FROM digest_windows"))
    return entries, windows


async def test_window_of_several_messages_becomes_one_mail(run_task: TaskRunner, session: Session, clock: FrozenClock) -> None:
    await know_person(session, ASHA, time_zone="Asia/Kolkata")
    await wanted(session, "first", "second", "third")
    await collected(session, template_name="of_tomorrow")
    message = await asked(session)
    clock.advance(HOUR)
    handled = await run_task(message)

    mail = await assert_published(session, SendTemplatedEmail, to_person=ASHA, template_name="hourly_digest", category="digests")
    assert lines(mail) == ["First", "Second", "Third"]
    assert (mail.context["since"], mail.context["count"], mail.context["more"]) == (MONDAY_MORNING.isoformat(), 3, 0)
    assert (mail.dedupe_key, mail.valid_until) == (f"hourly_digest:{message.window_id}", None)
    assert mail.context["dashboard_url"] == "https://app.example.com"
    # What is wanted tomorrow is left to the daily digest.
    assert (handled.outcome, await left(session)) == ("done", (1, 0))
    assert [one.lanes for one in await outbox_of(session)] == [(NOTIFICATIONS_BULK.name,)]


async def test_mail_names_twenty_and_says_how_many_more_there_are(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA, locale="hi-IN")
    await wanted(session, *(f"number_{number}" for number in range(23)))
    await run_task(await asked(session))

    mail = await assert_published(session, SendTemplatedEmail)
    groups: Any = mail.context["groups"]
    assert (len(lines(mail)), mail.context["count"], mail.context["more"]) == (20, 23, 3)
    assert [group["title"] for group in groups] == ["रिमाइंडर"]
    assert await left(session) == (0, 0)


async def test_same_window_twice_is_one_mail_and_the_next_one_is_not_ended_by_it(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await wanted(session, "first")
    message, key = await asked(session), uuid7()
    first, again = [(await run_task.run([message], ids=[key]))[0] for _ in range(2)]
    await wanted(session, "second")
    late = await run_task(message)

    assert (first.carried_out, again.carried_out, late.outcome) == (True, False, "dropped")
    mail = await assert_published(session, SendTemplatedEmail)
    assert (lines(mail), await left(session)) == (["First"], (1, 1))


async def test_two_messages_of_one_window_in_a_batch_are_one_mail(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await know_person(session, BEN)
    await wanted(session, "first", "second")
    message = await asked(session)
    await wanted(session, "third", person=BEN)
    [other] = await published(session, SendHourlyDigest)
    handled = await run_task.run([other, message, SendHourlyDigest(to_person=ASHA), message])

    mails = {one.to_person: lines(one) for one in await published(session, SendTemplatedEmail)}
    assert mails == {ASHA: ["First", "Second"], BEN: ["Third"]}
    assert len(await published(session, SendTemplatedEmail)) == 2
    assert ([one.outcome for one in handled], await left(session)) == (["done"] * 4, (0, 0))


async def test_message_that_names_no_window_ends_the_one_that_is_open(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    nothing = await run_task(SendHourlyDigest(to_person=ASHA))
    await wanted(session, "first")
    scheduled = await asked(session)
    by_hand = await run_task(SendHourlyDigest(to_person=ASHA))
    late = await run_task(scheduled)

    assert [one.outcome for one in (nothing, by_hand, late)] == ["dropped", "done", "dropped"]
    assert lines(await assert_published(session, SendTemplatedEmail)) == ["First"]


async def test_window_with_nothing_left_to_say_ends_without_a_mail(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await know_person(session, ASHA)
    await wanted(session, "first", valid_until=MONDAY_MORNING + 2 * HOUR)
    message = await asked(session)
    clock.advance(3 * HOUR)
    handled = await run_task(message)

    await assert_nothing_published(session)
    assert (handled.outcome, await left(session)) == ("done", (0, 0))


@pytest.mark.parametrize("fate", ["erased", "without an address", "unknown"])
async def test_who_cannot_be_written_to_any_more_gets_nothing_and_has_no_window(
    run_task: TaskRunner, session: Session, fate: str
) -> None:
    if fate != "unknown":
        await know_person(session, ASHA, email=None if fate == "without an address" else "asha@example.com")
    await wanted(session, "first")
    message = await asked(session)
    if fate == "erased":
        await PersonRepository(session).erase(ASHA, MONDAY_MORNING)
    handled = await run_task(message)

    await assert_nothing_published(session)
    assert (handled.outcome, (await left(session))[1]) == ("dropped", 0)


@pytest.mark.usefixtures("settings_of_the_process")
async def test_reminders_that_a_person_wants_hourly_are_told_of_by_their_subjects(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    for statement in (
        "INSERT INTO preference_sheets (person, revision, updated_at) VALUES (:person, 1, now())",
        "INSERT INTO preferences SELECT :person, 'reminders', 'email', 'hourly', now()",
    ):
        await session.execute(text(statement), {"person": ASHA})
    outcomes = [await reminded(run_task, session, number) for number in ("WB-1", "WB-2")]
    message = await asked(session)
    await run_task(message)

    mail = await assert_published(session, SendTemplatedEmail, template_name="hourly_digest")
    assert ([one.outcome for one in outcomes], await left(session)) == (["dropped"] * 2, (0, 0))
    assert sorted(("WB-1" in line, "WB-2" in line) for line in lines(mail)) == [(False, True), (True, False)]


async def reminded(run_task: TaskRunner, session: Session, number: str) -> Handled:
    """Carry out a reminder, and the mail that it becomes."""
    await run_task(SendOrderReminder(to_person=ASHA, order_id=number, order_number=number, action="approve the sample"))
    [mail] = [one for one in await outbox_of(session) if one.name == SendTemplatedEmail.contract.name]
    await session.execute(text("DELETE FROM outbox WHERE id = :id"), {"id": mail.id})
    [handled] = await run_task.run([SendTemplatedEmail.model_validate_json(mail.body)], ids=[mail.id])
    return handled


@pytest.mark.commits
async def test_closing_waits_for_who_is_about_to_join_and_tells_of_that_as_well(
    run_task: TaskRunner, database: Database, owner: "asyncpg.Connection[Any]"
) -> None:
    async with database.unit_of_work() as session:
        await know_person(session, ASHA)
        await wanted(session, "first")
    async with database.unit_of_work() as session:
        await wanted(session, "second")
        closing = asyncio.create_task(run_task(SendHourlyDigest(to_person=ASHA)))
        await eventually(lambda: owner.fetchval(WAITING), message="nobody waits for the collector")

    assert (await closing).outcome == "done"
    assert lines(await assert_published(database, SendTemplatedEmail)) == ["First", "Second"]
    async with database.read() as reader:
        assert await left(reader) == (0, 0)


@pytest.mark.commits
async def test_who_comes_while_a_window_is_being_closed_opens_another_one(
    database: Database, owner: "asyncpg.Connection[Any]"
) -> None:
    async with database.unit_of_work() as session:
        await wanted(session, "first")

    async def join() -> None:
        async with database.unit_of_work() as other:
            await wanted(other, "second")

    async with database.unit_of_work() as session:
        closed = await WindowRepository(session).close([(ASHA, None)])
        joining = asyncio.create_task(join())
        await eventually(lambda: owner.fetchval(WAITING), message="nobody waits for the window to be closed")
        await session.execute(text("UPDATE digest_entries SET digested_on = '2026-03-02'"))
    await joining

    async with database.read() as reader:
        opened = (await WindowReader(reader).open_ones([ASHA]))[ASHA]
        assert await left(reader) == (1, 1)
    asked_for = {one.window_id for one in await published(database, SendHourlyDigest)}
    assert (asked_for, len(asked_for)) == ({closed[ASHA].id, opened.id}, 2)


@pytest.mark.commits
async def test_collectors_of_the_same_people_in_any_order_wait_for_each_other_and_open_one_window_each(
    database: Database,
) -> None:
    people = [f"payments.customer:{number}" for number in range(20)]

    async def collect_for(order: list[str]) -> None:
        async with database.unit_of_work() as session:
            messages = [collectable(Cadence.HOURLY, person=person) for person in order]
            await collect(session, messages, MONDAY_MORNING)

    orders = (people, people[::-1], people[10:] + people[:10], people[::-1], people)
    await asyncio.gather(*(collect_for(order) for order in orders))

    assert sorted(one.to_person for one in await published(database, SendHourlyDigest)) == sorted(people)
    async with database.read() as reader:
        assert await left(reader) == (100, 20)


@pytest.mark.commits
@pytest.mark.parametrize("name", ["effect.claimed", "effect.before_record", "effect.recorded"])
async def test_each_window_is_one_mail_though_the_process_that_closes_it_is_killed(
    processes: Processes, database: Database, mail_server: MailServer, tmp_path: Path, name: str
) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    people = [f"payments.customer:{number}" for number in range(5)]
    async with database.unit_of_work() as session:
        for person in people:
            await know_person(session, person)
            await wanted(session, "first", "second", person=person)
    async with database.unit_of_work() as session:
        await session.execute(text("UPDATE outbox SET due_at = now()"))
        # Asked for by hand beside it: whichever comes first tells of all.
        for person in people:
            publish(session, SendHourlyDigest(to_person=person))
    faults = {"WAYBILL_FAILPOINTS": f"{name}=kill", "WAYBILL_FAILPOINT_ONCE": str(fired)}
    worker = processes.worker("notifications", "--concurrency", "1", **mail_server.environment, **faults)
    # Without the schedule, whose messages would meet the failpoint first.
    without = ("shared.testing.probe.relay", "notifications")
    relay = processes.relay("notifications", program=without, **mail_server.environment)
    await asyncio.gather(worker.ready(), relay.ready())

    async def mailed() -> bool:
        async with database.read() as reader:
            finished = await reader.scalar(text("SELECT count(*) FROM deliveries WHERE status = 'sent'"))
            waiting = await reader.scalar(
                text("SELECT count(*) FROM inbox WHERE name = 'notifications.send_hourly_digest' AND finished_at IS NOT NULL")
            )
        return (finished, waiting) == (len(people), 2 * len(people))

    await eventually(mailed, 45, "the digests were not sent")

    assert (fired / name).exists()
    async with database.read() as reader:
        told = await reader.execute(text("SELECT to_person, count(*) FROM deliveries GROUP BY 1 ORDER BY 1"))
        assert [tuple(row) for row in told] == [(person, 1) for person in people]
        assert await left(reader) == (0, 0)
