"""Reports: their frozen figures, their files, who gets them, and the links by which they are fetched."""

from shared.runtime import migrations

revision = "0010"
down_revision = "0009"

# What a report is about is its key: asked for again it is the same report. Its figures are written once, and its files follow
# from them alone, so that what was sent to somebody can be made again, byte by byte.
_TABLES = """
CREATE TABLE reports (
    id              uuid PRIMARY KEY,
    kind            text NOT NULL CHECK (kind IN ('daily', 'range')),
    organization_id uuid NOT NULL,                        -- f's: all together
    first_day       date NOT NULL,
    last_day        date NOT NULL CHECK (last_day >= first_day),
    as_of           timestamptz NOT NULL,
    status          text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed')),
    step            text NOT NULL DEFAULT 'queued',
    steps_done      integer NOT NULL DEFAULT 0,
    steps           integer NOT NULL CHECK (steps >= 1),
    figures         text,                                 -- JSON, as it is hashed
    figures_sha256  text CHECK (figures_sha256 ~ '^[0-9a-f]{64}$'),
    frozen_at       timestamptz,
    requested_by    text NOT NULL,
    requested_at    timestamptz NOT NULL,
    finished_at     timestamptz,
    error           text,
    UNIQUE (kind, organization_id, first_day, last_day, as_of),
    CHECK (num_nonnulls(figures, figures_sha256, frozen_at) IN (0, 3)),
    CHECK (steps_done BETWEEN 0 AND steps),
    CHECK ((status = 'done') = (finished_at IS NOT NULL AND error IS NULL AND steps_done = steps))
);
CREATE INDEX reports_of_organization ON reports (organization_id, id);

CREATE FUNCTION keep_figures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.figures IS NOT NULL AND NEW.figures IS DISTINCT FROM OLD.figures THEN
        RAISE EXCEPTION 'the figures of report % are frozen', OLD.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reports_keep_their_figures BEFORE UPDATE OF figures ON reports FOR EACH ROW EXECUTE FUNCTION keep_figures();

CREATE TABLE report_files (
    report_id  uuid NOT NULL REFERENCES reports ON DELETE CASCADE,
    name       text NOT NULL,
    media_type text NOT NULL,
    content    bytea NOT NULL,
    sha256     text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    rows       integer,                                   -- of figures, where a file has rows
    PRIMARY KEY (report_id, name)
);

CREATE TABLE report_mails (
    report_id uuid NOT NULL REFERENCES reports ON DELETE CASCADE,
    to_email  text NOT NULL,
    asked_at  timestamptz NOT NULL,
    sent_at   timestamptz,
    PRIMARY KEY (report_id, to_email)
);

CREATE TABLE report_links (
    token_hash bytea PRIMARY KEY,
    report_id  uuid NOT NULL REFERENCES reports ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at)
);
CREATE INDEX report_links_of_report ON report_links (report_id);

CREATE TABLE report_subscriptions (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,                        -- f's: all together
    to_email        text NOT NULL CHECK (char_length(to_email) <= 320),
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL,
    UNIQUE (organization_id, to_email)
);
"""


def upgrade() -> None:
    migrations.script(_TABLES)
