"""An order is placed, paid at the gateway, captured by its webhook, invoiced with a PDF by mail, booked, and refunded in part."""

from collections.abc import Awaitable, Callable
from typing import Final

from deploy.local.demo import FlowResult, RunningStack
from deploy.local.flows.payments import books, invoicing, ordering, paying
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
)
"""One after the other, on what the ones before have left in the story."""


async def run(stack: RunningStack) -> FlowResult:
    """On an organization of its own, so that earlier runs do not count."""
    async with story_on(stack) as story:
        for step in STEPS:
            await step(story)
        return FlowResult(tuple(story.checks), story.counts)
