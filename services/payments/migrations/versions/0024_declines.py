"""How often a payment was declined for what may pass, so that technical failures use up none of the tries of days."""

from shared.runtime import migrations

revision = "0024"
down_revision = "0023"

_DECLINES = r"""
-- How many failures of each kind were dealt with; decline_delay_s: the least that has to pass after the newest.
ALTER TABLE payments ADD COLUMN later_declines integer NOT NULL DEFAULT 0 CHECK (later_declines >= 0),
                     ADD COLUMN technical_declines integer NOT NULL DEFAULT 0 CHECK (technical_declines >= 0),
                     ADD COLUMN decline_delay_s integer CHECK (decline_delay_s >= 0);
"""


def upgrade() -> None:
    migrations.script(_DECLINES)
