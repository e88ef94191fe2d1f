"""One vocabulary of outcomes: of each row that SMTP can bring about, what the server does and what follows, over a socket."""

import random
from typing import Final

import pytest
from pydantic import SecretStr

from services.notifications.settings import NotificationsSettings
from services.notifications.tests.deliveries.arrange import delivery, email
from services.notifications.tests.scripted_server import HANG_UP, ScriptedServer
from shared.contracts.message import Send
from shared.contracts.notifications import SendEmail, SendTemplatedEmail
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner

EHLO: Final = "250-test\n250 AUTH PLAIN"
LOGIN: Final = {"EHLO": EHLO, "AUTH": "535 5.7.8 bad credentials"}
LOGIN_LATER: Final = {"EHLO": EHLO, "AUTH": "454 4.7.0 temporary authentication failure"}

# What the server says to which command, the outcome, what becomes of the message, and of what counts as tries.
ROWS: Final[list[tuple[dict[str, str], str, str, int]]] = [
    ({}, "accepted", "done", 1),
    ({"RCPT": "450 4.2.1 busy"}, "transient", "retry", 1),
    ({"DATA": "451 4.3.0 local error"}, "transient", "retry", 1),
    ({".": "452 4.3.1 out of disk"}, "transient", "retry", 1),
    ({"DATA": HANG_UP}, "transient", "retry", 1),
    ({"MAIL": "421 4.3.2 too busy"}, "throttled", "retry", 0),
    ({"RCPT": "421 4.7.0 too many"}, "throttled", "retry", 0),
    ({".": HANG_UP}, "unknown", "retry", 1),
    ({"RCPT": "550 5.1.1 no such user"}, "bad_recipient", "dead", 1),
    ({"RCPT": "550 5.1.2 no such domain"}, "bad_recipient", "dead", 1),
    ({"RCPT": "550 5.1.6 moved"}, "bad_recipient", "dead", 1),
    ({"RCPT": "452 4.2.2 full"}, "soft_recipient", "retry", 1),
    ({"RCPT": "552 full"}, "soft_recipient", "retry", 1),
    ({".": "552 5.2.2 full"}, "soft_recipient", "retry", 1),
    ({"RCPT": "451 4.7.1 greylisted"}, "soft_recipient", "retry", 1),
    ({"RCPT": "550 5.7.1 policy"}, "blocked", "dead", 1),
    ({".": "554 5.7.1 spam"}, "blocked", "dead", 1),
    ({".": "554 5.6.0 malformed"}, "bad_content", "dead", 1),
    ({".": "552 5.3.4 too large"}, "bad_content", "dead", 1),
    (LOGIN, "config", "retry", 0),
    ({"GREETING": "554 5.7.1 no service for you"}, "config", "retry", 0),
    ({"MAIL": "550 5.7.1 sender not allowed"}, "config", "retry", 0),
    (LOGIN_LATER, "throttled", "retry", 0),
    ({"GREETING": "450 4.3.2 not now"}, "throttled", "retry", 0),
]


@pytest.fixture
def settings(settings: NotificationsSettings, script: ScriptedServer, replies: dict[str, str]) -> NotificationsSettings:
    """The service's settings, with a mail server that says what the row tells it to."""
    login = {"smtp_user": "waybill", "smtp_password": SecretStr("wrong")} if "AUTH" in replies else {}
    return settings.model_copy(update={"smtp_port": script.port, **login})


@pytest.mark.parametrize(("replies", "verdict", "outcome", "counted"), ROWS)
async def test_every_row_has_its_outcome_and_what_follows(
    run_task: TaskRunner,
    session: Session,
    script: ScriptedServer,
    replies: dict[str, str],
    verdict: str,
    outcome: str,
    counted: int,
) -> None:
    for verb, reply in replies.items():
        script.say(verb, reply)
    handled = await run_task(email())

    found = await delivery(session, handled.id)
    assert (handled.outcome, handled.attempt, [one.outcome for one in found.timeline]) == (outcome, counted, [verdict])


@pytest.mark.parametrize("message_type", [SendEmail, SendTemplatedEmail])
def test_waits_between_tries_are_drawn_from_nothing_to_ten_minutes(message_type: type[Send]) -> None:
    policy, draw = message_type.contract.retry, random.Random(7)
    waits = {retry: [policy.delay_s(retry, draw=draw) for _ in range(2000)] for retry in (1, 2, 3, 6, 50)}

    assert policy.max_retries == 3
    for retry, ceiling in {1: 30, 2: 60, 3: 120, 6: 600, 50: 600}.items():
        assert 0 <= min(waits[retry]) < 0.01 * ceiling
        assert 0.99 * ceiling < max(waits[retry]) <= ceiling
