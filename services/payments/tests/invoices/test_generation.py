"""`payments.generate_invoice`: the invoice of an order or a trip, the same however often it is asked for."""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from services.payments import invoice_deps as deps
from services.payments import orders_deps
from services.payments.tests.invoices.arrange import NOW, OURS, THEIRS, again, rows, seller
from services.payments.tests.shop import CHAIR, TABLE, Shop, code, key, open_shop
from services.payments.tests.tariffs.test_trips import TRIP, completed
from shared.contracts.payments import GenerateInvoice, InvoiceIssued
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published
from shared.testing.service import ApiClient

NINE: Final = NOW.at
HOME: Final = {"line1": "3 Hill Road", "city": "Nashik", "postal_code": "422001"}
RATES: Final = {
    "base_minor": 15000,
    "per_km_minor": 1850,
    "per_minute_minor": 300,
    "waiting_minute_minor": 200,
    "tax_rate_bp": 500,
    "sac": "996412",
}


@pytest_asyncio.fixture
async def shop(client: ApiClient) -> Shop:
    """A shop whose organization can issue."""
    return await open_shop(client)


async def test_order_is_invoiced_once_with_what_it_comes_to_and_what_was_paid_though_asked_twice(
    shop: Shop, session: Session, run_task: TaskRunner
) -> None:
    customer = await shop.customer(address=HOME)
    order = (await shop.order(customer)).json()
    await orders_deps.order_payments(session).received(UUID(order["id"]), 200_000, uuid4(), NINE)
    message, message_id = GenerateInvoice(order_id=order["id"]), uuid4()

    first, same = [await run_task(message, ids=[message_id], occurred_at=NINE) for _ in range(2)]
    other = await run_task(message, occurred_at=NINE)

    assert (first.outcome, same.result, other.outcome) == ("done", first.result, "done")
    assert await rows(session, "SELECT count(*) FROM invoices") == [(1,)]
    assert first.result == {
        "invoice_id": first.result["invoice_id"],
        "number": "INV/2526/00001",
        "total": {"amount_minor": 590200, "currency": "INR"},
        "issued_at": "2026-03-02T09:00:00Z",
        "created": True,
    }
    assert other.result == {**first.result, "created": False}
    invoice = await again(session, UUID(first.result["invoice_id"]))
    assert (invoice.order_id, invoice.customer_id, invoice.total_minor) == (UUID(order["id"]), customer, order["total_minor"])
    assert (invoice.prepaid_minor, invoice.balance_minor, invoice.notes) == (200_000, 390_200, f"Order {order['number']}")
    assert (invoice.buyer.name, invoice.place_of_supply) == ("Ann Pillai", "27")
    event = await assert_published(session, InvoiceIssued, order_id=UUID(order["id"]))
    assert event.number == "INV/2526/00001"


async def test_what_was_cancelled_of_an_order_is_not_invoiced(shop: Shop, session: Session, run_task: TaskRunner) -> None:
    await shop.coupon("TEN", percent_bp=1000)
    order = (await shop.order(await shop.customer(), coupon_code="TEN")).json()
    cancelled = await shop.act(order["id"], "cancellations", reason="Too many", lines=[{"number": 1, "quantity": 1}])
    assert cancelled.is_success, cancelled.text

    handled = await run_task(GenerateInvoice(order_id=order["id"]), occurred_at=NINE)

    ((total, owed),) = await rows(session, "SELECT total_minor, total_minor - cancelled_minor FROM orders")
    assert (handled.outcome, handled.error) == ("done", None)
    assert (await again(session, UUID(handled.result["invoice_id"]))).total_minor == owed < total
    assert await rows(session, "SELECT quantity FROM invoice_lines") == [(3,)]


async def test_orders_that_owe_nothing_or_are_unknown_fail_and_write_nothing(
    shop: Shop, session: Session, run_task: TaskRunner
) -> None:
    order = (await shop.order(await shop.customer())).json()
    await shop.act(order["id"], "cancellations", reason="Changed my mind")

    handled = [await run_task(GenerateInvoice(order_id=one)) for one in (order["id"], OURS)]

    assert [(one.outcome, one.error_class) for one in handled] == [("dead", "SourceNotBillable"), ("dead", "SourceNotFound")]
    assert await rows(session, "SELECT 1 FROM invoices UNION ALL SELECT 1 FROM invoice_counters") == []
    await assert_nothing_published(session, InvoiceIssued)


async def test_order_is_invoiced_by_whom_it_was_sold_by_whoever_sells_by_then(
    shop: Shop, session: Session, run_task: TaskRunner
) -> None:
    order = (await shop.order(await shop.customer())).json()
    await seller(session, gstin=None, state_code=None, invoice_prefix="N")

    handled = await run_task(GenerateInvoice(order_id=order["id"]), occurred_at=NINE)

    assert (handled.outcome, handled.result["number"], handled.result["total"]["amount_minor"]) == (
        "done",
        "INV/2526/00001",
        590_200,
    )


async def test_what_is_cancelled_of_an_invoiced_order_is_credited_line_by_line_to_the_last_paisa(
    shop: Shop, session: Session, run_task: TaskRunner
) -> None:
    lines = [{"sku": TABLE, "quantity": 1}, {"sku": CHAIR, "quantity": 7}]
    order = (await shop.order(await shop.customer(address=HOME), lines=lines)).json()
    await shop.act(order["id"], "cancellations", reason="No table", lines=[{"number": 1, "quantity": 1}])
    await run_task(GenerateInvoice(order_id=order["id"]), occurred_at=NINE)

    for quantity in (2, 4, 1):
        cancelled = [{"number": 2, "quantity": quantity}]
        assert (await shop.act(order["id"], "cancellations", reason="Fewer chairs", lines=cancelled)).status_code == 201

    credited = "SELECT invoice_line, quantity, reason FROM credit_note_lines JOIN credit_notes ON id = credit_note_id"
    notes = await rows(session, f"{credited} ORDER BY sequence")
    assert notes == [(1, 2, "cancelled"), (1, 4, "cancelled"), (1, 1, "cancelled")]
    owed = await rows(session, "SELECT total_minor - cancelled_minor FROM orders")
    assert (owed, await rows(session, "SELECT total_minor - credited_minor FROM invoices")) == ([(0,)], [(0,)])
    assert {*await rows(session, "SELECT sum(amount_minor) FROM ledger_entries GROUP BY account")} == {(0,)}


async def test_invoiced_order_is_amended_no_more(shop: Shop, session: Session, run_task: TaskRunner) -> None:
    order = (await shop.order(await shop.customer(address=HOME))).json()
    await run_task(GenerateInvoice(order_id=order["id"]), occurred_at=NINE)

    answer = await shop.act(order["id"], "amendments", reason="More", lines=[{"sku": CHAIR, "quantity": 1}])

    assert code(answer) == (409, "order_invoiced")
    assert await rows(session, "SELECT quantity FROM order_lines") == [(4,)]


async def test_order_that_was_priced_by_other_tax_is_refused_with_both_totals(
    shop: Shop, session: Session, run_task: TaskRunner
) -> None:
    order = (await shop.order(await shop.customer())).json()
    await rows(session, "UPDATE legal_entities SET gstin = NULL RETURNING 1")

    handled = await run_task(GenerateInvoice(order_id=order["id"]))

    assert (handled.outcome, handled.error_class) == ("dead", "InvoiceNotIssuable")
    assert "it comes to 500200 and 590200 was agreed" in str(handled.error)
    assert await rows(session, "SELECT 1 FROM invoices") == []


async def test_order_is_invoiced_by_http_for_its_own_organization_alone(shop: Shop, client: ApiClient) -> None:
    order = (await shop.order(await shop.customer())).json()
    body = {"order_id": order["id"]}

    theirs = await client.as_role("operator", organization_id=THEIRS).post("/v1/invoices/generate", json=body, headers=key())
    ours = [await shop.api.post("/v1/invoices/generate", json=body, headers=key()) for _ in range(2)]
    late = await client.as_role("operator", organization_id=THEIRS).post("/v1/invoices/generate", json=body, headers=key())

    assert [(answer.status_code, answer.json()["code"]) for answer in (theirs, late)] == [(404, "invoice_source_not_found")] * 2
    assert [answer.json()["number"] for answer in ours] == ["INV/2526/00001"] * 2


async def publish(shop: Shop, valid_from: str, **rates: Any) -> None:
    """A tariff for wheelchairs from a moment on."""
    body = {"mobility": "wheelchair", "valid_from": valid_from, "rates": RATES | rates}
    await shop.ok("POST", "/v1/tariffs", json=body, headers=key())


async def test_trip_is_priced_by_the_tariff_in_force_at_its_completion(
    shop: Shop, session: Session, run_task: TaskRunner
) -> None:
    await publish(shop, "2026-01-01T00:00:00Z")
    await publish(shop, "2026-03-02T09:00:01Z", base_minor=99999)
    customer = await shop.customer()
    await run_task(completed(customer=f"payments.customer:{customer}"), source="trips")

    asked = [await run_task(GenerateInvoice(trip_id=TRIP), occurred_at=datetime(2026, 3, 9, tzinfo=UTC)) for _ in range(2)]

    # 150.00 + 18.4 km at 18.50 + 35 min at 3.00 + 10 min of waiting at 2.00 = 615.40, with 5 % of tax and rounded.
    assert [one.result["total"]["amount_minor"] for one in asked] == [64600, 64600]
    assert [one.result["created"] for one in asked] == [True, False]
    lines = await rows(session, "SELECT description, taxable_minor, hsn_sac FROM invoice_lines ORDER BY number")
    assert lines[1] == ("Trip T-418, wheelchair, 02.03.2026: Distance, 18.4 km", 34040, "996412")
    assert [line[1] for line in lines] == [15000, 34040, 10500, 2000]
    event = await assert_published(session, InvoiceIssued, trip_id=TRIP)
    invoice = await again(session, event.invoice_id)
    assert (invoice.issued_on.isoformat() if invoice.issued_on else "", str(invoice.supplied_from)) == (
        "2026-03-09",
        "2026-03-02",
    )


async def test_unknown_trip_is_waited_for_and_billed_once_it_is_told(shop: Shop, session: Session, run_task: TaskRunner) -> None:
    await publish(shop, "2026-01-01T00:00:00Z")
    message, message_id = GenerateInvoice(trip_id=TRIP), uuid4()

    early = await run_task(message, ids=[message_id])
    await run_task(completed(customer=f"payments.customer:{await shop.customer()}"), source="trips")
    await rows(session, "UPDATE inbox SET due_at = now() WHERE id = :id RETURNING 1", id=message_id)
    then = await run_task(message, ids=[message_id])

    assert (early.outcome, early.error_class) == ("retry", "SourceNotKnownYet")
    assert (then.outcome, then.result["created"]) == ("done", True)


def test_unknown_trip_is_waited_for_ten_minutes() -> None:
    retry = GenerateInvoice.contract.retry

    assert sum(retry.delay_s(number) for number in range(1, retry.max_retries + 1)) == 600


@pytest.mark.parametrize(
    ("changed", "outcome", "error_class"),
    [
        ({"customer": None}, "dead", "SourceNotBillable"),
        ({"customer": f"payments.customer:{OURS}"}, "retry", "SourceNotKnownYet"),
        ({"mobility": "stretcher"}, "dead", "NoTariff"),
    ],
)
async def test_trip_that_cannot_be_billed_says_why_and_writes_nothing(
    shop: Shop, session: Session, run_task: TaskRunner, changed: dict[str, Any], outcome: str, error_class: str
) -> None:
    await publish(shop, "2026-01-01T00:00:00Z")
    customer = await shop.customer()
    await run_task(completed(**{"customer": f"payments.customer:{customer}", **changed}), source="trips")

    handled = await run_task(GenerateInvoice(trip_id=TRIP))

    assert (handled.outcome, handled.error_class) == (outcome, error_class)
    assert await rows(session, "SELECT 1 FROM invoices") == []
    await assert_nothing_published(session, InvoiceIssued)


async def test_trip_that_costs_nothing_is_invoiced_all_the_same(shop: Shop, session: Session, run_task: TaskRunner) -> None:
    await publish(shop, "2026-01-01T00:00:00Z", **{name: 0 for name in RATES if name.endswith("_minor")})
    await run_task(completed(customer=f"payments.customer:{await shop.customer()}"), source="trips")

    handled = await run_task(GenerateInvoice(trip_id=TRIP))

    assert (handled.outcome, handled.result["total"]["amount_minor"]) == ("done", 0)
    await assert_published(session, InvoiceIssued, trip_id=TRIP)


async def test_period_that_is_not_there_cannot_be_invoiced(shop: Shop, run_task: TaskRunner) -> None:
    assert shop.api is not None

    handled = await run_task(GenerateInvoice(subscription_id=OURS, period_start=date(2026, 3, 1)))

    assert (handled.outcome, handled.error_class) == ("dead", "SourceNotFound")


async def test_payment_after_the_invoice_finds_it_by_the_order(shop: Shop, session: Session, run_task: TaskRunner) -> None:
    order = (await shop.order(await shop.customer())).json()
    payments = deps.invoice_payments(session)
    before = await payments.of_order(UUID(order["id"]))

    handled = await run_task(GenerateInvoice(order_id=order["id"]))

    assert (before, await payments.of_order(UUID(order["id"]))) == (None, UUID(handled.result["invoice_id"]))
