"""Reading shipments, and writing them many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from services.alerts.shipments.models import Shipment, ShipmentFacts, Status
from shared.runtime.db import ReadSession, Session

# An ETA that is the same again changes nothing; a new one is a new revision, from which every step can be reached anew.
# A shipment that is watched again after it was not starts from its first step, too: what it had is unique and stays.
_UPSERT: Final = text("""
    INSERT INTO shipments AS known (id, organization_id, reference, customer, carrier, origin, destination, original_eta,
                                    current_eta, status, recipient_email, next_evaluation_on)
    SELECT uuidv7(), :organization_id, row.reference, row.customer, row.carrier, row.origin, row.destination, row.eta,
           row.eta, row.status, row.recipient_email, CASE WHEN is_watched(row.status) THEN row.eta + first.days_late END
      FROM unnest(CAST(:references AS text[]), CAST(:customers AS text[]), CAST(:carriers AS text[]),
                  CAST(:origins AS text[]), CAST(:destinations AS text[]), CAST(:etas AS date[]),
                  CAST(:statuses AS text[]), CAST(:recipients AS text[]))
           AS row(reference, customer, carrier, origin, destination, eta, status, recipient_email),
           (SELECT min(days_late) AS days_late FROM policy_steps) AS first
     ORDER BY row.reference
    ON CONFLICT (organization_id, reference) DO UPDATE SET
           customer = excluded.customer, carrier = excluded.carrier, origin = excluded.origin,
           destination = excluded.destination, status = excluded.status, recipient_email = excluded.recipient_email,
           current_eta = excluded.current_eta, updated_at = now(),
           eta_revision = known.eta_revision + CASE WHEN known.current_eta = excluded.current_eta THEN 0 ELSE 1 END,
           next_evaluation_on = CASE WHEN known.watched AND is_watched(excluded.status)
                                          AND known.current_eta = excluded.current_eta THEN known.next_evaluation_on
                                     ELSE excluded.next_evaluation_on END
     WHERE (known.customer, known.carrier, known.origin, known.destination, known.status, known.recipient_email,
            known.current_eta)
           IS DISTINCT FROM
           (excluded.customer, excluded.carrier, excluded.origin, excluded.destination, excluded.status,
            excluded.recipient_email, excluded.current_eta)
    RETURNING old.id IS NULL AS created, coalesce(new.eta_revision > old.eta_revision, false) AS revised
""")


@dataclass(frozen=True, slots=True)
class Upserted:
    """How many of the rows given were new, how many changed something, and how many of those the ETA."""

    created: int = 0
    updated: int = 0
    eta_revised: int = 0

    def __add__(self, other: "Upserted") -> "Upserted":
        return Upserted(self.created + other.created, self.updated + other.updated, self.eta_revised + other.eta_revised)


class ShipmentReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(
        self, *, organization_id: UUID | None, status: Status | None, after: UUID | None, limit: int
    ) -> Sequence[Shipment]:
        """The newest first, of one organization or of all, beginning after the shipment `after`."""
        query = select(Shipment).order_by(Shipment.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Shipment.organization_id == organization_id)
        if status is not None:
            query = query.where(Shipment.status == status)
        if after is not None:
            query = query.where(Shipment.id < after)
        return (await self._session.scalars(query)).all()


class ShipmentRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def upsert(self, organization_id: UUID, facts: Sequence[ShipmentFacts]) -> Upserted:
        """Create what is new and change what differs, by reference, in one statement. A reference may stand in `facts` once.

        Give them sorted by reference: rows are locked in that order, so that two imports never wait for each other in a circle.
        """
        columns: dict[str, Any] = {
            "references": [one.reference for one in facts],
            "customers": [one.customer for one in facts],
            "carriers": [one.carrier for one in facts],
            "origins": [one.origin for one in facts],
            "destinations": [one.destination for one in facts],
            "etas": [one.current_eta for one in facts],
            "statuses": [one.status for one in facts],
            "recipients": [one.recipient_email for one in facts],
        }
        rows = (await self._session.execute(_UPSERT, {"organization_id": organization_id, **columns})).all()
        created = sum(row.created for row in rows)
        return Upserted(created, len(rows) - created, sum(row.revised for row in rows))
