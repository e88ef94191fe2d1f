"""Statements on how organizations deal with subscriptions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession, Session

_COLUMNS: Final = "retry_days, retry_hour, grace_days, when_exhausted, unpaid_delivery, billing_paused_at, pause_reason, version"
_FIND: Final = f"SELECT {_COLUMNS} FROM subscription_settings WHERE organization_id = :id"  # noqa: S608 - a constant
_PUT: Final = text(f"""
    INSERT INTO subscription_settings AS known (organization_id, retry_days, retry_hour, grace_days, when_exhausted,
                                                unpaid_delivery, updated_at, updated_by)
    VALUES (:id, :retry_days, :retry_hour, :grace_days, :when_exhausted, :unpaid_delivery, :at, :by)
    ON CONFLICT (organization_id) DO UPDATE
       SET retry_days = excluded.retry_days, retry_hour = excluded.retry_hour, grace_days = excluded.grace_days,
           when_exhausted = excluded.when_exhausted, unpaid_delivery = excluded.unpaid_delivery, version = known.version + 1,
           updated_at = excluded.updated_at, updated_by = excluded.updated_by
    RETURNING {_COLUMNS}
""")  # noqa: S608 - the columns are a constant
_PAUSE: Final = text(f"""
    INSERT INTO subscription_settings AS known (organization_id, billing_paused_at, pause_reason, updated_at, updated_by)
    VALUES (:id, :paused_at, :reason, :at, :by)
    ON CONFLICT (organization_id) DO UPDATE
       SET billing_paused_at = excluded.billing_paused_at, pause_reason = excluded.pause_reason, version = known.version + 1,
           updated_at = excluded.updated_at, updated_by = excluded.updated_by
    RETURNING {_COLUMNS}
""")  # noqa: S608 - as above


class SettingsReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, organization_id: UUID, *, lock: bool = False) -> Mapping[str, Any] | None:
        """What an organization has said; with `lock` held until the unit of work ends."""
        query = text(_FIND + (" FOR NO KEY UPDATE" if lock else ""))
        row = (await self._session.execute(query, {"id": organization_id})).mappings().one_or_none()
        return dict(row) if row is not None else None


class SettingsRepository(SettingsReader):
    """Writes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def put(self, organization_id: UUID, values: Mapping[str, Any], *, by: str, at: datetime) -> Mapping[str, Any]:
        """Write what an organization says, but for the pause of its billing."""
        row = await self._writing.execute(_PUT, {"id": organization_id, "by": by, "at": at, **values})
        return dict(row.mappings().one())

    async def pause(
        self, organization_id: UUID, paused_at: datetime | None, reason: str | None, *, by: str, at: datetime
    ) -> Mapping[str, Any]:
        """Pause the billing of an organization, or with None let it go on."""
        bound = {"id": organization_id, "paused_at": paused_at, "reason": reason, "by": by, "at": at}
        return dict((await self._writing.execute(_PAUSE, bound)).mappings().one())
