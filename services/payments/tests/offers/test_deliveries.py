"""What manufacturers deliver: it counts for their scores, and what is owed stands in the ledger."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy import text

from services.payments.tests.matching.arrange import NOW, OURS, rows
from services.payments.tests.offers.arrange import answering, have_offer
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

LEDGER = """
    SELECT source, account, currency, amount_minor FROM ledger_entries
      JOIN ledger_transactions ON ledger_transactions.id = transaction_id ORDER BY transaction_id, number
"""
_PROMISE_EARLIER = text("UPDATE match_offers SET ready_on = '2026-03-01'")
RECORD = "SELECT deliveries, on_time, units, rejected FROM manufacturer_records"


async def deliver(client: ApiClient, offer_id: UUID, key: str | None = None, **fields: Any) -> Response:
    """Record a delivery, usual but for what is named."""
    body = {"line_number": 1, "delivered_on": "2026-03-02", "quantity": 20} | fields
    operator = client.as_role("operator", organization_id=OURS)
    headers = {"Idempotency-Key": key or str(uuid4())}
    return await operator.post(f"/v1/offers/{offer_id}/deliveries", json=body, headers=headers)


@pytest.fixture
async def accepted(session: Session) -> UUID:
    """An offer of twenty units at 100 rupees, accepted."""
    offer_id = await have_offer(session)
    await answering(session).accept(offer_id, None, by="operator:anna", at=NOW)
    return offer_id


async def test_delivery_counts_for_the_manufacturer_and_what_is_owed_is_posted_once(
    client: ApiClient, session: Session, accepted: UUID
) -> None:
    key = str(uuid4())

    first, again = [await deliver(client, accepted, key, quantity=15, rejected=2) for _ in range(2)]
    last = await deliver(client, accepted, quantity=5)

    assert [one.status_code for one in (first, again, last)] == [201] * 3
    assert first.json() | {"id": None} == {
        "id": None,
        "organization_id": str(OURS),
        "manufacturer_id": (first.json())["manufacturer_id"],
        "offer_id": str(accepted),
        "line_number": 1,
        "delivered_on": "2026-03-02",
        "quantity": 15,
        "rejected": 2,
        "on_time": True,
        "payable_minor": 130_000,
        "currency": "INR",
        "recorded_at": "2026-03-02T09:00:00Z",
        "recorded_by": first.json()["recorded_by"],
    }
    assert again.json() == first.json()
    assert await rows(session, RECORD) == [(2, 2, 20, 2)]
    owed = [("manufacturer_costs", 130_000), ("manufacturer_payable", -130_000)]
    owed += [("manufacturer_costs", 50_000), ("manufacturer_payable", -50_000)]
    assert await rows(session, LEDGER) == [("manufacturer_delivery", account, "INR", amount) for account, amount in owed]
    listed = (await client.as_role("viewer", organization_id=OURS).get(f"/v1/offers/{accepted}/deliveries")).json()
    assert [one["quantity"] for one in listed["items"]] == [15, 5]


async def test_delivery_after_the_promised_day_is_late(client: ApiClient, session: Session, accepted: UUID) -> None:
    await session.execute(_PROMISE_EARLIER)

    answer = await deliver(client, accepted)

    assert answer.json()["on_time"] is False
    assert await rows(session, RECORD) == [(1, 0, 20, 0)]


async def test_delivery_of_the_organizations_day_is_none_of_the_future_though_utc_is_a_day_behind(
    client: ApiClient, accepted: UUID, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 3, 2, 18, 29, tzinfo=UTC))
    before = await deliver(client, accepted, delivered_on="2026-03-03")
    clock.set(datetime(2026, 3, 2, 18, 30, tzinfo=UTC))
    after = await deliver(client, accepted, delivered_on="2026-03-03")

    assert (before.status_code, before.json()["code"], after.status_code) == (422, "delivery_in_future", 201)


async def test_units_that_are_all_rejected_are_not_owed(client: ApiClient, session: Session, accepted: UUID) -> None:
    assert (await deliver(client, accepted, rejected=20)).json()["payable_minor"] == 0
    assert await rows(session, LEDGER) == []


async def test_delivery_that_cannot_be_is_refused_and_nothing_is_written(
    client: ApiClient, session: Session, accepted: UUID
) -> None:
    refusals: list[tuple[dict[str, Any], int, str]] = [
        ({"quantity": 21}, 409, "too_much_delivered"),
        ({"line_number": 2}, 422, "line_not_offered"),
        ({"delivered_on": "2026-03-03"}, 422, "delivery_in_future"),
        ({"delivered_on": 0}, 422, "invalid_request"),
        ({"rejected": 21}, 422, "more_rejected_than_delivered"),
        ({"quantity": 0}, 422, "invalid_request"),
    ]

    answers = [await deliver(client, accepted, **fields) for fields, _, _ in refusals]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [refusal[1:] for refusal in refusals]
    assert [await rows(session, query) for query in (RECORD, LEDGER)] == [[], []]
    assert await rows(session, "SELECT delivered_quantity FROM match_offer_lines") == [(0,)]


async def test_only_what_was_accepted_is_delivered(client: ApiClient, session: Session) -> None:
    answer = await deliver(client, await have_offer(session))

    assert (answer.status_code, answer.json()["code"]) == (409, "offer_not_accepted")
    assert await rows(session, RECORD) == []
