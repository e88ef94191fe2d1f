"""A delivery that goes out at its first attempt changes in none of its indexes."""

from shared.runtime import migrations

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    migrations.script("""
        -- Nearly every delivery is inserted as sending and then becomes sent. PostgreSQL keeps such a change within its page and
        -- away from all indexes (HOT) as long as no index names a column that changes, in its keys or in its predicate. So those
        -- that are looked for by how they stand have columns of their own, which are NULL before and after that change.
        ALTER TABLE deliveries
            -- The status of those that are neither being sent nor sent.
            ADD COLUMN unsent text
                GENERATED ALWAYS AS (CASE WHEN status NOT IN ('sending', 'sent') THEN status END) STORED,
            -- When those were sent of which it is still awaited how they ended.
            ADD COLUMN awaited_since timestamptz
                GENERATED ALWAYS AS (CASE WHEN status = 'sent' AND awaits_report
                                           AND coalesce(receipt, 'processed') IN ('processed', 'deferred')
                                          THEN finished_at END) STORED,
            -- No two the same, which took an index that nobody looked into.
            DROP CONSTRAINT deliveries_message_id_header_key,
            ADD CONSTRAINT deliveries_message_id_header_own CHECK (starts_with(message_id_header, '<' || id || '@')),
            -- Room for the change beside what it replaces.
            SET (fillfactor = 50);
        DROP INDEX deliveries_not_sent, deliveries_without_receipt, deliveries_waiting;
        CREATE INDEX deliveries_unsent ON deliveries (unsent, created_at, id) WHERE unsent IS NOT NULL;
        CREATE INDEX deliveries_without_receipt ON deliveries (awaited_since, id) WHERE awaited_since IS NOT NULL;
        -- A campaign's messages that wait for their next attempt, by what keeps them.
        CREATE INDEX deliveries_waiting ON deliveries (subject_key, reason, asked_at, id)
            WHERE unsent = 'queued' AND subject_key IS NOT NULL;
        -- By which those are found that are being sent.
        CREATE INDEX delivery_attempts_open ON delivery_attempts (delivery_id) WHERE outcome IS NULL;
    """)
