"""What no call-back has told of: providers' own lists, events left behind, and messages of which nothing is reported."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.callbacks.bounce_sweep import BounceSweep
from services.notifications.callbacks.delivery_track import DeliveryTracking
from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.lookups import Fate, ListedBounce, LookupFailed
from services.notifications.tests.callbacks.arrange import ANN, HASHER, NUMBER, OURS, THEIRS, listed, sent, standing, store
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


class Source:
    """A provider that knows the fates of messages. asked: for what, in order."""

    def __init__(self, **fates: Fate | None) -> None:
        self.fates = fates
        self.asked: list[tuple[str, str]] = []

    async def fate(self, provider_message_id: str, recipient: str) -> Fate | None:
        self.asked.append((provider_message_id, recipient))
        if provider_message_id not in self.fates:
            raise LookupFailed("it does not answer")
        return self.fates[provider_message_id]

    async def close(self) -> None:
        self.asked.append(("closed", ""))


def sweeping(clock: FrozenClock, own: Lister | None = None, **listers: Lister) -> EffectHandler[Any, Any]:
    effect: Effect[Any, Any] = BounceSweep(listers, lambda _: own, HASHER, clock)
    return EffectHandler(ProcessEmailBounces, lambda _: effect)


def tracking(clock: FrozenClock, own: Source | None = None, **sources: Source) -> EffectHandler[Any, Any]:
    effect: Effect[Any, Any] = DeliveryTracking(sources, lambda _: own, clock)
    return EffectHandler(TrackDeliveries, lambda _: effect)


def bounce(address: str, status: str | None = "5.1.1", *, complaint: bool = False) -> ListedBounce:
    return ListedBounce(address, "550 unknown" if status else "BOUNCE", status, MONDAY_MORNING, complaint)


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


async def test_listed_complaint_stops_the_marketing_of_whoever_has_written(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await sent(session)
    await sent(session, organization_id=THEIRS)
    await sent(session, "ben@example.com", organization_id=None)
    lister = Lister(bounce(ANN, None, complaint=True), bounce("stranger@example.com", None, complaint=True))
    await run_task(ProcessEmailBounces(), handler=sweeping(clock, ses=lister))

    assert sorted(await listed(session), key=str) == [("complaint", "organization", one, None, ANN) for one in (OURS, THEIRS)]


async def test_provider_that_does_not_answer_is_asked_again_and_holds_up_no_other(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    silent, good = Lister(fails=True), Lister(bounce(ANN))
    handled = await run_task(ProcessEmailBounces(), handler=sweeping(clock, sendgrid=silent, ses=good))

    assert (handled.outcome, handled.error) == ("retry", "the list of bounces could not be fetched from sendgrid")
    assert len(await listed(session)) == 1
    assert list(await session.scalars(text("SELECT provider FROM bounce_list_marks"))) == ["ses"]


async def own_account(session: Session, name: str = "acme") -> None:
    """An account that our organization has stored at SendGrid."""
    await session.execute(
        text("""
            INSERT INTO provider_accounts (id, organization_id, name, kind, channel, config, secret, key_id, updated_at)
            VALUES (uuidv7(), :organization_id, :name, 'sendgrid', 'email', '{}', '', 'k1', now())
        """),
        {"organization_id": OURS, "name": name},
    )


async def test_list_of_an_organizations_own_account_counts_for_that_organization(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await own_account(session)
    await sent(session, "ben@example.com")
    await sent(session, "ben@example.com", organization_id=THEIRS)
    own = Lister(bounce(ANN), bounce("ben@example.com", None, complaint=True))
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


async def ages(session: Session, *hours: float, **fields: Any) -> list[UUID]:
    """Deliveries sent so many hours ago; their message ids are M0, M1, …"""
    return [
        await sent(session, message_id=f"M{number}", at=MONDAY_MORNING - hour * HOUR, **fields)
        for number, hour in enumerate(hours)
    ]


async def receipts(session: Session, ids: Sequence[UUID]) -> list[str | None]:
    return [(await standing(session, one))[0] for one in ids]


async def test_track_deliveries_asks_for_silent_ones_and_running_twice_asks_once(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    ids = await ages(session, 0.9, 1.1, 71, 73)
    source = Source(M1=Fate(Receipt.DELIVERED, MONDAY_MORNING - HOUR), M2=None)
    handler, key = tracking(clock, sendgrid=source), uuid7()
    outcomes = [(await run_task.run([TrackDeliveries()], ids=[key], handler=handler))[0].outcome for _ in range(2)]
    outcomes.append((await run_task(TrackDeliveries(), handler=handler)).outcome)

    assert outcomes == ["done"] * 3
    assert sorted(source.asked) == [("M1", ANN), ("M2", ANN)]
    assert await receipts(session, ids) == [None, "delivered", None, "expired"]
    assert (await standing(session, ids[3]))[1] == ["expired"]


async def test_own_account_is_asked_for_its_messages_alone(run_task: TaskRunner, session: Session, clock: FrozenClock) -> None:
    await own_account(session)
    theirs = [await sent(session, message_id="T0", at=MONDAY_MORNING - 2 * HOUR, provider="acme", organization_id=THEIRS)]
    ids = await ages(session, 2, provider="acme")
    own, installations = Source(M0=Fate(Receipt.DELIVERED, None)), Source()
    await run_task(TrackDeliveries(), handler=tracking(clock, own, sendgrid=installations))

    assert (await receipts(session, ids + theirs), installations.asked) == (["delivered", None], [])
    assert own.asked == [("M0", ANN), ("closed", "")]


async def test_unknown_fate_is_asked_for_again_after_six_hours(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await ages(session, 2)
    source = Source(M0=None)
    for advance in (0, 5, 2):
        clock.advance(advance * HOUR)
        await run_task(TrackDeliveries(), handler=tracking(clock, sendgrid=source))

    assert len(source.asked) == 2


async def test_providers_that_never_report_are_not_waited_for_and_others_expire_without_being_asked(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    by_smtp = await ages(session, 100, provider="smtp")
    by_msg91 = [await sent(session, NUMBER, message_id="R1", at=MONDAY_MORNING - 80 * HOUR, provider="msg91")]
    source = Source()
    handled = await run_task(TrackDeliveries(), handler=tracking(clock, sendgrid=source))

    assert (handled.outcome, source.asked) == ("done", [])
    assert (await receipts(session, by_smtp), await receipts(session, by_msg91)) == ([None], ["expired"])


async def test_provider_that_cannot_be_asked_is_no_failure_of_the_run(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    ids = await ages(session, 2, 3)
    source = Source(M1=Fate(Receipt.BOUNCED_SOFT, None, "5.2.2", f"{ANN} is full"))
    handled = await run_task(TrackDeliveries(), handler=tracking(clock, sendgrid=source))

    assert (handled.outcome, await receipts(session, ids)) == ("done", [None, "bounced_soft"])
    assert list(await session.scalars(text("SELECT detail FROM delivery_events"))) == ["recipient is full"]


async def test_run_that_is_full_goes_on(
    run_task: TaskRunner, session: Session, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifications.callbacks.delivery_track.ASKED_AT_ONCE", 2)
    await ages(session, 2, 3, 4)
    source = Source(M0=None, M1=None, M2=None)
    await run_task(TrackDeliveries(), handler=tracking(clock, sendgrid=source))

    assert sorted(source.asked) == [("M1", ANN), ("M2", ANN)]
    await assert_published(session, TrackDeliveries)


async def test_effects_are_wired_as_the_worker_runs_them(run_task: TaskRunner, session: Session) -> None:
    outcomes = [(await run_task(message)).outcome for message in (ProcessEmailBounces(), TrackDeliveries())]

    assert outcomes == ["done", "done"]
    await assert_nothing_published(session)
