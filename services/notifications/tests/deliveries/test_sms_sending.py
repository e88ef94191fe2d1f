"""`notifications.send_sms` and `notifications.send_templated_sms` to Twilio's stand-in, over real sockets."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import JsonValue

from services.notifications.settings import NotificationsSettings
from services.notifications.tests.deliveries.arrange import ALERT, attempts_of, delivery, due_again, know_person
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import DeliveryFinished, SendSms, SendTemplatedSms
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_published

NUMBER = "+919812345678"


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: NotificationsSettings) -> NotificationsSettings:
    """SMS by Twilio; and what a test adds."""
    return settings.model_copy(update={"sms_provider": "twilio", **getattr(request, "param", {})})


def sms(**fields: Any) -> SendSms:
    return SendSms(**{"to_phone": NUMBER, "body": "3 days late.", "requester": ALERT, **fields})


async def received(server: MailServer) -> list[dict[str, Any]]:
    """What Twilio has, the newest first."""
    found: list[dict[str, Any]] = (await server.http.get("/sms")).json()["items"]
    return found


async def test_message_becomes_one_sms_one_delivery_and_one_event(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    handled = await run_task(sms(organization_id=UUID(int=5)), source="alerts")

    found, [taken] = await delivery(session, handled.id), await received(mail_server)
    assert (handled.outcome, found.channel, found.status, found.provider, found.segments) == ("done", "sms", "sent", "twilio", 1)
    assert (found.to_address, found.subject, found.message_id_header) == (NUMBER, None, None)
    assert attempts_of(found) == [(1, "accepted", 201, None)]
    assert found.timeline[0].provider_message_id == taken["provider_id"]
    await assert_published(session, DeliveryFinished, delivery_id=handled.id, status="sent")


async def test_message_that_comes_twice_is_sent_once(run_task: TaskRunner, mail_server: MailServer) -> None:
    message_id = uuid7()
    first = await run_task(sms(), ids=[message_id])
    again = await run_task(sms(), ids=[message_id], redelivered=True)

    assert (first.carried_out, again.carried_out, len(await received(mail_server))) == (True, False, 1)


async def test_national_number_is_of_the_country_of_the_settings(run_task: TaskRunner, session: Session) -> None:
    handled = await run_task(sms(to_phone="098123 45678"))

    assert (await delivery(session, handled.id)).to_address == NUMBER


async def test_number_that_cannot_work_fails_without_a_call(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    handled = await run_task(sms(to_phone="+911234567890"))

    found = await delivery(session, handled.id)
    assert (handled.outcome, found.status, found.reason, found.timeline) == ("dead", "failed", "bad_recipient", [])
    assert await received(mail_server) == []


async def test_recipient_who_has_said_stop_is_never_written_to_again(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "status", "status": 400, "code": 21610, "times": 1}, provider="twilio")
    stopped = await run_task(sms())
    again = await run_task(sms(category="account"))

    assert [(await delivery(session, one.id)).reason for one in (stopped, again)] == ["opted_out", "suppressed"]
    assert await received(mail_server) == []


async def test_sms_of_unknown_fate_is_asked_for_before_it_is_sent_again(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "drop_connection", "recorded": True, "times": 1}, provider="twilio")
    message_id = uuid7()
    first = await run_task(sms(), ids=[message_id])
    await due_again(session, message_id)
    second = await run_task(sms(), ids=[message_id])

    found = await delivery(session, message_id)
    assert (first.outcome, second.outcome, found.status) == ("retry", "done", "sent")
    assert [one.outcome for one in found.timeline] == ["unknown", "accepted"]
    assert len(await received(mail_server)) == 1


async def test_same_text_to_the_same_number_that_was_sent_for_another_message_is_not_taken_for_this_one(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    # The first is lost before Twilio has it; the second, which says the same, is taken.
    await mail_server.faults({"action": "drop_connection", "recorded": False, "times": 1}, provider="twilio")
    lost = uuid7()
    await run_task(sms(), ids=[lost])
    twin = await run_task(sms())
    await due_again(session, lost)
    await run_task(sms(), ids=[lost])

    found = [await delivery(session, one) for one in (lost, twin.id)]
    assert [one.status for one in found] == ["sent", "sent"]
    assert len({one.timeline[-1].provider_message_id for one in found}) == 2
    assert len(await received(mail_server)) == 2


@pytest.mark.parametrize("settings", [{"sms_provider": None}], indirect=True)
async def test_sms_without_a_provider_is_a_dead_letter_that_says_so(run_task: TaskRunner, session: Session) -> None:
    handled = await run_task(sms())

    found = await delivery(session, handled.id)
    assert (handled.outcome, found.reason, found.error) == ("dead", "no_provider", "no provider carries sms; set one up")


async def test_person_is_written_to_by_number_in_the_persons_language(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await know_person(session, "payments.customer:7", phone=NUMBER, locale="hi")
    context: dict[str, JsonValue] = {
        "order_id": "1042",
        "order_number": "1042",
        "order_url": "https://shop.example/o/1042",
        "total": {"amount_minor": 100, "currency": "INR"},
    }
    message = SendTemplatedSms(to_person="payments.customer:7", template_name="order_confirmation", context=context)
    handled = await run_task(message)

    found = await delivery(session, handled.id)
    [taken] = await received(mail_server)
    assert (handled.outcome, found.template_name, found.template_version is not None) == ("done", "order_confirmation", True)
    assert "ऑर्डर" in taken["text"]
