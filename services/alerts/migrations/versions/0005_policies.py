"""Policies: who gets an alert of which severity after how many days, in versions with a day from which each holds."""

from shared.runtime import migrations

revision = "0005"
down_revision = "0004"

_CHANGE = r"""
-- Days on which customs and carriers work, by country and subdivision. number: how many business days there were from
-- 2000-01-01 to this day, so that the business days between two days are a difference.
CREATE TABLE calendars (
    code       text PRIMARY KEY CHECK (code ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE calendar_days (
    calendar    text NOT NULL REFERENCES calendars ON DELETE CASCADE,
    day         date NOT NULL,
    is_business boolean NOT NULL,
    number      integer NOT NULL,
    holiday     text,                                 -- its name; NULL on other days
    PRIMARY KEY (calendar, day)
);
CREATE UNIQUE INDEX calendar_business_days ON calendar_days (calendar, number) WHERE is_business;

-- What a policy is for. NULL: for all of them. The narrowest one that applies to a shipment counts, a customer being
-- narrower than a mode, and that narrower than an organization.
CREATE TABLE policies (
    id              uuid PRIMARY KEY,
    organization_id uuid,
    customer        text CHECK (char_length(customer) BETWEEN 1 AND 200),
    mode            text CHECK (mode IN ('sea', 'air', 'road', 'rail', 'parcel', 'multimodal')),
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    for_holds       text[] NOT NULL DEFAULT '{}'      -- only shipments under a hold of one of these kinds; empty: any
                    CHECK (for_holds <@ ARRAY['customs', 'freight', 'document', 'inspection', 'other']),
    version         bigint NOT NULL DEFAULT 1,        -- the entity tag
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    CHECK (customer IS NULL OR organization_id IS NOT NULL),
    UNIQUE NULLS NOT DISTINCT (organization_id, customer, mode, for_holds)
);

-- One content of a policy. The newest one whose day has come holds; what was published is never changed.
CREATE TABLE policy_versions (
    id               uuid PRIMARY KEY,
    policy_id        uuid NOT NULL REFERENCES policies,
    number           integer NOT NULL CHECK (number >= 1),
    effective_from   date NOT NULL CHECK (effective_from BETWEEN '2000-01-01' AND '2099-12-31'),
    enabled          boolean NOT NULL DEFAULT true,   -- false: from that day on, the next wider policy counts instead
    basis            text NOT NULL DEFAULT 'calendar' CHECK (basis IN ('calendar', 'business')),
    calendar         text REFERENCES calendars,
    statuses         text[] NOT NULL DEFAULT ARRAY['in_transit', 'arrived', 'customs_hold']
                     CHECK (statuses <@ ARRAY['in_transit', 'arrived', 'customs_hold'] AND cardinality(statuses) >= 1),
    email_retries    integer NOT NULL DEFAULT 3 CHECK (email_retries BETWEEN 0 AND 50),
    email_interval_s integer NOT NULL DEFAULT 300 CHECK (email_interval_s BETWEEN 1 AND 86400),
    digest_above     integer NOT NULL DEFAULT 20 CHECK (digest_above BETWEEN 1 AND 1000),
    applied_at       timestamptz,                     -- when a run looked at all shipments again because of it
    created_at       timestamptz NOT NULL DEFAULT now(),
    created_by       text NOT NULL,
    UNIQUE (policy_id, number),
    CHECK ((basis = 'business') = (calendar IS NOT NULL))
);
CREATE TABLE policy_version_steps (
    version_id uuid NOT NULL REFERENCES policy_versions ON DELETE CASCADE,
    step       smallint NOT NULL CHECK (step BETWEEN 1 AND 20),
    days_late  integer NOT NULL CHECK (days_late BETWEEN 1 AND 365),
    severity   text NOT NULL CHECK (severity IN ('info', 'warning', 'high', 'critical')),
    PRIMARY KEY (version_id, step),
    UNIQUE (version_id, days_late)
);

CREATE FUNCTION keep_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is written there stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER policy_versions_are_kept BEFORE DELETE OR UPDATE OF policy_id, number, effective_from, enabled, basis, calendar,
        statuses, email_retries, email_interval_s, digest_above ON policy_versions
    FOR EACH ROW EXECUTE FUNCTION keep_as_written();
CREATE TRIGGER policy_steps_are_kept BEFORE DELETE OR UPDATE ON policy_version_steps
    FOR EACH ROW EXECUTE FUNCTION keep_as_written();

WITH policy AS (
    INSERT INTO policies (id, name, created_by) VALUES (uuidv7(), 'Default', 'system:migration') RETURNING id
), version AS (
    INSERT INTO policy_versions (id, policy_id, number, effective_from, applied_at, created_by)
    SELECT uuidv7(), id, 1, '2000-01-01', now(), 'system:migration' FROM policy RETURNING id
)
INSERT INTO policy_version_steps (version_id, step, days_late, severity)
SELECT version.id, policy_steps.step, policy_steps.days_late, policy_steps.severity FROM version, policy_steps;
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
