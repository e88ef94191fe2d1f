"""The texts that Waybill brings along for every notice, in English and Hindi: e-mail, SMS and the in-app inbox.

They are files under `templates/builtin/`; see `templates/seeding.py` for how they become rows.
"""

from alembic import op
from sqlalchemy import text

from services.notifications.templates.seeding import builtins

revision = "0013"
down_revision = "0012"

_BUILTIN = (
    *("order_confirmation", "order_shipped", "order_status", "order_reminder"),
    *("payment_failed", "subscription_renewal_reminder", "payment_reminder", "invoice", "invoice_overdue"),
    *("welcome", "trip_assignment", "daily_digest", "campaign_newsletter"),
    # Seeded by 0004 in an earlier form.
    *("shipment_alert", "shipment_alert_digest"),
)
_SEED = text("""
    SELECT seed_template(:name, :locale, :subject, :text, :html, CAST(:sample AS jsonb), :sms, :push_title, :push_body,
                         CAST(:variables AS jsonb))
""")


def upgrade() -> None:
    for one in builtins(_BUILTIN):
        op.get_bind().execute(_SEED, {field: getattr(one, field) for field in one.__slots__})
