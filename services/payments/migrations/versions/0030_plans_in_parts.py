"""A plan may give back of one payment in parts: what a bank has disputed goes out once it is decided, after the rest."""

from shared.runtime import migrations

revision = "0030"
down_revision = "0029"

# What a plan has asked for already is told under its lock, so it asks for nothing twice without the key.
_IN_PARTS = r"""
DROP INDEX refunds_of_plan;
CREATE INDEX refunds_of_plan ON refunds (plan_id) WHERE plan_id IS NOT NULL;
"""


def upgrade() -> None:
    migrations.script(_IN_PARTS)
