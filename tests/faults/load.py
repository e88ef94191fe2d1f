"""The load: mixed messages at an even rate, in transactions of a few, for as long as the nemesis is at work."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from shared.contracts.message import Message
from shared.contracts.notifications import SendEmail
from shared.testing.probe.contracts import CallProbe, ProbeHappened, RecordProbe, RecordProbeAlone
from tests.faults.world import World

Mix = Mapping[type[Message], float]
MIXED: Final[Mix] = {RecordProbe: 0.5, CallProbe: 0.2, RecordProbeAlone: 0.1, ProbeHappened: 0.2}
"""Light in batches, effects, light alone, and events for two lanes."""
MOST_IN_TRANSACTION: Final = 20
LONGEST_CALL_S: Final = 0.1
"""Longer than a result waits for others, so that some are recorded while calls of the same batch are under way."""
TRANSIENT_SHARE: Final = 0.005
"""Of the messages, those that fail once: what waits in the consumer's inbox must survive as well."""


async def offer(world: World, mix: Mix, *, messages: int, per_s: float, until: asyncio.Event) -> None:
    """Publish until there were at least `messages` and `until` is set."""
    started, offered = time.monotonic(), 0
    while offered < messages or not until.is_set():
        due = int((time.monotonic() - started) * per_s) - offered
        if due > 10 * MOST_IN_TRANSACTION:
            # The database was away: what was not offered then is not offered all at once now.
            started = time.monotonic() - offered / per_s
            continue
        while due > 0:
            size = min(due, world.random.randint(1, MOST_IN_TRANSACTION))
            if not await world.publish(*(message(world, mix) for _ in range(size))):
                await asyncio.sleep(0.2)
            offered += size
            due -= size
        await asyncio.sleep(0.01)


def message(world: World, mix: Mix) -> Message:
    """One message of the mix."""
    (kind,) = world.random.choices(list(mix), list(mix.values()))
    if kind is SendEmail:
        number = world.number()
        return SendEmail(to_email=f"person-{number}@example.com", subject=f"Number {number}", body="It is late.")
    fields: dict[str, object] = {"number": world.number()}
    if kind is not ProbeHappened and world.random.random() < TRANSIENT_SHARE:
        fields["behave"] = "transient"
    if kind is CallProbe:
        fields["call_s"] = round(world.random.uniform(0, LONGEST_CALL_S), 4)
    return kind.model_validate(fields)
