"""No trip leaves its driver and vehicle bound behind it."""

from shared.runtime import migrations

revision = "0013"
down_revision = "0012"

_KEEP = r"""
CREATE FUNCTION keep_binding_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM assignments WHERE id = OLD.assignment_id AND status IN ('offered', 'accepted')) THEN
        RAISE EXCEPTION 'assignment % still binds driver and vehicle of trip %: end it first', OLD.assignment_id, OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trips_end_their_assignment BEFORE UPDATE ON trips
    FOR EACH ROW WHEN (OLD.assignment_id IS DISTINCT FROM NEW.assignment_id) EXECUTE FUNCTION keep_binding_assignment();
"""

# Trips that were planned anew while somebody was to drive them: nobody could end these, nor offer the trip again.
_FREE = r"""
UPDATE assignments SET status = 'released', ended_at = greatest(now(), offered_at), reason = 'the trip was planned anew'
 WHERE status IN ('offered', 'accepted')
   AND NOT EXISTS (SELECT FROM trips WHERE trips.id = assignments.trip_id AND trips.assignment_id = assignments.id);
"""


def upgrade() -> None:
    for part in (_KEEP, _FREE):
        migrations.script(part)
