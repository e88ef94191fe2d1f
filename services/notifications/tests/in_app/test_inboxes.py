"""What an inbox promises to those who follow it: numbers without gaps, and each change told once as it stands."""

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from services.notifications.in_app.repository import Change, Counts, Head, InboxReader, InboxRepository, NewItem
from services.notifications.in_app.withdrawal import withdraw
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING

DRIVER: Final = "trips.driver:7"
OTHER: Final = "trips.driver:8"
OURS: Final = UUID(int=5)
LATER: Final = MONDAY_MORNING + timedelta(minutes=5)


def item(title: str = "Trip", person: str = DRIVER, **fields: Any) -> NewItem:
    """Something that comes into an inbox."""
    usual: dict[str, Any] = {"id": uuid7(), "delivery_id": uuid7(), "organization_id": None, "category": "trips", "link": None}
    return NewItem(**{**usual, "body": "Look.", "subject_key": None, **fields}, person=person, title=title)


async def told(inboxes: InboxRepository, after: int, person: str = DRIVER) -> list[tuple[int, str]]:
    """Number and title of what a follower who has seen all until `after` is told."""
    return [(one.changed_seq, one.title) for one in await inboxes.changed_after(person, after, 100)]


async def test_items_of_one_batch_are_numbered_in_their_order_person_by_person(session: Session) -> None:
    inboxes = InboxRepository(session)
    await inboxes.put([item("A"), item("X", OTHER), item("B")], MONDAY_MORNING)
    await inboxes.put([item("C")], MONDAY_MORNING)

    assert await told(inboxes, 0) == [(1, "A"), (2, "B"), (3, "C")]
    assert await told(inboxes, 0, OTHER) == [(1, "X")]
    assert await inboxes.heads([DRIVER, OTHER, "a.b:1"]) == {DRIVER: Head(3, 3), OTHER: Head(1, 1)}


async def test_putting_a_delivery_twice_makes_one_item_and_no_gap(session: Session) -> None:
    inboxes = InboxRepository(session)
    one = item("A")
    await inboxes.put([one], MONDAY_MORNING)
    await inboxes.put([one, item("B")], MONDAY_MORNING)

    assert await told(inboxes, 0) == [(1, "A"), (2, "B")]
    assert await inboxes.counts(DRIVER) == Counts(2, 2, 0, 2)


async def test_change_moves_an_item_to_the_end_and_is_told_to_who_had_it(session: Session) -> None:
    inboxes = InboxRepository(session)
    first, second = item("A"), item("B")
    await inboxes.put([first, second], MONDAY_MORNING)
    changed = await inboxes.change([DRIVER], Change(read=True), LATER, ids=[first.id])
    again = await inboxes.change([DRIVER], Change(read=True), LATER + timedelta(1), ids=[first.id])

    assert (changed, again) == ([first.id], [])
    assert await told(inboxes, 0) == [(2, "B"), (3, "A")]
    assert await told(inboxes, 2) == [(3, "A")]
    found = await inboxes.find(DRIVER, first.id)
    assert found is not None
    assert (found.seq, found.read_at) == (1, LATER)


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ([Change(read=True)], Counts(0, 2, 0, 4)),
        ([Change(read=True), Change(read=False)], Counts(2, 2, 0, 6)),
        ([Change(archived=True)], Counts(0, 0, 2, 4)),
        ([Change(archived=True), Change(read=True)], Counts(0, 0, 2, 6)),
        ([Change(read=True), Change(archived=True), Change(read=False)], Counts(0, 0, 2, 8)),
        ([Change(archived=True), Change(archived=False)], Counts(2, 2, 0, 6)),
    ],
)
async def test_unread_are_those_that_are_neither_read_nor_archived(
    session: Session, changes: list[Change], counts: Counts
) -> None:
    inboxes = InboxRepository(session)
    await inboxes.put([item("A"), item("B")], MONDAY_MORNING)
    for change in changes:
        await inboxes.change([DRIVER], change, LATER)

    assert await inboxes.counts(DRIVER) == counts


async def test_reading_all_until_a_number_leaves_what_came_later_unread(session: Session) -> None:
    inboxes = InboxRepository(session)
    await inboxes.put([item("A"), item("B"), item("C")], MONDAY_MORNING)
    await inboxes.change([DRIVER], Change(read=True), LATER, through=2)

    unread = await inboxes.listed(DRIVER, unread=True, archived=False, after=None, limit=10)
    assert [one.title for one in unread] == ["C"]


async def test_cancelled_subject_is_withdrawn_unless_it_was_read_or_asked_for_later(session: Session) -> None:
    inboxes = InboxRepository(session)
    await inboxes.put([item("Read", subject_key="trips.trip:1"), item("New", subject_key="trips.trip:1")], MONDAY_MORNING)
    await inboxes.change([DRIVER], Change(read=True), MONDAY_MORNING, through=1)
    await inboxes.put([item("Late", subject_key="trips.trip:1"), item("Else", subject_key="trips.trip:2")], LATER)
    moment = MONDAY_MORNING + timedelta(minutes=1)
    withdrawn = [await withdraw(session, ["trips.trip:1"], moment) for _ in range(2)]

    archived = await inboxes.listed(DRIVER, unread=None, archived=True, after=None, limit=10)
    assert (withdrawn, [one.title for one in archived]) == ([[DRIVER], []], ["New"])
    assert await inboxes.counts(DRIVER) == Counts(2, 3, 1, 6)


async def test_organization_withdraws_its_own_items_alone(session: Session) -> None:
    inboxes = InboxRepository(session)
    await inboxes.put([item("Ours", organization_id=OURS, subject_key="a.b:1"), item("All", subject_key="a.b:1")], MONDAY_MORNING)
    await withdraw(session, ["a.b:1"], LATER, organization_id=OURS)

    assert [one.title for one in await inboxes.listed(DRIVER, unread=None, archived=False, after=None, limit=9)] == ["All"]


@pytest.mark.commits
async def test_writers_at_once_leave_no_gap_and_nothing_comes_to_light_late(database: Database) -> None:
    seen: list[int] = []
    done = asyncio.Event()

    async def write(number: int) -> None:
        async with database.unit_of_work() as session:
            await InboxRepository(session).put([item(f"{number}", OTHER), item(f"{number}")], MONDAY_MORNING)
            if number % 5 == 0:
                await InboxRepository(session).change([DRIVER], Change(read=True), LATER, through=1)

    async def follow() -> None:
        while await look() or not done.is_set():
            pass

    async def look() -> int:
        async with database.read() as session:
            found = await InboxReader(session).changed_after(DRIVER, seen[-1] if seen else 0, 3)
            seen.extend(one.changed_seq for one in found)
            return len(found)

    follower = asyncio.create_task(follow())
    await asyncio.gather(*(write(number) for number in range(30)))
    done.set()
    await follower
    async with database.read() as session:
        items = await InboxReader(session).changed_after(DRIVER, 0, 100)

    assert len(items) == 30
    assert seen == sorted(set(seen))
    assert {one.changed_seq for one in items} <= set(seen)
