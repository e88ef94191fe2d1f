"""What happens becomes figures, a report and a mail; a backup comes back; and what goes wrong is an alert that ends by itself."""

from deploy.local.demo import FlowResult, RunningStack
from deploy.local.flows.analytics import copies, figures
from deploy.local.flows.analytics.story import story_on
from deploy.local.flows.analytics.trouble import troubles


async def run(stack: RunningStack) -> FlowResult:
    """On an organization of its own, so that earlier runs do not count. A brief one makes neither copies nor trouble."""
    async with story_on(stack) as story:
        await figures.happen(story)
        await figures.are_counted(story)
        await figures.are_reported(story)
        if not stack.brief:
            await copies.are_made(story)
            if not stack.is_elsewhere:
                await troubles(story)
        return FlowResult(tuple(story.checks), dict(story.counts))
