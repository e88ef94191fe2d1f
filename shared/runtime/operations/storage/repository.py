"""How the tables and indexes of the service's own schema are doing, as PostgreSQL counts it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from shared.runtime.db import ReadSession

# The bloat is an estimate: the pages that there are beyond those that the rows would take by their usual width, with 28 bytes of
# head each. It is unknown until the table was analysed. A partitioned table has no pages of its own; its partitions stand for it.
_TABLES: Final = text("""
    WITH width AS (
        SELECT tablename, sum(avg_width * (1 - null_frac)) AS bytes FROM pg_stats WHERE schemaname = current_schema() GROUP BY 1
    )
    SELECT class.relname AS name, parent.relname AS partition_of, n_live_tup AS live_rows, n_dead_tup AS dead_rows,
           n_dead_tup::float8 / nullif(n_live_tup + n_dead_tup, 0) AS dead_share, n_mod_since_analyze AS changed_since_analyze,
           pg_table_size(class.oid) AS size_bytes, pg_indexes_size(class.oid) AS indexes_bytes,
           CASE WHEN class.reltuples >= 0 AND width.bytes IS NOT NULL
                THEN greatest(0, class.relpages - ceil(class.reltuples * (width.bytes + 28) / 8168))::bigint * 8192
           END AS bloat_bytes,
           greatest(last_vacuum, last_autovacuum) AS vacuumed_at, greatest(last_analyze, last_autoanalyze) AS analyzed_at,
           seq_scan AS whole_reads, seq_tup_read AS rows_read_whole, coalesce(idx_scan, 0) AS index_reads,
           has_table_privilege(class.oid, 'MAINTAIN') AS may_maintain
      FROM pg_stat_user_tables AS stats JOIN pg_class AS class ON class.oid = stats.relid AND class.relkind = 'r'
      LEFT JOIN pg_inherits ON inhrelid = class.oid LEFT JOIN pg_class AS parent ON parent.oid = inhparent
      LEFT JOIN width ON width.tablename = class.relname
     WHERE schemaname = current_schema() ORDER BY class.relname
""")

# same_as: another index of the same table over the same columns in the same way.
_INDEXES: Final = text("""
    WITH known AS (
        SELECT pg_index.*, relname, pg_relation_size(indexrelid) AS bytes,
               concat_ws('/', indkey, indclass, indcollation, indoption, pg_get_expr(indexprs, indrelid),
                         pg_get_expr(indpred, indrelid)) AS definition
          FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
         WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind = 'i'
    )
    SELECT known.relname AS name, stats.relname AS table_name, known.bytes AS size_bytes, coalesce(idx_scan, 0) AS reads,
           last_idx_scan AS read_at, indisunique OR indisprimary OR indisexclusion AS is_constraint, indisvalid AS is_valid,
           (SELECT min(other.relname) FROM known AS other
             WHERE other.indrelid = known.indrelid AND other.definition = known.definition
               AND other.indexrelid < known.indexrelid) AS same_as
      FROM known JOIN pg_stat_user_indexes AS stats USING (indexrelid) ORDER BY known.relname
""")
_COUNTED_SINCE: Final = text("SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()")


class StorageReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def tables(self) -> Sequence[Any]:
        """Every table and partition of the schema."""
        return (await self._session.execute(_TABLES)).all()

    async def indexes(self) -> Sequence[Any]:
        """Every index of the schema."""
        return (await self._session.execute(_INDEXES)).all()

    async def counted_since(self) -> datetime | None:
        """Since when reads are counted; None where they never were forgotten."""
        found: datetime | None = (await self._session.execute(_COUNTED_SINCE)).scalar_one_or_none()
        return found
