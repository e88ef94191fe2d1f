"""`notifications.track_deliveries`: messages of which no report tells how they ended."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.callbacks.delivery_track import DeliveryTracking
from services.notifications.callbacks.report_consequences import Follow, ReportConsequences
from services.notifications.deliveries.receipt_models import Receipt, Report
from services.notifications.deliveries.report_repository import ReportRepository
from services.notifications.providers.answers import Verdict
from services.notifications.providers.lookups import Fate, LookupFailed
from services.notifications.suppressions.service import Learned, Suppressing
from services.notifications.tests.callbacks.arrange import (
    ANN,
    HASHER,
    NUMBER,
    OURS,
    THEIRS,
    listed,
    own_account,
    sent,
    standing,
)
from shared.contracts.notifications import TrackDeliveries
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.inbox.handlers import Effect, EffectHandler
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, assert_published

HOUR = timedelta(hours=1)


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


def tracking(
    clock: FrozenClock, own: Source | None = None, follow: Follow | None = None, **sources: Source
) -> EffectHandler[Any, Any]:
    def consequences_of(session: Session) -> ReportConsequences:
        return ReportConsequences(session, Suppressing(session, HASHER, clock), follow)

    effect: Effect[Any, Any] = DeliveryTracking(sources, lambda _: own, consequences_of, clock)
    return EffectHandler(TrackDeliveries, lambda _: effect)


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


async def test_sms_of_which_nobody_will_hear_any_more_is_forgotten(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    ids = [
        await sent(session, NUMBER, message_id=f"R{hours}", at=MONDAY_MORNING - hours * HOUR, provider="msg91")
        for hours in (71, 73)
    ]
    await session.execute(
        text("""
            INSERT INTO inbox (id, name, lane, state, occurred_at, finished_at, body)
            SELECT id, 'notifications.send_sms', 'notifications.normal', 0, now(), now(), '{"body": "3 days late."}'
              FROM unnest(CAST(:ids AS uuid[])) AS id
        """),
        {"ids": ids},
    )
    await run_task(TrackDeliveries(), handler=tracking(clock))

    kept = await session.scalars(text("SELECT id FROM inbox WHERE body IS NOT NULL AND id = ANY(:ids)"), {"ids": ids})
    assert (list(kept), await receipts(session, ids)) == ([ids[0]], [None, "expired"])


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


async def reported(session: Session, delivery_id: UUID, receipt: Receipt) -> None:
    """A report of the provider's that came by itself."""
    await ReportRepository(session).apply(
        [Report(uuid7(), delivery_id, receipt.value, receipt, MONDAY_MORNING - 90 * HOUR, "sendgrid")]
    )


async def test_delivery_whose_last_report_was_lost_is_asked_for_and_expires(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    ids = await ages(session, 2, 3, 80, 80)
    for key, receipt in zip(ids, (Receipt.PROCESSED, Receipt.DEFERRED, Receipt.PROCESSED, Receipt.DELIVERED), strict=True):
        await reported(session, key, receipt)
    source = Source(M0=Fate(Receipt.DELIVERED), M1=Fate(Receipt.PROCESSED))
    await run_task(TrackDeliveries(), handler=tracking(clock, sendgrid=source))

    assert sorted(source.asked) == [("M0", ANN), ("M1", ANN)]
    assert await receipts(session, ids) == ["delivered", "deferred", "expired", "delivered"]
    assert [(await standing(session, one))[1] for one in ids[1:3]] == [["deferred"], ["processed", "expired"]]
    await reported(session, ids[2], Receipt.BOUNCED_SOFT)
    assert await receipts(session, ids[2:3]) == ["bounced_soft"]


@pytest.mark.parametrize(
    ("fate", "entry"),
    [
        (Fate(Receipt.BOUNCED_HARD, verdict=Verdict.BAD_RECIPIENT), ("hard_bounce", "global", None, None, ANN)),
        (Fate(Receipt.COMPLAINED, verdict=Verdict.COMPLAINED), ("complaint", "global", None, None, ANN)),
        (Fate(Receipt.SUPPRESSED, verdict=Verdict.OPTED_OUT), ("unsubscribed", "category", OURS, "marketing", ANN)),
    ],
)
async def test_fate_has_the_consequences_of_a_call_back(
    run_task: TaskRunner, session: Session, clock: FrozenClock, fate: Fate, entry: tuple[Any, ...]
) -> None:
    await ages(session, 2, subject_key="orders.order:7")
    followed: list[Collection[str]] = []

    async def follow(_: Session, subjects: Collection[str]) -> None:
        followed.append(subjects)

    await run_task(TrackDeliveries(), handler=tracking(clock, follow=follow, sendgrid=Source(M0=fate)))

    assert (await listed(session), followed) == ([entry], [["orders.order:7"]])


async def test_stop_that_twilio_tells_when_it_is_asked_is_heeded(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await sent(session, NUMBER, message_id="SM1", at=MONDAY_MORNING - 2 * HOUR, provider="twilio")
    source = Source(SM1=Fate(Receipt.SUPPRESSED, None, "21610", "has said STOP", Verdict.OPTED_OUT))
    await run_task(TrackDeliveries(), handler=tracking(clock, twilio=source))

    assert await listed(session) == [("opted_out", "global", None, None, NUMBER)]


async def test_fate_told_by_an_own_account_counts_for_its_organization_alone(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await own_account(session)
    await ages(session, 2, provider="acme")
    own = Source(M0=Fate(Receipt.BOUNCED_HARD, verdict=Verdict.BAD_RECIPIENT))
    await run_task(TrackDeliveries(), handler=tracking(clock, own))

    assert await listed(session) == [("hard_bounce", "organization", OURS, None, ANN)]


async def test_arrival_that_was_asked_for_lifts_soft_bounces(run_task: TaskRunner, session: Session, clock: FrozenClock) -> None:
    suppressing = Suppressing(session, HASHER, clock)
    for key in await ages(session, *range(100, 105)):
        at = MONDAY_MORNING - 90 * HOUR
        await suppressing.learn([Learned("email", ANN, OURS, "marketing", Verdict.SOFT_RECIPIENT, "sendgrid", key, at)])
    before = [reason for reason, *_ in await listed(session)]
    await sent(session, message_id="M9", at=MONDAY_MORNING - 2 * HOUR)
    await run_task(TrackDeliveries(), handler=tracking(clock, sendgrid=Source(M9=Fate(Receipt.DELIVERED))))

    assert (before, await listed(session)) == (["soft_bounces"], [])
