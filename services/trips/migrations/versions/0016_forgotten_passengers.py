"""What the history says in free words and of places can be erased where the passenger is forgotten, and nothing else of it."""

from shared.runtime import migrations

revision = "0016"
down_revision = "0015"

_NOTED = r"""
ALTER TABLE trips ADD passenger_forgotten_at timestamptz;

CREATE OR REPLACE FUNCTION note_trip_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was     jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
    unnoted CONSTANT text[] := ARRAY['version', 'updated_at', 'changed_by', 'changed_as', 'change_reason', 'change_details',
                                     'previous_status', 'passenger_name', 'passenger_phone', 'pickup_label', 'pickup_address',
                                     'pickup_lat', 'pickup_lon', 'dropoff_label', 'dropoff_address', 'dropoff_lat',
                                     'dropoff_lon', 'passenger_forgotten_at'];
    changed record;
BEGIN
    SELECT coalesce(jsonb_object_agg(key, was -> key) FILTER (WHERE was ? key), '{}') AS before,
           coalesce(jsonb_object_agg(key, value), '{}') AS after
      INTO changed
      FROM jsonb_each(to_jsonb(NEW) - unnoted)
     WHERE was -> key IS DISTINCT FROM value AND (TG_OP = 'UPDATE' OR value <> 'null');
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
        IF changed.after <> '{}' THEN
            RAISE EXCEPTION 'trip % was changed without a new version', NEW.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END IF;
    INSERT INTO trip_events (trip_id, number, from_status, to_status, actor, actor_role, reason, details, before, after, at)
    VALUES (NEW.id, NEW.version, NEW.previous_status, NEW.status, NEW.changed_by, NEW.changed_as, NEW.change_reason,
            NEW.change_details, changed.before, changed.after, NEW.updated_at);
    RETURN NULL;
END $$;
"""

_KEPT = r"""
CREATE FUNCTION keep_trip_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.reason IS NULL
       AND NEW.details IS NOT DISTINCT FROM nullif(OLD.details - ARRAY['message', 'latitude', 'longitude'], '{}')
       AND to_jsonb(NEW) - ARRAY['reason', 'details'] = to_jsonb(OLD) - ARRAY['reason', 'details']
       AND EXISTS (SELECT FROM trips WHERE id = OLD.trip_id AND passenger_forgotten_at IS NOT NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: what is written there stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER trip_events_are_kept BEFORE UPDATE OR DELETE ON trip_events
    FOR EACH ROW EXECUTE FUNCTION keep_trip_event();
"""

# Whoever was forgotten before is forgotten wholly. Nobody reaches trips meanwhile, so only rows are written that have something
# to erase.
_FORGOTTEN = r"""
UPDATE trips SET passenger_forgotten_at = now(), change_reason = NULL, change_details = NULL
 WHERE ended_at IS NOT NULL AND pickup_label = 'Erased place' AND dropoff_label = 'Erased place'
   AND num_nonnulls(passenger_name, passenger_phone, pickup_address, pickup_lat, dropoff_address, dropoff_lat) = 0;
UPDATE trip_events SET reason = NULL, details = nullif(details - ARRAY['message', 'latitude', 'longitude'], '{}')
  FROM trips WHERE trips.id = trip_id AND passenger_forgotten_at IS NOT NULL
   AND (trip_events.reason IS NOT NULL OR trip_events.details ?| ARRAY['message', 'latitude', 'longitude']);
UPDATE assignments SET reason = NULL
  FROM trips WHERE trips.id = trip_id AND passenger_forgotten_at IS NOT NULL AND assignments.reason IS NOT NULL;
UPDATE trip_mileage SET evidence = evidence - 'polyline'
  FROM trips WHERE trips.id = trip_id AND passenger_forgotten_at IS NOT NULL AND evidence ? 'polyline';
UPDATE trip_flags SET detail = detail - ARRAY['latitude', 'longitude']
  FROM trips WHERE trips.id = trip_id AND passenger_forgotten_at IS NOT NULL AND detail ?| ARRAY['latitude', 'longitude'];
"""


def upgrade() -> None:
    for part in (_NOTED, _KEPT, _FORGOTTEN):
        migrations.script(part)
