"""Writing what somebody outside tells of shipments, unless what is stored is newer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.alerts.shipments.errors import NobodyToTell
from shared.contracts.alerts import ShipmentNews
from shared.runtime.db import Session

_ROWS: Final = """
    SELECT * FROM unnest(CAST(:references AS text[]), CAST(:told_ats AS timestamptz[]), CAST(:etas AS date[]),
                         CAST(:statuses AS text[]), CAST(:customers AS text[]), CAST(:carriers AS text[]),
                         CAST(:origins AS text[]), CAST(:destinations AS text[]), CAST(:modes AS text[]))
                  AS given(reference, told_at, eta, status, customer, carrier, origin, destination, mode)
"""

# As an import does it: what is known is locked and left as it is, in the order in which what is new is inserted.
_INSERT: Final = text(f"""
    WITH told AS (
        INSERT INTO shipments AS known (id, organization_id, reference, customer, carrier, origin, destination, original_eta,
                                        current_eta, status, recipients, mode, told_at, changed_by)
        SELECT uuidv7(), :organization_id, reference, customer, carrier, origin, destination, eta, eta, status,
               CAST(:recipients AS text[]), mode, told_at, :changed_by
          FROM ({_ROWS}) AS row ORDER BY reference
        ON CONFLICT (organization_id, reference) DO UPDATE SET version = known.version WHERE false
        RETURNING id, reference, current_eta, watched
    ), due AS (
        INSERT INTO due_evaluations (due_on, shipment_id) SELECT current_eta + 1, id FROM told WHERE watched
    )
    SELECT reference FROM told
""")  # noqa: S608 # put together from constants of this module; values are bound

_LOOK: Final = text(f"""
    SELECT known.id, reference, row.told_at, eta, row.status, known.told_at >= row.told_at IS TRUE AS is_outdated,
           (known.current_eta, known.status) = (eta, row.status) AS is_same,
           known.status = row.status OR (known.status, row.status) IN
               (SELECT from_status, to_status FROM shipment_status_transitions) AS is_legal
      FROM ({_ROWS}) AS row JOIN shipments AS known USING (reference)
     WHERE known.organization_id = :organization_id ORDER BY reference
""")  # noqa: S608 # as above

_CHANGE: Final = text("""
    WITH told AS (
        UPDATE shipments AS known
           SET current_eta = row.eta, status = row.status, told_at = row.told_at,
               eta_revision = eta_revision + CASE WHEN known.current_eta = row.eta THEN 0 ELSE 1 END,
               version = version + 1, changed_by = :changed_by, updated_at = now()
          FROM unnest(CAST(:ids AS uuid[]), CAST(:told_ats AS timestamptz[]), CAST(:etas AS date[]), CAST(:statuses AS text[]))
               AS row(id, told_at, eta, status)
         WHERE known.id = row.id
        RETURNING new.id, new.current_eta, new.watched
    )
    INSERT INTO due_evaluations (due_on, shipment_id) SELECT current_eta + 1, id FROM told WHERE watched
    ON CONFLICT DO NOTHING
""")

# Nothing that people see: no version, and nobody who has changed it.
_CONFIRM: Final = text("""
    UPDATE shipments SET told_at = row.told_at
      FROM unnest(CAST(:ids AS uuid[]), CAST(:told_ats AS timestamptz[])) AS row(id, told_at) WHERE shipments.id = row.id
""")


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of each of the news. moved: the shipments that have another ETA or status now."""

    created: int = 0
    unchanged: int = 0
    outdated: int = 0
    refused: int = 0
    moved: tuple[UUID, ...] = ()


class FeedRepository:
    """Writes for one organization, in one unit of work. changed_by: who tells it."""

    def __init__(self, session: Session, organization_id: UUID, *, changed_by: str) -> None:
        self.organization_id = organization_id
        self._session = session
        self._bound = {"organization_id": organization_id, "changed_by": changed_by}

    async def apply(self, news: Sequence[ShipmentNews], recipients: Sequence[str]) -> Applied:
        """Create what is new, and change what is older than the news. A reference may stand in `news` once.

        recipients: of what is new. Raises NobodyToTell where something is new, and there are none.
        """
        created = await self._create(news, recipients) if recipients else set()
        known = [one for one in news if one.reference not in created]
        found = (await self._session.execute(_LOOK, self._of_ours(known))).all() if known else []
        if strangers := sorted({one.reference for one in known} - {row.reference for row in found}):
            said = f"{', '.join(strangers[:5])}{' and others' if len(strangers) > 5 else ''}"
            raise NobodyToTell(f"new are {said}, and `recipients` names nobody who is told of their alerts")
        recent = [row for row in found if not row.is_outdated]
        moving = [row for row in recent if row.is_legal and not row.is_same]
        same = [row for row in recent if row.is_same]
        if moving:
            etas, statuses = [row.eta for row in moving], [row.status for row in moving]
            await self._session.execute(_CHANGE, self._whom(moving) | {"etas": etas, "statuses": statuses})
        if same:
            await self._session.execute(_CONFIRM, self._whom(same))
        return Applied(
            created=len(created),
            unchanged=len(same),
            outdated=len(found) - len(recent),
            refused=len(recent) - len(moving) - len(same),
            moved=tuple(row.id for row in moving),
        )

    async def _create(self, news: Sequence[ShipmentNews], recipients: Sequence[str]) -> set[str]:
        bound = self._bound | {"recipients": list(recipients)}
        return {row.reference for row in await self._session.execute(_INSERT, bound | _columns(news))}

    def _of_ours(self, news: Sequence[ShipmentNews]) -> dict[str, Any]:
        return {"organization_id": self.organization_id} | _columns(news)

    def _whom(self, rows: Sequence[Any]) -> dict[str, Any]:
        whom = {"ids": [row.id for row in rows], "told_ats": [row.told_at for row in rows]}
        return {"changed_by": self._bound["changed_by"]} | whom


def _columns(news: Sequence[ShipmentNews]) -> dict[str, Any]:
    return {
        "references": [one.reference for one in news],
        "told_ats": [one.told_at for one in news],
        "etas": [one.current_eta for one in news],
        "statuses": [one.status for one in news],
        "customers": [one.customer for one in news],
        "carriers": [one.carrier for one in news],
        "origins": [one.origin for one in news],
        "destinations": [one.destination for one in news],
        "modes": [one.mode for one in news],
    }
