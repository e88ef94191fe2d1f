"""When trips are flagged: one statement of SQL for each kind. Whoever watches over something new adds a rule, and its kind."""

from typing import Final

from services.trips.flags.models import Rule

DEFAULT_LIMIT_S: Final = 6 * 3600
"""The rule of the older patient transport system, where an organization has set no limit."""

_OVER_DURATION: Final = f"""
    SELECT id AS trip_id, trip.organization_id,
           jsonb_build_object('started_at', started_at, 'limit_s', coalesce(max_duration_s, {DEFAULT_LIMIT_S})) AS detail
      FROM trips AS trip LEFT JOIN LATERAL (
           SELECT max_duration_s FROM trip_limits AS own
            WHERE own.organization_id = trip.organization_id
              AND coalesce(own.customer = trip.customer, own.customer IS NULL)
              AND coalesce(own.trip_type = trip.trip_type, own.trip_type IS NULL)
            ORDER BY own.customer IS NULL, own.trip_type IS NULL LIMIT 1
      ) AS own ON true
     WHERE started_at IS NOT NULL AND ended_at IS NULL
       AND started_at + make_interval(secs => coalesce(max_duration_s, {DEFAULT_LIMIT_S})) < :at
"""  # noqa: S608 - put together from a constant of this module

# Who is not on board yet arrives no earlier than the planned ride after now; who is, the ride after they got on.
_LATE: Final = """
    SELECT id AS trip_id, organization_id,
           jsonb_build_object('appointment_at', appointment_at, 'expected_at', expected_at) AS detail
      FROM (SELECT id, organization_id, appointment_at, greatest(CAST(:at AS timestamptz),
                   coalesce(onboard_at, greatest(CAST(:at AS timestamptz), pickup_at)) + (dropoff_at - pickup_at)) AS expected_at
              FROM trips
             WHERE appointment_at IS NOT NULL AND ended_at IS NULL AND status <> 'at_dropoff'
               AND appointment_at < CAST(:at AS timestamptz) + interval '1 day') AS trip
     WHERE expected_at > appointment_at
"""

_UNASSIGNED: Final = """
    SELECT id AS trip_id, organization_id, jsonb_build_object('pickup_at', pickup_at) AS detail
      FROM trips
     WHERE status = 'scheduled'
       AND (pickup_at < CAST(:at AS timestamptz) + interval '1 hour' OR EXISTS (
            SELECT FROM assignments WHERE trip_id = trips.id AND status IN ('declined', 'expired') AND seeks_next))
"""

_DISTANCE_MISSING: Final = """
    SELECT trip_id, organization_id, jsonb_build_object('since', tried_at) AS detail
      FROM trip_completions JOIN trip_completion_steps AS one USING (trip_id)
     WHERE trip_completions.status = 'running' AND step = 'facts_fixed' AND one.status = 'waiting'
"""

_INVOICE_MISSING: Final = """
    SELECT trip_id, organization_id, jsonb_build_object('asked_at', requested.ended_at) AS detail
      FROM trip_completions
      JOIN trip_completion_steps AS awaited USING (trip_id)
      JOIN trip_completion_steps AS requested USING (trip_id)
     WHERE trip_completions.status = 'running' AND awaited.step = 'invoice_confirmed' AND awaited.status = 'waiting'
       AND requested.step = 'invoice_requested' AND requested.ended_at < CAST(:at AS timestamptz) - interval '30 minutes'
"""

INVOICE_MISSING: Final = "invoice_missing"

RULES: Final = (
    Rule("over_duration", _OVER_DURATION, "taking longer than it may"),
    Rule("late_for_appointment", _LATE, "going to miss its appointment"),
    Rule("unassigned", _UNASSIGNED, "without a driver"),
    Rule("distance_missing", _DISTANCE_MISSING, "completed, but its distance is not known"),
    # Payments tries for ten minutes before it gives up.
    Rule(INVOICE_MISSING, _INVOICE_MISSING, "completed, but not invoiced"),
)
