"""What is planted at the gateway's stand-in for reconciliation to find, and what each of it must be called.

Payments of ten days ago by the gateway's clock: what is younger than two working days is not late in being paid out.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from deploy.local.flows.payments.story import Story

AGO_S: Final = 10 * 86_400
OLD_DAYS: Final = 5
"""What the gateway pays out here is at least so old: these payments, and none of other flows."""
FORGOTTEN: Final = "forgotten"
UNHEARD: Final = "unheard"
RIGHT: Final = "right"
REPEATED: Final = "repeated"
_ITSELF: Final[Mapping[str, str]] = {
    "amount": "amount_mismatch",
    "currency": "currency_mismatch",
    "fee": "fee_mismatch",
    "on_hold": "on_hold",
    "missing": "unsettled_overdue",
    "unsettled": "unsettled_overdue",
    FORGOTTEN: "missing_gateway",
}
"""Wrong about the payment itself, and the class of its case."""
_STRANGER: Final[Mapping[str, str]] = {
    "duplicate_capture": "duplicate_capture",
    "unknown_payment": "missing_local",
    "orphan_refund": "orphan_refund",
    "adjustment": "settled_not_posted",
}
"""Something stands in the report beside the payment, which is right; and the class of that thing's case."""
_HEALED: Final[Mapping[str, str]] = {UNHEARD: "captured_unseen", "utr_missing": "utr_missing"}
"""Put right by the run itself, and the class of its finding."""
_NOT_OF_THE_REPORT: Final = frozenset({FORGOTTEN, UNHEARD, RIGHT})
PLANTS: Final = (*_ITSELF, *_STRANGER, *_HEALED, REPEATED, RIGHT)


class Paid(NamedTuple):
    """A payment of ours: its id and amount in paise, and its order and payment at the gateway."""

    id: str
    amount_minor: int
    order: str
    reference: str


class Expected(NamedTuple):
    """What a plant must lead to. subject: the gateway's id. class_: of its one case, or of what was healed; None: nothing."""

    plant: str
    subject: str
    class_: str | None
    healed: bool = False


async def pay_long_ago(story: Story) -> dict[str, Paid]:
    """Customers pay an order for each plant; returns the payments by their plants. One webhook never comes."""
    begun = {plant: await _begin(story) for plant in PLANTS}
    await story.rule(begun[UNHEARD]["gateway_order_id"], action="webhook", lost=True)
    account = await story.at_gateway("GET", "/account")
    await story.at_gateway("PATCH", "/account", {"clock_offset_s": account["clock_offset_s"] - AGO_S})
    try:
        paid = {plant: await _pay(story, one) for plant, one in begun.items()}
    finally:
        await story.at_gateway("PATCH", "/account", {"clock_offset_s": account["clock_offset_s"]})
    for plant in PLANTS:
        if plant != UNHEARD:
            path = f"/v1/payments/{paid[plant].id}"
            await story.watch(path, lambda one: one["payment"]["status"] == "captured", "waiting for the gateway's webhooks")
    return paid


async def pay_out(story: Story, paid: Mapping[str, Paid]) -> dict[str, Any]:
    """The gateway forgets a payment, and pays the others out with a report that is wrong about them; returns the settlement."""
    await story.at_gateway("DELETE", f"/payments/{paid[FORGOTTEN].reference}")
    for plant in PLANTS:
        if plant not in _NOT_OF_THE_REPORT:
            await story.rule(paid[plant].order, action="drift", drift=plant)
    settlement: dict[str, Any] = await story.at_gateway("POST", "/settlements", {"older_than_days": OLD_DAYS})
    return settlement


def expected_of(paid: Mapping[str, Paid], settlement: Mapping[str, Any], report: list[dict[str, Any]]) -> list[Expected]:
    """What each plant must lead to. report: the lines of the settlement, as the gateway lists them."""
    found = [Expected(plant, paid[plant].reference, class_) for plant, class_ in _ITSELF.items()]
    found += [Expected(plant, paid[plant].reference, class_, healed=True) for plant, class_ in _HEALED.items()]
    found += [Expected(plant, _stranger(plant, paid, report), class_) for plant, class_ in _STRANGER.items()]
    # The line stands there twice, is kept once, and so the settlement is more than its lines.
    found.append(Expected(REPEATED, str(settlement["id"]), "amount_mismatch"))
    found.append(Expected(RIGHT, paid[RIGHT].reference, None))
    return found


def received(paid: Mapping[str, Paid], report: list[dict[str, Any]]) -> int:
    """What the bank has of our payments by the report, each counted once; in paise."""
    ours = {one.reference for one in paid.values()}
    lines = {one["entity_id"]: one["credit"] - one["debit"] for one in report if one["entity_id"] in ours and one["settled"]}
    return sum(lines.values())


async def _begin(story: Story) -> dict[str, Any]:
    """An order of somebody whom nobody writes to, and its payment; as checkout takes it."""
    line = {"customer_id": story.things["stranger"]["id"], "currency": "INR", "lines": [{"sku": "CHAIR-1", "quantity": 1}]}
    order = await story.ask("POST", "/v1/orders", line)
    begun: dict[str, Any] = await story.ask("POST", "/v1/payments", {"order_id": order["id"]})
    story.counts["orders"] += 1
    story.counts["payments"] += 1
    return begun


async def _pay(story: Story, begun: Mapping[str, Any]) -> Paid:
    order, payment = str(begun["gateway_order_id"]), begun["payment"]
    done = await story.at_gateway("POST", "/checkout", {"order_id": order, "method": "card"})
    return Paid(payment["id"], payment["amount_minor"], order, done["razorpay_payment_id"])


def _stranger(plant: str, paid: Mapping[str, Paid], report: list[dict[str, Any]]) -> str:
    """The id of what stands in the report beside a payment."""
    ours = {one.reference for one in paid.values()}
    [found] = [one["entity_id"] for one in report if one["entity_id"] not in ours and _is_beside(plant, paid[plant], one)]
    return str(found)


def _is_beside(plant: str, payment: Paid, line: Mapping[str, Any]) -> bool:
    match plant:
        case "duplicate_capture":
            return bool(line["order_id"] == payment.order)
        case "unknown_payment":
            return bool(line["type"] == "payment" and line["order_receipt"] is None)
        case "orphan_refund":
            return bool(line["type"] == "refund" and line["order_id"] is None)
        case _:
            return bool(line["type"] == "adjustment" and line["dispute_id"] is None)
