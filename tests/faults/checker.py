"""What the tables say: lost, doubled, buried, repeated outside."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from tests.faults.books import one, rows
from tests.faults.world import World

LETTERS: Final = {"permanent": "permanent_error", "bug": "retries_exhausted", "kill": "poison", "hang": "poison"}
"""The reason of the dead letter that a message asks for by its behaviour."""
NO_EFFECT: Final = {*LETTERS, "drop"}

_SENT: Final = "SELECT id, behave, sends FROM probe_sent"
_LETTERS: Final = "SELECT message_id, reason FROM dead_letters"
_PENDING: Final = "SELECT count(*) FROM inbox WHERE state IN (1, 2, 3, 4)"
_AGAIN: Final = "SELECT coalesce(sum(greatest(attempt - 1, 0)), 0) FROM inbox"
_WAITING_OUT: Final = """
    SELECT lane, state, count(*), max(sends) AS sends, max(confirm_by) - now() AS again FROM outbox GROUP BY 1, 2
"""
_WAITING_IN: Final = """
    SELECT lane, state, count(*), max(crashes) AS crashes, max(due_at) - now() AS due
      FROM inbox WHERE state IN (1, 2, 3, 4) GROUP BY 1, 2
"""


@dataclass
class Counts:
    """sent: messages committed by the producer, or taken by the broker from a plain client. lost: of those that ask for an
    effect, the ones without. doubled: effects beyond the first. redelivered: sends and attempts beyond the first.

    repeated: calls made twice because a process died between call and record; forbidden: those for which none did.
    """

    sent: int = 0
    effects: int = 0
    lost: int = 0
    doubled: int = 0
    unexpected: int = 0
    letters_expected: Counter[str] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)
    wrongly_buried: int = 0
    redelivered: int = 0
    repeated: int = 0
    forbidden: int = 0
    not_called: int = 0
    unconfirmed: int = 0
    pending: int = 0


async def settled(world: World) -> bool:
    """Whether everything sent is confirmed and carried out or buried, and nothing waits anywhere."""
    if await one(world.producer, "SELECT count(*) FROM outbox") or await one(world.consumer, _PENDING):
        return False
    if any([await world.redis.llen(lane) for lane in world.books.lanes]):
        return False
    wanted = await _wanted(world)
    done = len(await world.books.effects(world.consumer))
    letters = await one(world.consumer, "SELECT count(*) FROM dead_letters")
    return bool(done >= len(wanted) and letters >= (await _expected_letters(world)).total())


async def stuck(world: World) -> str:
    """Where what is not settled waits: for a person who looks for the reason."""
    parts = [f"outbox {tuple(row)}" for row in await rows(world.producer, _WAITING_OUT)]
    parts += [f"inbox {tuple(row)}" for row in await rows(world.consumer, _WAITING_IN)]
    for lane in world.books.lanes:
        parts.append(f"{lane} {await world.redis.llen(lane)} in the broker")
    return "\n      ".join(parts)


async def count(world: World) -> Counts:
    """Count everything, once all is quiet or time is up."""
    sent = {row.id: row for row in await rows(world.producer, _SENT)}
    wanted = await _wanted(world)
    effects = await world.books.effects(world.consumer)
    letters = await rows(world.consumer, _LETTERS)
    bad = {key for key, row in sent.items() if row.behave in LETTERS}
    known = sent.keys() | world.plain
    counts = Counts(
        sent=len(known),
        effects=sum(effects.values()),
        lost=len(wanted - effects.keys()),
        doubled=sum(times - 1 for times in effects.values()),
        unexpected=len(effects.keys() - wanted),
        letters_expected=await _expected_letters(world),
        letters=Counter(row.reason for row in letters),
        wrongly_buried=sum(row.message_id in known and row.message_id not in bad for row in letters),
        redelivered=sum(max(0, row.sends - 1) for row in sent.values()) + await one(world.consumer, _AGAIN),
        unconfirmed=await one(world.producer, "SELECT count(*) FROM outbox"),
        pending=await one(world.consumer, _PENDING),
    )
    await look_outside(world, counts)
    return counts


async def look_outside(world: World, counts: Counts) -> None:
    """Count what was called outside, and how often."""
    outside = await world.books.outside(world.consumer, world.frozen)
    for message_id, times in outside.made.items():
        counts.repeated += times - 1
        counts.forbidden += max(0, times - 1 - outside.excused.get(message_id, 0))
    counts.not_called = len(outside.needed - outside.made.keys())


async def _wanted(world: World) -> set[UUID]:
    return {row.id for row in await rows(world.producer, _SENT) if row.behave not in NO_EFFECT} | world.plain


async def _expected_letters(world: World) -> Counter[str]:
    asked = Counter(LETTERS[row.behave] for row in await rows(world.producer, _SENT) if row.behave in LETTERS)
    return asked + world.injected
