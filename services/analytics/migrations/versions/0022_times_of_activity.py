"""When somebody did something, where that was more than twice on a day: a funnel asks for what came after the step before."""

from shared.runtime import migrations

revision = "0022"
down_revision = "0021"

# Null where the first and the last time are all, or where there are too many.
_TIMES = "ALTER TABLE user_activity ADD COLUMN times timestamptz[];"

# The next analysis works these days out anew. Days long ago stay as they are: their events may be gone before their turn comes.
_AGAIN = """
INSERT INTO changed_event_days (day) SELECT DISTINCT day FROM user_activity WHERE n > 2 AND day > current_date - 90
    ON CONFLICT DO NOTHING;
"""


def upgrade() -> None:
    migrations.script(_TIMES)
    migrations.script(_AGAIN)
