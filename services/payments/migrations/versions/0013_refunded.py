"""Credit notes for refunds."""

from shared.runtime import migrations

revision = "0013"
down_revision = "0012"

_REASON = r"""
ALTER TABLE credit_notes DROP CONSTRAINT credit_notes_reason_check;
ALTER TABLE credit_notes ADD CONSTRAINT credit_notes_reason_check CHECK (
    reason IN ('goods_returned', 'deficiency', 'price_change', 'cancelled', 'duplicate', 'refunded', 'other')
);
"""


def upgrade() -> None:
    migrations.script(_REASON)
