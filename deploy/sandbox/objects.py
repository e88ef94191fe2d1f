"""What a provider with a memory keeps: its orders, payments, refunds, as JSON documents that are found by their keys.

Unlike what was received, none of it is ever pruned: a stand-in that forgot a payment would be a loss of money.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

Document = dict[str, Any]

TABLES = """
CREATE TABLE objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL,
    document TEXT NOT NULL, UNIQUE (provider, kind, id)
);
CREATE INDEX objects_created ON objects (provider, kind, created, seq);
CREATE TABLE object_keys (
    provider TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (provider, kind, name, value, seq)
) WITHOUT ROWID;
"""


class Objects:
    """One provider's documents. Each is of a kind (`order`) and has an `id` in it that is unique within the kind."""

    def __init__(self, connection: sqlite3.Connection, provider: str) -> None:
        self._connection = connection
        self._provider = provider

    def get(self, kind: str, object_id: str) -> Document | None:
        """One document, as a copy that may be changed and put back."""
        row = self._connection.execute(
            "SELECT document FROM objects WHERE provider = ? AND kind = ? AND id = ?", (self._provider, kind, object_id)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def add(self, kind: str, document: Document, *, created: int, keys: Mapping[str, str | None] | None = None) -> None:
        """Keep a new document. created: seconds since the epoch. keys: by which else it is found; None stands for none."""
        row = self._connection.execute(
            "INSERT INTO objects (provider, kind, id, created, document) VALUES (?, ?, ?, ?, ?) RETURNING seq",
            (self._provider, kind, document["id"], created, _text(document)),
        ).fetchone()
        self._connection.executemany(
            "INSERT OR IGNORE INTO object_keys VALUES (?, ?, ?, ?, ?)",
            [(self._provider, kind, name, value, row[0]) for name, value in (keys or {}).items() if value is not None],
        )

    def put(self, kind: str, document: Document, keys: Mapping[str, str] | None = None) -> None:
        """Put a document in the place of that with its id. keys: further ones, by which it is found from now on."""
        row = self._connection.execute(
            "UPDATE objects SET document = ? WHERE provider = ? AND kind = ? AND id = ? RETURNING seq",
            (_text(document), self._provider, kind, document["id"]),
        ).fetchone()
        for name, value in (keys or {}).items():
            self._connection.execute(
                "INSERT OR IGNORE INTO object_keys VALUES (?, ?, ?, ?, ?)", (self._provider, kind, name, value, row[0])
            )

    def remove(self, kind: str, object_id: str) -> None:
        """Forget a document and its keys."""
        for (seq,) in self._connection.execute(
            "DELETE FROM objects WHERE provider = ? AND kind = ? AND id = ? RETURNING seq", (self._provider, kind, object_id)
        ).fetchall():
            self._connection.execute(
                "DELETE FROM object_keys WHERE provider = ? AND kind = ? AND seq = ?", (self._provider, kind, seq)
            )

    def unkey(self, kind: str, name: str, value: str, object_id: str) -> None:
        """Find a document no more by one of its keys."""
        self._connection.execute(
            "DELETE FROM object_keys WHERE provider = ? AND kind = ? AND name = ? AND value = ?"
            " AND seq = (SELECT seq FROM objects WHERE provider = ? AND kind = ? AND id = ?)",
            (self._provider, kind, name, value, self._provider, kind, object_id),
        )

    def find(
        self,
        kind: str,
        key: tuple[str, str] | None = None,
        *,
        since: int | None = None,
        until: int | None = None,
        old_first: bool = False,
    ) -> Iterator[Document]:
        """The documents of a kind, the newest first. key: name and value of one that they must have. Times are inclusive."""
        condition, values = "objects.provider = ? AND objects.kind = ?", [self._provider, kind]
        source = "objects"
        if key is not None:
            source = "object_keys JOIN objects USING (seq)"
            condition += (
                " AND object_keys.provider = ? AND object_keys.kind = ? AND object_keys.name = ? AND object_keys.value = ?"
            )
            values += [self._provider, kind, *key]
        for comparison, moment in ((">=", since), ("<=", until)):
            if moment is not None:
                condition += f" AND objects.created {comparison} {int(moment)}"
        order = "ASC" if old_first else "DESC"
        rows = self._connection.execute(
            f"SELECT objects.document FROM {source} WHERE {condition} ORDER BY objects.created {order}, objects.seq {order}",
            values,
        )
        return (json.loads(row[0]) for row in rows)

    def count(self, kind: str) -> int:
        """How many documents there are of a kind."""
        sql = "SELECT count(*) FROM objects WHERE provider = ? AND kind = ?"
        return int(self._connection.execute(sql, (self._provider, kind)).fetchone()[0])


def _text(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))
