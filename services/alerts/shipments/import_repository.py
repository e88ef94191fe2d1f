"""Writing shipments many at a time: what is new, what differs, which holds are in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.alerts.shipments.models import IMPORT, ShipmentFacts
from shared.runtime.db import Session

_LIST: Final = "\x1f"
"""Lists travel as texts, because PostgreSQL has no array of lists of different lengths. No value holds a control character."""

_ROWS: Final = """
    SELECT reference, customer, carrier, origin, destination, eta, status, mode, free_day, has_mode, has_free_day,
           has_documents, string_to_array(recipients, chr(31)) AS recipients, string_to_array(documents, chr(31)) AS documents
      FROM unnest(CAST(:references AS text[]), CAST(:customers AS text[]), CAST(:carriers AS text[]),
                  CAST(:origins AS text[]), CAST(:destinations AS text[]), CAST(:etas AS date[]),
                  CAST(:statuses AS text[]), CAST(:recipients AS text[]), CAST(:modes AS text[]),
                  CAST(:free_days AS date[]), CAST(:documents AS text[]), CAST(:has_mode AS boolean[]),
                  CAST(:has_free_day AS boolean[]), CAST(:has_documents AS boolean[]))
           AS given(reference, customer, carrier, origin, destination, eta, status, recipients, mode, free_day, documents,
                    has_mode, has_free_day, has_documents)
"""

# By index, row by row, whatever the statistics say: in the middle of an import they are those of a table that was smaller.
_KNOWN: Final = """
    CROSS JOIN LATERAL (SELECT id, status FROM shipments
                         WHERE organization_id = :organization_id AND shipments.reference = row.reference LIMIT 1) AS found
"""

# What is known is locked and left as it is, in the same order in which what is new is inserted, so that two imports never
# wait for each other in a circle. The column named is none of a key: then alerts, which refer to shipments, need not wait either.
_INSERT: Final = text(f"""
    WITH told AS (
        INSERT INTO shipments AS known (id, organization_id, reference, customer, carrier, origin, destination, original_eta,
                                        current_eta, status, recipients, mode, last_free_day, missing_documents, changed_by)
        SELECT uuidv7(), :organization_id, reference, customer, carrier, origin, destination, eta, eta, status, recipients,
               mode, free_day, documents, :changed_by
          FROM ({_ROWS}) AS row ORDER BY reference
        ON CONFLICT (organization_id, reference) DO UPDATE SET version = known.version WHERE false
        RETURNING id, reference, current_eta, watched
    ), due AS (
        INSERT INTO due_evaluations (due_on, shipment_id) SELECT current_eta + 1, id FROM told WHERE watched
    )
    SELECT reference FROM told
""")  # noqa: S608 # put together from constants of this module; values are bound

# An ETA that is the same again changes nothing; a new one is a new revision, from which every step can be reached anew.
# A shipment whose status may not become the new one is left as it is.
_UPDATE: Final = text(f"""
    WITH told AS (
        UPDATE shipments AS known
           SET customer = row.customer, carrier = row.carrier, origin = row.origin, destination = row.destination,
               status = row.status, recipients = row.recipients, current_eta = row.eta,
               mode = CASE WHEN has_mode THEN row.mode ELSE known.mode END,
               last_free_day = CASE WHEN has_free_day THEN row.free_day ELSE known.last_free_day END,
               missing_documents = CASE WHEN has_documents THEN row.documents ELSE known.missing_documents END,
               eta_revision = eta_revision + CASE WHEN known.current_eta = row.eta THEN 0 ELSE 1 END,
               version = version + 1, changed_by = :changed_by, updated_at = now()
          FROM ({_ROWS}) AS row {_KNOWN}
         WHERE known.id = found.id
           AND ((known.customer, known.carrier, known.origin, known.destination, known.status, known.recipients,
                 known.current_eta)
                IS DISTINCT FROM
                (row.customer, row.carrier, row.origin, row.destination, row.status, row.recipients, row.eta)
                OR (has_mode AND known.mode IS DISTINCT FROM row.mode)
                OR (has_free_day AND known.last_free_day IS DISTINCT FROM row.free_day)
                OR (has_documents AND known.missing_documents <> row.documents))
           AND (known.status = row.status
                OR (known.status, row.status) IN (SELECT from_status, to_status FROM shipment_status_transitions))
        RETURNING new.id, new.reference, new.current_eta, new.watched, new.eta_revision > old.eta_revision AS revised,
                  new.status <> old.status AS moved,
                  (new.customer, new.mode) IS DISTINCT FROM (old.customer, old.mode) AS rescoped
    ), due AS (
        INSERT INTO due_evaluations (due_on, shipment_id)
        SELECT current_eta + 1, id FROM told WHERE watched AND (revised OR moved OR rescoped)
        ON CONFLICT DO NOTHING
    )
    SELECT id, reference, revised, moved FROM told
""")  # noqa: S608 # as above

_REFUSED: Final = text(f"""
    SELECT reference, found.status,
           ARRAY(SELECT to_status FROM shipment_status_transitions WHERE from_status = found.status ORDER BY to_status) AS legal
      FROM unnest(CAST(:references AS text[]), CAST(:statuses AS text[])) AS row(reference, status) {_KNOWN}
     WHERE found.status <> row.status
""")  # noqa: S608 # as above

_HOLDS: Final = text(f"""
    WITH named AS (
        SELECT id, string_to_array(kinds, chr(31)) AS kinds
          FROM unnest(CAST(:references AS text[]), CAST(:holds AS text[])) AS row(reference, kinds) {_KNOWN}
    ), released AS (
        UPDATE shipment_holds SET released_on = greatest(placed_on, CAST(:today AS date)) FROM named
         WHERE shipment_id = named.id AND released_on IS NULL AND kind <> ALL (kinds)
        RETURNING shipment_id
    ), placed AS (
        INSERT INTO shipment_holds (id, shipment_id, kind, placed_on)
        SELECT uuidv7(), named.id, kind, :today FROM named, unnest(kinds) AS kind
         WHERE NOT EXISTS (SELECT FROM shipment_holds AS known
                            WHERE known.shipment_id = named.id AND known.kind = kind.kind AND released_on IS NULL)
        RETURNING shipment_id
    ), told AS (
        UPDATE shipments SET version = version + 1, changed_by = :changed_by, updated_at = now()
         WHERE id IN (SELECT shipment_id FROM released UNION SELECT shipment_id FROM placed)
        RETURNING id, reference, current_eta, watched
    ), due AS (
        INSERT INTO due_evaluations (due_on, shipment_id) SELECT current_eta + 1, id FROM told WHERE watched
        ON CONFLICT DO NOTHING
    )
    SELECT reference FROM told
""")  # noqa: S608 # as above


@dataclass(frozen=True, slots=True)
class Refused:
    """A row whose status the known shipment cannot take. legal: the statuses that it can."""

    reference: str
    status: str
    legal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upserted:
    """How many of the rows given were new, how many changed something, and how many of those the ETA.

    moved: the shipments that were known and have another ETA or status now.
    """

    created: int = 0
    updated: int = 0
    eta_revised: int = 0
    moved: tuple[UUID, ...] = ()
    refused: tuple[Refused, ...] = ()

    def __add__(self, other: "Upserted") -> "Upserted":
        return Upserted(
            self.created + other.created,
            self.updated + other.updated,
            self.eta_revised + other.eta_revised,
            self.moved + other.moved,
            self.refused + other.refused,
        )


class ImportRepository:
    """Writes for one organization.

    today: the day on which holds are placed and released.
    """

    def __init__(self, session: Session, organization_id: UUID, *, today: date, changed_by: str = IMPORT) -> None:
        self.organization_id = organization_id
        self._session = session
        self._bound = {"organization_id": organization_id, "changed_by": changed_by}
        self._today = today

    async def upsert(self, facts: Sequence[ShipmentFacts]) -> Upserted:
        """Create what is new and change what differs, by reference. A reference may stand in `facts` once.

        Give them sorted by reference, over all calls of a transaction: rows are locked in that order.
        """
        created = {row.reference for row in await self._session.execute(_INSERT, self._bound | _columns(facts))}
        known = [one for one in facts if one.reference not in created]
        changed = (await self._session.execute(_UPDATE, self._bound | _columns(known))).all() if known else ()
        updated = {row.reference for row in changed}
        refused = await self._refused([one for one in known if one.reference not in updated])
        held = await self._hold([one for one in facts if "holds" in one.given], {one.reference for one in refused})
        return Upserted(
            created=len(created),
            updated=len(updated | (held - created)),
            eta_revised=sum(row.revised for row in changed),
            moved=tuple(row.id for row in changed if row.revised or row.moved),
            refused=refused,
        )

    async def _refused(self, unchanged: Sequence[ShipmentFacts]) -> tuple[Refused, ...]:
        if not unchanged:
            return ()
        columns = {"references": [one.reference for one in unchanged], "statuses": [one.status for one in unchanged]}
        bound = {"organization_id": self.organization_id, **columns}
        rows = await self._session.execute(_REFUSED, bound)
        return tuple(Refused(row.reference, row.status, tuple(row.legal)) for row in rows)

    async def _hold(self, facts: Sequence[ShipmentFacts], refused: set[str]) -> set[str]:
        """Place and release until the holds in force are those named; the references of the shipments that this changed."""
        kept = [one for one in facts if one.reference not in refused]
        if not kept:
            return set()
        columns = {"references": [one.reference for one in kept], "holds": [_LIST.join(one.holds) for one in kept]}
        rows = await self._session.execute(_HOLDS, self._bound | columns | {"today": self._today})
        return {row.reference for row in rows}


def _columns(facts: Sequence[ShipmentFacts]) -> dict[str, Any]:
    return {
        "references": [one.reference for one in facts],
        "customers": [one.customer for one in facts],
        "carriers": [one.carrier for one in facts],
        "origins": [one.origin for one in facts],
        "destinations": [one.destination for one in facts],
        "etas": [one.current_eta for one in facts],
        "statuses": [one.status for one in facts],
        "recipients": [_LIST.join(one.recipients) for one in facts],
        "modes": [one.mode for one in facts],
        "free_days": [one.last_free_day for one in facts],
        "documents": [_LIST.join(one.missing_documents) for one in facts],
        "has_mode": ["mode" in one.given for one in facts],
        "has_free_day": ["last_free_day" in one.given for one in facts],
        "has_documents": ["missing_documents" in one.given for one in facts],
    }
