"""A trip is driven and followed live through the end of its server, completed, invoiced, and told of by mail."""

from deploy.local.demo import FlowResult, RunningStack
from deploy.local.flows.trips import aftermath, journey
from deploy.local.flows.trips.story import story_on


async def run(stack: RunningStack) -> FlowResult:
    """On an organization of its own, so that earlier runs do not count."""
    async with story_on(stack) as story:
        await aftermath.open_business(story)
        await journey.drive(story)
        await aftermath.is_invoiced(story)
        await aftermath.is_told_of(story)
        return FlowResult(tuple(story.checks), dict(story.counts))
