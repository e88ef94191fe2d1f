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

-- A step is a policy version's: under another one the same number is another thing. This makes a second run create nothing.
ALTER TABLE alerts
    ADD CONSTRAINT alerts_once UNIQUE (shipment_id, eta_revision, policy_version_id, step),
    DROP CONSTRAINT alerts_shipment_id_step_eta_revision_key;
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
