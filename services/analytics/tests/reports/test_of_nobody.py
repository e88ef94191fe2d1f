"""Reports of organizations that there are not."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

import pytest

from services.analytics.tests.events.arrange import rows
from services.analytics.tests.kpis.arrange import NOW, OURS, happen, told
from shared.contracts.analytics import GenerateDailyReports, GenerateReport
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, published
from shared.testing.service import ApiClient

NOBODY: Final = UUID("00000000-0000-4000-8000-00000000dead")
DAY: Final = date(2026, 3, 1)
BODY: Final = {"from": str(DAY), "to": str(DAY)}
OF_NOBODY: Final = {"organization_id": str(NOBODY)}


async def test_a_report_of_an_organization_that_nobody_knows_is_refused_and_says_where_they_are(
    client: ApiClient, session: Session
) -> None:
    answer = await client.as_role("operator").post("/v1/reports", params=OF_NOBODY, json=BODY)
    bound = await client.as_role("operator", organization_id=NOBODY).post("/v1/reports", json=BODY)
    daily = await client.as_role("operator").post(
        "/v1/report-subscriptions", params=OF_NOBODY, json={"to_email": "desk@example.com"}
    )

    assert [(one.status_code, one.json()["code"]) for one in (answer, bound, daily)] == [(404, "organization_not_found")] * 3
    assert "GET /v1/access/organizations lists those" in answer.json()["detail"]
    assert await rows(session, "SELECT count(*) FROM reports") == [(0,)]
    assert await rows(session, "SELECT count(*) FROM report_subscriptions") == [(0,)]
    await assert_nothing_published(session, GenerateReport)


async def test_a_message_for_one_is_dead_and_leaves_no_report(session: Session, run_task: TaskRunner) -> None:
    handled = await run_task(GenerateReport(first=DAY, last=DAY, organization_id=NOBODY), occurred_at=NOW)

    assert (handled.outcome, handled.error_class) == ("dead", "OrganizationNotFound")
    assert "nothing was ever counted of it" in (handled.error or "")
    assert await rows(session, "SELECT count(*) FROM reports") == [(0,)]


@pytest.mark.parametrize("is_counted", [False, True], ids=["created", "counted"])
async def test_one_that_was_created_or_of_which_something_was_counted_has_its_report(
    client: ApiClient, session: Session, joined_database: Database, clock: FrozenClock, run_task: TaskRunner, is_counted: bool
) -> None:
    if is_counted:
        order = told("payments.order_placed", NOW - timedelta(days=1), 100, currency="INR", lines=1)
        await happen(session, joined_database, clock, [(OURS, order)])
    else:
        made = await client.as_role("admin").post(
            "/v1/access/organizations",
            json={"id": str(OURS), "name": "Nordlicht"},
            headers={"Idempotency-Key": "one"},
        )
        assert made.status_code == 201, made.text
    answer = await client.as_role("operator").post("/v1/reports", params={"organization_id": str(OURS)}, json=BODY)
    [message] = await published(session, GenerateReport)

    assert answer.status_code == 202
    assert (await run_task(message)).outcome == "done"


async def test_who_was_subscribed_to_one_keeps_nobody_from_their_daily_report(session: Session, run_task: TaskRunner) -> None:
    left = "INSERT INTO report_subscriptions VALUES (gen_random_uuid(), CAST(:id AS uuid), 'a@example.com', :now, 'user:ann')"
    await rows(session, left + " RETURNING id", id=str(NOBODY), now=NOW)
    assert (await run_task(GenerateDailyReports(slot=NOW))).outcome == "done"

    assert [one.organization_id for one in await published(session, GenerateReport)] == [None]
