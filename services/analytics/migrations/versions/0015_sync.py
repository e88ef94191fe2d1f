"""Sources outside: how far each was read, what every run came to, and the rows that could not be taken."""

from shared.runtime import migrations

revision = "0015"
down_revision = "0014"

# version: how often the position was moved. Whoever moves it names the one that was seen, so of two runs at once one stops.
_SOURCES = r"""
CREATE TABLE sync_sources (
    name         text PRIMARY KEY,
    version      bigint NOT NULL DEFAULT 0,
    cursor       text,                                    -- what the next page is asked for with; NULL for the first one
    etag         text,                                    -- of the page at the cursor, where it has moved nothing
    shape        jsonb,                                   -- the fields and types of its rows; NULL before the first whole run
    failures     integer NOT NULL DEFAULT 0 CHECK (failures >= 0),  -- runs that have failed since one has not
    succeeded_at timestamptz
);

-- What was handed on of each row, so that the same again is not.
CREATE TABLE sync_items (
    source  text NOT NULL REFERENCES sync_sources,
    key     text NOT NULL,
    digest  bytea NOT NULL,
    told_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (source, key)
);
"""

_RUNS = r"""
CREATE TABLE sync_runs (
    id           uuid PRIMARY KEY,
    source       text NOT NULL REFERENCES sync_sources,
    state        text NOT NULL CHECK (state IN ('asked', 'running', 'done', 'failed', 'overtaken')),
    requested_by text NOT NULL,
    asked_at     timestamptz NOT NULL,
    attempt      integer NOT NULL DEFAULT 0,
    started_at   timestamptz,
    ended_at     timestamptz,
    pages        integer NOT NULL DEFAULT 0,
    read         integer NOT NULL DEFAULT 0,              -- rows
    published    integer NOT NULL DEFAULT 0,
    unchanged    integer NOT NULL DEFAULT 0,
    repeated     integer NOT NULL DEFAULT 0,              -- on the same page in a newer version
    quarantined  integer NOT NULL DEFAULT 0,
    has_more     boolean NOT NULL DEFAULT false,          -- it stopped before the end
    shape        jsonb NOT NULL DEFAULT '{}',
    unmapped     jsonb NOT NULL DEFAULT '{}',
    drift        jsonb,
    error        text,
    CHECK (read = published + unchanged + repeated + quarantined),
    CHECK ((state IN ('done', 'failed', 'overtaken')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'failed') <= (error IS NOT NULL))
);
CREATE INDEX sync_runs_newest ON sync_runs (asked_at DESC, id DESC);
CREATE INDEX sync_runs_of_source ON sync_runs (source, asked_at DESC);

-- row: JSON as far as it is not too long. As text, because a source may send what jsonb does not hold.
CREATE TABLE sync_quarantined_rows (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES sync_runs ON DELETE CASCADE,
    page   integer NOT NULL,
    key    text,
    reason text NOT NULL,
    row    text NOT NULL
);
CREATE INDEX sync_quarantined_rows_of_run ON sync_quarantined_rows (run_id, id);
"""


def upgrade() -> None:
    for part in (_SOURCES, _RUNS):
        migrations.script(part)
