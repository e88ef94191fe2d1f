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


_LATEST = 2**62
"""Seconds; what is later is asked for by nobody, and does not fit into SQLite."""
_UPSERT = """
INSERT INTO objects (provider, kind, id, created, document) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (provider, kind, id) DO UPDATE SET document = excluded.document RETURNING seq
"""


class Objects:
    """One provider's documents. Each is of a kind (`order`) and has an `id` in it that is unique within the kind.

    Within a transaction a document is read once and written once: who asks for it again gets the same one, and whoever changes
    it puts it back.
    """

    def __init__(self, connection: sqlite3.Connection, provider: str) -> None:
        self._connection = connection
        self._provider = provider
        self._held: dict[tuple[str, str], Document] = {}
        self._created: dict[tuple[str, str], int] = {}
        self._keys: dict[tuple[str, str], dict[str, str]] = {}
        self.written = False

    def get(self, kind: str, object_id: str) -> Document | None:
        """One document."""
        held = self._held.get((kind, object_id))
        if held is not None:
            return held
        row = self._connection.execute(
            "SELECT document FROM objects WHERE provider = ? AND kind = ? AND id = ?", (self._provider, kind, object_id)
        ).fetchone()
        return self._hold(kind, row[0]) if row else None

    def add(self, kind: str, document: Document, *, created: int, keys: Mapping[str, str | None] | None = None) -> None:
        """Keep a new document. created: seconds since the epoch. keys: by which else it is found; None stands for none."""
        at = (kind, document["id"])
        self._created[at] = created
        self.put(kind, document, {name: value for name, value in (keys or {}).items() if value is not None})

    def put(self, kind: str, document: Document, keys: Mapping[str, str] | None = None) -> None:
        """Put a document in the place of that with its id. keys: further ones, by which it is found from now on."""
        at = (kind, document["id"])
        self._held[at] = document
        self._keys.setdefault(at, {}).update(keys or {})

    def flush(self) -> None:
        """Write what has been added and put."""
        changed, self._keys = self._keys, {}
        self.written = self.written or bool(changed)
        for at, keys in changed.items():
            # What is there already keeps the time at which it came to be.
            values = (self._provider, *at, self._created.pop(at, 0), json.dumps(self._held[at], separators=(",", ":")))
            seq = self._connection.execute(_UPSERT, values).fetchone()[0]
            for name, value in keys.items():
                self._connection.execute(
                    "INSERT OR IGNORE INTO object_keys VALUES (?, ?, ?, ?, ?)", (self._provider, at[0], name, value, seq)
                )

    def remove(self, kind: str, object_id: str) -> None:
        """Forget a document and its keys."""
        self.flush()
        self._held.pop((kind, object_id), None)
        self.written = True
        removed = self._connection.execute(
            "DELETE FROM objects WHERE provider = ? AND kind = ? AND id = ? RETURNING seq", (self._provider, kind, object_id)
        ).fetchall()
        for (seq,) in removed:
            self._connection.execute(
                "DELETE FROM object_keys WHERE provider = ? AND kind = ? AND seq = ?", (self._provider, kind, seq)
            )

    def unkey(self, kind: str, name: str, value: str, object_id: str) -> None:
        """Find a document no more by one of its keys."""
        self.flush()
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
        containing: str = "",
        old_first: bool = False,
    ) -> Iterator[Document]:
        """The documents of a kind, the newest first.

        key: name and value of one that they must have. since, until: inclusive. containing: a text anywhere in the document.
        """
        self.flush()
        source, condition, values = self._where(kind, key, containing)
        for comparison, moment in ((">=", since), ("<=", until)):
            if moment is not None:
                condition += f" AND objects.created {comparison} ?"
                values.append(min(moment, _LATEST))
        order = "ASC" if old_first else "DESC"
        sql = f"SELECT objects.document FROM {source} WHERE {condition} ORDER BY objects.created {order}, objects.seq {order}"
        return (self._hold(kind, row[0]) for row in self._connection.execute(sql, values))

    def count(self, kind: str, key: tuple[str, str] | None = None, *, containing: str = "") -> int:
        """How many documents `find` gives, as far as they are committed."""
        source, condition, values = self._where(kind, key, containing)
        return int(self._connection.execute(f"SELECT count(*) FROM {source} WHERE {condition}", values).fetchone()[0])

    def _where(self, kind: str, key: tuple[str, str] | None, containing: str) -> tuple[str, str, list[Any]]:
        """Tables, condition and its values."""
        source, condition = "objects", "objects.provider = ? AND objects.kind = ?"
        values: list[Any] = [self._provider, kind]
        if key is not None:
            # A cross join is SQLite's word for: the keys first, then their documents, whatever else seems cheaper.
            source = "object_keys CROSS JOIN objects USING (seq)"
            condition = "object_keys.provider = ? AND object_keys.kind = ? AND object_keys.name = ? AND object_keys.value = ?"
            values += key
        if containing:
            condition += " AND instr(lower(objects.document), lower(?)) > 0"
            values.append(containing)
        return source, condition, values

    def _hold(self, kind: str, text: str) -> Document:
        document = json.loads(text)
        return self._held.setdefault((kind, document["id"]), document)
