"""The runtime's tables as `runtime_0001.sql` makes them: the columns that operators are shown."""

from typing import Any, Final

from sqlalchemy import BigInteger, DateTime, Integer, Row, Select, SmallInteger, Text, Uuid, column, table
from sqlalchemy.dialects.postgresql import JSON, JSONB

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
"""Of any columns."""

_TIME: Final = DateTime(timezone=True)

OUTBOX: Final = table(
    "outbox",
    column("id", Uuid()),
    column("event_id", Uuid()),
    column("lane", Text()),
    column("name", Text()),
    column("body", JSON()),
    column("correlation_id", Text()),
    column("occurred_at", _TIME),
    column("due_at", _TIME),
    column("state", SmallInteger()),
    column("sends", Integer()),
    column("confirm_by", _TIME),
    column("cancel_id", Uuid()),
)

INBOX: Final = table(
    "inbox",
    column("id", Uuid()),
    column("name", Text()),
    column("lane", Text()),
    column("source", Text()),
    column("state", SmallInteger()),
    column("attempt", Integer()),
    column("crashes", Integer()),
    column("lease_owner", Text()),
    column("due_at", _TIME),
    column("body", JSON()),
    column("correlation_id", Text()),
    column("occurred_at", _TIME),
    column("received_at", _TIME),
    column("finished_at", _TIME),
    column("error_class", Text()),
    column("error", Text()),
    column("result", JSON()),
    column("replay_of", Uuid()),
    column("cancel_id", Uuid()),
)

DEAD_LETTERS: Final = table(
    "dead_letters",
    column("id", Uuid()),
    column("message_id", Uuid()),
    column("reason", Text()),
    column("name", Text()),
    column("lane", Text()),
    column("source", Text()),
    column("body", Text()),
    column("attempts", Integer()),
    column("error_class", Text()),
    column("error", Text()),
    column("fingerprint", Text()),
    column("correlation_id", Text()),
    column("occurred_at", _TIME),
    column("died_at", _TIME),
    column("status", Text()),
    column("settled_at", _TIME),
    column("settled_by", Text()),
    column("note", Text()),
    column("replayed_as", Uuid()),
)

AUDIT: Final = table(
    "operations_audit",
    column("id", BigInteger()),
    column("at", _TIME),
    column("actor", Text()),
    column("action", Text()),
    column("target", Text()),
    column("reason", Text()),
    column("details", JSONB()),
    column("undo_id", Uuid()),
)

ARCHIVES: Final = table(
    "archives",
    column("file", Text()),
    column("source", Text()),
    column("row_count", BigInteger()),
    column("size_bytes", BigInteger()),
    column("sha256", Text()),
    column("digest", Text()),
    column("first_key", Text()),
    column("last_key", Text()),
    column("oldest_at", _TIME),
    column("newest_at", _TIME),
    column("archived_at", _TIME),
)
