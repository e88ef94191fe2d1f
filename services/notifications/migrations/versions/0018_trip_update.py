"""The text that tells people how a trip stands."""

from alembic import op
from sqlalchemy import text

from services.notifications.templates.seeding import builtins

revision = "0018"
down_revision = "0017"

_SEED = text("""
    SELECT seed_template(:name, :locale, :subject, :text, :html, CAST(:sample AS jsonb), :sms, :push_title, :push_body,
                         CAST(:variables AS jsonb))
""")


def upgrade() -> None:
    for one in builtins(("trip_update",)):
        op.get_bind().execute(_SEED, {field: getattr(one, field) for field in one.__slots__})
