"""What providers say of recipients, and what follows for the suppression list."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.deliveries.receipt_models import Receipt, Report
from services.notifications.deliveries.report_repository import ReportRepository
from services.notifications.providers.answers import Verdict
from services.notifications.suppressions.repository import SuppressionRepository
from services.notifications.suppressions.service import Learned, Suppressing
from services.notifications.tests.callbacks.arrange import ANN, HASHER, NUMBER, OURS, THEIRS, listed, sent
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock


@pytest.fixture
def suppressing(session: Session, clock: FrozenClock) -> Suppressing:
    return Suppressing(session, HASHER, clock)


def learned(verdict: Verdict, **fields: Any) -> Learned:
    usual: dict[str, Any] = {"channel": "email", "address": ANN, "organization_id": OURS, "category": "marketing"}
    return Learned(
        **{**usual, "verdict": verdict, "provider": "sendgrid", "delivery_id": uuid7(), "at": MONDAY_MORNING, **fields}
    )


ENTRIES = [
    ("email", Verdict.BAD_RECIPIENT, ("hard_bounce", "global", None, None)),
    ("sms", Verdict.BAD_RECIPIENT, ("invalid_number", "global", None, None)),
    ("sms", Verdict.OPTED_OUT, ("opted_out", "global", None, None)),
    ("sms", Verdict.DO_NOT_CALL, ("do_not_call", "global", None, None)),
    ("email", Verdict.OPTED_OUT, ("unsubscribed", "category", OURS, "marketing")),
    ("email", Verdict.COMPLAINED, ("complaint", "global", None, None)),
]


@pytest.mark.parametrize(("channel", "verdict", "entry"), ENTRIES)
async def test_verdict_on_a_recipient_becomes_one_entry_however_often_it_is_said(
    session: Session, suppressing: Suppressing, channel: str, verdict: Verdict, entry: tuple[Any, ...]
) -> None:
    address = ANN if channel == "email" else NUMBER
    for _ in range(2):
        await suppressing.learn([learned(verdict, channel=channel, address=address)] * 2)

    assert await listed(session) == [(*entry, address)]


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.TRANSIENT, Verdict.UNKNOWN, Verdict.BLOCKED, Verdict.CONFIG])
async def test_other_verdicts_say_nothing_of_the_recipient(session: Session, suppressing: Suppressing, verdict: Verdict) -> None:
    await suppressing.learn([learned(verdict)])

    assert await listed(session) == []


async def test_address_that_was_erased_is_listed_by_its_hash_alone(session: Session, suppressing: Suppressing) -> None:
    await suppressing.learn([learned(Verdict.BAD_RECIPIENT, address=None, address_hash=HASHER.hash("email", ANN))])

    assert await listed(session) == [("hard_bounce", "global", None, None, None)]


async def bounce_softly(
    session: Session, suppressing: Suppressing, *days: float, organization_id: UUID | None = OURS
) -> list[UUID]:
    """Soft bounces so many days after Monday morning, each of a delivery of its own, the last one told first."""
    ids = []
    for day in reversed(days):
        at = MONDAY_MORNING + timedelta(days=day)
        ids.append(await sent(session, at=at, organization_id=organization_id))
        await suppressing.learn([learned(Verdict.SOFT_RECIPIENT, delivery_id=ids[-1], at=at, organization_id=organization_id)])
    return ids


async def ends(session: Session) -> list[datetime]:
    return list(await session.scalars(text("SELECT expires_at FROM suppressions WHERE reason = 'soft_bounces'")))


async def test_fifth_soft_bounce_within_seven_days_suppresses_for_thirty(session: Session, suppressing: Suppressing) -> None:
    await bounce_softly(session, suppressing, 0, 1, 2, 3)
    four = await listed(session)
    await bounce_softly(session, suppressing, 7)

    assert four == []
    assert await listed(session) == [("soft_bounces", "organization", OURS, None, ANN)]
    assert await ends(session) == [MONDAY_MORNING + timedelta(days=37)]


async def test_soft_bounces_too_far_apart_or_of_one_delivery_do_not_count(session: Session, suppressing: Suppressing) -> None:
    await bounce_softly(session, suppressing, 0, 2, 4, 6, 7.01)
    [once] = await bounce_softly(session, suppressing, 20)
    for _ in range(6):
        await suppressing.learn([learned(Verdict.SOFT_RECIPIENT, delivery_id=once, at=MONDAY_MORNING + timedelta(days=20))])

    assert await listed(session) == []


async def test_organizations_count_apart_and_by_their_own_policy(session: Session, suppressing: Suppressing) -> None:
    await session.execute(
        text(
            "INSERT INTO organization_policies (organization_id, revision, soft_bounce_count, soft_bounce_days, "
            "soft_bounce_suppress_days, updated_at, updated_by) VALUES (:id, 1, 2, 1, 3, now(), 'ann')"
        ),
        {"id": THEIRS},
    )
    await bounce_softly(session, suppressing, 0, 1)
    await bounce_softly(session, suppressing, 0, 1, organization_id=THEIRS)

    assert await listed(session) == [("soft_bounces", "organization", THEIRS, None, ANN)]
    assert await ends(session) == [MONDAY_MORNING + timedelta(days=4)]


async def test_mail_that_arrives_lifts_the_suppression_and_begins_a_new_count(session: Session, suppressing: Suppressing) -> None:
    ids = await bounce_softly(session, suppressing, 0, 1, 2, 3, 4)
    at = MONDAY_MORNING + timedelta(days=5)
    report = Report(uuid7(), ids[0], "delivered", Receipt.DELIVERED, at, "sendgrid")
    await ReportRepository(session).apply([report])
    await suppressing.arrived([HASHER.hash("email", ANN)])
    lifted = await listed(session)
    await bounce_softly(session, suppressing, 5.5)

    assert (lifted, await listed(session)) == ([], [])
    whys = await session.scalars(text("SELECT why FROM suppression_removals"))
    assert list(whys) == ["mail has arrived since"]


async def test_entry_that_somebody_takes_off_starts_the_count_anew(session: Session, suppressing: Suppressing) -> None:
    await bounce_softly(session, suppressing, 0, 1, 2, 3, 4)
    key = await session.scalar(text("SELECT id FROM suppressions"))
    removed = await SuppressionRepository(session).remove([key], by="ann", why="mailbox emptied", at=MONDAY_MORNING)
    await bounce_softly(session, suppressing, 5)

    assert (removed, await listed(session)) == (1, [])


async def test_start_takes_back_a_stop_that_came_before_it(session: Session, suppressing: Suppressing) -> None:
    await suppressing.opted_out(NUMBER, source="twilio", at=MONDAY_MORNING)
    await suppressing.opted_in(NUMBER, source="twilio", at=MONDAY_MORNING - timedelta(seconds=1))
    stopped = await listed(session)
    await suppressing.opted_in(NUMBER, source="twilio", at=MONDAY_MORNING + timedelta(seconds=1))

    assert (stopped, await listed(session)) == ([("opted_out", "global", None, None, NUMBER)], [])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_last_word_counts_in_whatever_order_words_come(
    session: Session, suppressing: Suppressing, order: tuple[int, int]
) -> None:
    words = (suppressing.opted_out, suppressing.opted_in)
    for index in order:
        await words[index](NUMBER, source="twilio", at=MONDAY_MORNING + timedelta(seconds=index))
    after_start = await listed(session)
    for index in order:
        await words[1 - index](NUMBER, source="twilio", at=MONDAY_MORNING + timedelta(seconds=10 + index))

    assert after_start == []
    assert await listed(session) == [("opted_out", "global", None, None, NUMBER)]


async def test_suppression_outlasts_what_it_stands_on_for_as_long_as_it_says(session: Session, suppressing: Suppressing) -> None:
    await bounce_softly(session, suppressing, 0, 1, 2, 3, 4)
    await session.execute(text("DELETE FROM deliveries"))
    await suppressing.arrived([HASHER.hash("email", ANN)])

    assert len(await listed(session)) == 1
