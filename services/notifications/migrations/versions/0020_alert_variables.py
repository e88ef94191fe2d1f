"""The texts about alerts say which variables they take, so that one that lacks is refused at the trigger."""

from alembic import op
from sqlalchemy import text

from services.notifications.templates.seeding import builtins

revision = "0020"
down_revision = "0019"

_SEED = text("""
    SELECT seed_template(:name, :locale, :subject, :text, :html, CAST(:sample AS jsonb), :sms, :push_title, :push_body,
                         CAST(:variables AS jsonb))
""")


def upgrade() -> None:
    for one in builtins(("shipment_alert", "shipment_alert_digest")):
        op.get_bind().execute(_SEED, {field: getattr(one, field) for field in one.__slots__})
