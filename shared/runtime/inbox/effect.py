"""Effect handlers: claim under a lease, call outside any transaction, record while the lease is still ours."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from shared.runtime.context import traced
from shared.runtime.db import is_away, is_conflict
from shared.runtime.errors import first_line
from shared.runtime.failpoints import failpoint
from shared.runtime.inbox import answers, store
from shared.runtime.inbox.delivery import Delivery, Item, Received
from shared.runtime.inbox.handlers import Effect, EffectHandler
from shared.runtime.inbox.light import MAX_CRASHES, Report, claim_one, lease_seconds, past_conflicts, poisonous, with_retries
from shared.runtime.outcomes import NOT_REACHED, Failed, Outcome, outcome_of, own_errors
from shared.runtime.process import ProcessRuntime

logger = logging.getLogger(__name__)

BUDGET_S: Final = 20.0
"""How long a batch starts calls. What it did not reach goes back, so that one slow provider never holds a lane."""

LINGER_S: Final = 0.02
"""How long a result waits for others while calls are under way, so that they share a commit. By as much it prolongs the moment
in which a process that dies leaves a call made and not recorded; the last ones of a batch do not wait."""

RECORD_AGAIN_S: Final = 0.5

Result = tuple[Received[Any], Any, Outcome]


async def run(
    runtime: ProcessRuntime,
    handler: EffectHandler[Any, Any],
    delivery: Delivery,
    items: Sequence[Item],
    report: Report,
    on_claimed: Callable[[Sequence[Item]], Awaitable[None]],
) -> None:
    """All items share the process's loop, so their calls overlap; isolated ones are carried out one after the other.

    on_claimed: called with the items whose leases are committed, before their calls.
    """
    if not items:
        return
    effect = runtime.effect(handler)
    groups = [[item] for item in items] if delivery.isolate else [list(items)]
    for group in groups:
        batch = _Batch(runtime, handler, effect, delivery, report)
        await batch.lease(group)
        await on_claimed(group)
        await batch.carry_out()


class _Batch:
    """The messages of one delivery that this process holds a lease on."""

    def __init__(
        self,
        runtime: ProcessRuntime,
        handler: EffectHandler[Any, Any],
        effect: Effect[Any, Any],
        delivery: Delivery,
        report: Report,
    ) -> None:
        self._runtime = runtime
        self._handler = handler
        self._effect = effect
        self._delivery = delivery
        self._report = report
        self._token = store.new_token()
        self._leases: dict[UUID, store.Lease] = {}
        self._finished: asyncio.Queue[Result | None] = asyncio.Queue()
        self._all_called = asyncio.Event()

    async def lease(self, items: Sequence[Item]) -> None:
        """Commit the attempts before anything is called."""
        if self._delivery.isolate:
            lease = await claim_one(self._runtime, self._delivery, items[0], self._token)
            leases = [lease] if lease is not None else []
        else:
            async with self._runtime.database.unit_of_work() as session:
                leases = await store.claim(
                    session, self._delivery, items, self._token, lease_seconds(self._runtime, self._delivery)
                )
            failpoint("worker.claimed")
        self._leases = {lease.item.id: lease for lease in leases}

    async def carry_out(self) -> None:
        """Call and record. Outcomes are recorded as they come, many in one transaction, and hardly later than needed."""
        if not self._leases:
            return
        received = [lease.item.received(self._delivery.lane, lease.attempt) for _, lease in sorted(self._leases.items())]
        poisoned = [one for one in received if self._leases[one.id].crashes >= MAX_CRASHES]
        for one in poisoned:
            self._finished.put_nowait((one, None, poisonous(self._leases[one.id])))
        recorder = asyncio.create_task(self._record_all())
        try:
            await self._call_all([one for one in received if one not in poisoned])
        finally:
            self._all_called.set()
            self._finished.put_nowait(None)
            await recorder

    async def _call_all(self, received: Sequence[Received[Any]]) -> None:
        if not received:
            return
        deadline = time.monotonic() + self._runtime.settings.scaled(BUDGET_S)
        ready: list[tuple[Received[Any], Any]] = []
        for one, work in zip(received, await self._prepare(received), strict=True):
            if isinstance(work, Outcome):
                self._finished.put_nowait((one, None, work))
            else:
                ready.append((one, work))
        turns = iter(ready)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._effect.concurrency, len(ready))):
                group.create_task(self._call_in_turn(turns, deadline))

    async def _call_in_turn(self, turns: Iterator[tuple[Received[Any], Any]], deadline: float) -> None:
        """One of the calls that may be under way at once: as many tasks as that, and not one per message."""
        for one, work in turns:
            if time.monotonic() > deadline:
                outcome: Outcome = NOT_REACHED
            else:
                with traced(one.trace.child()):
                    failpoint("effect.before_call")
                    outcome = await _guarded(self._effect.call(work))
                    failpoint("effect.called")
            self._finished.put_nowait((one, work, outcome))

    async def _prepare(self, received: Sequence[Received[Any]]) -> Sequence[Any]:
        """The effect's claim for all at once, or one by one where an item makes it raise."""

        async def attempt() -> Sequence[Any]:
            async with self._runtime.database.unit_of_work() as session:
                # What connecting fails of is the database's, and not the handler's.
                await session.connection()
                with traced(received[0].trace.child()), own_errors():
                    return await self._effect.claim(session, received)

        try:
            works = await past_conflicts(attempt)
            failpoint("effect.claimed")
        except Exception as error:
            if is_away(error):
                # Nothing has been called yet: what the database did is neither a try nor a crash.
                self._runtime.unused_leases.append(self._token)
                raise
            if len(received) == 1:
                return [outcome_of(error)]
            return [(await self._prepare([one]))[0] for one in received]
        return works

    async def _record_all(self) -> None:
        """Record what has finished while more is under way: what finishes during a commit, or soon after, shares the next one."""
        while True:
            results = [await self._finished.get()]
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_called.wait(), LINGER_S)
            while not self._finished.empty():
                results.append(self._finished.get_nowait())
            done = [result for result in results if result is not None]
            if done:
                if not self._all_called.is_set():
                    failpoint("batch.recorded_early")
                await self._record(done)
            if len(done) < len(results):
                return

    async def _record(self, results: Sequence[Result]) -> None:
        failpoint("effect.before_record")
        await self._record_final(
            {one.id: (one, work, with_retries(self._runtime, one, outcome)) for one, work, outcome in results}
        )

    async def _record_final(self, final: Mapping[UUID, Result]) -> None:
        """Record what has been done outside, whatever it takes: forgetting it would do it twice."""
        try:
            mine = await self._insist(lambda: self._write(final))
        except Exception as error:
            if len(final) > 1:
                for message_id, result in final.items():
                    await self._record_final({message_id: result})
                return
            logger.exception("effect_record_failed", extra={"task": self._delivery.name})
            [(one, _, _)], reason = final.values(), error
            mine = await self._insist(lambda: self._give_up(one, reason))
        failpoint("effect.recorded")
        for one, _, outcome in mine:
            self._report(one.id, outcome, one.attempt)
        await answers.publish(
            self._runtime, self._handler, {one.id: outcome for one, _, outcome in mine}, [one for one, _, _ in mine]
        )

    async def _insist(self, write: Callable[[], Awaitable[list[Result]]]) -> list[Result]:
        """Write, however long the database is away. A time limit ends this; then the lease runs out and the message goes out
        alone."""
        while True:
            try:
                return await write()
            except Exception as error:
                if not is_away(error) and not is_conflict(error):
                    raise
                await asyncio.sleep(RECORD_AGAIN_S)

    async def _write(self, final: Mapping[UUID, Result]) -> list[Result]:
        async with self._runtime.database.unit_of_work() as session:
            ours = await store.settle(session, self._token, {key: outcome for key, (_, _, outcome) in final.items()})
            mine = [final[key] for key in sorted(ours)]
            if mine:
                with traced(mine[0][0].trace.child()), own_errors():
                    await self._effect.record(session, mine)
        return mine

    async def _give_up(self, one: Received[Any], error: Exception) -> list[Result]:
        """A result that cannot be recorded is a dead letter: the call has been made, and must not be repeated blindly."""
        failure = Failed(first_line(error)[:500], "record_failed", type(error).__name__)
        async with self._runtime.database.unit_of_work() as session:
            ours = await store.settle(session, self._token, {one.id: failure})
            if ours:
                try:
                    # What could not be recorded may still be closed: whoever asked would wait for ever otherwise.
                    async with session.begin_nested():
                        await self._effect.record(session, [(one, None, failure)])
                except Exception:
                    logger.exception("effect_close_failed", extra={"task": self._delivery.name})
        return [(one, None, failure)] if ours else []


async def _guarded(call: Awaitable[Outcome]) -> Outcome:
    try:
        return await call
    except Exception as error:
        logger.warning("effect_call_raised", exc_info=error)
        return outcome_of(error)
