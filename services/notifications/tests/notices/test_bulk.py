"""notifications.send_bulk_email: a thousand recipients, of whom some cannot be written to."""

from typing import Any, Final
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text

from services.notifications.tests.deliveries.arrange import ALERT, know_person
from services.notifications.tests.notices.arrange import sent
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.message import MAX_BODY_BYTES
from shared.contracts.notifications import DeliveryFinished, SendBulkEmail, SendTemplatedEmail
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.inbox.consume import consume
from shared.runtime.inbox.delivery import parse
from shared.runtime.process import ProcessRuntime
from shared.testing.messages import TaskRunner, outbox_of, published
from shared.testing.service import handler_of

OURS: Final = UUID(int=5)
BAD: Final[list[Any]] = [
    "no address",
    "a>b@example.com",
    "ann@localhost",
    {"to_email": None},
    {"to_email": "a@example.com", "to_person": "payments.customer:1"},
    {"to_person": "nobody"},
    {"to_email": "a@example.com\r\nBcc: b@example.com"},
    {"to_email": "a@example.com", "locale": "!"},
    {"to_email": "a" * 900 + "@example.com"},
    {"to_email": "nul\x00@example.com"},
    None,
    5,
    ["a@example.com"],
    {"to_email": 5},
    {"to_email": "a@example.com", "context": [1]},
    {"to_email": "a@example.com", "locale": 7},
    "a" * 1200 + "@example.com",
]


def bulk(*recipients: Any, **fields: Any) -> SendBulkEmail:
    """One mail to these."""
    usual: dict[str, Any] = {"template_name": "campaign_newsletter", "common_context": {"city": "Pune", "name": "friend"}}
    return SendBulkEmail(**{**usual, "email_list": list(recipients), **fields})


async def from_a_celery_client(runtime: ProcessRuntime, *recipients: Any, **fields: Any) -> list[str]:
    """The outcome of a message as a plain Celery client writes it, without what has a default."""
    kwargs = {"template_name": "campaign_newsletter", "email_list": list(recipients), **fields}
    delivery = parse(SendBulkEmail, NOTIFICATIONS_BULK.name, str(uuid7()), kwargs, None)
    return list((await consume(runtime, handler_of("notifications")(SendBulkEmail), delivery)).outcomes.values())


async def failures(session: Session) -> list[tuple[str | None, str, str]]:
    """Address, reason and words of each delivery that has failed."""
    rows = await session.execute(text("SELECT to_address, reason, error FROM deliveries WHERE status = 'failed' ORDER BY error"))
    return [(row.to_address, row.reason, row.error) for row in rows]


async def test_three_bad_recipients_of_a_thousand_keep_nobody_else_from_the_mail(
    worker_runtime: ProcessRuntime, session: Session
) -> None:
    recipients: list[Any] = [f"{number}@example.com" for number in range(997)]
    recipients[10:10], recipients[500:500], recipients[900:900] = ["no address"], [{"to_email": None}], ["a>b@example.com"]
    outcomes = await from_a_celery_client(worker_runtime, *recipients, requester=ALERT)

    assert (outcomes, len(await sent(session)), len(await published(session, DeliveryFinished))) == (["done"], 997, 3)
    assert [(address, reason) for address, reason, _ in await failures(session)] == [
        ("no address", "bad_recipient"),
        (None, "bad_recipient"),
        ("a>b@example.com", "bad_recipient"),
    ]
    assert {one.lanes for one in await outbox_of(session) if one.name == SendTemplatedEmail.contract.name} == {
        (NOTIFICATIONS_BULK.name,)
    }


async def test_second_delivery_of_the_message_changes_nothing_however_often_twice_is(
    run_task: TaskRunner, session: Session
) -> None:
    key, message = uuid7(), bulk("ann@example.com", "bob@example.com", "no address")
    for redelivered in (False, True):
        await run_task.run([message], ids=[key], redelivered=redelivered)

    expected = {uuid5(key, "email/ann@example.com"), uuid5(key, "email/bob@example.com")}
    assert (set(await sent(session)), len(await failures(session))) == (expected, 1)


async def test_address_that_stands_there_twice_gets_one_mail(run_task: TaskRunner, session: Session) -> None:
    same = ["ann@example.com", "Ann@Example.com", {"to_email": "ann@example.com", "to_name": "Ann"}]
    person = {"to_person": "payments.customer:1"}
    await run_task(bulk(*same, person, person))

    found = [(one.to_email, one.to_person) for one in await published(session, SendTemplatedEmail)]
    assert sorted(found, key=str) == [("ann@example.com", None), (None, "payments.customer:1")]


async def test_who_stands_there_by_reference_and_by_address_gets_one_mail(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, "payments.customer:1", email="Ann@example.com", organization_id=OURS)
    await run_task(bulk("ann@EXAMPLE.com", "bob@example.com", {"to_person": "payments.customer:1"}, organization_id=OURS))
    ours = [(one.to_email, one.to_person) for one in await published(session, SendTemplatedEmail)]
    # Another organization does not reach that person, so the address is somebody of its own.
    await run_task(bulk("ann@example.com", {"to_person": "payments.customer:1"}, organization_id=UUID(int=6)))

    assert sorted(ours, key=str) == [("bob@example.com", None), (None, "payments.customer:1")]
    assert len(await published(session, SendTemplatedEmail)) == 4


async def test_own_context_goes_before_the_common_one(run_task: TaskRunner, session: Session) -> None:
    own = {"to_email": "ann@example.com", "context": {"name": "Ann"}, "locale": "hi", "to_name": "Ann"}
    await run_task(bulk(own, "bob@example.com", category="reminders", subject_key="a.b:1", dedupe_key="spring"))

    found: dict[str | None, Any] = {one.to_email: one for one in await published(session, SendTemplatedEmail)}
    ann, bob = found["ann@example.com"], found["bob@example.com"]
    assert (ann.context, bob.context) == ({"city": "Pune", "name": "Ann"}, {"city": "Pune", "name": "friend"})
    assert (ann.locale, ann.to_name, bob.locale) == ("hi", "Ann", None)
    assert {(one.category, one.subject_key, one.dedupe_key) for one in (ann, bob)} == {("reminders", "a.b:1", "spring")}


@pytest.mark.parametrize("bad", BAD, ids=map(str, range(len(BAD))))
async def test_what_is_wrong_with_one_is_recorded_for_that_one(run_task: TaskRunner, session: Session, bad: Any) -> None:
    handled = await run_task(bulk("ann@example.com", bad))

    ((address, reason, words),) = await failures(session)
    assert (handled.outcome, reason, len(await sent(session))) == ("done", "bad_recipient", 1)
    assert words.startswith("recipient 2 of the list: ")
    assert "@example.com" not in words
    assert len(address or "") <= 320


async def test_recipient_whose_context_is_too_large_is_left_out(worker_runtime: ProcessRuntime, session: Session) -> None:
    large = {"to_email": "b@example.com", "context": {"x": "x" * (MAX_BODY_BYTES - 200)}}
    outcomes = await from_a_celery_client(worker_runtime, "ann@example.com", large)

    ((_, _, words),) = await failures(session)
    assert (outcomes, [one.to_email for one in await published(session, SendTemplatedEmail)]) == (["done"], ["ann@example.com"])
    assert "at most 65536 travel" in words
