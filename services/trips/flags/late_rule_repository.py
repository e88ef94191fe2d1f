"""When a trip is going to miss its appointment: by its plan, and by where its vehicle is, where that is known.

The same count as `services/trips/eta/estimate.py`, for all trips at once.
"""

from typing import Final

from services.trips.eta.models import DETOUR, OLDEST
from services.trips.eta.repository import SPEED_MPS
from services.trips.flags.models import Rule

# When the vehicle is at its next place by its newest fix; no row where there is none that says something of now.
_THERE: Final = f"""
    SELECT fix.recorded_at AS fix_at,
           least(fix.recorded_at, CAST(:at AS timestamptz))
           + make_interval(secs => metres_between(fix.latitude, fix.longitude, to_lat, to_lon) * {DETOUR} / ({SPEED_MPS}))
           AS there_at
      FROM latest_positions AS fix,
           LATERAL (SELECT CASE status WHEN 'onboard' THEN dropoff_lat ELSE pickup_lat END,
                           CASE status WHEN 'onboard' THEN dropoff_lon ELSE pickup_lon END) AS next_place (to_lat, to_lon)
     WHERE status IN ('en_route_pickup', 'onboard') AND to_lat IS NOT NULL AND to_lon IS NOT NULL
       AND fix.vehicle_id = trips.vehicle_id AND fix.trip_id = trips.id
       AND fix.recorded_at >= CAST(:at AS timestamptz) - make_interval(secs => {OLDEST.total_seconds()})
"""  # noqa: S608 - put together from constants

# Who is not on board yet arrives no earlier than the planned ride after now, or after the vehicle has come; who is, when
# the vehicle is there by its fix, or the planned ride after they got on.
_LATE: Final = f"""
    SELECT trip_id, organization_id,
           jsonb_build_object('appointment_at', appointment_at, 'expected_at', expected_at, 'recorded_at', fix_at) AS detail
      FROM (SELECT id AS trip_id, organization_id, appointment_at, fix_at, greatest(CAST(:at AS timestamptz), CASE
                   WHEN onboard_at IS NULL THEN greatest(CAST(:at AS timestamptz), pickup_at, there_at) + (dropoff_at - pickup_at)
                   ELSE coalesce(there_at, onboard_at + (dropoff_at - pickup_at)) END) AS expected_at
              FROM trips LEFT JOIN LATERAL ({_THERE}) AS by_fix ON true
             WHERE appointment_at IS NOT NULL AND ended_at IS NULL AND status <> 'at_dropoff'
               AND appointment_at < CAST(:at AS timestamptz) + interval '1 day') AS expected
     WHERE expected_at > appointment_at
"""  # noqa: S608 - put together from constants

LATE_RULE: Final = Rule("late_for_appointment", _LATE, "going to miss its appointment")
