"""What a provider tells of an attempt's cost: kept exactly, and undone by nothing that comes later, again or in another order."""

import itertools
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.callbacks.bodies import msg91_events
from services.notifications.callbacks.delivery_track import DeliveryTracking
from services.notifications.callbacks.intake import CallbackIntake
from services.notifications.callbacks.report_consequences import ReportConsequences
from services.notifications.callbacks.repository import ProviderEventRepository
from services.notifications.costs.repository import CostRepository, Expected, Told
from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.lookups import Fate
from services.notifications.sms.price_models import Price
from services.notifications.suppressions.service import Suppressing
from services.notifications.tests.callbacks.arrange import HASHER, NUMBER, OURS, PLAIN, THEIRS, applying_of, sent, standing
from services.notifications.tests.callbacks.test_tracking import Source
from services.notifications.tests.deliveries.arrange import delivery
from shared.contracts.notifications import TrackDeliveries
from shared.runtime.db import Session
from shared.runtime.inbox.handlers import Effect, EffectHandler
from shared.runtime.outbox import Publisher
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner

REQUEST: Final = "346454643336313431393130"
# As MSG91 publishes it (msg91.com/help/how-can-i-get-the-delivery-reports-on-my-webhook-url), with our number and reference.
REPORT: Final[dict[str, Any]] = {
    "date": "2026-11-23 12:06:20",
    "amount": "0.01",
    "clientid": "",
    "INMSID": "0",
    "ctCode": "900",
    "number": NUMBER[1:],
    "credit": "1",
    "status": "1",
    "desc": "DELIVERED",
    "failedReason": "",
}
_OWN: Final = text("""
    INSERT INTO provider_accounts (id, organization_id, name, kind, channel, config, secret, key_id, updated_at)
    VALUES (:id, :organization_id, 'acme', 'msg91', 'sms', '{"currency": "USD"}', '', 'k1', now())
""")


async def told(session: Session, clock: FrozenClock, delivery_id: UUID, *, account_id: UUID | None = None, **change: Any) -> None:
    """MSG91 posts a report in its second form, which is applied."""
    report = {**REPORT, "CRQID": f"{delivery_id.hex}.1", **change}
    request = {"senderId": "WYBILL", "requestId": report.pop("requestId", REQUEST), "userId": "27", "campaignName": "API"}
    body = urlencode({"data": json.dumps([{**request, "report": [report]}])}).encode()
    intake = CallbackIntake(ProviderEventRepository(session), PLAIN, Publisher(session), clock)
    await intake.keep(msg91_events(body, "application/x-www-form-urlencoded"), account_id)
    ids = list(await session.scalars(text("SELECT id FROM provider_events WHERE state = 'waiting'")))
    await applying_of(session, clock).apply(ids)


async def cost(session: Session, delivery_id: UUID) -> list[tuple[str, str]]:
    """What the delivery has cost."""
    return [(str(one.amount), one.currency) for one in (await delivery(session, delivery_id)).costs]


async def test_amount_of_msg91s_report_is_the_attempts_cost_beside_its_estimate(session: Session, clock: FrozenClock) -> None:
    key = await sent(session, NUMBER, provider="msg91", message_id=REQUEST)
    await CostRepository(session).expect([Expected.of(key, 1, Price(Decimal("0.165"), "INR"))], clock())
    before = await delivery(session, key)
    unknown = (before.costs, before.timeline[0].cost)
    await told(session, clock, key)

    after = await delivery(session, key)
    assert unknown == ([], None)
    real, expected = Price(Decimal("0.01"), "INR"), Price(Decimal("0.165"), "INR")
    assert (after.timeline[0].cost, after.costs) == (real, [real])
    assert (after.timeline[0].estimated_cost, after.estimated_costs) == (expected, [expected])


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_known_price_is_undone_by_no_order_of_reports(session: Session, clock: FrozenClock, order: tuple[int, ...]) -> None:
    key = await sent(session, NUMBER, provider="msg91", message_id=REQUEST)
    reports: list[dict[str, Any]] = [
        {"status": "2", "amount": "0.00"},
        {"amount": "0.20"},
        {"amount": None, "date": "2026-11-23 12:07:20"},
        {"amount": "a lot", "date": "2026-11-23 12:08:20"},
    ]
    for number in (*order, *order):
        await told(session, clock, key, **reports[number])

    assert await cost(session, key) == [("0.20", "INR")]


async def test_report_that_is_ahead_of_our_record_finds_its_attempt_and_the_estimate_comes_after(
    session: Session, clock: FrozenClock
) -> None:
    key = await sent(session, NUMBER, provider="msg91", message_id=REQUEST)
    await session.execute(text("UPDATE delivery_attempts SET provider_message_id = NULL"))
    await told(session, clock, key)
    for _ in range(2):
        await CostRepository(session).expect([Expected.of(key, 1, Price(Decimal("0.165"), "INR"))], clock())

    found = await delivery(session, key)
    assert (found.estimated_costs, await cost(session, key)) == ([Price(Decimal("0.165"), "INR")], [("0.01", "INR")])


@pytest.mark.parametrize("change", [{"requestId": "99" * 12}, {"CRQID": "0"}, {"number": "919812345679"}])
async def test_report_on_another_message_is_no_price_of_this_one(
    session: Session, clock: FrozenClock, change: dict[str, Any]
) -> None:
    key = await sent(session, NUMBER, provider="msg91", message_id="11" * 12)
    await told(session, clock, key, **change)

    assert await cost(session, key) == []


async def test_account_of_an_organization_tells_in_its_own_currency_and_of_its_own_attempts_alone(
    session: Session, clock: FrozenClock
) -> None:
    account = UUID(int=77)
    await session.execute(_OWN, {"id": account, "organization_id": OURS})
    own = await sent(session, NUMBER, provider="acme", message_id=REQUEST)
    installations = await sent(session, NUMBER, provider="msg91", message_id=REQUEST)
    theirs = await sent(session, NUMBER, provider="acme", message_id=REQUEST, organization_id=THEIRS)
    for key in (own, installations, theirs):
        await told(session, clock, key, account_id=account)

    assert [await cost(session, key) for key in (own, installations, theirs)] == [[("0.01", "USD")], [], []]


async def test_costs_of_all_attempts_add_up_by_currency(session: Session, clock: FrozenClock) -> None:
    key = await sent(session, NUMBER, provider="msg91", message_id=REQUEST)
    await session.execute(
        text("""
            INSERT INTO delivery_attempts (delivery_id, number, provider, started_at, finished_at, outcome, provider_message_id)
            VALUES (:id, 2, 'msg91', :at, :at, 'accepted', :second), (:id, 3, 'twilio', :at, :at, 'accepted', 'SM1')
        """),
        {"id": key, "at": MONDAY_MORNING, "second": "aa" * 12},
    )
    await told(session, clock, key, status="2", amount="0.15")
    await told(session, clock, key, requestId="aa" * 12, CRQID=f"{key.hex}.2", amount="0.005")
    await CostRepository(session).tell([Told(key, "twilio", "SM1", Price(Decimal("0.00750"), "USD"))])

    assert await cost(session, key) == [("0.155", "INR"), ("0.00750", "USD")]


async def test_price_comes_along_where_twilio_is_asked_what_became_of_a_message(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    key = await sent(session, NUMBER, provider="twilio", message_id="SM1", at=MONDAY_MORNING - timedelta(hours=2))
    source = Source(SM1=Fate(Receipt.DELIVERED, clock(), price=Price(Decimal("0.00750"), "USD")))

    def consequences_of(session: Session) -> ReportConsequences:
        return ReportConsequences(session, Suppressing(session, HASHER, clock))

    effect: Effect[Any, Any] = DeliveryTracking({"twilio": source}, lambda _: None, consequences_of, clock)
    await run_task(TrackDeliveries(), handler=EffectHandler(TrackDeliveries, lambda _: effect))

    assert (await cost(session, key), (await standing(session, key))[0]) == ([("0.00750", "USD")], "delivered")
