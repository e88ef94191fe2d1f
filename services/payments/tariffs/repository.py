"""Reading and writing tariffs and billable trips."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from services.payments.invoices.condition_repository import named
from services.payments.tariffs.models import BillableTrip, TariffRates, TariffVersion, TripFacts
from shared.runtime.db import ReadSession, Session

_RATES: Final = ", ".join(field.name for field in fields(TariffRates))
_COLUMNS: Final = f"id, organization_id, mobility, valid_from, created_at, created_by, {_RATES}"
_MEANT: Final = {
    "organization_id": "organization_id = :organization_id",
    "mobility": "mobility = :mobility",
    "after": "id < :after",
}
_FIND: Final = text(f"""
    SELECT {_COLUMNS} FROM tariff_versions WHERE id = :id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
""")  # noqa: S608 - as above
_IN_FORCE: Final = text(f"""
    SELECT {_COLUMNS} FROM tariff_versions
     WHERE organization_id = :organization_id AND mobility = :mobility AND valid_from <= :at ORDER BY valid_from DESC LIMIT 1
""")  # noqa: S608 - as above
_INSERT: Final = text("""
    INSERT INTO tariff_versions (id, organization_id, mobility, valid_from, currency, base_minor, per_km_minor, per_minute_minor,
                                 waiting_minute_minor, free_waiting_s, minimum_minor, tax_rate_bp, sac, created_at, created_by)
    VALUES (:id, :organization_id, :mobility, :valid_from, :currency, :base_minor, :per_km_minor, :per_minute_minor,
            :waiting_minute_minor, :free_waiting_s, :minimum_minor, :tax_rate_bp, :sac, :created_at, :created_by)
    ON CONFLICT DO NOTHING RETURNING id
""")

# DISTINCT ON, because a batch may hold two versions of one trip and a statement may change a row once. In the order of their
# keys, so that two batches never wait for each other in a circle.
_STORE: Final = text("""
    INSERT INTO billable_trips (trip_id, organization_id, entity_version, trip_number, customer_id, mobility, distance_m,
                                duration_s, waiting_s, completed_at)
    SELECT DISTINCT ON (trip_id) *
      FROM unnest(CAST(:trip_ids AS uuid[]), CAST(:organization_ids AS uuid[]), CAST(:entity_versions AS bigint[]),
                  CAST(:trip_numbers AS text[]), CAST(:customer_ids AS uuid[]), CAST(:mobilities AS text[]),
                  CAST(:distances AS bigint[]), CAST(:durations AS bigint[]), CAST(:waitings AS bigint[]),
                  CAST(:completed_ats AS timestamptz[]))
           AS row(trip_id, organization_id, entity_version, trip_number, customer_id, mobility, distance_m, duration_s, waiting_s,
                  completed_at)
     ORDER BY trip_id, entity_version DESC
    ON CONFLICT (trip_id) DO UPDATE
       SET entity_version = excluded.entity_version, trip_number = excluded.trip_number, customer_id = excluded.customer_id,
           mobility = excluded.mobility, distance_m = excluded.distance_m, duration_s = excluded.duration_s,
           waiting_s = excluded.waiting_s, completed_at = excluded.completed_at
     WHERE billable_trips.entity_version < excluded.entity_version AND billable_trips.organization_id = excluded.organization_id
""")
_TRIP_COLUMNS: Final = """trip_id, organization_id, entity_version, trip_number, customer_id, mobility, distance_m, duration_s,
    waiting_s, completed_at"""
_MEANT_TRIPS: Final = {"organization_id": "organization_id = :organization_id", "after": "trip_id < :after"}
_LOCK_TRIP: Final = text(f"""
    SELECT {_TRIP_COLUMNS} FROM billable_trips WHERE trip_id = :trip_id FOR UPDATE
""")  # noqa: S608 - as above


class TariffReader:
    """Reads. `organization_id` is whose the caller may see, None for anybody's."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(
        self, *, organization_id: UUID | None, mobility: str | None, after: UUID | None, limit: int
    ) -> Sequence[TariffVersion]:
        """The newest first, of one kind of mobility or of all."""
        bound = {"organization_id": organization_id, "mobility": mobility, "after": after, "limit": limit}
        query = f"SELECT {_COLUMNS} FROM tariff_versions WHERE {named(_MEANT, bound)} ORDER BY id DESC LIMIT :limit"  # noqa: S608 - as above
        return [_version(row) for row in (await self._session.execute(text(query), bound)).mappings()]

    async def find(self, version_id: UUID, *, organization_id: UUID | None) -> TariffVersion | None:
        """One version."""
        bound = {"id": version_id, "organization_id": organization_id}
        row = (await self._session.execute(_FIND, bound)).mappings().one_or_none()
        return _version(row) if row is not None else None

    async def in_force(self, organization_id: UUID, mobility: str, at: datetime) -> TariffVersion | None:
        """The version that holds at a moment."""
        bound = {"organization_id": organization_id, "mobility": mobility, "at": at}
        row = (await self._session.execute(_IN_FORCE, bound)).mappings().one_or_none()
        return _version(row) if row is not None else None

    async def trips(self, *, organization_id: UUID | None, after: UUID | None, limit: int) -> Sequence[BillableTrip]:
        """The newest first."""
        bound = {"organization_id": organization_id, "after": after, "limit": limit}
        where = named(_MEANT_TRIPS, bound)
        query = f"SELECT {_TRIP_COLUMNS} FROM billable_trips WHERE {where} ORDER BY trip_id DESC LIMIT :limit"  # noqa: S608 - as above
        return [_trip(row) for row in (await self._session.execute(text(query), bound)).mappings()]


class TariffRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, version: TariffVersion) -> bool:
        """Write a version; False where one holds from the same moment."""
        row = {field.name: getattr(version, field.name) for field in fields(version) if field.name != "rates"}
        return await self._session.scalar(_INSERT, {**row, **asdict(version.rates)}) is not None

    async def store_trips(self, trips: Sequence[BillableTrip]) -> None:
        """Write trips; of one that is there the newer version stays."""
        bound: dict[str, Any] = {
            "trip_ids": [trip.trip_id for trip in trips],
            "organization_ids": [trip.organization_id for trip in trips],
            "entity_versions": [trip.entity_version for trip in trips],
            "trip_numbers": [trip.trip_number for trip in trips],
            "customer_ids": [trip.customer_id for trip in trips],
            "mobilities": [trip.mobility for trip in trips],
            "distances": [trip.facts.distance_m for trip in trips],
            "durations": [trip.facts.duration_s for trip in trips],
            "waitings": [trip.facts.waiting_s for trip in trips],
            "completed_ats": [trip.completed_at for trip in trips],
        }
        await self._session.execute(_STORE, bound)

    async def lock_trip(self, trip_id: UUID) -> BillableTrip | None:
        """A trip; nothing new is stored of it until the transaction ends."""
        row = (await self._session.execute(_LOCK_TRIP, {"trip_id": trip_id})).mappings().one_or_none()
        return _trip(row) if row is not None else None


def _version(row: RowMapping | Mapping[str, Any]) -> TariffVersion:
    plain = dict(row)
    rates = TariffRates(**{field.name: plain.pop(field.name) for field in fields(TariffRates)})
    return TariffVersion(rates=rates, **plain)


def _trip(row: RowMapping | Mapping[str, Any]) -> BillableTrip:
    plain = dict(row)
    facts = TripFacts(**{field.name: plain.pop(field.name) for field in fields(TripFacts)})
    return BillableTrip(facts=facts, **plain)
