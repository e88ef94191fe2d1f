"""Events applied: which delivery they are about, where it stands then, and what is learned."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.callbacks.callback_apply import CallbackApply
from services.notifications.tests.callbacks import mails
from services.notifications.tests.callbacks.arrange import (
    ANN,
    NUMBER,
    OURS,
    applying_of,
    listed,
    minutes,
    own_account,
    sent,
    standing,
    states,
    store,
)
from services.notifications.tests.callbacks.mails import DELIVERY, INBOUND
from shared.contracts.notifications import ApplyCallbacks
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of


@pytest.fixture
def applying(session: Session, clock: FrozenClock) -> CallbackApply:
    return applying_of(session, clock, INBOUND)


async def put(session: Session, provider: str, event: dict[str, Any] | bytes, *, age: timedelta = timedelta()) -> UUID:
    payload = event if isinstance(event, bytes) else json.dumps(event).encode()
    return await store(session, provider, payload, at=MONDAY_MORNING - age)


def sendgrid(event: str, **fields: Any) -> dict[str, Any]:
    usual = {"email": ANN, "timestamp": int(MONDAY_MORNING.timestamp()) - 60, "sg_message_id": "XID.recvd-1"}
    return {**usual, "event": event, **fields}


@pytest.mark.usefixtures("settings_of_the_process")
async def test_task_applies_events_and_running_twice_changes_nothing_more(run_task: TaskRunner, session: Session) -> None:
    delivery = await sent(session)
    bounce = sendgrid("bounce", type="bounce", status="5.1.1", reason=f"550 5.1.1 {ANN} is unknown", ref=str(delivery))
    event = await put(session, "sendgrid", bounce)
    key = uuid7()
    outcomes = [(await run_task.run([ApplyCallbacks(event_ids=[event])], ids=[key]))[0].outcome for _ in range(2)]
    outcomes.append((await run_task(ApplyCallbacks(event_ids=[event, event]))).outcome)

    assert outcomes == ["done"] * 3
    assert await standing(session, delivery) == ("bounced_hard", ["bounced_hard"])
    assert await listed(session) == [("hard_bounce", "global", None, None, ANN)]
    assert await states(session) == ["applied"]
    [detail] = await session.scalars(text("SELECT detail FROM delivery_events"))
    assert detail == "550 5.1.1 recipient is unknown"


async def test_event_finds_its_delivery_by_the_providers_id_and_the_recipient(session: Session, applying: CallbackApply) -> None:
    ann, ben = await sent(session), await sent(session, "ben@example.com")
    await applying.apply([await put(session, "sendgrid", sendgrid("delivered", email="Ben@Example.com"))])

    assert await standing(session, ben) == ("delivered", ["delivered"])
    assert await standing(session, ann) == (None, [])


async def test_event_that_comes_before_our_record_is_tried_again_until_that_is_there(
    session: Session, applying: CallbackApply, clock: FrozenClock
) -> None:
    delivery = uuid7()
    event = await put(session, "sendgrid", sendgrid("delivered", ref=str(delivery)))
    await applying.apply([event])
    early = await states(session)
    await assert_published(session, ApplyCallbacks, event_ids=[event])
    [again] = await outbox_of(session)
    await sent(session, id=delivery)
    clock.advance(minutes(4))
    await applying.apply([event])

    assert (early, again.due_at) == (["waiting"], MONDAY_MORNING + timedelta(seconds=5))
    assert (await states(session), await standing(session, delivery)) == (["applied"], ("delivered", ["delivered"]))


@pytest.mark.parametrize(
    ("fields", "age"), [({"ref": str(DELIVERY)}, minutes(5)), ({"sg_message_id": None}, minutes(0)), ({"ref": "x"}, minutes(6))]
)
async def test_event_of_nobody_we_know_is_kept_as_unmatched(
    session: Session, applying: CallbackApply, fields: dict[str, Any], age: timedelta
) -> None:
    await applying.apply([await put(session, "sendgrid", sendgrid("bounce", type="bounce", **fields), age=age)])

    assert (await states(session), await listed(session)) == (["unmatched"], [])
    await assert_nothing_published(session)


async def test_events_without_a_meaning_are_ignored(session: Session, applying: CallbackApply) -> None:
    keys = [
        await put(session, "sendgrid", {"event": "account_status_change"}),
        await put(session, "ses", b"Successfully validated SNS topic for Amazon SES event publishing."),
        await put(session, "bounce_mail", mails.mail(mails.HOLIDAY)),
    ]
    await applying.apply(keys)

    assert await states(session) == ["ignored"] * 3


async def test_opens_and_clicks_are_in_the_timeline_and_move_nothing(session: Session, applying: CallbackApply) -> None:
    delivery = await sent(session)
    for event in (sendgrid("delivered"), sendgrid("open", sg_machine_open=True), sendgrid("open"), sendgrid("click")):
        await applying.apply([await put(session, "sendgrid", event)])

    assert await standing(session, delivery) == ("delivered", ["clicked", "delivered", "opened", "opened_by_machine"])


async def test_ses_bounce_counts_for_who_bounced_and_not_for_who_was_written_to_first(
    session: Session, applying: CallbackApply
) -> None:
    delivery = await sent(session, message_id="MID")
    bounced = [{"emailAddress": ANN, "action": "failed", "status": "5.1.1"}]
    mail = {"messageId": "MID", "destination": ["boss@example.com", ANN], "tags": {"ref": [str(delivery)]}}
    event = {"bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": bounced}, "mail": mail}
    await applying.apply([await put(session, "ses", {"notificationType": "Bounce", **event})])

    assert await listed(session) == [("hard_bounce", "global", None, None, ANN)]
    assert (await standing(session, delivery))[0] == "bounced_hard"


async def test_bounce_of_an_address_that_mail_is_passed_on_to_suppresses_nobody(
    session: Session, applying: CallbackApply
) -> None:
    delivery = await sent(session, id=DELIVERY)
    await applying.apply([await put(session, "bounce_mail", mails.failed("forwarded@elsewhere.example"))])

    assert (await standing(session, delivery))[0] == "bounced_hard"
    assert await listed(session) == []


@pytest.mark.parametrize(
    ("original", "final"),
    [
        ("ann+2Btag@example.com", "inner@mx.example.org"),
        ("ann+tag@example.com", "inner@mx.example.org"),
        ("someone@list.example.org", "ann+tag@example.com"),
    ],
)
async def test_bounce_counts_for_the_recipient_that_either_field_names(
    session: Session, applying: CallbackApply, original: str, final: str
) -> None:
    await sent(session, "ann+tag@example.com", id=DELIVERY)
    named = f"Original-Recipient: rfc822;{original}\r\nFinal-Recipient".encode()
    await applying.apply([await put(session, "bounce_mail", mails.failed(final).replace(b"Final-Recipient", named))])

    assert await listed(session) == [("hard_bounce", "global", None, None, "ann+tag@example.com")]


@pytest.mark.parametrize("is_stored", [True, False])
async def test_bounce_of_what_an_own_account_has_sent_counts_for_its_organization_alone(
    session: Session, applying: CallbackApply, is_stored: bool
) -> None:
    # One that is gone by now, or one that has the name of an account of the installation.
    if is_stored:
        await own_account(session, "smtp")
    await sent(session, id=DELIVERY, provider="smtp" if is_stored else "acme")

    await applying.apply([await put(session, "bounce_mail", mails.failed(ANN))])

    assert await listed(session) == [("hard_bounce", "organization", OURS, None, ANN)]


async def test_bounce_for_a_blind_copy_is_about_its_own_recipient(session: Session, applying: CallbackApply) -> None:
    delivery = await sent(session, "louisl@larry.slip.umd.edu", id=DELIVERY)
    # The mail that is quoted was addressed to somebody else.
    await applying.apply([await put(session, "bounce_mail", mails.rfc_3464_timed_out())])

    assert await standing(session, delivery) == ("bounced_soft", ["bounced_soft"])
    assert await session.scalar(text("SELECT count(*) FROM soft_bounces")) == 1


async def test_delay_moves_nothing_but_the_timeline_and_forged_bounces_are_about_nobody(
    session: Session, applying: CallbackApply
) -> None:
    delivery = await sent(session, "thomas@de-montfort.ac.uk", id=DELIVERY)
    await applying.apply([await put(session, "bounce_mail", mails.rfc_3464_delayed())])
    forged = mails.failed("thomas@de-montfort.ac.uk", mails.STRANGER.for_delivery(DELIVERY))
    await applying.apply([await put(session, "bounce_mail", forged)])

    assert await standing(session, delivery) == ("deferred", ["deferred"])
    assert (await states(session), await listed(session)) == (["applied", "unmatched"], [])


async def test_complaint_by_mail_stops_everybodys_marketing(session: Session, applying: CallbackApply) -> None:
    delivery = await sent(session, id=DELIVERY)
    await applying.apply([await put(session, "bounce_mail", mails.rfc_5965_abuse())])

    assert (await standing(session, delivery))[0] == "complained"
    assert await listed(session) == [("complaint", "global", None, None, ANN)]


async def test_msg91_report_counts_only_for_the_number_that_the_message_went_to(
    session: Session, applying: CallbackApply
) -> None:
    delivery = await sent(session, NUMBER, message_id="3462", provider="msg91")
    other = {"requestId": "3462", "number": "919999999999", "status": "17", "CRQID": f"{delivery.hex}.1"}
    own = {"requestId": "3462", "number": NUMBER[1:], "status": "17"}
    foreign = await put(session, "msg91", other, age=minutes(6))
    await applying.apply([foreign])
    untouched = (await standing(session, delivery), await listed(session))
    await applying.apply([await put(session, "msg91", own)])

    assert untouched == ((None, []), [])
    assert await standing(session, delivery) == ("bounced_hard", ["blocked_number"])
    assert await listed(session) == [("invalid_number", "global", None, None, NUMBER)]


@pytest.mark.parametrize(("category", "entries"), [("marketing", ["do_not_call"]), ("orders", [])])
async def test_national_register_is_learned_from_marketing_alone(
    session: Session, applying: CallbackApply, category: str, entries: list[str]
) -> None:
    delivery = await sent(session, NUMBER, category=category)
    await applying.apply(
        [await put(session, "msg91", {"number": NUMBER[1:], "status": "9", "CRQID": f"{delivery.hex}.1"})],
    )

    assert [reason for reason, *_ in await listed(session)] == entries
    assert (await standing(session, delivery))[0] == "suppressed"


async def test_stop_and_start_of_a_number_need_no_delivery(session: Session, applying: CallbackApply) -> None:
    stop = {"SmsStatus": "received", "From": NUMBER, "OptOutType": "STOP", "ref": None}
    await applying.apply([await put(session, "twilio", stop)])
    stopped = await listed(session)
    await applying.apply([await put(session, "twilio", {**stop, "OptOutType": "START"}, age=timedelta(seconds=-1))])

    assert (stopped, await listed(session)) == ([("opted_out", "global", None, None, NUMBER)], [])
    assert await states(session) == ["applied"] * 2


async def test_reference_of_another_channel_finds_nothing(session: Session, applying: CallbackApply) -> None:
    delivery = await sent(session)
    event = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005", "To": NUMBER, "ref": str(delivery)}
    await applying.apply([await put(session, "twilio", event, age=minutes(6))])

    assert (await states(session), await standing(session, delivery)) == (["unmatched"], (None, []))


async def test_address_that_was_erased_stays_out_of_the_list_as_text_and_its_reports_are_not_kept(
    session: Session, applying: CallbackApply
) -> None:
    delivery, other = await sent(session), await sent(session, "ben@example.com")
    await session.execute(text("UPDATE deliveries SET to_address = NULL WHERE id = :id"), {"id": delivery})
    event = sendgrid("bounce", type="bounce", bounce_classification="Invalid Address", ref=str(delivery))
    bens = sendgrid("delivered", email="ben@example.com", ref=str(other))
    await applying.apply([await put(session, "sendgrid", event), await put(session, "sendgrid", bens)])

    assert await listed(session) == [("hard_bounce", "global", None, None, None)]
    kept = await session.execute(text("SELECT delivery_id, state, payload <> ''::bytea FROM provider_events"))
    assert {row[0]: tuple(row[1:]) for row in kept} == {delivery: ("applied", False), other: ("applied", True)}


async def test_times_that_cannot_be_are_replaced_by_when_we_were_told(session: Session, applying: CallbackApply) -> None:
    await sent(session)
    for stamp in (4_000_000_000, 1, float("nan"), "soon", None, 10**30):
        await applying.apply([await put(session, "sendgrid", sendgrid("open", timestamp=stamp))])

    times = await session.scalars(text("SELECT DISTINCT occurred_at FROM delivery_events"))
    assert list(times) == [MONDAY_MORNING]


async def test_thousand_events_are_applied_quickly(session: Session, applying: CallbackApply) -> None:
    keys = []
    for number in range(200):
        await sent(session, f"{number}@example.com", message_id=f"X{number}")
        for event in ("processed", "delivered", "open", "bounce", "spamreport"):
            body = sendgrid(event, email=f"{number}@example.com", sg_message_id=f"X{number}.1", type="blocked")
            keys.append(await put(session, "sendgrid", body))
    began = system_clock()
    await applying.apply(keys)

    assert (system_clock() - began).total_seconds() < 10
    assert set(await states(session)) == {"applied"}
    assert len(await listed(session)) == 200
