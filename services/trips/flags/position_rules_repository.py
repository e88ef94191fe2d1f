"""When trips are flagged by where their vehicles are: by the newest place of each, and the points just before it."""

from typing import Final

from services.trips.flags.models import LONGEST_GAP_S, SILENT_AFTER_S, STOP_AFTER_S, STOP_RADIUS_M, Rule

# By our own clock, which no device sets wrong. A point that comes late is older than the newest place, and says nothing of now.
_SILENT: Final = f"""
    SELECT trips.id AS trip_id, trips.organization_id,
           jsonb_build_object('heard_at', latest.received_at, 'recorded_at', latest.recorded_at,
                              'silent_after_s', coalesce(silent_after_s, {SILENT_AFTER_S})) AS detail
      FROM trips
      LEFT JOIN trip_watch_settings AS own ON own.organization_id = trips.organization_id
      LEFT JOIN latest_positions AS latest ON latest.vehicle_id = trips.vehicle_id
     WHERE started_at IS NOT NULL AND ended_at IS NULL
       AND greatest(started_at, latest.received_at) + make_interval(secs => coalesce(silent_after_s, {SILENT_AFTER_S}))
           < CAST(:at AS timestamptz)
       AND EXISTS (SELECT FROM devices WHERE devices.vehicle_id = trips.vehicle_id AND revoked_at IS NULL)
"""  # noqa: S608 - put together from constants

# The newest place, all others of so long before it near it, and one just before those that is near it, too: it has stood there
# for so long. Who waits at the pickup or the drop-off stands there rightly, so only the time since then counts.
_STOPPED: Final = f"""
    SELECT trip_id, organization_id,
           jsonb_build_object('since', (
                   SELECT min(recorded_at) FROM positions
                    WHERE vehicle_id = standing.vehicle_id AND recorded_at BETWEEN status_at AND newest_at
                      AND recorded_at > coalesce((
                          SELECT max(recorded_at) FROM positions AS far
                           WHERE far.vehicle_id = standing.vehicle_id AND far.recorded_at BETWEEN status_at AND newest_at
                             AND metres_between(far.latitude, far.longitude, standing.latitude, standing.longitude) > radius_m),
                          '-infinity')),
               'recorded_at', newest_at, 'latitude', latitude, 'longitude', longitude, 'stop_after_s', after_s,
               'stop_radius_m', radius_m) AS detail
      FROM (SELECT trips.id AS trip_id, trips.organization_id, trips.vehicle_id, status_at, latest.recorded_at AS newest_at,
                   latitude, longitude, coalesce(stop_after_s, {STOP_AFTER_S}) AS after_s,
                   coalesce(stop_radius_m, {STOP_RADIUS_M}) AS radius_m
              FROM trips
              JOIN latest_positions AS latest ON latest.vehicle_id = trips.vehicle_id AND latest.trip_id = trips.id
              LEFT JOIN trip_watch_settings AS own ON own.organization_id = trips.organization_id
             WHERE started_at IS NOT NULL AND ended_at IS NULL AND status IN ('en_route_pickup', 'onboard')
           ) AS standing
     WHERE NOT EXISTS (
           SELECT FROM positions AS between_them
            WHERE between_them.vehicle_id = standing.vehicle_id
              AND recorded_at BETWEEN newest_at - make_interval(secs => after_s) AND newest_at
              AND metres_between(between_them.latitude, between_them.longitude, standing.latitude, standing.longitude) > radius_m)
       AND (SELECT metres_between(before.latitude, before.longitude, standing.latitude, standing.longitude) <= radius_m
              FROM positions AS before
             WHERE before.vehicle_id = standing.vehicle_id
               AND recorded_at BETWEEN greatest(status_at, newest_at - make_interval(secs => after_s + {LONGEST_GAP_S}))
                                   AND newest_at - make_interval(secs => after_s)
             ORDER BY recorded_at DESC LIMIT 1)
"""  # noqa: S608 - put together from constants

POSITION_RULES: Final = (
    Rule("device_silent", _SILENT, "not heard of: its vehicle's device is silent"),
    Rule("prolonged_stop", _STOPPED, "standing still for longer than it should"),
)
