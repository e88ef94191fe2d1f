"""No driver and no vehicle is under way on two trips at once."""

from shared.runtime import migrations

revision = "0015"
down_revision = "0014"

# Trips that somebody forgot to end may stand beside the one that is driven now. They are named in the index as exceptions, so
# that it can be made and they can be ended; as soon as they are, it has none that matter.
_UNDER_WAY = r"""
DO $$
DECLARE
    forgotten uuid[];
    under_way text := $q$status IN ('en_route_pickup', 'at_pickup', 'onboard')$q$;
BEGIN
    LOCK TABLE trips IN SHARE MODE;
    SELECT array_agg(DISTINCT older.id) INTO forgotten
      FROM trips AS older JOIN trips AS newer
        ON newer.driver_id = older.driver_id OR newer.vehicle_id = older.vehicle_id
     WHERE older.status IN ('en_route_pickup', 'at_pickup', 'onboard')
       AND newer.status IN ('en_route_pickup', 'at_pickup', 'onboard')
       AND (coalesce(older.started_at, older.created_at), older.id) < (coalesce(newer.started_at, newer.created_at), newer.id);
    IF forgotten IS NOT NULL THEN
        under_way := under_way || format(' AND id <> ALL (%L::uuid[])', forgotten);
    END IF;
    EXECUTE 'CREATE UNIQUE INDEX trips_one_under_way_of_driver ON trips (driver_id) WHERE ' || under_way;
    EXECUTE 'CREATE UNIQUE INDEX trips_one_under_way_of_vehicle ON trips (vehicle_id) WHERE ' || under_way;
END $$;
"""


def upgrade() -> None:
    migrations.script(_UNDER_WAY)
