-- The manifests of archives: which file holds what was deleted here. Where the table is there already, it learns the rest.
CREATE TABLE IF NOT EXISTS archives (
    file        text PRIMARY KEY,                         -- in the service's folder of ARCHIVE_DIR
    source      text NOT NULL,                            -- the table whose rows it has
    row_count   bigint NOT NULL CHECK (row_count >= 0),
    size_bytes  bigint NOT NULL CHECK (size_bytes > 0),
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    key_sum     bigint NOT NULL,                          -- of table and file alike
    archived_at timestamptz NOT NULL
);
ALTER TABLE archives
    ALTER COLUMN key_sum DROP NOT NULL,                   -- of whole tables alone
    ADD COLUMN digest    text CHECK (digest ~ '^[0-9a-f]{64}$'),  -- over all values, in the file's order; shared/runtime/archive/parquet.py
    ADD COLUMN first_key text,                            -- of a file of some rows of a table: its first and last row
    ADD COLUMN last_key  text,
    ADD COLUMN oldest_at timestamptz,                     -- of its rows, by the time by which they are old
    ADD COLUMN newest_at timestamptz,
    ADD COLUMN noted_in  xid8 NOT NULL DEFAULT pg_current_xact_id(),
    ADD CHECK (num_nonnulls(key_sum, digest) >= 1),
    ADD CHECK (num_nonnulls(first_key, last_key) IN (0, 2));
CREATE INDEX archives_newest ON archives (archived_at, file);
CREATE INDEX archives_noted_in ON archives (noted_in);

-- Whether this transaction has put rows of the table into a file that was read back. What is otherwise never deleted may be
-- deleted then, and only then.
CREATE FUNCTION is_archiving(which text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM archives WHERE noted_in = pg_current_xact_id_if_assigned() AND source = which)
$$;
