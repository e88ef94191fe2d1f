"""Where a scenario's effects stand, inside the consumer's database and outside of it."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import httpx
import psutil
from sqlalchemy import text

from shared.runtime.db import Database

_EFFECTS: Final = "SELECT message_id, count(*) AS times FROM probe_effects GROUP BY message_id"
_ATTEMPTS: Final = "SELECT message_id, attempt, pid FROM probe_attempts"
_SENT_MAILS: Final = "SELECT id FROM deliveries WHERE status = 'sent'"
_UNRECORDED: Final = """
    SELECT delivery_id, count(*) AS times FROM delivery_attempts WHERE outcome IS NULL OR outcome = 'unknown' GROUP BY delivery_id
"""


@dataclass(frozen=True)
class Outside:
    """made: calls per message. excused: attempts of a message that may have called and could not record it, because their
    process died or lost its lease. needed: messages whose effect is recorded and therefore must have been called for."""

    made: Mapping[UUID, int]
    excused: Mapping[UUID, int]
    needed: frozenset[UUID]


class Books(Protocol):
    """service: the consumer. lanes: those that it is sent to by."""

    service: str
    lanes: tuple[str, ...]

    async def effects(self, consumer: Database) -> dict[UUID, int]:
        """How often each message has had its effect, as the consumer's tables have it."""
        ...

    async def outside(self, consumer: Database, frozen: Collection[int]) -> Outside:
        """What has been done in the outside world. frozen: processes that could not record for longer than their lease."""
        ...


class ProbeBooks:
    """The probe's table, and the file to which its effect appends a line per call."""

    service: str = "analytics"
    lanes: tuple[str, ...] = ("analytics.critical", "analytics.realtime", "analytics.normal")

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger

    async def effects(self, consumer: Database) -> dict[UUID, int]:
        """Rows per message."""
        return {row.message_id: row.times for row in await rows(consumer, _EFFECTS)}

    async def outside(self, consumer: Database, frozen: Collection[int]) -> Outside:
        """Lines per message. Excused are the attempts but the last one whose process is gone or was frozen."""
        lines = self._ledger.read_text().splitlines() if self._ledger.exists() else []
        calls = [(UUID(message_id), int(attempt)) for _, message_id, attempt in (line.split() for line in lines)]
        last: dict[UUID, int] = {}
        for message_id, attempt in calls:
            last[message_id] = max(attempt, last.get(message_id, 0))
        attempts = await rows(consumer, _ATTEMPTS)
        gone = {pid for pid in {row.pid for row in attempts} if pid in frozen or not _lives(pid)}
        excused = Counter(row.message_id for row in attempts if row.pid in gone and row.attempt < last.get(row.message_id, 0))
        recorded = await self.effects(consumer)
        needed = frozenset(row.message_id for row in attempts if row.message_id in recorded)
        return Outside(Counter(message_id for message_id, _ in calls), excused, needed)


class MailBooks:
    """The deliveries of the notifications service, and the sandbox's mailbox with its Message-IDs."""

    service: str = "notifications"
    lanes: tuple[str, ...] = ("notifications.urgent", "notifications.normal")

    def __init__(self, mailbox_url: str) -> None:
        self._url = mailbox_url

    async def effects(self, consumer: Database) -> dict[UUID, int]:
        """A delivery has one row, so it is sent once or not at all."""
        return {row.id: 1 for row in await rows(consumer, _SENT_MAILS)}

    async def outside(self, consumer: Database, frozen: Collection[int]) -> Outside:  # noqa: ARG002  # attempts tell
        """Mails per Message-ID, whose left part is the message's id. Excused are attempts without a recorded answer."""
        made = Counter(UUID(mail["message_id"].strip("<>").partition("@")[0]) for mail in await self.mails())
        excused = {row.delivery_id: row.times for row in await rows(consumer, _UNRECORDED)}
        return Outside(made, excused, frozenset(await self.effects(consumer)))

    async def count(self) -> int:
        """How many mails are in the mailbox."""
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as http:
            return int((await http.get("/mail/count")).json()["count"])

    async def mails(self) -> list[dict[str, Any]]:
        """Every mail in the mailbox, without its text."""
        found: list[dict[str, Any]] = []
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as http:
            cursor: int | None = None
            while True:
                page = (await http.get("/mail", params={"limit": 500, **({"cursor": cursor} if cursor else {})})).json()
                found += page["items"]
                cursor = page["next_cursor"]
                if cursor is None:
                    return found


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def rows(database: Database, statement: str, **bound: Any) -> list[Any]:
    """The rows of a query."""
    async with database.read() as session:
        return list(await session.execute(text(statement), bound))


async def one(database: Database, statement: str, **bound: Any) -> int:
    """The one number of a query."""
    return int((await rows(database, statement, **bound))[0][0])
