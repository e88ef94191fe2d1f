"""Shapes of tables and indexes."""

from datetime import datetime

from pydantic import Field

from shared.runtime.operations.schemas import Shown


class TableOut(Shown):
    """A table, or a partition of one."""

    name: str
    partition_of: str | None
    live_rows: int = Field(description="As PostgreSQL estimates it.")
    dead_rows: int = Field(description="Rows that were changed or deleted and still take space.")
    dead_share: float | None = Field(description="Of all rows; null for an empty table.")
    changed_since_analyze: int
    size_bytes: int = Field(description="Without indexes.")
    indexes_bytes: int
    bloat_bytes: int | None = Field(description="An estimate of what it takes beyond its rows; null until it was analysed.")
    vacuumed_at: datetime | None
    analyzed_at: datetime | None
    whole_reads: int = Field(description="How often it was read from end to end.")
    rows_read_whole: int = Field(description="Rows that were read doing so.")
    index_reads: int
    may_maintain: bool = Field(description="Whether this service's login may vacuum and analyse it.")


class IndexOut(Shown):
    """An index."""

    name: str
    table_name: str
    size_bytes: int
    reads: int
    read_at: datetime | None
    is_constraint: bool = Field(description="It keeps something unique, so it is of use unread.")
    is_valid: bool = Field(description="Not so where making it has failed halfway.")
    same_as: str | None = Field(description="An older index over the same columns in the same way.")


class StorageOut(Shown):
    """What the service's schema is made of."""

    counted_since: datetime | None = Field(description="Since when reads are counted.")
    tables: list[TableOut]
    indexes: list[IndexOut]
