"""What the probe's consumer does."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from shared.runtime.db import Session
from shared.runtime.errors import Dropped, Permanent, Transient
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Outcome
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect, task, task_many
from shared.testing.probe.contracts import AskProbe, CallProbe, ProbeHappened, RecordProbe, RecordProbeAlone

TABLES = """
    CREATE TABLE probe_effects (
        message_id uuid NOT NULL, number bigint NOT NULL, attempt integer NOT NULL,
        occurred_at timestamptz NOT NULL, effect_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE TABLE probe_attempts (
        message_id uuid NOT NULL, number bigint NOT NULL, attempt integer NOT NULL, pid integer NOT NULL
    );
"""
"""Made by the owner role before a run. Nothing is unique here: doubled effects are to be seen and counted."""

_RECORD = text("""
    INSERT INTO probe_effects (message_id, number, attempt, occurred_at)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS bigint[]), CAST(:attempts AS int[]),
                         CAST(:times AS timestamptz[]))
""")


async def _record(session: Session, received: Sequence[Received[Any]]) -> None:
    columns = {
        "ids": [one.id for one in received],
        "numbers": [one.message.number for one in received],
        "attempts": [one.attempt for one in received],
        "times": [one.occurred_at for one in received],
    }
    await session.execute(_RECORD, columns)


def _behave(behaviour: str, attempt: int) -> None:
    match behaviour:
        case "transient" if attempt == 1:
            raise Transient("the probe fails once")
        case "permanent":
            raise Permanent("the probe is refused")
        case "drop":
            raise Dropped("the probe is pointless")
        case "bug":
            raise ZeroDivisionError("the probe has a bug")
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(3600)
        case _:
            return


@task_many(RecordProbe)
async def record_probe(session: Session, received: Sequence[Received[RecordProbe]]) -> None:
    """Light, a batch at a time."""
    await _record(session, received)
    for one in received:
        _behave(one.message.behave, one.attempt)


@task(RecordProbeAlone)
async def record_probe_alone(session: Session, received: Received[RecordProbeAlone]) -> None:
    """Light, one at a time."""
    await _record(session, [received])
    _behave(received.message.behave, received.attempt)


@task_many(ProbeHappened)
async def note_probe(session: Session, received: Sequence[Received[ProbeHappened]]) -> None:
    """Light, from an event."""
    await _record(session, received)


@task(AskProbe)
async def ask_probe(session: Session, received: Received[AskProbe]) -> dict[str, int]:
    """Light, with an answer."""
    await _record(session, [received])
    return {"twice": 2 * received.message.number}


class ProbeEffect:
    """The outside world is a file to which each call appends a line: a ledger that no transaction takes back."""

    concurrency = 20

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger

    async def claim(self, session: Session, received: Sequence[Received[CallProbe]]) -> Sequence[Received[CallProbe] | Outcome]:
        statement = text("INSERT INTO probe_attempts (message_id, number, attempt, pid) VALUES (:id, :number, :attempt, :pid)")
        rows = [{"id": one.id, "number": one.message.number, "attempt": one.attempt, "pid": os.getpid()} for one in received]
        await session.execute(statement, rows)
        return received

    async def call(self, work: Received[CallProbe]) -> Outcome:
        _behave(work.message.behave, work.attempt)
        await asyncio.sleep(work.message.call_s)
        descriptor = os.open(self._ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, f"{work.message.number} {work.id} {work.attempt}\n".encode())
        finally:
            os.close(descriptor)
        return Done()

    async def record(self, session: Session, results: Sequence[tuple[Received[CallProbe], Any, Outcome]]) -> None:
        done = [received for received, _, outcome in results if isinstance(outcome, Done)]
        if done:
            await _record(session, done)

    async def close(self) -> None:
        """Nothing is kept open."""


@effect(CallProbe)
def call_probe(_: ProcessRuntime) -> ProbeEffect:
    """Effect: PROBE_LEDGER names the file."""
    return ProbeEffect(Path(os.environ["PROBE_LEDGER"]))
