"""What the columns and tables of the migrations before have taken the place of."""

from shared.runtime import migrations

revision = "0009"
down_revision = "0008"

_CHANGE = r"""
ALTER TABLE shipments
    DROP COLUMN recipient_email,
    DROP COLUMN next_evaluation_on,
    ADD CONSTRAINT shipments_have_recipients CHECK (cardinality(recipients) >= 1);
ALTER TABLE shipments SET (fillfactor = 90);
CREATE INDEX shipments_by_customer ON shipments (organization_id, customer, id);
DROP TABLE policy_steps;
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
