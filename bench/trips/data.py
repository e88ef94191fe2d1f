"""Vehicles with devices, trips under way, and old days, written by the server's superuser without asking anybody."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

ORGANIZATION: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
LATITUDE: Final = 19.0
LONGITUDE: Final = 72.8

# A trip's constraints lead to drivers, offers and assignments, which are others' to measure.
WITHOUT_TRIGGERS: Final = "SET session_replication_role = replica"
_VEHICLES: Final = """
    INSERT INTO vehicles (id, organization_id, plate, seats, wheelchair_places, stretchers, status, created_at, updated_at)
    SELECT id, $2, 'B' || lpad(n::text, 8, '0'), 3, 0, 0, 'in_service', now(), now()
      FROM unnest($1::uuid[]) WITH ORDINALITY AS vehicle (id, n)
    ON CONFLICT DO NOTHING
"""
_DEVICES: Final = """
    INSERT INTO devices (id, organization_id, vehicle_id, protocol, identifier, token_hash, created_at, updated_at)
    SELECT gen_random_uuid(), $3, id, 'api', id::text, hash, now(), now() FROM unnest($1::uuid[], $2::bytea[]) AS made (id, hash)
"""
_TRIPS: Final = """
    INSERT INTO trips (id, organization_id, number, trip_type, status, mobility, pickup_label, dropoff_label, driver_id,
                       vehicle_id, assignment_id, pickup_at, dropoff_at, planned, status_at, started_at, created_at, updated_at,
                       changed_by, changed_as)
    SELECT trip, $3, 'T' || n, 'bench', 'onboard', 'ambulatory', 'A', 'B', gen_random_uuid(), vehicle, gen_random_uuid(), now(),
           now() + interval '1 hour', tstzrange(now(), now() + interval '1 hour'), now(), now() - interval '1 minute', now(),
           now(), 'bench', 'driver'
      FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS made (trip, vehicle, n)
"""
FILL_LATEST: Final = """
    SET session_replication_role = origin;
    INSERT INTO latest_positions (vehicle_id, organization_id, recorded_at, received_at, latitude, longitude, speed_mps,
                                  heading_deg, accuracy_m, battery_ratio, source)
    SELECT id, organization_id, now(), now(), 19 + random(), 72 + random(), 10 * random(), 360 * random(), 5, random(), 'api'
      FROM vehicles ON CONFLICT DO NOTHING
"""
FILL_DAY: Final = """
    INSERT INTO {table}
    SELECT md5((n % 1000)::text)::uuid, $1::timestamptz + (n / 1000) * interval '8.64 ms', now(), $2, NULL, NULL, 19 + random(),
           72 + random(), 10, 180, 12, 5, 0.5, 'api', NULL FROM generate_series(0, $3::integer - 1) AS n
"""


@dataclass(frozen=True, slots=True)
class Reporting:
    """A vehicle and the token of its device."""

    vehicle_id: UUID
    token: str


async def vehicles(admin: Any, count: int) -> list[Reporting]:
    """So many vehicles with a device each."""
    made = [Reporting(uuid4(), f"wbd_{uuid4().hex}") for _ in range(count)]
    ids = [one.vehicle_id for one in made]
    await admin.execute("DELETE FROM devices; DELETE FROM latest_positions; DELETE FROM vehicles")
    await admin.execute(_VEHICLES, ids, ORGANIZATION)
    hashes = [hashlib.sha256(one.token.encode()).digest() for one in made]
    await admin.execute(_DEVICES, ids, hashes, ORGANIZATION)
    return made


async def trips(admin: Any, driving: Sequence[Reporting]) -> list[UUID]:
    """A trip under way for each of these vehicles."""
    made = [uuid4() for _ in driving]
    await admin.execute(_TRIPS, made, [one.vehicle_id for one in driving], ORGANIZATION)
    return made
