"""Which backups were made, what is in them, and what trying them has come to."""

from shared.runtime import migrations

revision = "0011"
down_revision = "0010"

_BACKUPS = r"""
CREATE TABLE backups (
    id           uuid PRIMARY KEY,
    state        text NOT NULL CHECK (state IN ('asked', 'running', 'verified', 'failed', 'removed')),
    requested_by text NOT NULL,
    asked_at     timestamptz NOT NULL,
    attempt      integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    started_at   timestamptz,
    ended_at     timestamptz,
    folder       text UNIQUE,                             -- its name in BACKUP_DIR
    snapshot_at  timestamptz,                             -- the moment that it shows
    size_bytes   bigint CHECK (size_bytes >= 0),
    row_count    bigint CHECK (row_count >= 0),
    error        text,                                    -- why it failed, or is there no more
    removed_at   timestamptz,
    CHECK ((state IN ('verified', 'removed')) <= (num_nulls(folder, snapshot_at, size_bytes, row_count, ended_at) = 0)),
    CHECK ((state = 'removed') = (removed_at IS NOT NULL)),
    CHECK ((state = 'failed') <= (error IS NOT NULL))
);
CREATE UNIQUE INDEX backups_one_runs ON backups ((true)) WHERE state = 'running';
CREATE INDEX backups_newest ON backups (asked_at DESC, id DESC);
CREATE INDEX backups_verified ON backups (snapshot_at DESC) WHERE state = 'verified';

CREATE TABLE backup_schemas (
    backup_id   uuid NOT NULL REFERENCES backups ON DELETE CASCADE,
    name        text NOT NULL,
    file        text NOT NULL,
    size_bytes  bigint NOT NULL CHECK (size_bytes >= 0),
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    version     text,                                     -- of the schema: its newest migration
    table_count integer NOT NULL CHECK (table_count >= 1),
    row_count   bigint NOT NULL CHECK (row_count >= 0),
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz NOT NULL,
    PRIMARY KEY (backup_id, name)
);
"""

_DRILLS = r"""
CREATE TABLE restore_drills (
    id           uuid PRIMARY KEY,
    state        text NOT NULL CHECK (state IN ('asked', 'running', 'passed', 'failed')),
    requested_by text NOT NULL,
    asked_at     timestamptz NOT NULL,
    attempt      integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    started_at   timestamptz,
    ended_at     timestamptz,
    backup_id    uuid REFERENCES backups ON DELETE SET NULL,
    took_s       double precision CHECK (took_s >= 0),    -- from an empty database to one that was compared
    size_bytes   bigint,
    row_count    bigint,
    differences  jsonb NOT NULL DEFAULT '[]',
    error        text,
    CHECK ((state = 'passed') <= (num_nulls(took_s, size_bytes, row_count, ended_at) = 0)),
    CHECK ((state = 'failed') <= (error IS NOT NULL))
);
CREATE UNIQUE INDEX restore_drills_one_runs ON restore_drills ((true)) WHERE state = 'running';
CREATE INDEX restore_drills_newest ON restore_drills (asked_at DESC, id DESC);
"""


def upgrade() -> None:
    for part in (_BACKUPS, _DRILLS):
        migrations.script(part)
