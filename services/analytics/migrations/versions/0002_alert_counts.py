"""How many alerts were raised, by organization, day and severity."""

from shared.runtime import migrations

revision = "0002"
down_revision = "0001"

_TABLES = """
CREATE TABLE alert_counts (
    organization_id uuid NOT NULL,
    day             date NOT NULL CHECK (day BETWEEN '2000-01-01' AND '2099-12-31'),  -- that was evaluated, in UTC
    severity        text NOT NULL CHECK (severity IN ('info', 'warning', 'high', 'critical')),
    raised          bigint NOT NULL CHECK (raised >= 1),
    PRIMARY KEY (organization_id, day, severity)
);
-- For those who read the counts of all organizations. No index holds `raised`, so that counting on writes to none.
CREATE INDEX alert_counts_of_day ON alert_counts (day);
"""


def upgrade() -> None:
    migrations.script(_TABLES)
