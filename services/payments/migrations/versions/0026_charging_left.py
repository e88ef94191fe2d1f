"""The few payments that a message is at, so that the janitor finds those among them that nobody is at any more."""

from shared.runtime import migrations

revision = "0026"
down_revision = "0025"

_CHARGING = r"""
CREATE INDEX payments_charging ON payments (id) WHERE is_charging;
"""


def upgrade() -> None:
    migrations.script(_CHARGING)
