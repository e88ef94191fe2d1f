"""The in-app inbox and daily digests."""

from shared.runtime import migrations

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    migrations.script("""
        -- How far a person's in-app inbox has been written. Whoever writes to an inbox holds this row until its commit, so the
        -- numbers of an inbox have no gaps, and none comes to light after a higher one.
        CREATE TABLE in_app_inboxes (
            person   text PRIMARY KEY CHECK (char_length(person) <= 200),    -- a reference; whom it stands for, people knows
            last_seq bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
            unread   integer NOT NULL DEFAULT 0 CHECK (unread >= 0)          -- neither read nor archived
        ) WITH (fillfactor = 80);

        CREATE TABLE in_app_items (
            id              uuid PRIMARY KEY,
            person          text NOT NULL REFERENCES in_app_inboxes ON DELETE CASCADE,
            organization_id uuid,
            delivery_id     uuid NOT NULL UNIQUE,                             -- one message makes one item
            category        text NOT NULL,
            title           text NOT NULL,
            body            text NOT NULL,
            link            text,
            subject_key     text,
            seq             bigint NOT NULL CHECK (seq >= 1),                 -- the inbox's number when it came
            changed_seq     bigint NOT NULL CHECK (changed_seq >= seq),       -- and when it changed last
            created_at      timestamptz NOT NULL,
            read_at         timestamptz,
            archived_at     timestamptz,
            UNIQUE (person, seq),
            UNIQUE (person, changed_seq)
        ) WITH (fillfactor = 80);
        CREATE INDEX in_app_items_unread ON in_app_items (person, seq) WHERE read_at IS NULL AND archived_at IS NULL;
        CREATE INDEX in_app_items_about_subject ON in_app_items (subject_key)
            WHERE subject_key IS NOT NULL AND archived_at IS NULL;
        CREATE INDEX in_app_items_done_with ON in_app_items (created_at) WHERE read_at IS NOT NULL OR archived_at IS NOT NULL;

        -- What a person gets in the daily digest and not at once. What it says stands in its delivery.
        CREATE TABLE digest_entries (
            delivery_id     uuid PRIMARY KEY,
            person          text NOT NULL,
            organization_id uuid,
            category        text NOT NULL,
            template_name   text,
            subject_key     text,                                             -- once cancelled, it is not told of
            asked_at        timestamptz NOT NULL DEFAULT now(),               -- a cancellation covers what was asked for before
            valid_until     timestamptz,                                      -- nor afterwards
            occurred_at     timestamptz NOT NULL,
            digested_on     date                                              -- the day of the digest that told of it
        );
        CREATE INDEX digest_entries_waiting ON digest_entries (person, occurred_at) WHERE digested_on IS NULL;
        CREATE INDEX digest_entries_oldest ON digest_entries (occurred_at);

        -- Until when everybody's morning has been looked at, and how far the look has come that is under way. One row.
        CREATE TABLE digest_progress (
            only_one     boolean PRIMARY KEY DEFAULT true CHECK (only_one),
            slot         timestamptz NOT NULL,
            until        timestamptz,                                        -- the slot that is being looked at
            days         jsonb CHECK (jsonb_typeof(days) = 'object'),        -- whose morning it is: the local day by group
            after_group  text,                                               -- the last one who was looked at
            after_person text,
            CHECK (num_nulls(until, days, after_group, after_person) IN (0, 4))
        );
        -- People by what their morning depends on: their own time zone, else their organization, else nothing.
        CREATE INDEX people_by_morning ON people ((coalesce(time_zone, organization_id::text, '')), reference)
            WHERE email IS NOT NULL AND erased_at IS NULL;
    """)
