"""What an SMS should cost when it is sent, and what its provider says afterwards that it has cost."""

from shared.runtime import migrations

revision = "0023"
down_revision = "0022"

_COSTS = """
    -- Of each attempt at an SMS that a provider has taken, or has told a price of. Amounts are exact, and in whole units of their
    -- currency: a thousandth of a cent counts.
    CREATE TABLE attempt_costs (
        delivery_id       uuid NOT NULL,
        number            integer NOT NULL,
        estimate          numeric CHECK (estimate >= 0),   -- by SMS_PRICES, when it was sent; NULL where that said nothing
        estimate_currency text CHECK (estimate_currency ~ '^[A-Z]{3}$'),
        price             numeric CHECK (price >= 0),      -- by the provider; NULL until it has told it. Never NULL again.
        price_currency    text CHECK (price_currency ~ '^[A-Z]{3}$'),
        asks              smallint NOT NULL DEFAULT 0,     -- how often the provider was asked
        ask_at            timestamptz,                     -- when it is next; NULL: told, given up, or no provider to be asked
        PRIMARY KEY (delivery_id, number),
        FOREIGN KEY (delivery_id, number) REFERENCES delivery_attempts (delivery_id, number) ON DELETE CASCADE,
        CHECK ((estimate IS NULL) = (estimate_currency IS NULL)),
        CHECK ((price IS NULL) = (price_currency IS NULL)),
        CHECK (price IS NULL OR ask_at IS NULL)
    ) WITH (fillfactor = 80);
    CREATE INDEX attempt_costs_to_ask ON attempt_costs (ask_at, delivery_id) WHERE ask_at IS NOT NULL;

    -- What campaigns cost: sums of rows that triggers on attempt_costs add, as in campaign_counts.
    CREATE TABLE campaign_costs (
        campaign_id uuid NOT NULL,
        currency    text NOT NULL,
        estimate    numeric NOT NULL,
        estimated   integer NOT NULL,                      -- attempts that have an estimate
        price       numeric NOT NULL,
        priced      integer NOT NULL                       -- attempts whose price was told
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
    CREATE INDEX campaign_costs_of_campaign ON campaign_costs (campaign_id);
"""


def _counting(changed: str) -> str:
    """Adds what is changed to the figures. changed: rows of attempt_costs with a sign, 1 as they are and -1 as they were."""
    return f"""
        INSERT INTO campaign_costs (campaign_id, currency, estimate, estimated, price, priced)
        SELECT campaigns.id, currency, sum(added.estimate), sum(estimated), sum(added.price), sum(priced)
          FROM (SELECT delivery_id, estimate_currency AS currency, sign * estimate AS estimate, sign AS estimated, 0 AS price,
                       0 AS priced
                  FROM ({changed}) AS changed WHERE estimate IS NOT NULL
                 UNION ALL
                SELECT delivery_id, price_currency, 0, 0, sign * price, sign
                  FROM ({changed}) AS changed WHERE price IS NOT NULL) AS added
          JOIN deliveries ON deliveries.id = added.delivery_id
          JOIN campaigns
            ON campaigns.id = CASE WHEN starts_with(subject_key, 'notifications.campaign:')
                                    AND pg_input_is_valid(substr(subject_key, 24), 'uuid')
                                   THEN CAST(substr(subject_key, 24) AS uuid) END
           AND subject_key = 'notifications.campaign:' || campaigns.id
           AND deliveries.organization_id IS NOT DISTINCT FROM campaigns.organization_id
         GROUP BY 1, 2
        HAVING (sum(added.estimate), sum(estimated), sum(added.price), sum(priced)) IS DISTINCT FROM (0, 0, 0, 0);
    """  # noqa: S608 - put together from constants of this module


_ROWS = "delivery_id, estimate, estimate_currency, price, price_currency"
_BEFORE_AND_AFTER = f"SELECT -1 AS sign, {_ROWS} FROM before_rows UNION ALL SELECT 1, {_ROWS} FROM after_rows"  # noqa: S608
_TRIGGERS = f"""
    CREATE FUNCTION count_new_costs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_counting(f"SELECT 1 AS sign, {_ROWS} FROM after_rows")}
        RETURN NULL;
    END $$;
    CREATE TRIGGER attempt_costs_new AFTER INSERT ON attempt_costs REFERENCING NEW TABLE AS after_rows
        FOR EACH STATEMENT EXECUTE FUNCTION count_new_costs();

    CREATE FUNCTION count_changed_costs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_counting(_BEFORE_AND_AFTER)}
        RETURN NULL;
    END $$;
    CREATE TRIGGER attempt_costs_changed AFTER UPDATE ON attempt_costs
        REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
        FOR EACH STATEMENT EXECUTE FUNCTION count_changed_costs();
"""  # noqa: S608 - as above


def upgrade() -> None:
    migrations.script(_COSTS)
    migrations.script(_TRIGGERS)
