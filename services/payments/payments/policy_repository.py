"""Statements on organizations' policies."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.payments.policy_models import DEFAULT, NAMES, PaymentPolicy
from shared.runtime.db import ReadSession, Session

_FIND: Final = text(f"""
    SELECT organization_id, {", ".join(NAMES)} FROM payment_settings WHERE organization_id = ANY (CAST(:ids AS uuid[]))
""")  # noqa: S608 - the columns are constants of this module
_PUT: Final = text(f"""
    INSERT INTO payment_settings AS known (organization_id, surplus, late_authorization, approve_refunds_above_minor,
                                           version, updated_at, updated_by)
    VALUES (:organization_id, :surplus, :late_authorization, :approve_refunds_above_minor, 1, :at, :by)
    ON CONFLICT (organization_id) DO UPDATE SET
           surplus = excluded.surplus, late_authorization = excluded.late_authorization,
           approve_refunds_above_minor = excluded.approve_refunds_above_minor, version = known.version + 1,
           updated_at = excluded.updated_at, updated_by = excluded.updated_by
     WHERE CAST(:version AS bigint) IS NULL OR known.version = :version
    RETURNING {", ".join(NAMES)}
""")  # noqa: S608 - as above


class PolicyReader:
    """What is read of policies."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of(self, organization_id: UUID) -> PaymentPolicy:
        """An organization's, or the default."""
        return (await self.of_many([organization_id])).get(organization_id, DEFAULT)

    async def of_many(self, organization_ids: Collection[UUID]) -> dict[UUID, PaymentPolicy]:
        """Those that have said something."""
        rows = await self._session.execute(_FIND, {"ids": sorted(organization_ids)})
        return {row["organization_id"]: PaymentPolicy(**{name: row[name] for name in NAMES}) for row in rows.mappings()}


class PolicyRepository(PolicyReader):
    """What is written of policies."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def put(
        self, organization_id: UUID, policy: PaymentPolicy, *, version: int | None, by: str, at: datetime
    ) -> PaymentPolicy | None:
        """Write one; None where it has another version by now."""
        bound = {name: getattr(policy, name) for name in NAMES}
        rows = await self._writing.execute(
            _PUT, {**bound, "organization_id": organization_id, "version": version, "by": by, "at": at}
        )
        row = rows.mappings().one_or_none()
        return PaymentPolicy(**row) if row is not None else None
