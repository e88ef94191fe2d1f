"""When gateways were last asked about refunds, so that those that take days do not keep others from being asked about."""

from shared.runtime import migrations

revision = "0022"
down_revision = "0021"

_CHECKED = r"""
ALTER TABLE refunds ADD COLUMN checked_at timestamptz;

CREATE INDEX refunds_unheard ON refunds (greatest(updated_at, checked_at)) WHERE status IN ('requested', 'pending');
"""


def upgrade() -> None:
    migrations.script(_CHECKED)
