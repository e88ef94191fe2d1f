"""Who could do a trip, and what stands in the others' way, in one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import TSTZRANGE

from services.trips.dispatch.models import FoundDriver, FoundVehicle, Needs
from shared.runtime.db import ReadSession

# Who is under way is so at least until now, whatever was planned.
_DURING: Final = bindparam("during", type_=TSTZRANGE)
_DRIVERS: Final = text("""
    SELECT driver.id, name, licence_classes, usual_vehicle_id,
           (SELECT count(*) FROM assignments
             WHERE driver_id = driver.id AND status IN ('offered', 'accepted')
               AND during && tstzrange(lower(wanted.during) - interval '12 hours', upper(wanted.during) + interval '12 hours')
           ) AS trips_that_day,
           array_remove(ARRAY[
               CASE WHEN driver.status <> 'active' THEN 'not_active' END,
               CASE WHEN licence_expires_on < (upper(wanted.during) AT TIME ZONE time_zone)::date THEN 'licence_expired' END,
               CASE WHEN NOT skills @> CAST(:skills AS text[]) THEN 'lacks_skills' END,
               CASE WHEN works = 'shifts' AND NOT EXISTS (
                   SELECT FROM driver_shifts WHERE driver_id = driver.id AND kind = 'duty' AND during @> wanted.during
               ) THEN 'off_duty' END,
               CASE WHEN EXISTS (
                   SELECT FROM driver_shifts WHERE driver_id = driver.id AND kind = 'absence' AND during && wanted.during
               ) THEN 'absent' END,
               CASE WHEN EXISTS (
                   SELECT FROM assignments
                    WHERE driver_id = driver.id AND status IN ('offered', 'accepted') AND during && wanted.during
               ) OR EXISTS (
                   SELECT FROM trips
                    WHERE driver_id = driver.id AND trips.status IN ('en_route_pickup', 'at_pickup', 'onboard')
                      AND tstzrange(started_at, greatest(started_at, upper(planned), CAST(:at AS timestamptz)), '[]')
                          && wanted.during
               ) THEN 'busy' END,
               CASE WHEN EXISTS (
                   SELECT FROM assignments
                    WHERE driver_id = driver.id AND trip_id = CAST(:trip_id AS uuid) AND status IN ('declined', 'expired')
               ) THEN 'asked_before' END
           ], NULL) AS hindrances
      FROM drivers AS driver, (SELECT CAST(:during AS tstzrange) AS during) AS wanted
     WHERE organization_id = :organization_id AND driver.status <> 'left'
     ORDER BY trips_that_day, driver.id
""").bindparams(_DURING)
_VEHICLES: Final = text("""
    SELECT vehicle.id, plate, label, licence_class,
           greatest(seats - :seats, 0) + greatest(wheelchair_places - :wheelchair_places, 0)
               + greatest(stretchers - :stretchers, 0) AS spare,
           array_remove(ARRAY[
               CASE WHEN status <> 'in_service' THEN 'not_in_service' END,
               CASE WHEN seats < :seats OR wheelchair_places < :wheelchair_places OR stretchers < :stretchers
                         OR (:bariatric AND NOT bariatric) THEN 'too_small' END,
               CASE WHEN NOT equipment @> CAST(:equipment AS text[]) THEN 'lacks_equipment' END,
               CASE WHEN EXISTS (
                   SELECT FROM assignments
                    WHERE vehicle_id = vehicle.id AND assignments.status IN ('offered', 'accepted')
                      AND during && CAST(:during AS tstzrange)
               ) OR EXISTS (
                   SELECT FROM trips
                    WHERE vehicle_id = vehicle.id AND trips.status IN ('en_route_pickup', 'at_pickup', 'onboard')
                      AND tstzrange(started_at, greatest(started_at, upper(planned), CAST(:at AS timestamptz)), '[]')
                          && CAST(:during AS tstzrange)
               ) THEN 'busy' END
           ], NULL) AS hindrances
      FROM vehicles AS vehicle
     WHERE organization_id = :organization_id AND status <> 'retired'
     ORDER BY spare, vehicle.id
""").bindparams(_DURING)


class AvailabilityReader:
    """Looks at all drivers and vehicles of the organization that needs somebody. The best suited come first. at: the moment."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def drivers(self, needs: Needs, at: datetime, *, trip_id: UUID | None = None) -> Sequence[FoundDriver]:
        """Those with the fewest trips around that time first. trip_id: whom it was offered to before is hindered."""
        bound = _bound(needs, "skills") | {"at": at, "trip_id": trip_id}
        return [FoundDriver(**row._asdict()) for row in await self._session.execute(_DRIVERS, bound)]

    async def vehicles(self, needs: Needs, at: datetime) -> Sequence[FoundVehicle]:
        """Those with the fewest places to spare first."""
        bound = _bound(needs, "seats", "wheelchair_places", "stretchers", "bariatric", "equipment") | {"at": at}
        return [FoundVehicle(**row._asdict()) for row in await self._session.execute(_VEHICLES, bound)]


def _bound(needs: Needs, *names: str) -> dict[str, Any]:
    return {name: getattr(needs, name) for name in ("organization_id", "during", *names)}
