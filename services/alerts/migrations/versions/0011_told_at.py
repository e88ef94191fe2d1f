"""Shipments: from when the news is that their ETA and status come from."""

from shared.runtime import migrations

revision = "0011"
down_revision = "0010"

# NULL: nobody has told since the shipment was first written. Whoever changes ETA or status without saying from when tells it now,
# so that what a feed knows from before does not undo what a person has changed since.
_CHANGE = r"""
ALTER TABLE shipments ADD COLUMN told_at timestamptz;

CREATE FUNCTION note_when_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.told_at IS NOT DISTINCT FROM OLD.told_at THEN
        NEW.told_at := greatest(OLD.told_at, now());
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER shipments_when_told BEFORE UPDATE OF current_eta, status ON shipments
    FOR EACH ROW WHEN ((OLD.current_eta, OLD.status) IS DISTINCT FROM (NEW.current_eta, NEW.status))
    EXECUTE FUNCTION note_when_told();
"""


def upgrade() -> None:
    migrations.script(_CHANGE)
