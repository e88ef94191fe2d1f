"""Call-backs in any order and any number lead to one end: state, timeline and suppression list."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.notifications.tests.callbacks.arrange import ANN, OURS, applying_of, listed, sent, standing, store
from services.notifications.tests.deliveries.arrange import know_person
from shared.runtime.db import Database, Session
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.database import FreshDatabase

DELIVERY: Final = UUID("019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77")
ASHA: Final = "payments.customer:42"
NOON: Final = int(MONDAY_MORNING.timestamp()) + 3 * 3600


def event(kind: str, second: int, **fields: Any) -> dict[str, Any]:
    return {"email": ANN, "timestamp": NOON + second, "ref": str(DELIVERY), "event": kind, **fields}


STORIES: Final[dict[str, Sequence[dict[str, Any]]]] = {
    "arrives and is read": [
        event("processed", 0),
        event("deferred", 1, response="451 later"),
        event("deferred", 2, response="451 later"),
        event("delivered", 3),
        event("open", 4),
        event("click", 5),
    ],
    "is accepted and bounces, and the reader complains of it": [
        event("processed", 0),
        event("delivered", 1),
        event("bounce", 2, type="bounce", bounce_classification="Invalid Address"),
        event("spamreport", 3),
        event("unsubscribe", 4),
    ],
    "is declined, wanted again, declined and wanted again": [
        event("delivered", 0),
        event("group_unsubscribe", 1),
        event("group_resubscribe", 2),
        event("unsubscribe", 3),
        event("group_resubscribe", 4),
    ],
    "bounces softly, and arrives in the end": [
        event("bounce", 0, type="bounce", bounce_classification="Mailbox Unavailable"),
        event("bounce", 1, type="blocked"),
        event("delivered", 2),
        event("bounce", 3, type="bounce", bounce_classification="Mailbox Unavailable"),
    ],
}
ENDS: Final = {
    "arrives and is read": ("delivered", []),
    "is accepted and bounces, and the reader complains of it": ("complained", ["complaint", "hard_bounce", "unsubscribed"]),
    "is declined, wanted again, declined and wanted again": ("delivered", []),
    "bounces softly, and arrives in the end": ("delivered", []),
}


async def told(session: Session, story: Sequence[dict[str, Any]], batches: Sequence[Sequence[int]]) -> tuple[Any, ...]:
    """The end of one delivery whose events come in these batches, each event by its place in the story."""
    clock = FrozenClock(MONDAY_MORNING + timedelta(days=1))
    await know_person(session, ASHA, organization_id=OURS, email=ANN)
    await sent(session, id=DELIVERY, person=ASHA)
    keys = {
        place: await store(session, "sendgrid", json.dumps(one).encode(), event_id=f"e{place}", at=clock())
        for place, one in enumerate(story)
    }
    for batch in batches:
        applying = applying_of(session, clock)
        again = {"ids": [keys[place] for place in batch]}
        # As if the event had been stored once more: not even then does it count twice.
        await session.execute(
            text("UPDATE provider_events SET state = 'waiting', settled_at = NULL WHERE id = ANY(CAST(:ids AS uuid[]))"), again
        )
        await applying.apply([keys[place] for place in batch])
    soft = await session.scalar(text("SELECT bounced_at FROM soft_bounces"))
    at = await session.scalar(text("SELECT receipt_at FROM deliveries"))
    choices = await session.execute(text("SELECT category, channel, choice FROM preferences ORDER BY 1, 2"))
    return await standing(session, DELIVERY), at, await listed(session), soft, [tuple(row) for row in choices]


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[str, list[list[int]]]:
    """A story, and its events in any order, cut into batches, each event at least once."""
    name = draw(st.sampled_from(sorted(STORIES)))
    count = len(STORIES[name])
    extra = draw(st.lists(st.integers(0, count - 1), max_size=6))
    order = draw(st.permutations([*range(count), *extra]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=4)))
    batches = [order[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    return name, [batch for batch in batches if batch]


@pytest.mark.commits
async def test_every_order_and_repetition_of_call_backs_ends_alike(fresh: FreshDatabase) -> None:
    class RolledBack(Exception):
        pass

    def run(story: Sequence[dict[str, Any]], batches: Sequence[Sequence[int]]) -> tuple[Any, ...]:
        async def attempt() -> tuple[Any, ...]:
            database = Database(fresh.url("notifications"), name="order", pool_size=1)
            found: tuple[Any, ...] = ()
            try:
                async with database.unit_of_work() as session:
                    found = await told(session, story, batches)
                    raise RolledBack
            except RolledBack:
                return found
            finally:
                await database.close()

        return asyncio.run(attempt())

    def in_order() -> dict[str, tuple[Any, ...]]:
        return {name: run(story, [[place] for place in range(len(story))]) for name, story in STORIES.items()}

    expected = await asyncio.to_thread(in_order)

    @settings(max_examples=40)
    @given(arrivals())
    def same_end(arrived: tuple[str, list[list[int]]]) -> None:
        name, batches = arrived
        assert run(STORIES[name], batches) == expected[name]

    await asyncio.to_thread(same_end)
    assert {name: (end[0][0], [reason for reason, *_ in end[2]]) for name, end in expected.items()} == ENDS
