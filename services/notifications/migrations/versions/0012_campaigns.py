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
        start_failed_at   timestamptz,                     -- when the database last did not manage to start it
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
    CREATE INDEX campaigns_next_step ON campaigns (next_step_at) WHERE status IN ('running', 'cancelled');

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


# What one delivery adds to the figures is seen from its row alone, so a change adds what the row has after it less what it had
# before.
_IS_BOUNCE = "receipt IN ('bounced_hard', 'bounced_soft', 'blocked')"
_IS_REFUSED = "(status = 'failed' AND attempts > 0 AND reason = 'bad_recipient')"
_IS_TAKEN = "(status = 'sent' OR receipt IS NOT NULL)"  # a report may be ahead of our record
_FIGURES = {
    "sent": "status = 'sent'",
    "failed": "status = 'failed'",
    "dropped": "status = 'dropped'",
    "delivered": "receipt = 'delivered'",
    "bounced": _IS_BOUNCE,
    "complained": "receipt = 'complained'",
    "rated_sent": f"{_IS_TAKEN} OR {_IS_REFUSED}",
    "rated_bounced": f"{_IS_BOUNCE} OR {_IS_REFUSED}",
}
_NAMES = ", ".join(_FIGURES)

_TABLE = f"""
    -- What has become of a campaign's messages: its figures are the sums of its rows. Triggers on deliveries add rows, in the
    -- transaction of the change and whoever makes it, so the sums are always those of the deliveries. Rows are never updated, and
    -- nothing refers to campaigns, whose rows the steps hold: so sending and call-backs wait for nobody. Now and then rows are
    -- replaced by their sum. What is deleted when its time is over stays counted.
    CREATE TABLE campaign_counts (
        campaign_id uuid NOT NULL,
        finished_at timestamptz NOT NULL,                  -- of the deliveries, to the second; -infinity: not ended, or long ago
        {", ".join(f"{name} integer NOT NULL" for name in _FIGURES)}
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
    CREATE INDEX campaign_counts_of_campaign ON campaign_counts (campaign_id, finished_at);

    -- A campaign's messages that wait for their next attempt, by what keeps them.
    CREATE INDEX deliveries_waiting ON deliveries (subject_key, reason, asked_at, id)
        WHERE status = 'queued' AND subject_key IS NOT NULL;
"""


def _counting(changed: str) -> str:
    """Adds what is changed to the figures. changed: rows of deliveries with a sign, 1 as they are and -1 as they were.

    Few keys are left once the rows are added up, and only these are held against campaigns.
    """
    sums = ", ".join(f"sum(CASE WHEN {figure} THEN sign ELSE 0 END) AS {name}" for name, figure in _FIGURES.items())
    return f"""
        INSERT INTO campaign_counts (campaign_id, finished_at, {_NAMES})
        SELECT campaigns.id, added.finished_at, {_NAMES}
          FROM (SELECT subject_key, organization_id, coalesce(date_trunc('second', finished_at), '-infinity') AS finished_at,
                       {sums}
                  FROM ({changed}) AS changed
                 WHERE starts_with(subject_key, 'notifications.campaign:')
                 GROUP BY 1, 2, 3) AS added
          JOIN campaigns
            ON campaigns.id = CASE WHEN pg_input_is_valid(substr(subject_key, 24), 'uuid')
                                   THEN CAST(substr(subject_key, 24) AS uuid) END
           AND subject_key = 'notifications.campaign:' || campaigns.id
           AND added.organization_id IS NOT DISTINCT FROM campaigns.organization_id
         WHERE ({_NAMES}) IS DISTINCT FROM ({", ".join("0" for _ in _FIGURES)});
    """  # noqa: S608 - put together from constants of this module


_COLUMNS = "subject_key, organization_id, status, receipt, reason, attempts, finished_at"
_BEFORE_AND_AFTER = f"""
    SELECT -1 AS sign, {_COLUMNS} FROM before_rows UNION ALL SELECT 1, {_COLUMNS} FROM after_rows
"""  # noqa: S608 - as above
_TRIGGERS = f"""
    CREATE FUNCTION count_changed_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM after_rows WHERE starts_with(subject_key, 'notifications.campaign:')) THEN
            {_counting(_BEFORE_AND_AFTER)}
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER deliveries_changed AFTER UPDATE ON deliveries REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
        FOR EACH STATEMENT EXECUTE FUNCTION count_changed_deliveries();

    -- Deliveries come into being before they end, so this hardly ever has anything to do.
    CREATE FUNCTION count_new_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_counting("SELECT 1 AS sign, (NEW).*")}
        RETURN NULL;
    END $$;
    CREATE TRIGGER deliveries_ended_at_once AFTER INSERT ON deliveries FOR EACH ROW
        WHEN (NEW.subject_key IS NOT NULL AND (NEW.finished_at IS NOT NULL OR NEW.receipt IS NOT NULL))
        EXECUTE FUNCTION count_new_delivery();
"""


def upgrade() -> None:
    migrations.script(_CAMPAIGNS)
    migrations.script(_TABLE)
    migrations.script(_TRIGGERS)
