"""The inbox's statements. Ids are taken in sorted order everywhere, so that two deliveries never deadlock."""

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
import psutil
from sqlalchemy import text

from shared.runtime.db import Session
from shared.runtime.failpoints import mutated
from shared.runtime.inbox.delivery import Delivery, Item
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped, fingerprint

DONE, LEASED, RETRY, QUEUED, PARKED, DROPPED, DEAD, CANCELLED = range(8)

_ITEMS: Final = """
    unnest(CAST(:ids AS uuid[]), CAST(:sources AS text[]), CAST(:occurred AS timestamptz[]), CAST(:correlations AS text[]))
    AS item(id, source, occurred_at, correlation_id)
"""

# A message may be taken when it is new, when the own relay has sent it (queued), or when its retry is due. One
# that waits for its retry, is leased, or is finished, is not: whoever holds it will see to it.
_TAKE: Final = text(f"""
    INSERT INTO inbox AS known (id, name, lane, source, state, occurred_at, correlation_id, finished_at)
    SELECT item.id, :name, :lane, item.source, 0, item.occurred_at, item.correlation_id, now() FROM {_ITEMS} ORDER BY item.id
    ON CONFLICT (id) DO UPDATE SET state = 0, attempt = known.attempt + 1, finished_at = now(), body = NULL, due_at = NULL
     WHERE known.crashes = 0 AND (known.state = 3 OR (known.state = 2 AND known.due_at <= now()))
    RETURNING id, attempt
""")

_CLAIM: Final = text(f"""
    INSERT INTO inbox AS known (id, name, lane, source, state, occurred_at, correlation_id, traceparent, body,
                                lease_token, lease_owner, due_at)
    SELECT item.id, :name, :lane, item.source, 1, item.occurred_at, item.correlation_id, more.traceparent,
           more.body::json,
           :token, :owner, now() + make_interval(secs => :lease_s)
      FROM {_ITEMS} JOIN unnest(CAST(:ids AS uuid[]), CAST(:traceparents AS text[]), CAST(:bodies AS text[]))
                         AS more(id, traceparent, body) USING (id)
     ORDER BY item.id
    ON CONFLICT (id) DO UPDATE SET state = 1, attempt = known.attempt + 1, due_at = excluded.due_at, finished_at = NULL,
           lease_token = excluded.lease_token, lease_owner = excluded.lease_owner,
           crashes = known.crashes + CASE WHEN known.state = 1 THEN 1 ELSE 0 END
     WHERE known.state = 3 OR (known.state IN (1, 2) AND known.due_at <= now())
    RETURNING id, attempt, crashes
""")

_HELD_HERE: Final = text(
    "SELECT id, lease_owner FROM inbox WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 1 AND starts_with(lease_owner, :host)"
)
_RELEASE: Final = text("""
    UPDATE inbox SET due_at = now()
     WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 1 AND lease_owner = ANY(CAST(:owners AS text[]))
""")

_GIVE_BACK: Final = text("""
    UPDATE inbox SET state = 2, due_at = now(), attempt = attempt - 1, lease_token = NULL, lease_owner = NULL
     WHERE state = 1 AND lease_token = ANY(CAST(:tokens AS uuid[]))
""")

_HURRY: Final = text("""
    UPDATE inbox SET due_at = least(due_at, now())
     WHERE id = ANY(ARRAY(
           SELECT id FROM inbox WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 2 ORDER BY id FOR UPDATE SKIP LOCKED))
""")

_REOPEN: Final = text("""
    UPDATE inbox SET state = 2, due_at = now() + make_interval(secs => row.after_s), finished_at = NULL
      FROM unnest(CAST(:ids AS uuid[]), CAST(:afters AS float8[])) AS row(id, after_s)
     WHERE inbox.id = row.id AND state = 0 AND body IS NOT NULL
    RETURNING inbox.id
""")

_FORGET: Final = text("""
    UPDATE inbox SET body = NULL WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 0 AND body IS NOT NULL
""")

_SETTLE: Final = """
    UPDATE inbox SET state = row.state, lease_token = NULL, lease_owner = NULL, attempt = attempt - row.refund,
           due_at = CASE WHEN row.state = 2 THEN now() + make_interval(secs => row.after_s) END,
           finished_at = CASE WHEN row.state = 2 THEN NULL ELSE now() END,
           body = CASE WHEN row.state IN (0, 5, 6) AND NOT row.keeps_body THEN NULL ELSE body END,
           crashes = CASE WHEN row.state = 2 THEN 0 ELSE crashes END,
           error_class = row.error_class, error = row.error, result = row.result::json
      FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS int[]), CAST(:afters AS float8[]), CAST(:refunds AS int[]),
                  CAST(:classes AS text[]), CAST(:errors AS text[]), CAST(:results AS text[]), CAST(:keeps AS boolean[]))
           AS row(id, state, after_s, refund, error_class, error, result, keeps_body)
     WHERE inbox.id = row.id AND {fence}
    RETURNING inbox.id
"""
_SETTLE_FENCED: Final = text(_SETTLE.format(fence="inbox.state = 1 AND inbox.lease_token = :token"))
_SETTLE_UNFENCED: Final = text(_SETTLE.format(fence="CAST(:token AS uuid) IS NOT NULL"))

_BURY: Final = text("""
    INSERT INTO dead_letters (id, message_id, reason, name, lane, source, body, attempts, error_class, error, fingerprint,
                              correlation_id, occurred_at)
    SELECT gen_random_uuid(), inbox.id, :reason, inbox.name, inbox.lane, inbox.source, inbox.body::text, inbox.attempt,
           :error_class, :error, :fingerprint, inbox.correlation_id, inbox.occurred_at
      FROM inbox WHERE inbox.id = :id
    ON CONFLICT (message_id) WHERE status = 'open' AND message_id IS NOT NULL DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Lease:
    """One message under our lease. crashes: how many processes have vanished over it so far."""

    item: Item
    attempt: int
    crashes: int


def lease_owner() -> str:
    """Where this process runs, its pid and its start."""
    return _process(os.getpid())


@cache
def _process(pid: int) -> str:
    return f"{_place()}:{pid}:{_start_of(pid)}"


@cache
def _place() -> str:
    """Within it, a pid means one process: containers and virtual machines can share a host name."""
    marks = [socket.gethostname()]
    with suppress(OSError):
        marks += [Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8], str(Path("/proc/self/ns/pid").stat().st_ino)]
    return "/".join(marks)


def _start_of(pid: int) -> str:
    """When a process started. Raises psutil.NoSuchProcess and OSError."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        # In ticks since the machine started: a time of day would move with every correction of the clock.
        return stat.read_text().rpartition(")")[2].split()[19]
    return f"{psutil.Process(pid).create_time():.2f}"


def new_token() -> UUID:
    """A lease token, one per claim."""
    return uuid4()


async def take(session: Session, delivery: Delivery, items: Sequence[Item]) -> dict[UUID, int]:
    """Mark as done, in the transaction of the effect, what is not done yet: message id to attempt.

    A second delivery of the same message waits here for the first one's commit and then gets nothing.
    """
    if mutated("inbox"):
        return {item.id: 1 for item in items}
    rows = await session.execute(_TAKE, {**_columns(items), "name": delivery.name, "lane": delivery.lane})
    return {row.id: row.attempt for row in rows}


async def claim(session: Session, delivery: Delivery, items: Sequence[Item], token: UUID, lease_s: float) -> list[Lease]:
    """Lease what may be worked on, counting the attempt; to be committed before the work starts."""
    columns = {
        **_columns(items),
        "name": delivery.name,
        "lane": delivery.lane,
        "traceparents": [item.trace.traceparent for item in items],
        "bodies": [item.text() for item in items],
        "token": token,
        "owner": lease_owner(),
        "lease_s": lease_s,
    }
    rows = await session.execute(_CLAIM, columns)
    by_id = {item.id: item for item in items}
    leases = [Lease(by_id[row.id], row.attempt, row.crashes) for row in rows]
    if mutated("inbox"):
        known = {lease.item.id for lease in leases}
        leases += [Lease(item, 1, 0) for item in items if item.id not in known]
    return leases


async def release_vanished(session: Session, ids: Sequence[UUID]) -> int:
    """End the leases of processes of this host that live no more: a killed child's message need not wait for the expiry."""
    held = await session.execute(_HELD_HERE, {"ids": list(ids), "host": f"{_place()}:"})
    gone = sorted({row.lease_owner for row in held if not _lives(row.lease_owner)})
    if not gone:
        return 0
    released: Any = await session.execute(_RELEASE, {"ids": list(ids), "owners": gone})
    return int(released.rowcount)


async def give_back(session: Session, tokens: Sequence[UUID]) -> int:
    """End leases under which nothing was begun: not a try, and not a crash. Returns how many messages are due again."""
    given: Any = await session.execute(_GIVE_BACK, {"tokens": list(tokens)})
    return int(given.rowcount)


async def hurry(session: Session, ids: Sequence[UUID]) -> int:
    """Make retries due now, because it has become clear what comes of them. Returns how many; what somebody holds is theirs."""
    hurried: Any = await session.execute(_HURRY, {"ids": list(ids)})
    return int(hurried.rowcount)


async def reopen(session: Session, after_s: Mapping[UUID, float]) -> set[UUID]:
    """Have done messages that kept their bodies carried out again, as a further try each. after_s: how long from now, by id.

    Returns those that will be.
    """
    ids = sorted(after_s)
    rows = await session.execute(_REOPEN, {"ids": ids, "afters": [after_s[key] for key in ids]})
    return {row.id for row in rows}


async def forget(session: Session, ids: Sequence[UUID]) -> None:
    """Drop the bodies of done messages that kept them: they will not be carried out again."""
    await session.execute(_FORGET, {"ids": sorted(ids)})


async def settle(session: Session, token: UUID, outcomes: Mapping[UUID, Outcome]) -> set[UUID]:
    """Write what became of leased messages, and return those whose lease was still ours: the fence.

    What the caller records beside it must be limited to the returned ids. A failed message gets its dead letter.
    """
    ordered = sorted(outcomes)
    for message_id in ordered:
        outcome = outcomes[message_id]
        if isinstance(outcome, Failed) and (mutated("fence") or await _is_ours(session, message_id, token)):
            await bury(session, message_id, outcome)
    columns = [_settled(outcomes[message_id]) for message_id in ordered]
    names = ("states", "afters", "refunds", "classes", "errors", "results", "keeps")
    bound = {name: [column[index] for column in columns] for index, name in enumerate(names)}
    statement = _SETTLE_UNFENCED if mutated("fence") else _SETTLE_FENCED
    rows = await session.execute(statement, {"ids": ordered, "token": token, **bound})
    return {row.id for row in rows}


async def bury(session: Session, message_id: UUID, failure: Failed) -> None:
    """Write the dead letter of an inbox row that still has its body."""
    name = (await session.execute(text("SELECT name FROM inbox WHERE id = :id"), {"id": message_id})).scalar()
    await session.execute(
        _BURY,
        {
            "id": message_id,
            "reason": failure.reason,
            "error_class": failure.error_class,
            "error": failure.error,
            "fingerprint": fingerprint(failure.reason, name, failure.error_class, failure.error),
        },
    )


async def _is_ours(session: Session, message_id: UUID, token: UUID) -> bool:
    found = await session.execute(
        text("SELECT 1 FROM inbox WHERE id = :id AND state = 1 AND lease_token = :token FOR UPDATE"),
        {"id": message_id, "token": token},
    )
    return found.first() is not None


def _settled(outcome: Outcome) -> tuple[int, float, int, str | None, str | None, str | None, bool]:
    match outcome:
        case Done(result):
            return DONE, 0.0, 0, None, None, None if result is None else orjson.dumps(result).decode(), outcome.keeps_body
        case Skipped(reason):
            return DROPPED, 0.0, 0, "Dropped", reason, None, False
        case Retry():
            return RETRY, outcome.after_s, int(not outcome.counts), outcome.error_class, outcome.error, None, False
        case Failed():
            return DEAD, 0.0, 0, outcome.error_class, outcome.error, None, False


def _columns(items: Sequence[Item]) -> dict[str, Any]:
    return {
        "ids": [item.id for item in items],
        "sources": [item.source for item in items],
        "occurred": [item.occurred_at for item in items],
        "correlations": [item.trace.correlation_id for item in items],
    }


def _lives(owner: str) -> bool:
    _, pid, started = owner.rsplit(":", 2)
    try:
        return _start_of(int(pid)) == started and psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False
