"""Statements on cases."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.cases.filter_models import CaseFilter
from services.payments.cases.models import SYSTEM, Case, CaseChange, Resolution
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

_COLUMNS: Final = ", ".join(field.name for field in fields(Case))
_SEEN: Final = "coalesce(organization_id = CAST(:organization_id AS uuid), CAST(:organization_id AS uuid) IS NULL)"
"""Whose the caller may see: everybody's, and what belongs to nobody, where it is bound to no organization."""
_FIND: Final = text(f"""
    SELECT {_COLUMNS} FROM cases WHERE id = :id AND {_SEEN}
""")  # noqa: S608 - the columns are constants of this module
_NEWEST: Final = text(f"""
    SELECT {_COLUMNS} FROM cases
     WHERE {_SEEN}
       AND coalesce(id < CAST(:after AS uuid), true) AND coalesce(state = CAST(:state AS text), true)
       AND coalesce(kind = CAST(:kind AS text), true) AND (CAST(:owner AS text) IS NULL OR owner = :owner)
       AND (CAST(:payment_id AS uuid) IS NULL OR payment_id = :payment_id)
       AND coalesce(entity_id = CAST(:entity_id AS text), true)
     ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - as above
_HISTORY: Final = text("SELECT id, action, actor, owner, note, at FROM case_changes WHERE case_id = :id ORDER BY id")
_OPEN_BY_KIND: Final = text("SELECT kind, count(*) FROM cases WHERE state = 'open' GROUP BY kind")
_OPEN: Final = text("""
    INSERT INTO cases AS known (id, kind, fingerprint, gateway, account, entity_id, organization_id, payment_id, amount_minor,
                                currency, details, opened_at, last_seen_at, changed_by, updated_at)
    SELECT :id, :kind, :fingerprint, coalesce(payments.gateway, :gateway), coalesce(payments.account, :account), :entity_id,
           coalesce(payments.organization_id, subscriptions.organization_id, orders.organization_id), payments.id,
           payments.amount_minor, payments.currency, CAST(:details AS jsonb), :at, :at, :by, :at
      FROM (SELECT) AS one LEFT JOIN payments ON payments.id = CAST(:payment_id AS uuid)
      LEFT JOIN subscriptions ON subscriptions.id = CAST(:subscription_id AS uuid)
      LEFT JOIN orders ON orders.id = CAST(:order_id AS uuid)
     WHERE NOT EXISTS (SELECT FROM cases AS accepted
                        WHERE accepted.fingerprint = :fingerprint AND accepted.resolution = 'accepted'
                          AND accepted.details = CAST(:details AS jsonb))
    ON CONFLICT (fingerprint) WHERE state = 'open'
    DO UPDATE SET last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at)
    RETURNING (xmax = 0) AS is_new
""")
_LOCK: Final = text(f"""
    SELECT {_COLUMNS} FROM cases WHERE id = :id AND {_SEEN} FOR UPDATE
""")  # noqa: S608 - as above
_ASSIGN: Final = text("""
    UPDATE cases SET owner = :owner, changed_by = :by, change_note = NULL, version = version + 1, updated_at = :at WHERE id = :id
""")
_RESOLVE: Final = text("""
    UPDATE cases SET state = 'resolved', resolution = :resolution, resolved_at = :at, changed_by = :by, change_note = :note,
                     version = version + 1, updated_at = :at
     WHERE id = :id
""")
_SETTLE_HELD: Final = text("""
    UPDATE cases SET state = 'resolved', resolution = 'settled_itself', resolved_at = :at, changed_by = :by,
                     change_note = 'its billing waits no more', version = version + 1, updated_at = :at
     WHERE state = 'open' AND kind = 'billing_held'
       AND NOT EXISTS (SELECT FROM subscriptions WHERE CAST(id AS text) = entity_id AND held_reason IS NOT NULL
                           AND status NOT IN ('cancelled', 'ended'))
""")
_SETTLE_SURPLUS: Final = text("""
    UPDATE cases SET state = 'resolved', resolution = 'settled_itself', resolved_at = :at, changed_by = :by,
                     change_note = 'it is no surplus any more', version = version + 1, updated_at = :at
     WHERE state = 'open' AND kind = 'surplus_authorization' AND payment_id = ANY (CAST(:payment_ids AS uuid[]))
       AND entity_id <> ALL (CAST(:entity_ids AS text[]))
""")
_SETTLE_DISPUTES: Final = text("""
    UPDATE cases SET state = 'resolved', resolution = 'settled_itself', resolved_at = :at, changed_by = :by,
                     change_note = 'the dispute has gone on', version = version + 1, updated_at = :at
     WHERE state = 'open' AND fingerprint = ANY (CAST(:fingerprints AS text[]))
""")
_COMMENT: Final = text("""
    INSERT INTO case_changes (case_id, action, actor, owner, note, at)
    SELECT id, 'commented', :by, owner, :note, :at FROM cases WHERE id = :id
""")


class CaseReader:
    """Reads. organization_id: None for a caller who sees everybody's, and what belongs to nobody."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, case_id: UUID, organization_id: UUID | None) -> Case | None:
        """One case."""
        return _one(await self._session.execute(_FIND, {"id": case_id, "organization_id": organization_id}))

    async def newest(self, meant: CaseFilter, organization_id: UUID | None, *, after: UUID | None, limit: int) -> Sequence[Case]:
        """The newest first, from after `after` on."""
        bound = {**meant.model_dump(), "organization_id": organization_id, "after": after, "limit": limit}
        return [Case(**row) for row in (await self._session.execute(_NEWEST, bound)).mappings()]

    async def open_by_kind(self) -> dict[str, int]:
        """How many are open of each kind of which there is one, everybody's."""
        return {row[0]: row[1] for row in await self._session.execute(_OPEN_BY_KIND)}

    async def history(self, case_id: UUID) -> Sequence[CaseChange]:
        """What has happened to a case, the oldest first."""
        return [CaseChange(**row) for row in (await self._session.execute(_HISTORY, {"id": case_id})).mappings()]


class CaseRepository(CaseReader):
    """Writes in the session's unit of work; the database writes the history."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def open(
        self, kind: str, entity_id: str, payment_id: UUID | None, at: datetime, details: str, named: Mapping[str, Any]
    ) -> bool:
        """Open one of these, or find the one that is open; says whether it is new. details: JSON. named: `gateway` and
        `account`, `subscription_id` or `order_id`, where no payment tells whose it is."""
        bound = {
            "id": uuid7(),
            "kind": kind,
            "fingerprint": f"{kind}/{entity_id}",
            "entity_id": entity_id,
            "payment_id": payment_id,
            "gateway": named.get("gateway"),
            "account": named.get("account"),
            "subscription_id": named.get("subscription_id"),
            "order_id": named.get("order_id"),
            "details": details,
            "by": SYSTEM,
            "at": at,
        }
        row = (await self._writing.execute(_OPEN, bound)).one_or_none()
        return row is not None and bool(row.is_new)

    async def settle_surplus(self, payment_ids: Collection[UUID], entity_ids: Collection[str], at: datetime) -> None:
        """End those about these payments' authorizations, but for these ids of gateways."""
        bound = {"payment_ids": sorted(payment_ids), "entity_ids": sorted(entity_ids), "at": at, "by": SYSTEM}
        await self._writing.execute(_SETTLE_SURPLUS, bound)

    async def settle_disputes(self, about: Collection[tuple[str, str]], at: datetime) -> None:
        """End these. about: kind and dispute."""
        bound = {"fingerprints": [f"{kind}/{entity_id}" for kind, entity_id in sorted(about)], "at": at, "by": SYSTEM}
        await self._writing.execute(_SETTLE_DISPUTES, bound)

    async def settle_held(self, at: datetime) -> None:
        """End those about subscriptions that do not wait, or never will again."""
        await self._writing.execute(_SETTLE_HELD, {"at": at, "by": SYSTEM})

    async def lock(self, case_id: UUID, organization_id: UUID | None) -> Case | None:
        """One case, held until the unit of work ends."""
        return _one(await self._writing.execute(_LOCK, {"id": case_id, "organization_id": organization_id}))

    async def assign(self, case_id: UUID, owner: str | None, *, by: str, at: datetime) -> None:
        """Say whose it is."""
        await self._writing.execute(_ASSIGN, {"id": case_id, "owner": owner, "by": by, "at": at})

    async def resolve(self, case_id: UUID, resolution: Resolution, note: str, *, by: str, at: datetime) -> None:
        """Say how it has ended."""
        await self._writing.execute(_RESOLVE, {"id": case_id, "resolution": resolution, "note": note, "by": by, "at": at})

    async def comment(self, case_id: UUID, note: str, *, by: str, at: datetime) -> None:
        """Add a line to its history."""
        await self._writing.execute(_COMMENT, {"id": case_id, "note": note, "by": by, "at": at})


def _one(rows: Any) -> Case | None:
    row = rows.mappings().one_or_none()
    return Case(**row) if row is not None else None
