"""An order, a subscription and a comparison of books: paid, invoiced, mailed, renewed, refunded, booked, and reconciled."""

from collections.abc import Awaitable, Callable
from typing import Final

from deploy.local.demo import FlowResult, RunningStack
from deploy.local.flows.payments import books, invoicing, ordering, paying, reconciling, subscribing
from deploy.local.flows.payments.story import Story, story_on

Step = Callable[[Story], Awaitable[None]]

STEPS: Final[tuple[Step, ...]] = (
    ordering.open_shop,
    ordering.place_order,
    paying.pay_at_checkout,
    paying.hear_of_the_capture,
    invoicing.invoice_order,
    invoicing.read_the_mail,
    books.are_balanced,
    paying.refund_a_part,
    books.are_balanced,
    subscribing.store_method,
    subscribing.subscribe,
    subscribing.renew,
    subscribing.ask_again,
    subscribing.unsubscribe,
    books.are_balanced,
    reconciling.plant_drifts,
    reconciling.find_them,
    reconciling.books_hold,
    reconciling.settle_the_rest,
    reconciling.books_hold,
)
"""One after the other, on what the ones before have left in the story."""


async def run(stack: RunningStack) -> FlowResult:
    """On an organization of its own, so that earlier runs do not count."""
    async with story_on(stack) as story:
        for step in STEPS:
            await step(story)
        return FlowResult(tuple(story.checks), dict(story.counts))
