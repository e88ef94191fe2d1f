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

_UNASSIGNED: Final = """
    SELECT id AS trip_id, organization_id, jsonb_build_object('pickup_at', pickup_at) AS detail
      FROM trips
     WHERE status = 'scheduled'
       AND (pickup_at < CAST(:at AS timestamptz) + interval '1 hour' OR EXISTS (
            SELECT FROM assignments WHERE trip_id = trips.id AND status IN ('declined', 'expired') AND seeks_next))
"""

# For a month, and as long as it is flagged: nobody looks through all that have ever been completed.
_COMPLETION_MISSING: Final = """
    SELECT id AS trip_id, organization_id, jsonb_build_object('ended_at', ended_at) AS detail
      FROM trips
     WHERE status = 'completed' AND ended_at < CAST(:at AS timestamptz) - interval '10 minutes'
       AND ended_at > CAST(:at AS timestamptz) - interval '30 days'
       AND NOT EXISTS (SELECT FROM trip_completions WHERE trip_id = trips.id)
     UNION
    SELECT trip_id, trip_flags.organization_id, trip_flags.detail
      FROM trip_flags
     WHERE kind = 'completion_missing' AND cleared_at IS NULL
       AND NOT EXISTS (SELECT FROM trip_completions WHERE trip_completions.trip_id = trip_flags.trip_id)
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
    Rule("unassigned", _UNASSIGNED, "without a driver"),
    Rule("completion_missing", _COMPLETION_MISSING, "completed, but nothing has come of it"),
    Rule("distance_missing", _DISTANCE_MISSING, "completed, but its distance is not known"),
    # Payments tries for ten minutes before it gives up.
    Rule(INVOICE_MISSING, _INVOICE_MISSING, "completed, but not invoiced"),
)
