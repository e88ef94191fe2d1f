"""Campaigns: one message to everybody in a segment or on a list."""

from shared.runtime import migrations

revision = "0012"
down_revision = "0011"

_CAMPAIGNS = """
    -- What may follow what. A scheduled campaign that cannot start goes back to draft, where it is mended.
    CREATE TABLE campaign_status_transitions (
        from_status text,
        to_status   text,
        PRIMARY KEY (from_status, to_status)
    );
    INSERT INTO campaign_status_transitions (from_status, to_status) VALUES
        ('draft', 'scheduled'), ('draft', 'running'), ('draft', 'cancelled'),
        ('scheduled', 'draft'), ('scheduled', 'running'), ('scheduled', 'cancelled'),
        ('running', 'paused'), ('running', 'cancelled'), ('running', 'finished'),
        ('paused', 'running'), ('paused', 'cancelled');

    CREATE TABLE campaigns (
        id                uuid PRIMARY KEY,
        organization_id   uuid,                            -- whose people it goes to; NULL: those of no organization
        name              text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
        channel           text NOT NULL CHECK (channel IN ('email', 'sms')),
        template_name     text NOT NULL CHECK (template_name ~ '^[a-z][a-z0-9_]{0,99}$'),
        template_version  integer CHECK (template_version >= 1),   -- in the campaign's language, when it started
        template_versions jsonb CHECK (jsonb_typeof(template_versions) = 'array'),  -- all that were published then
        category          text NOT NULL CHECK (category ~ '^[a-z][a-z0-9_]{0,49}$'),
        context           jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(context) = 'object'),
        locale            text CHECK (char_length(locale) <= 35),  -- NULL: each recipient's own
        segment           jsonb CHECK (jsonb_typeof(segment) = 'object'),  -- NULL: the list that was uploaded
        status            text NOT NULL DEFAULT 'draft'
                          CHECK (status IN ('draft', 'scheduled', 'running', 'paused', 'cancelled', 'finished')),
        previous_status   text,                            -- kept by a trigger; NULL until the first change
        scheduled_at      timestamptz,
        per_minute        integer CHECK (per_minute BETWEEN 1 AND 100000),
        total             integer NOT NULL DEFAULT 0 CHECK (total >= 0),
        queued            integer NOT NULL DEFAULT 0 CHECK (queued BETWEEN 0 AND total),
        step              integer NOT NULL DEFAULT 0 CHECK (step >= 0),    -- the newest step that was taken
        paced             integer NOT NULL DEFAULT 0 CHECK (paced >= 0),   -- steps that shared out the cap of a minute
        next_step_at      timestamptz,                     -- the next step does nothing before
        last_queued_at    timestamptz,
        rates_checked_at  timestamptz,
        rates_since       timestamptz,                     -- what was sent before does not count towards a pause
        pause_cause       text CHECK (pause_cause IN ('asked', 'bounces', 'complaints', 'template')),
        pause_reason      text,
        revision          bigint NOT NULL DEFAULT 1 CHECK (revision >= 1),
        created_by        text NOT NULL,
        created_at        timestamptz NOT NULL,
        updated_at        timestamptz NOT NULL,
        started_at        timestamptz,
        finished_at       timestamptz,
        CONSTRAINT campaigns_status_transition
            FOREIGN KEY (previous_status, status) REFERENCES campaign_status_transitions (from_status, to_status),
        CONSTRAINT campaigns_scheduled CHECK (status <> 'scheduled' OR scheduled_at IS NOT NULL),
        CONSTRAINT campaigns_started CHECK (status NOT IN ('running', 'paused', 'finished') OR started_at IS NOT NULL),
        CONSTRAINT campaigns_pinned CHECK (started_at IS NULL OR template_versions IS NOT NULL),
        CONSTRAINT campaigns_finished CHECK ((status IN ('cancelled', 'finished')) = (finished_at IS NOT NULL)),
        CONSTRAINT campaigns_paused CHECK (status <> 'paused' OR (pause_cause IS NOT NULL AND pause_reason IS NOT NULL))
    );
    CREATE INDEX campaigns_newest ON campaigns (created_at, id);
    CREATE INDEX campaigns_of_organization ON campaigns (organization_id, created_at, id) WHERE organization_id IS NOT NULL;
    CREATE INDEX campaigns_due ON campaigns (scheduled_at, id) WHERE status = 'scheduled';
    CREATE INDEX campaigns_ended ON campaigns (finished_at) WHERE finished_at IS NOT NULL;

    CREATE FUNCTION note_campaign_status() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.previous_status := OLD.status;
        RETURN NEW;
    END $$;
    CREATE TRIGGER campaigns_previous_status BEFORE UPDATE OF status ON campaigns
        FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_campaign_status();

    -- Whom a campaign goes to, as they were when it started. A recipient is named by reference, or by the hash of an address.
    CREATE TABLE campaign_recipients (
        campaign_id uuid NOT NULL REFERENCES campaigns ON DELETE CASCADE,
        position    integer NOT NULL CHECK (position >= 1),
        recipient   text NOT NULL,
        to_person   text,
        to_email    text,                                  -- NULL beside a reference, and once the person was erased
        to_phone    text,
        to_name     text,
        locale      text,
        context     jsonb CHECK (jsonb_typeof(context) = 'object'),  -- goes before the campaign's, key by key
        delivery_id uuid,
        state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'queued')),
        PRIMARY KEY (campaign_id, position),
        CONSTRAINT campaign_recipients_once UNIQUE (recipient, campaign_id),
        CONSTRAINT campaign_recipients_queued CHECK ((state = 'queued') = (delivery_id IS NOT NULL))
    ) WITH (fillfactor = 80);
    CREATE INDEX campaign_recipients_waiting ON campaign_recipients (campaign_id, position) WHERE state = 'waiting';
    CREATE UNIQUE INDEX campaign_recipients_delivery ON campaign_recipients (delivery_id) WHERE delivery_id IS NOT NULL;

    -- Who did what to a campaign, the campaign itself included. Append-only.
    CREATE TABLE campaign_changes (
        id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        campaign_id uuid NOT NULL REFERENCES campaigns,
        at          timestamptz NOT NULL,
        actor       text NOT NULL,
        action      text NOT NULL,
        reason      text,
        details     jsonb NOT NULL DEFAULT '{}'
    );
    CREATE INDEX campaign_changes_of_campaign ON campaign_changes (campaign_id, id);
    CREATE TRIGGER campaign_changes_append_only BEFORE UPDATE OR DELETE ON campaign_changes
        FOR EACH ROW EXECUTE FUNCTION refuse_change();

    -- What is held of one person is shown and erased by these.
    CREATE INDEX deliveries_to_person ON deliveries (to_person, created_at, id) WHERE to_person IS NOT NULL;
    CREATE INDEX digest_entries_of_person ON digest_entries (person);
"""


def upgrade() -> None:
    migrations.script(_CAMPAIGNS)
