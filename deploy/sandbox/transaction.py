"""The ledger's database file, and what a write may do in it."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.sandbox.entries import Receipt, Timer
from deploy.sandbox.objects import TABLES, Objects

SCHEMA_VERSION = 2
_SCHEMA = f"""
BEGIN;
CREATE TABLE received (
    id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, provider TEXT NOT NULL, reference TEXT, sender TEXT NOT NULL,
    recipients TEXT NOT NULL, subject TEXT NOT NULL, received_at TEXT NOT NULL, size_bytes INTEGER NOT NULL, details TEXT NOT NULL
);
CREATE INDEX received_reference ON received (reference) WHERE reference IS NOT NULL;
CREATE TABLE recipients (address TEXT NOT NULL, received_id INTEGER NOT NULL, PRIMARY KEY (address, received_id)) WITHOUT ROWID;
CREATE INDEX recipients_received_id ON recipients (received_id);
CREATE TABLE bodies (received_id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE timers (id INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, due_at REAL NOT NULL, payload TEXT NOT NULL);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counters VALUES ('pruned', 0);
{TABLES}
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""
_FROM_1 = f"BEGIN; {TABLES} PRAGMA user_version = 2; COMMIT;"


def open_database(folder: Path | None) -> sqlite3.Connection:
    """The database in the folder, made where it is missing, or one in memory. What is wrong with the folder ends the start."""
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / "received.sqlite" if folder else ":memory:", isolation_level=None, timeout=1.0)
        # The lock is held until the process ends, so that a second sandbox cannot share the folder.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(_SCHEMA)
        elif version == 1:
            connection.executescript(_FROM_1)
    except (sqlite3.Error, OSError) as error:
        raise SystemExit(f"sandbox: SANDBOX_DATA: {folder} cannot be used ({error}); is another sandbox running on it?") from None
    if version not in (0, 1, SCHEMA_VERSION):
        raise SystemExit(
            f"sandbox: SANDBOX_DATA: {folder} was written by another version (schema {version}, this one reads {SCHEMA_VERSION});"
            " delete the folder or choose another"
        )
    return connection


class Transaction:
    """What a write may do. Belongs to the one transaction in which it was handed out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.growth = 0
        self.changed = False
        self.deferred: list[Timer] = []
        self._objects: dict[str, Objects] = {}

    def record(self, receipt: Receipt) -> int:
        """Put a receipt on record under the next id."""
        self._connection.execute(
            "INSERT INTO received (channel, provider, reference, sender, recipients, subject, received_at, size_bytes, details)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                receipt.channel,
                receipt.provider,
                receipt.reference,
                receipt.sender,
                json.dumps(receipt.recipients, ensure_ascii=False),
                receipt.subject,
                datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                len(receipt.body),
                json.dumps(receipt.details),
            ),
        )
        received_id = int(self._connection.execute("SELECT last_insert_rowid()").fetchone()[0])
        self._connection.execute("INSERT INTO bodies VALUES (?, ?)", (received_id, receipt.body))
        addresses = [(address, received_id) for address in set(receipt.recipients)]
        self._connection.executemany("INSERT INTO recipients VALUES (?, ?)", addresses)
        self.growth += 1
        self.changed = True
        return received_id

    def objects(self, provider: str) -> Objects:
        """What a provider keeps, to be changed within this transaction."""
        if provider not in self._objects:
            self._objects[provider] = Objects(self._connection, provider)
        return self._objects[provider]

    def flush(self) -> None:
        """Write the providers' objects, which is the last thing before the commit."""
        for objects in self._objects.values():
            objects.flush()
            self.changed = self.changed or objects.written

    def amend(self, received_id: int, details: dict[str, Any]) -> None:
        """Put these details in the place of an entry's."""
        self._connection.execute("UPDATE received SET details = ? WHERE id = ?", (json.dumps(details), received_id))
        self.changed = True

    def defer(self, provider: str, due_at: float, payload: dict[str, Any]) -> None:
        """Have the provider do something later, also after a restart."""
        row = self._connection.execute(
            "INSERT INTO timers (provider, due_at, payload) VALUES (?, ?, ?) RETURNING id",
            (provider, due_at, json.dumps(payload)),
        ).fetchone()
        self.deferred.append(Timer(row[0], provider, due_at, payload))

    def finish(self, timer: Timer) -> None:
        """What a timer stood for is done."""
        self._connection.execute("DELETE FROM timers WHERE id = ?", (timer.id,))

    def remove(self, condition: str, values: list[Any]) -> int:
        """Delete the entries for which the condition over `received` holds; how many they were."""
        removed = self._connection.execute(f"DELETE FROM received WHERE {condition} RETURNING id", values).fetchall()
        self._connection.executemany("DELETE FROM bodies WHERE received_id = ?", removed)
        self._connection.executemany("DELETE FROM recipients WHERE received_id = ?", removed)
        self.growth -= len(removed)
        self.changed = self.changed or bool(removed)
        return len(removed)

    def touch(self) -> None:
        """Write without a change."""
        self._connection.execute("UPDATE counters SET value = value WHERE name = 'pruned'")

    def prune(self, excess: int) -> None:
        """Delete the oldest entries to make room, and count them."""
        bound = self._connection.execute("SELECT id FROM received ORDER BY id LIMIT 1 OFFSET ?", (excess - 1,)).fetchone()[0]
        removed = self.remove("id <= ?", [bound])
        self._connection.execute("UPDATE counters SET value = value + ? WHERE name = 'pruned'", (removed,))
