"""An account of which too much is refused for what it says pauses, whether at once or afterwards; and what is counted of it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest
from redis.asyncio import Redis
from sqlalchemy import text

from services.notifications.providers import carriers
from services.notifications.providers.blocks import BLOCKED, MIN_BLOCKED, PAUSE_S, Blocks
from services.notifications.providers.repository import ProviderReader
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.callbacks import mails
from services.notifications.tests.callbacks.arrange import ANN, NUMBER, OURS, applying_of, own_account, sent, store
from services.notifications.tests.deliveries.arrange import delivery, email
from services.notifications.tests.scripted_server import ScriptedServer
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.metrics import REGISTRY
from shared.runtime.relay.providers import measure_providers
from shared.testing.messages import TaskRunner


@pytest.fixture
def settings(settings: NotificationsSettings, script: ScriptedServer) -> NotificationsSettings:
    return settings.model_copy(update={"smtp_port": script.port})


async def told(session: Session, *events: tuple[str, bytes]) -> None:
    """Call-backs and bounce mails that have just come."""
    keys = [await store(session, provider, payload, at=system_clock()) for provider, payload in events]
    await applying_of(session, system_clock, mails.INBOUND).apply(keys)


async def report_blocked(session: Session, count: int, provider: str = "smtp") -> None:
    """What servers have refused after our provider had taken it, as their bounce mails say."""
    keys = [await sent(session, provider=provider) for _ in range(count)]
    said = {"status": "5.7.1", "said": "smtp; 550 5.7.1 refused by policy"}
    await told(session, *[("bounce_mail", mails.failed(ANN, mails.ADDRESSES.for_delivery(key), **said)) for key in keys])


async def test_account_whose_mail_is_refused_for_reputation_pauses_and_says_so_in_metrics(
    run_task: TaskRunner, session: Session, script: ScriptedServer, redis: Redis
) -> None:
    for _ in range(MIN_BLOCKED):
        script.say("RCPT", "550 5.7.1 refused by policy")
    refused = await run_task.run([email(f"{number}@example.com") for number in range(MIN_BLOCKED)])
    later = await run_task(email())
    await measure_providers(redis, "notifications")

    assert {one.outcome for one in refused} == {"dead"}
    found = await delivery(session, later.id)
    assert (later.outcome, found.timeline, found.error) == ("retry", [], "smtp takes no messages for now")
    shown = generate_latest(REGISTRY).decode()
    labels = 'account_of="installation",provider="smtp",service="notifications",verdict="blocked"'
    assert f"waybill_provider_answers_total{{{labels}}} {float(MIN_BLOCKED)}" in shown
    assert f"waybill_provider_answers_total{{{labels.replace('blocked', 'config')}}} 0.0" in shown
    [closed] = [line for line in shown.splitlines() if line.startswith("waybill_provider_closed_seconds{") and '"smtp"' in line]
    assert PAUSE_S - 60 < float(closed.rpartition(" ")[2]) <= PAUSE_S


async def test_what_is_refused_after_it_was_taken_pauses_the_account_as_well(
    run_task: TaskRunner, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriers, "REPORTED_EVERY_S", 0.0)
    await report_blocked(session, MIN_BLOCKED - 1)
    before = await run_task(email())
    await report_blocked(session, 1)
    after = await run_task(email())

    assert (before.outcome, after.outcome) == ("done", "retry")


async def test_refusals_are_of_the_account_that_sent(session: Session) -> None:
    await own_account(session, "acme")
    await report_blocked(session, 2)
    await report_blocked(session, 3, "acme")

    assert await ProviderReader(session).blocked_since(timedelta(minutes=10)) == {"smtp": 2, f"{OURS}/acme": 3}
    await session.execute(text("UPDATE delivery_events SET occurred_at = occurred_at - interval '11 minutes'"))
    assert await ProviderReader(session).blocked_since(timedelta(minutes=10)) == {}


def twilio(code: int) -> dict[str, Any]:
    return {"MessageSid": "XID", "MessageStatus": "undelivered", "ErrorCode": str(code), "To": NUMBER}


def msg91(status: str, **fields: Any) -> dict[str, Any]:
    return {"requestId": "XID", "status": status, "number": NUMBER[1:], **fields}


def sendgrid(event: str, **fields: Any) -> dict[str, Any]:
    return {"event": event, "email": ANN, "sg_message_id": "XID.recvd-1", **fields}


def ses(kind: str, **parts: Any) -> dict[str, Any]:
    return {"eventType": kind, "mail": {"messageId": "XID"}, **parts}


def ses_bounce(subtype: str) -> dict[str, Any]:
    return ses("Bounce", bounce={"bounceSubType": subtype, "bouncedRecipients": [{"emailAddress": ANN}]})


# What each provider says, and whether it is refused for what it says or who we are. What is wrong with one of our texts, or with
# its recipient, says nothing of the account.
REPORTS: list[tuple[str, dict[str, Any], bool]] = [
    ("twilio", twilio(30007), True),
    ("twilio", twilio(30004), True),
    ("twilio", twilio(30005), False),
    ("msg91", msg91("16"), True),
    ("msg91", msg91("25"), True),
    ("msg91", msg91("17"), False),
    ("msg91", msg91("9"), False),
    ("sendgrid", sendgrid("bounce", type="blocked"), True),
    ("sendgrid", sendgrid("bounce", type="blocked", status="5.6.7"), False),
    ("sendgrid", sendgrid("dropped", reason="Spam Content"), True),
    ("sendgrid", sendgrid("dropped", reason="Bounced Address"), False),
    ("ses", ses_bounce("ContentRejected"), True),
    ("ses", ses_bounce("MessageTooLarge"), False),
    ("ses", ses_bounce("AttachmentRejected"), False),
    ("ses", ses("Reject", reject={"reason": "Bad content"}), False),
]


@pytest.mark.parametrize(("provider", "event", "counts"), REPORTS)
async def test_reports_count_by_what_they_mean_and_not_by_what_they_are_called(
    session: Session, provider: str, event: dict[str, Any], counts: bool
) -> None:
    # Of no marketing, of which MSG91's code 9 would be a lesson on the number.
    await sent(session, NUMBER if provider in ("twilio", "msg91") else ANN, provider=provider, category="orders")
    await told(session, (provider, json.dumps(event).encode()))

    assert await ProviderReader(session).blocked_since(timedelta(minutes=10)) == ({provider: 1} if counts else {})


async def test_server_that_takes_no_address_beyond_ascii_says_nothing_of_the_account(
    run_task: TaskRunner, session: Session, script: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriers, "REPORTED_EVERY_S", 0.0)
    for _ in range(MIN_BLOCKED):
        script.say("RCPT", "553 5.6.7 this address needs SMTPUTF8")
    refused = await run_task.run([email(f"{number}@example.com") for number in range(MIN_BLOCKED)])
    keys = [await sent(session, provider="smtp") for _ in range(MIN_BLOCKED)]
    said = {"status": "5.6.7", "said": "smtp; 553 5.6.7 this address needs SMTPUTF8"}
    await told(session, *[("bounce_mail", mails.failed(ANN, mails.ADDRESSES.for_delivery(key), **said)) for key in keys])

    assert {one.outcome for one in refused} == {"dead"}
    assert (await delivery(session, keys[0])).receipt == "blocked"
    assert await ProviderReader(session).blocked_since(timedelta(minutes=10)) == {}
    assert (await run_task(email())).outcome == "done"


async def test_few_refusals_and_a_small_share_of_many_pause_nothing(redis: Redis) -> None:
    one, other = Blocks(redis, "notifications"), Blocks(redis, "notifications")
    few = [await one.answered("smtp", blocked=True) for _ in range(MIN_BLOCKED - 1)]
    for _ in range(400):
        await other.answered("sendgrid", blocked=False)
    many = [await other.answered("sendgrid", blocked=True) for _ in range(MIN_BLOCKED + 10)]
    last = await other.answered("smtp", blocked=True)

    assert {*few, *many} == {None}
    assert last is not None
    assert (last.why, last.closes_s) == (BLOCKED, PAUSE_S)
    assert await one.reported({"smtp": MIN_BLOCKED - 1}) == {}
