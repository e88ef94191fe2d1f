"""What no call-back has told of: providers' own lists, and events left behind."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.notifications.callbacks.bounce_sweep import BounceSweep
from services.notifications.providers.lookups import Listed, ListedBounce, LookupFailed
from services.notifications.tests.callbacks.arrange import (
    ANN,
    HASHER,
    OURS,
    THEIRS,
    applying_of,
    listed,
    own_account,
    sent,
    standing,
    states,
    store,
)
from shared.contracts.notifications import ApplyCallbacks, ProcessEmailBounces, TrackDeliveries
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.inbox.handlers import Effect, EffectHandler
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published

HOUR = timedelta(hours=1)
CLOSED = MONDAY_MORNING


class Lister:
    """A provider's list. since: what was asked for, in order."""

    def __init__(self, *bounces: ListedBounce, fails: bool = False) -> None:
        self.bounces_listed = list(bounces)
        self.fails = fails
        self.since: list[datetime] = []

    async def bounces(self, since: datetime) -> list[ListedBounce]:
        self.since.append(since)
        if self.fails:
            raise LookupFailed("it does not answer")
        return self.bounces_listed

    async def close(self) -> None:
        self.since.append(CLOSED)


def sweeping(clock: FrozenClock, own: Lister | None = None, **listers: Lister) -> EffectHandler[Any, Any]:
    effect: Effect[Any, Any] = BounceSweep(listers, lambda _: own, HASHER, clock)
    return EffectHandler(ProcessEmailBounces, lambda _: effect)


def bounce(address: str, status: str | None = "5.1.1", *, listed: Listed = Listed.BOUNCED) -> ListedBounce:
    return ListedBounce(address, "550 unknown" if status else "BOUNCE", status, MONDAY_MORNING, listed)


async def test_process_email_bounces_takes_lists_over_and_running_twice_adds_nothing(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    lister = Lister(bounce(ANN), bounce("full@example.com", "5.2.2"), bounce("gone@example.com", None), bounce("no address"))
    handler, key = sweeping(clock, sendgrid=lister), uuid7()
    first = await run_task.run([ProcessEmailBounces()], ids=[key], handler=handler)
    once = await listed(session)
    again = await run_task.run([ProcessEmailBounces()], ids=[key], handler=handler)
    clock.advance(6 * HOUR)
    later = await run_task(ProcessEmailBounces(), handler=handler)

    assert [first[0].outcome, again[0].carried_out, later.outcome] == ["done", False, "done"]
    assert once == [("hard_bounce", "global", None, None, one) for one in (ANN, "gone@example.com")]
    assert await listed(session) == once
    assert lister.since == [MONDAY_MORNING - timedelta(days=30) - HOUR, MONDAY_MORNING - HOUR]


async def test_listed_complaint_stops_everybodys_marketing_whoever_has_written(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await sent(session)
    complained = Listed.COMPLAINED
    lister = Lister(bounce(ANN, None, listed=complained), bounce("before@example.com", None, listed=complained))
    await run_task(ProcessEmailBounces(), handler=sweeping(clock, ses=lister))

    assert await listed(session) == [("complaint", "global", None, None, one) for one in (ANN, "before@example.com")]


async def test_provider_that_does_not_answer_is_asked_again_and_holds_up_no_other(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    silent, good = Lister(fails=True), Lister(bounce(ANN))
    handled = await run_task(ProcessEmailBounces(), handler=sweeping(clock, sendgrid=silent, ses=good))

    assert (handled.outcome, handled.error) == ("retry", "the list of bounces could not be fetched from sendgrid")
    assert len(await listed(session)) == 1
    assert list(await session.scalars(text("SELECT provider FROM bounce_list_marks"))) == ["ses"]


async def test_list_of_an_organizations_own_account_counts_for_that_organization(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await own_account(session)
    await sent(session, "ben@example.com")
    await sent(session, "ben@example.com", organization_id=THEIRS)
    own = Lister(bounce(ANN), bounce("ben@example.com", None, listed=Listed.COMPLAINED))
    await run_task(ProcessEmailBounces(), handler=sweeping(clock, own))

    assert await listed(session) == [
        ("complaint", "organization", OURS, None, "ben@example.com"),
        ("hard_bounce", "organization", OURS, None, ANN),
    ]
    assert own.since == [MONDAY_MORNING - timedelta(days=30) - HOUR, CLOSED]


async def test_own_account_that_does_not_answer_is_nobodys_business(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await own_account(session)
    handled = await run_task(ProcessEmailBounces(), handler=sweeping(clock, Lister(fails=True), sendgrid=Lister()))

    assert handled.outcome == "done"
    assert list(await session.scalars(text("SELECT provider FROM bounce_list_marks"))) == ["sendgrid"]


async def test_own_accounts_are_read_some_at_a_time(
    run_task: TaskRunner, session: Session, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifications.callbacks.bounce_sweep._ACCOUNTS_AT_ONCE", 2)
    for name in ("one", "two", "three"):
        await own_account(session, name)
    own, installations = Lister(), Lister()
    handler = sweeping(clock, own, ses=installations)
    await run_task(ProcessEmailBounces(), handler=handler)
    following = await assert_published(session, ProcessEmailBounces)
    await run_task(following, handler=handler)

    assert (len(installations.since), own.since.count(CLOSED)) == (1, 3)


async def test_events_left_behind_are_published_again(run_task: TaskRunner, session: Session, clock: FrozenClock) -> None:
    old = await store(session, "sendgrid", b"{}", at=MONDAY_MORNING - timedelta(minutes=11))
    await store(session, "sendgrid", b"{}", at=MONDAY_MORNING - timedelta(minutes=9))
    handled = await run_task(ProcessEmailBounces(), handler=sweeping(clock))

    assert handled.outcome == "done"
    await assert_published(session, ApplyCallbacks, event_ids=[old])


async def test_recipient_who_has_unsubscribed_at_the_provider_is_sent_none_of_what_it_got(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await sent(session, category="offers")
    await sent(session, category="digests")
    await sent(session, category="offers", organization_id=THEIRS)
    lister = Lister(bounce(ANN, None, listed=Listed.UNSUBSCRIBED), bounce("x@example.com", None, listed=Listed.UNSUBSCRIBED))
    await run_task(ProcessEmailBounces(), handler=sweeping(clock, sendgrid=lister))

    assert sorted(await listed(session), key=str) == [
        ("unsubscribed", "category", OURS, "digests", ANN),
        ("unsubscribed", "category", OURS, "offers", ANN),
        ("unsubscribed", "category", THEIRS, "offers", ANN),
    ]


async def test_event_that_knew_nothing_but_the_providers_id_is_applied_once_that_is_recorded(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    mail = {"messageId": "MID", "destination": [ANN]}
    bounced = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": ANN}]}
    payload = json.dumps({"notificationType": "Bounce", "mail": mail, "bounce": bounced}).encode()
    event = await store(session, "ses", payload, at=MONDAY_MORNING - timedelta(minutes=6))
    other = payload.replace(b"MID", b"OTHER")
    await store(session, "ses", other, at=MONDAY_MORNING - timedelta(minutes=6))
    applying = applying_of(session, clock)
    await applying.apply(list(await session.scalars(text("SELECT id FROM provider_events"))))
    before = await states(session)
    delivery = await sent(session, message_id="MID", provider="ses")
    await run_task(ProcessEmailBounces(), handler=sweeping(clock))
    await assert_published(session, ApplyCallbacks, event_ids=[event])
    await applying.apply([event])

    assert (before, await states(session)) == (["unmatched"] * 2, ["applied", "unmatched"])
    assert await standing(session, delivery) == ("bounced_hard", ["bounced_hard"])
    assert await listed(session) == [("hard_bounce", "global", None, None, ANN)]


async def test_effects_are_wired_as_the_worker_runs_them(run_task: TaskRunner, session: Session) -> None:
    outcomes = [(await run_task(message)).outcome for message in (ProcessEmailBounces(), TrackDeliveries())]

    assert outcomes == ["done", "done"]
    await assert_nothing_published(session)
