"""A task fails, a worker is killed, another one stopped, a lane flooded: each is seen, is one alert, and ends by itself."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from deploy.local.flows.analytics.flood import FLOOD, LANE, flood
from deploy.local.flows.analytics.story import REASON, Story
from deploy.local.flows.analytics.workers import Workers

FAILING: Final = "notifications.send_urgent_email"
EVALUATION: Final = "evaluate-monitoring-alerts"
OPERATIONS: Final = "operations@waybill.example"
SEEN_S: Final = 60.0
FIRES_S: Final = 330.0
"""All is looked at every five minutes, by the minute while anything is open."""
ENDS_S: Final = 900.0
"""What has failed counts for ten minutes."""
KILLED: Final = "alerts"
STOPPED: Final = "trips"

Key = tuple[str, str]


async def troubles(story: Story) -> None:
    """All at once, as it comes; what was hurt is well again afterwards, whatever happens here."""
    workers = Workers(story)
    names = {service: await workers.hostname(service) for service in (KILLED, STOPPED)}
    keys: list[Key] = [("critical_task_failed", FAILING), *(("worker_down", name) for name in names.values()), ("backlog", LANE)]
    before = await story.watch("what was wrong before ends", lambda: _open(story, keys), lambda found: not found, ENDS_S)
    story.check("nothing of it was wrong before", before, [])
    async with _hurt(story, workers):
        await _are_seen(story, names)
        # The first look; while anything is open the next ones come by themselves.
        await story.run_now(EVALUATION)
        fired = await story.watch("the alerts fire", lambda: _firing(story, keys), lambda one: one.total() == len(keys), FIRES_S)
        story.check("each is one alert", fired, Counter(keys), ", ".join(rule for rule, _ in keys))
        story.check("their lanes are no alerts of their own", await _of_lanes(story), [])
        waits = {one["name"]: one["for_s"] for one in (await story.analytics.get("/v1/monitoring/alert-rules"))["items"]}
        alerts = await _open(story, keys)
        late = [one["rule"] for one in alerts if _took_s(one, "fired_at") > waits[one["rule"]] + 60]
        longest = max((_took_s(one, "fired_at") for one in alerts), default=0.0)
        story.check("each fires within its time", late, [], f"{longest:.0f} s at most after it was first seen")
        await _are_mailed(story, "each is told by mail", keys, are_over=False)
    await _end(story, keys)


@asynccontextmanager
async def _hurt(story: Story, workers: Workers) -> AsyncIterator[None]:
    await _fail(story)
    try:
        await workers.kill(KILLED)
        workers.signal(STOPPED, signal.SIGSTOP)
        story.check("a worker is killed, another one stopped", workers.are_hurt(KILLED, STOPPED), True, "kill -9, SIGSTOP")
        await flood(story)
        yield
    finally:
        workers.signal(STOPPED, signal.SIGCONT)
        workers.start(KILLED)


async def _fail(story: Story) -> None:
    """A mail of a template that nobody has: it fails for good at its first try."""
    mail = {"to_email": story.email, "template_name": "demo_that_is_not_there"}
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"task_name": FAILING, "kwargs": mail, "reason": REASON}
    answer = await story.analytics.ask("POST", "/v1/monitoring/tasks/schedule", json=body, headers=headers)
    message_id = answer.raise_for_status().json()["message_id"]

    async def ask() -> list[str]:
        page = await story.analytics.get("/v1/monitoring/tasks/failed", id=message_id)
        return [one["name"] for one in page["items"]]

    found = await story.watch("a task fails", ask, bool, SEEN_S)
    story.check("a task that fails is listed", found, [FAILING], message_id)


async def _are_seen(story: Story, names: dict[str, str]) -> None:
    async def down() -> dict[str, str]:
        page = await story.analytics.get("/v1/monitoring/workers")
        return {one["hostname"]: one["state"] for one in page["items"] if one["hostname"] in names.values()}

    expected = dict.fromkeys(names.values(), "down")
    states = await story.watch("the workers are missed", down, lambda one: one == expected, SEEN_S)
    story.check("both workers are down", states, expected, ", ".join(names.values()))

    async def waiting() -> int:
        page = await story.analytics.get("/v1/monitoring/queues")
        return next(held(one) for one in page["items"] if one["lane"] == LANE)

    count = await story.watch("the lane fills up", waiting, lambda one: one >= FLOOD, SEEN_S)
    story.check("what waits is counted", min(count, FLOOD), FLOOD, f"{count:,} messages for {LANE}")


def held(lane: Mapping[str, int | None]) -> int:
    """How many messages nobody has carried out. The relay sends the first ones at once: those are unconfirmed."""
    return (lane["waiting"] or 0) + max(lane["unconfirmed"] or 0, lane["in_broker"] or 0)


async def _open(story: Story, keys: Sequence[Key]) -> list[dict[str, Any]]:
    found = await story.analytics.get("/v1/monitoring/alerts", state="open", limit=200)
    return [one for one in found["items"] if (one["rule"], one["subject"]) in keys]


async def _firing(story: Story, keys: Sequence[Key]) -> Counter[Key]:
    return Counter((one["rule"], one["subject"]) for one in await _open(story, keys) if one["state"] == "firing")


async def _of_lanes(story: Story) -> list[str]:
    """Lanes of the two workers that are told apart from them."""
    found = await story.analytics.get("/v1/monitoring/alerts", state="open", rule="lane_without_workers", limit=200)
    return [one["subject"] for one in found["items"] if one["subject"].partition(".")[0] in (KILLED, STOPPED)]


def _took_s(alert: dict[str, Any], until: str) -> float:
    """From when it was first seen until a moment of it."""
    return (datetime.fromisoformat(alert[until]) - datetime.fromisoformat(alert["since"])).total_seconds()


async def _end(story: Story, keys: Sequence[Key]) -> None:
    """Once the cause is gone, with nobody touching the alerts; the dead letter is a person's to judge."""
    body = {"note": REASON, "name": FAILING, "since": story.began.isoformat(), "services": ["notifications"]}
    path, headers = "/v1/monitoring/dead-letters/discard", {"Idempotency-Key": str(uuid4())}
    settled = (await story.analytics.ask("POST", path, json=body, headers=headers)).raise_for_status().json()
    story.check("the dead letter is discarded", [one["settled"]["settled"] for one in settled["parts"]], [1])
    left = await story.watch("the alerts end by themselves", lambda: _open(story, keys), lambda found: not found, ENDS_S)
    story.check("each ends by itself", [(one["rule"], one["subject"]) for one in left], [])
    await _are_mailed(story, "the end of each is told by mail", keys, are_over=True)
    story.counts["alerts"] += len(keys)


async def _are_mailed(story: Story, sentence: str, keys: Sequence[Key], *, are_over: bool) -> None:
    """A paragraph of each in the mails to operations, alone or, of more than ten at once, with others."""

    async def missing() -> list[Key]:
        texts = await asyncio.gather(*map(story.mail_text, await story.mails(OPERATIONS, "[Waybill]")))
        told = [part for text in texts for part in text.split("\n\n") if ("Over since:" in part) == are_over]
        return [key for key in keys if not any(f"Rule: {key[0]} " in part and f"about {key[1]}" in part for part in told)]

    left = await story.watch(sentence, missing, lambda found: not found, SEEN_S)
    story.check(sentence, left, [])
