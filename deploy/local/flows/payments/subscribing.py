"""A subscription is charged to a stored method when it begins and when it renews: each period once, with invoice and mail."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import anyio.to_thread

from deploy.local.celery_client import celery_client
from deploy.local.flows.payments.invoicing import keep_pdf
from deploy.local.flows.payments.story import Story
from deploy.local.polling import ask_until, read
from shared.contracts.lanes import PAYMENTS_SUBSCRIPTIONS
from shared.contracts.payments import ProcessDueSubscriptions, ProcessSingleSubscription

PRICE: Final = 150_000
TOTAL: Final = 177_000
"""With 18 %; in paise, a month."""
MOST: Final = 500_000
"""What the customer lets one charge take, in paise."""
_SCHEDULE: Final = "/v1/operations/schedules/process-due-subscriptions/run"


async def store_method(story: Story) -> None:
    """The customer allows later debits of their bank account along with a payment; their page shows us what proves it."""
    customer = story.things["customer"]
    line = {"customer_id": customer["id"], "currency": "INR", "lines": [{"sku": "CHAIR-1", "quantity": 1}]}
    order = await story.ask("POST", "/v1/orders", line)
    until = datetime.now(UTC) + timedelta(days=3 * 365)
    mandate = {"method": "emandate", "max_amount_minor": MOST, "expires_at": until.isoformat()}
    begun = await story.ask("POST", "/v1/payments", {"order_id": order["id"], "mandate": mandate})
    handed = await story.at_gateway("POST", "/checkout", {"order_id": begun["gateway_order_id"], "method": "emandate"})
    shown = {"gateway_payment_id": handed["razorpay_payment_id"], "signature": handed["razorpay_signature"]}
    await story.ask("POST", f"/v1/payments/{begun['payment']['id']}/verify", shown)
    path = f"/v1/customers/{customer['id']}/payment-methods"
    methods = await story.watch(path, bool, "waiting for the stored method")
    found = [(one["kind"], one["status"], one["max_amount_minor"]) for one in methods]
    story.check("a bank account is stored with a mandate", found, [("emandate", "confirmed", MOST)])
    story.things["method"] = methods[0]
    story.counts["orders"] += 1
    story.counts["payments"] += 1


async def subscribe(story: Story) -> None:
    """The first period is due at once: `payments.process_single_subscription` bills it."""
    charge = {"sac": "998719", "unit_price_minor": PRICE, "tax_rate_bp": 1800}
    plan = await story.ask("POST", "/v1/plans", {"code": "oak-care", "name": "Oak care, monthly", "charge": charge})
    wanted = {"customer_id": story.things["customer"]["id"], "plan_id": plan["id"]}
    begun = await story.ask("POST", "/v1/subscriptions", {**wanted, "payment_method_id": story.things["method"]["id"]})
    story.things["subscription"] = begun
    [period] = await _paid_periods(story, 1)
    await _check_period(story, "the first period", period)
    story.counts["subscriptions"] += 1


async def renew(story: Story) -> None:
    """A message of the moment at which the next period begins, so that nobody has to wait a month for it."""
    subscription = story.things["subscription"] = await story.read(f"/v1/subscriptions/{story.things['subscription']['id']}")
    await _bill(story, subscription, subscription["next_bill_at"])
    first, second = await _paid_periods(story, 2)
    begins = (second["start_on"], first["end_on"])
    story.check("the next period begins where the first ends", begins[0], begins[1], f"on {begins[0]}")
    await _check_period(story, "the renewal", second)
    await _read_invoice(story)


async def ask_again(story: Story) -> None:
    """The same message once more, and the schedule's own run by hand: neither finds anything to bill."""
    subscription = story.things["subscription"]
    again = await _bill(story, subscription, subscription["next_bill_at"])
    fired = await story.admin.post(_SCHEDULE, json={"reason": "shown by the demonstration"})
    outcomes = [await _end_of(story, one) for one in (again, fired.raise_for_status().json()["message_id"])]
    story.check(f"{ProcessDueSubscriptions.contract.name} runs as well", outcomes, ["done", "done"])
    payments = await story.read_all("/v1/payments", {"subscription_id": subscription["id"]})
    taken = [amount for one in payments for amount in await story.moved(one["gateway_payment_id"], "capture")]
    periods = (await story.read(f"/v1/subscriptions/{subscription['id']}/periods"))["items"]
    story.check("asked again nothing is charged twice", (len(periods), taken), (2, [TOTAL, TOTAL]), "two periods, two charges")


async def unsubscribe(story: Story) -> None:
    """It ends, or it would go on in this stack for ever."""
    path = f"/v1/subscriptions/{story.things['subscription']['id']}"
    headers = {"If-Match": "*"}
    answer = await story.api.post(f"{path}/cancel", json={"at": "now"}, params=story.whose, headers=headers)
    ended = answer.raise_for_status().json()
    story.check("the subscription is cancelled", (ended["status"], ended["next_bill_at"]), ("cancelled", None))


async def _bill(story: Story, subscription: dict[str, Any], moment: str) -> str:
    """Send the task that bills one subscription as of a moment; returns its id."""
    message = ProcessSingleSubscription(subscription_id=subscription["id"])
    message_id = str(uuid4())

    def send() -> None:
        with celery_client(story.stack.home) as app:
            app.send_task(
                message.contract.name,
                kwargs=message.model_dump(mode="json"),
                queue=PAYMENTS_SUBSCRIPTIONS.name,
                task_id=message_id,
                headers={"waybill": {"occurred_at": moment}},
            )

    await anyio.to_thread.run_sync(send)
    return message_id


async def _paid_periods(story: Story, count: int) -> list[dict[str, Any]]:
    """The subscription's periods, the oldest first, once so many are paid."""
    path = f"/v1/subscriptions/{story.things['subscription']['id']}/periods"
    periods = await story.watch(
        path,
        lambda page: sum(one["status"] == "paid" for one in page["items"]) >= count,
        "waiting for the stored method to be charged",
    )
    return sorted(periods["items"], key=lambda one: str(one["start_on"]))


async def _check_period(story: Story, name: str, period: dict[str, Any]) -> None:
    """Paid by a charge that the gateway has made once."""
    payment = (await story.read(f"/v1/payments/{period['payment_id']}"))["payment"]
    figures = (period["status"], period["total_minor"], payment["status"], payment["payment_method_id"])
    expected = ("paid", TOTAL, "captured", story.things["method"]["id"])
    words = f"{period['start_on']} to {period['end_on']}, ₹{TOTAL / 100:,.2f}, {payment['gateway_payment_id']}"
    story.check(f"{name} is charged to the stored method", figures, expected, words)
    taken = await story.moved(payment["gateway_payment_id"], "capture")
    story.check(f"the gateway has taken {name} once", taken, [TOTAL])
    story.counts["charges without the customer"] += 1


async def _read_invoice(story: Story) -> None:
    """Each period has its invoice, paid in full; the newest one's PDF is kept, and both come by mail."""
    wanted = {"subscription_id": story.things["subscription"]["id"]}

    async def ask() -> list[dict[str, Any]]:
        return await story.read_all("/v1/invoices", wanted)

    story.stack.tell("waiting for the invoices of both periods")
    invoices = await ask_until(ask, lambda found: sum(one["balance_minor"] == 0 for one in found) >= 2)
    figures = [(one["total_minor"], one["balance_minor"]) for one in invoices]
    numbers = ", ".join(sorted(one["number"] for one in invoices))
    story.check("each period is invoiced and paid", figures, [(TOTAL, 0)] * 2, numbers)
    newest = max(invoices, key=lambda one: str(one["number"]))
    saved, pdf = await keep_pdf(story, newest)
    story.check("the renewal's invoice has its PDF", pdf[:5], b"%PDF-", str(saved))
    mails = [len(await story.mails(one["number"])) for one in invoices]
    story.check("each period's invoice comes by mail", mails, [1, 1])
    story.counts["invoices"] += len(invoices)


async def _end_of(story: Story, message_id: str) -> str:
    """How a message has ended, once it has."""

    async def ask() -> str:
        path = f"/v1/operations/messages/{message_id}"
        if (await story.admin.get(path)).status_code == 404:
            return "not there yet"
        told = await read(story.admin, path)
        return str(told["inbox"]["state"]) if told["inbox"] is not None else "on its way"

    return await ask_until(ask, lambda state: state in ("done", "dropped", "dead", "cancelled"))
