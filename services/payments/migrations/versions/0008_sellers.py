"""An order is sold by a legal entity, which says how it is taxed: the settings of orders no longer say it a second time."""

from shared.runtime import migrations

revision = "0008"
down_revision = "0007"

_CHANGE = r"""
-- NULL for orders from before it was kept: the default one invoices them.
ALTER TABLE orders ADD COLUMN legal_entity_id uuid REFERENCES legal_entities (id);
CREATE INDEX orders_by_legal_entity ON orders (legal_entity_id);
ALTER TABLE order_settings
    DROP COLUMN tax,
    DROP COLUMN state_code,
    DROP COLUMN has_lut,
    DROP COLUMN round_to_minor;
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
