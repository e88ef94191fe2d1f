"""Which rows of this service go into files; docs/decisions/0015-what-is-archived.md says why these and no others.

Days of positions are archived as they are dropped: positions/clean_up.py.
"""

from typing import Final

from shared.runtime.archive.rules import Rule

RULES: Final = (
    Rule(
        table="geofence_events",
        key=("id",),
        when="old.noted_at",
        days=400,
        kept=("id", "geofence_id", "vehicle_id", "organization_id", "trip_id", "kind", "at", "seen", "noted_at"),
        left_out={
            "latitude": "where a vehicle was to the metre, its driver was; which geofence it was says enough",
            "longitude": "the same",
        },
    ),
    Rule(
        table="trip_flags",
        key=("id",),
        when="old.cleared_at",
        days=400,
        kept=("id", "trip_id", "organization_id", "kind", "detail", "opened_at", "escalated_at", "cleared_at"),
    ),
)
