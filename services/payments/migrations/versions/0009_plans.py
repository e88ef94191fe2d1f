"""Plans and their versions."""

from shared.runtime import migrations

revision = "0009"
down_revision = "0008"

_PLANS = r"""
CREATE TABLE plans (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    code            text NOT NULL CHECK (code ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
    active          boolean NOT NULL DEFAULT true,                     -- whether anybody can subscribe to it
    version         bigint NOT NULL DEFAULT 1 CHECK (version >= 1),    -- also the number of its newest version, but for `active`
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    updated_by      text NOT NULL CHECK (char_length(updated_by) BETWEEN 1 AND 200),
    UNIQUE (organization_id, code)
);
CREATE INDEX plans_of_organization ON plans (organization_id, id);

-- What was offered is never changed, because subscriptions go by it; a newer version takes its place for those who come later.
-- lines: what one of the plan comes to in a period, before tax: [{sku, name, hsn_sac, quantity, unit_price_minor, tax_rate_bp,
-- capability}]; sku and capability are null for a plan that delivers nothing.
CREATE TABLE plan_versions (
    id              uuid PRIMARY KEY,
    plan_id         uuid NOT NULL REFERENCES plans,
    number          integer NOT NULL CHECK (number >= 1),
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    currency        char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    interval_unit   text NOT NULL CHECK (interval_unit IN ('day', 'week', 'month', 'year')),
    interval_count  integer NOT NULL CHECK (interval_count BETWEEN 1 AND 365),
    trial_days      integer NOT NULL CHECK (trial_days BETWEEN 0 AND 730),
    min_quantity    integer NOT NULL CHECK (min_quantity >= 1),
    max_quantity    integer NOT NULL CHECK (max_quantity BETWEEN min_quantity AND 10000),
    delivers        boolean NOT NULL,
    lines           jsonb NOT NULL CHECK (jsonb_typeof(lines) = 'array' AND jsonb_array_length(lines) BETWEEN 1 AND 50),
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL CHECK (char_length(created_by) BETWEEN 1 AND 200),
    UNIQUE (plan_id, number)
);
CREATE TRIGGER plan_versions_are_kept BEFORE UPDATE OR DELETE ON plan_versions FOR EACH ROW EXECUTE FUNCTION keep_history();
"""


def upgrade() -> None:
    migrations.script(_PLANS)
