"""Reading what happened."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.history.models import Meant, StateChange
from shared.runtime.db import ReadSession

_NEWEST: Final = text(f"""
    SELECT {", ".join(field.name for field in fields(StateChange))} FROM state_changes
     WHERE (subject, subject_id, part) = (:subject, :subject_id, :part)
       AND (CAST(:organization_id AS uuid) IS NULL
            OR EXISTS (SELECT FROM state_changes AS own
                        WHERE (own.subject, own.subject_id, own.part) = (:subject, :subject_id, :part)
                          AND own.organization_id = CAST(:organization_id AS uuid)))
       AND number < coalesce(CAST(:before AS integer), 2147483647)
     ORDER BY number DESC LIMIT :limit
""")  # noqa: S608 - the columns are constants


class HistoryReader:
    """organization_id: the tenant whose histories alone are seen, from before it was known as well; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(
        self, meant: Meant, organization_id: UUID | None, *, before: int | None, limit: int
    ) -> Sequence[StateChange]:
        """The newest first, from before the change with this number on."""
        bound = {"subject": meant.subject, "subject_id": meant.subject_id, "organization_id": organization_id}
        part = meant.start_on.isoformat() if meant.start_on is not None else ""
        rows = await self._session.execute(_NEWEST, {**bound, "part": part, "before": before, "limit": limit})
        return [StateChange(**row) for row in rows.mappings()]
