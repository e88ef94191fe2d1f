"""The ledger of what was received, in SQLite: on record before the sender gets its answer.

Writes that arrive in the same turn of the event loop share one transaction. `synchronous=OFF` leaves the flush to the
kernel: what was answered survives `kill -9` of this process, though not a loss of power, and no write waits for a disk.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from deploy.sandbox.changes import Changes
from deploy.sandbox.entries import Criteria, Entry, Timer
from deploy.sandbox.objects import Objects
from deploy.sandbox.transaction import Transaction, open_database

T = TypeVar("T")

_COLUMNS = "id, channel, provider, reference, sender, recipients, subject, received_at, size_bytes, details"


class Ledger:
    """All that was received and is not yet deleted. Belongs to one event loop and, with a folder, to one process."""

    def __init__(self, folder: Path | None, *, limit: int, changes: Changes) -> None:
        self._connection = open_database(folder)
        self._limit = limit
        self._changes = changes
        self._size = self._number("SELECT count(*) FROM received")
        self._failure: Exception | None = None
        self._waiting: list[tuple[Callable[[Transaction], Any], asyncio.Future[Any]]] = []
        self.on_deferred: Callable[[Timer], None] = _nobody

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in the next transaction and return its result once that is committed.

        Raises sqlite3.Error when nothing of the transaction was kept, a full disk for instance.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((work, future))
        return await future

    async def remove(self, criteria: Criteria) -> int:
        """Delete what is meant; how many entries that were."""
        return await self.write(lambda transaction: transaction.remove(*criteria.where()))

    async def remove_one(self, channel: str, entry_id: int) -> bool:
        """Delete one entry; False where there is none."""
        return await self.write(lambda transaction: transaction.remove("channel = ? AND id = ?", [channel, entry_id])) == 1

    async def check(self) -> None:
        """Raise what stops writes. A small one can find room where a mail did not, so the last failure counts as well."""
        await self.write(lambda transaction: transaction.touch())
        if self._failure is not None:
            raise self._failure

    def find(self, criteria: Criteria, limit: int) -> list[Entry]:
        """The newest entries that are meant, newest first."""
        condition, values = criteria.where()
        sql = f"SELECT {_COLUMNS} FROM received WHERE {condition} ORDER BY id DESC LIMIT ?"
        return [_entry(row) for row in self._connection.execute(sql, [*values, limit])]

    def get(self, channel: str, entry_id: int) -> Entry | None:
        """One entry."""
        sql = f"SELECT {_COLUMNS} FROM received WHERE channel = ? AND id = ?"
        row = self._connection.execute(sql, (channel, entry_id)).fetchone()
        return _entry(row) if row else None

    def body(self, entry_id: int) -> bytes:
        """The bytes of an entry as they came."""
        row = self._connection.execute("SELECT body FROM bodies WHERE received_id = ?", (entry_id,)).fetchone()
        return bytes(row[0]) if row else b""

    def count(self, criteria: Criteria) -> int:
        """How many entries are meant."""
        condition, values = criteria.where()
        return self._number(f"SELECT count(*) FROM received WHERE {condition}", values)

    def references(self, criteria: Criteria) -> tuple[int, int, list[tuple[str, int]]]:
        """How many references there are, how many entries have none, and those that came more than once with their number."""
        condition, values = criteria.where()
        distinct = self._number(f"SELECT count(DISTINCT reference) FROM received WHERE {condition}", values)
        without = self._number(f"SELECT count(*) FROM received WHERE {condition} AND reference IS NULL", values)
        repeated = self._connection.execute(
            f"SELECT reference, count(*) FROM received WHERE {condition} AND reference IS NOT NULL"
            " GROUP BY reference HAVING count(*) > 1 ORDER BY count(*) DESC, reference",
            values,
        ).fetchall()
        return distinct, without, repeated

    def objects(self, provider: str) -> Objects:
        """What a provider keeps, to be read as it was last committed; what changes it is a `write`."""
        return Objects(self._connection, provider)

    def pruned(self) -> int:
        """How many entries had to go to make room since the ledger began."""
        return self._number("SELECT value FROM counters WHERE name = 'pruned'")

    def timers(self) -> list[Timer]:
        """All timers that have not finished."""
        rows = self._connection.execute("SELECT id, provider, due_at, payload FROM timers ORDER BY due_at").fetchall()
        return [Timer(row[0], row[1], row[2], json.loads(row[3])) for row in rows]

    def close(self) -> None:
        """Commit what waits and close the file."""
        self._flush()
        self._connection.close()

    def _number(self, sql: str, values: list[Any] | None = None) -> int:
        return int(self._connection.execute(sql, values or []).fetchone()[0])

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            results, transaction = self._commit([work for work, _ in waiting])
        except Exception as error:  # noqa: BLE001 -- whatever it is, each of the waiting must hear of it
            self._failure = error
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        self._size += transaction.growth
        for result, (_, future) in zip(results, waiting, strict=True):
            if not future.done():
                future.set_result(result)
        for timer in transaction.deferred:
            self.on_deferred(timer)
        if transaction.changed:
            self._failure = None
            self._changes.bump()

    def _commit(self, works: list[Callable[[Transaction], Any]]) -> tuple[list[Any], Transaction]:
        """Run all the works in one transaction. What fails takes its companions along: only storage can fail here."""
        transaction = Transaction(self._connection)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            results = [work(transaction) for work in works]
            transaction.flush()
            excess = self._size + transaction.growth - self._limit
            if excess > 0:
                transaction.prune(excess)
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise
        return results, transaction


def _nobody(timer: Timer) -> None:
    """Before the timers have started there is nobody to tell; they read the ledger when they start."""
    del timer


def _entry(row: tuple[Any, ...]) -> Entry:
    return Entry(
        id=row[0],
        channel=row[1],
        provider=row[2],
        reference=row[3],
        sender=row[4],
        recipients=tuple(json.loads(row[5])),
        subject=row[6],
        received_at=row[7],
        size_bytes=row[8],
        details=json.loads(row[9]),
    )
