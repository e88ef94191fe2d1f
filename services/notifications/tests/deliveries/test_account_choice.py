"""A message goes by an account that can carry it at all, over real sockets: Twilio's stand-in beside MSG91's, and a mail server
beside those of SES and SendGrid."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from services.notifications.campaigns.counts_repository import CountsReader
from services.notifications.campaigns.models import subject_of
from services.notifications.providers.blocks import MIN_BLOCKED
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.callbacks.arrange import listed
from services.notifications.tests.campaigns.arrange import know_customers, publish_offer, running
from services.notifications.tests.deliveries.arrange import delivery, due_again, email
from services.notifications.tests.dlt.arrange import OURS, SAID, registered
from services.notifications.tests.mail_server import MailServer
from shared.contracts.lanes import NOTIFICATIONS_URGENT
from shared.contracts.notifications import SendSms
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

BUERO = "büro@example.com"
BOTH_WAYS: list[dict[str, Any]] = [
    {"sms_provider": "twilio", "sms_fallback_providers": ("msg91",)},
    {"sms_provider": "msg91", "sms_fallback_providers": ("twilio",)},
]
SES_ONLY: dict[str, Any] = {"email_provider": "ses", "email_fallback_providers": ()}


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: NotificationsSettings, mail_server: MailServer) -> NotificationsSettings:
    """Every provider at its stand-in; which ones are used, a test says."""
    ses = {
        "ses_region": "ap-south-1",
        "ses_access_key_id": "sandbox",
        "ses_secret_access_key": SecretStr("sandbox"),
        "ses_url": f"{mail_server.url}/ses",
    }
    return settings.model_copy(update={**ses, **request.param})


def sms(body: str = "Nobody has registered this.", **fields: Any) -> SendSms:
    return SendSms(to_phone="+919812345678", body=body, organization_id=OURS, **fields)


async def accounts_of(session: Session, message_id: UUID) -> list[tuple[str, str | None]]:
    return [(one.provider, one.outcome) for one in (await delivery(session, message_id)).timeline]


@pytest.mark.parametrize("settings", BOTH_WAYS, indirect=True)
async def test_text_that_is_not_registered_goes_by_the_account_that_takes_any(run_task: TaskRunner, session: Session) -> None:
    handled = await run_task(sms())

    assert handled.outcome == "done"
    assert await accounts_of(session, handled.id) == [("twilio", "accepted")]


@pytest.mark.parametrize("settings", BOTH_WAYS, indirect=True)
async def test_registered_text_goes_by_the_first_choice(
    run_task: TaskRunner, session: Session, settings: NotificationsSettings
) -> None:
    await registered(session)
    handled = await run_task(sms(SAID))

    assert await accounts_of(session, handled.id) == [(settings.sms_provider, "accepted")]


@pytest.mark.parametrize("settings", BOTH_WAYS[:1], indirect=True)
async def test_urgent_text_that_no_other_account_can_carry_stays_with_the_one_that_has_failed_it_once(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "status", "status": 503, "times": 1}, provider="twilio")
    message_id = uuid7()
    first = await run_task(sms(), ids=[message_id], lane=NOTIFICATIONS_URGENT)
    await due_again(session, message_id)
    second = await run_task(sms(), ids=[message_id], lane=NOTIFICATIONS_URGENT)

    assert (first.outcome, second.outcome) == ("retry", "done")
    assert await accounts_of(session, message_id) == [("twilio", "transient"), ("twilio", "accepted")]


@pytest.mark.parametrize("settings", BOTH_WAYS[:1], indirect=True)
async def test_text_waits_for_the_only_account_that_can_carry_it_though_that_one_refuses_us(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "status", "status": 401}, provider="twilio")
    refused = await run_task(sms())
    waiting = await run_task(sms())

    assert (refused.outcome, waiting.outcome) == ("retry", "retry")
    found = await delivery(session, waiting.id)
    assert (found.reason, found.timeline, found.error) == ("provider_closed", [], "twilio takes no messages for now")


@pytest.mark.parametrize("settings", [{"sms_provider": "msg91"}], indirect=True)
async def test_text_that_no_account_can_carry_fails_with_what_to_do(run_task: TaskRunner, session: Session) -> None:
    handled = await run_task(sms())

    found = await delivery(session, handled.id)
    assert (handled.outcome, found.reason) == ("dead", "bad_content")
    assert "register it with DLT" in (found.error or "")


@pytest.mark.parametrize(
    "settings",
    [
        {"email_provider": "ses", "email_fallback_providers": ("smtp",)},
        {"email_provider": "sendgrid", "email_fallback_providers": ("ses", "smtp")},
    ],
    indirect=True,
)
async def test_address_beyond_ascii_goes_by_the_account_that_knows_smtputf8(
    run_task: TaskRunner, session: Session, settings: NotificationsSettings
) -> None:
    handled = await run_task.run([email(BUERO), email("ann@bücher.example")])

    assert [await accounts_of(session, one.id) for one in handled] == [
        [("smtp", "accepted")],
        [(settings.email_provider, "accepted")],
    ]


@pytest.mark.parametrize("settings", [SES_ONLY, {**SES_ONLY, "email_provider": "sendgrid"}], indirect=True)
async def test_address_beyond_ascii_that_no_account_takes_fails_and_is_not_given_up(
    run_task: TaskRunner, session: Session, settings: NotificationsSettings
) -> None:
    refused = await run_task.run([email(BUERO) for _ in range(MIN_BLOCKED)])
    later = await run_task(email())

    found = await delivery(session, refused[0].id)
    assert ({one.outcome for one in refused}, found.status, found.reason) == ({"dead"}, "failed", "blocked")
    assert "beyond ASCII" in (found.error or "")
    assert await listed(session) == []
    # The account was not even asked.
    assert (later.outcome, (await delivery(session, later.id)).provider) == ("done", settings.email_provider)


@pytest.mark.parametrize("settings", [SES_ONLY], indirect=True)
async def test_campaign_counts_no_address_beyond_ascii_as_a_bounce(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 1)
    await publish_offer(session)
    campaign = await running(session, clock)
    of_it = {"organization_id": OURS, "category": "marketing", "subject_key": subject_of(campaign.id)}
    await run_task(email(BUERO, **of_it))

    counts = (await CountsReader(session).of([campaign.id]))[campaign.id]
    assert (counts.failed, counts.bounced, counts.rated_bounced) == (1, 0, 0)
