"""Figures of whole days, as they were worked out last."""

from shared.runtime import migrations

revision = "0008"
down_revision = "0007"

_TABLES = """
CREATE TABLE kpi_values (
    key             text NOT NULL,
    organization_id uuid NOT NULL,                        -- f's: all together
    day             date NOT NULL,
    dimension       text NOT NULL,                        -- '' where the figure has one part alone
    value           double precision,                     -- null where nothing has happened that it could be of
    n               bigint NOT NULL CHECK (n >= 0),
    is_on_target    boolean,
    computed_at     timestamptz NOT NULL,
    PRIMARY KEY (organization_id, day, key, dimension)
);

-- Days of which something was counted since their figures were worked out.
CREATE TABLE changed_kpi_days (day date PRIMARY KEY);
"""


def upgrade() -> None:
    migrations.script(_TABLES)
