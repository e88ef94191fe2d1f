"""notifications.upsert_person: what owners say of people."""

from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader
from services.notifications.preferences.models import Channel, Choice, Key
from services.notifications.preferences.repository import PreferenceRepository
from shared.contracts.notifications import UpsertPerson
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner

DRIVER: Final = "trips.driver:7"
OURS: Final = UUID(int=5)


def said(reference: str = DRIVER, version: int = 1, **facts: Any) -> UpsertPerson:
    """What an owner says of a person."""
    usual: dict[str, Any] = {"name": "Asha Rao", "email": "asha@example.com", "organization_id": OURS}
    return UpsertPerson(reference=reference, entity_version=version, **(usual | facts))


async def known(session: Session, *references: str) -> dict[str, Person]:
    """People as the database has them now."""
    session.expunge_all()
    return dict(await PersonReader(session).find_many(references or (DRIVER,)))


async def declined(session: Session) -> list[tuple[Any, ...]]:
    """What is on the suppression list because people have declined it."""
    query = text("""
        SELECT channel, address, organization_id, category FROM suppressions
         WHERE scope = 'category' AND reason = 'unsubscribed' AND source = 'new_address' ORDER BY channel, address
    """)
    return [tuple(row) for row in await session.execute(query)]


async def test_person_is_kept_in_canonical_form(run_task: TaskRunner, session: Session) -> None:
    handled = await run_task(said(name=" Asha Rao ", phone="+91 (98123) 45-678", locale="en_in", time_zone="Asia/Kolkata"))

    person = (await known(session))[DRIVER]
    assert handled.outcome == "done"
    assert (person.name, person.email, person.phone) == ("Asha Rao", "asha@example.com", "+919812345678")
    assert (person.locale, person.time_zone, person.organization_id) == ("en-IN", "Asia/Kolkata", OURS)
    assert (person.entity_version, person.revision) == (1, 1)


async def test_address_is_kept_without_needless_quotes(run_task: TaskRunner, session: Session) -> None:
    await run_task(said(email='"Asha.Rao"@example.com'))

    assert (await known(session))[DRIVER].email == "Asha.Rao@example.com"


async def test_same_message_twice_changes_nothing_the_second_time(run_task: TaskRunner, session: Session) -> None:
    key = uuid7()
    for _ in range(2):
        await run_task.run([said()], ids=[key])
    again = await run_task(said(name="Another"))

    person = (await known(session))[DRIVER]
    assert again.outcome == "done"
    assert (person.name, person.revision) == ("Asha Rao", 1)


async def test_newer_version_replaces_everything_and_an_older_one_nothing(run_task: TaskRunner, session: Session) -> None:
    await run_task(said(version=2))
    await run_task(said(version=3, name="Asha R.", email=None))
    await run_task(said(version=1, name="Old"))

    person = (await known(session))[DRIVER]
    assert (person.name, person.email, person.entity_version, person.revision) == ("Asha R.", None, 3, 2)


async def test_what_a_person_has_declined_counts_for_a_new_address_and_number(run_task: TaskRunner, session: Session) -> None:
    await run_task.run([said(), said("trips.driver:8", email="ben@example.com")])
    preferences = PreferenceRepository(session)
    await preferences.locked(DRIVER, MONDAY_MORNING)
    choices = {
        Key("marketing", Channel.EMAIL): Choice.OFF,
        Key("reminders", Channel.EMAIL): Choice.DAILY,
        Key("reminders", Channel.SMS): Choice.OFF,
    }
    await preferences.choose(DRIVER, choices, MONDAY_MORNING)
    await run_task(said(version=2, name="Asha R."))
    named = await declined(session)
    await run_task.run(
        [said(version=3, email="new@example.com", phone="+919812345678"), said("trips.driver:8", 2, email="b@example.com")]
    )
    moved = await declined(session)
    await run_task(said(version=1, email="old@example.com"))

    assert named == []
    assert moved == [("email", "new@example.com", OURS, "marketing"), ("sms", "+919812345678", OURS, "reminders")]
    assert await declined(session) == moved


async def test_highest_version_of_a_batch_counts_whatever_the_order(run_task: TaskRunner, session: Session) -> None:
    handled = await run_task.run([said(version=2, name="B"), said(version=3, name="C"), said(version=1, name="A"), said("a.b:1")])

    people = await known(session, DRIVER, "a.b:1", "a.b:2")
    assert [one.outcome for one in handled] == ["done"] * 4
    assert {reference: one.name for reference, one in people.items()} == {DRIVER: "C", "a.b:1": "Asha Rao"}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"locale": "de-"}, "the locale must be a BCP 47 tag"),
    ({"locale": "klingon"}, "the locale must be a BCP 47 tag"),
    ({"time_zone": "Mars/Olympus"}, "the time zone must be a name of the IANA database"),
    ({"time_zone": "../UTC"}, "the time zone must be a name of the IANA database"),
    ({"email": "a>b@example.com"}, "email: the address is not of the form"),
    ({"email": "asha"}, "email: the address is not of the form"),
    ({"email": "asha@example.com\r\nBcc: b@example.com"}, "email: the address is not of the form"),
    ({"phone": "98123"}, "the phone number must be international"),
    ({"phone": "+٩١٩٨١٢٣٤٥٦٧"}, "the phone number must be international"),
    ({"name": "A\x00B"}, "the name must be one line"),
    ({"reference": "trips.driver:\x00"}, "the reference must be"),
    ({"version": 2**63}, "entity_version must be below 2^63"),
]


@pytest.mark.parametrize(("bad", "error"), BAD)
async def test_person_that_cannot_be_kept_fails_for_good_and_the_others_of_its_batch_are_kept(
    run_task: TaskRunner, session: Session, bad: dict[str, Any], error: str
) -> None:
    good, refused, also_good = await run_task.run([said("a.b:1"), said(**({"reference": "a.b:2"} | bad)), said("a.b:3")])

    assert (good.outcome, refused.outcome, also_good.outcome) == ("done", "dead", "done")
    assert refused.error_class == "PersonUnusable"
    assert error in (refused.error or "")
    assert sorted(await known(session, "a.b:1", "a.b:2", "a.b:3")) == ["a.b:1", "a.b:3"]
