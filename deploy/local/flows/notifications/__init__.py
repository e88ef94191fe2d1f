"""One of each message of notifications goes through all five providers, and what they call back is heeded."""

import asyncio
from typing import Final

from deploy.local.demo import Check, FlowResult, RunningStack
from deploy.local.flows.notifications import documents, notices, people, refusals, requests, sends, upkeep
from deploy.local.flows.notifications.chapter import Chapter
from deploy.local.flows.notifications.world import World, world_on
from deploy.local.timelines import timeline_of
from shared.contracts.message import Command
from shared.contracts.notifications import (
    AdvanceCampaign,
    ApplyCallbacks,
    ArchiveOldRows,
    CollectSmsPrices,
    QueueDailyDigests,
    RemoveExpiredData,
    StartDueCampaigns,
)
from shared.contracts.registry import messages

_OF_ITSELF: Final = (
    *(AdvanceCampaign, ApplyCallbacks, ArchiveOldRows, CollectSmsPrices),
    *(QueueDailyDigests, RemoveExpiredData, StartDueCampaigns),
)
"""What notifications asks of itself, or its clock does; the campaign and every call-back of the flow show the first two."""


async def run(stack: RunningStack) -> FlowResult:
    """On organizations of its own, so that earlier runs do not count."""
    async with world_on(stack) as world:
        first = Chapter(world)
        await people.introduce(first)
        chapters = [first, *await _play(world)]
        deliveries = [one for chapter in chapters for one in chapter.deliveries]
        stack.tell("requests are held against what the providers document")
        checks = [check for chapter in chapters for check in chapter.checks]
        checks.append(_all_were_sent(chapters))
        checks += await requests.judge(world, [delivery for _, delivery in deliveries])
        timelines = tuple(timeline_of(task, delivery) for task, delivery in deliveries)
        attempts = sum(len(delivery["timeline"]) for _, delivery in deliveries)
        events = sum(len(delivery["events"]) for _, delivery in deliveries)
        counts = {"tasks sent": sum(len(chapter.sent) for chapter in chapters), "deliveries": len(deliveries)}
        return FlowResult(tuple(checks), counts | {"attempts": attempts, "events": events}, timelines)


async def _play(world: World) -> list[Chapter]:
    """The readers come after the mails to many, for who has unsubscribed by then gets none; all others are side by side."""
    chapters = {play: Chapter(world) for play in (notices.play, documents.play, upkeep.play, refusals.play_stop)}
    to_one, returned, readers = Chapter(world), Chapter(world), Chapter(world)

    async def one_after_the_other() -> None:
        await sends.play(to_one)
        await refusals.play_readers(readers)

    others = (play(chapter) for play, chapter in chapters.items())
    await asyncio.gather(one_after_the_other(), refusals.play_bounce_mail(returned), *others)
    return [to_one, *chapters.values(), returned, readers]


def _all_were_sent(chapters: list[Chapter]) -> Check:
    owned = {
        name
        for name, message in messages().items()
        if message.contract.owner == "notifications" and issubclass(message, Command) and message not in _OF_ITSELF
    }
    missing = owned - {name for chapter in chapters for name in chapter.sent}
    found = f"{len(owned)} tasks" if not missing else f"not sent: {', '.join(sorted(missing))}"
    return Check("each task that others may send to notifications was sent", not missing, found)
