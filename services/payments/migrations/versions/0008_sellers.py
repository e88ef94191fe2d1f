"""An order is sold by a legal entity, which says how it is taxed and issues its invoice, line by line."""

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

-- So that what of an order is cancelled is credited on the lines that bill it. NULL: the line bills none of an order.
ALTER TABLE invoice_lines ADD COLUMN source_line integer CHECK (source_line >= 1);

-- Added without a look at the rows that there are, which would hold up whoever writes; then looked at.
ALTER TABLE invoices
    ADD CONSTRAINT invoices_have_their_customer FOREIGN KEY (customer_id) REFERENCES customers NOT VALID,
    ADD CONSTRAINT invoices_have_their_order FOREIGN KEY (order_id) REFERENCES orders NOT VALID;
ALTER TABLE order_matches ADD CONSTRAINT matches_have_their_order FOREIGN KEY (order_id) REFERENCES orders NOT VALID;
ALTER TABLE invoices VALIDATE CONSTRAINT invoices_have_their_customer;
ALTER TABLE invoices VALIDATE CONSTRAINT invoices_have_their_order;
ALTER TABLE order_matches VALIDATE CONSTRAINT matches_have_their_order;
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
