"""Statements on stored payment methods."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.payment_methods.models import MethodNews, PaymentMethod
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

COLUMNS: Final = ", ".join(f"payment_methods.{field.name}" for field in fields(PaymentMethod))
_NOTED: Final = ("gateway", "account", "token", "status", "reason", "expires_at", "max_minor")
_FIND: Final = text(f"""
    SELECT {COLUMNS} FROM payment_methods
     WHERE id = :id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
""")  # noqa: S608 - the columns are constants of this module
_FIND_MANY: Final = text(f"""
    SELECT {COLUMNS} FROM payment_methods WHERE id = ANY (CAST(:ids AS uuid[]))
""")  # noqa: S608 - as above
_OF_CUSTOMER: Final = text(f"""
    SELECT {COLUMNS} FROM payment_methods WHERE customer_id = :customer_id ORDER BY id DESC LIMIT 100
""")  # noqa: S608 - as above
# A gateway's customer may stand for several of ours; a token belongs to the one whose mandate it is. No gateway takes up again
# what was cancelled or rejected: what says otherwise was sent before that and comes late.
_NOTE: Final = text("""
    UPDATE payment_methods SET status = row.status, reason = row.reason,
                               expires_at = coalesce(row.expires_at, payment_methods.expires_at),
                               max_amount_minor = coalesce(row.max_minor, payment_methods.max_amount_minor),
                               updated_at = :at, version = version + 1
      FROM unnest(CAST(:gateway AS text[]), CAST(:account AS text[]), CAST(:token AS text[]), CAST(:status AS text[]),
                  CAST(:reason AS text[]), CAST(:expires_at AS timestamptz[]), CAST(:max_minor AS bigint[]))
           AS row(gateway, account, token, status, reason, expires_at, max_minor)
     WHERE (payment_methods.gateway, payment_methods.account, payment_methods.token) = (row.gateway, row.account, row.token)
       AND payment_methods.status NOT IN ('cancelled', 'rejected')
       AND (payment_methods.status <> row.status OR payment_methods.expires_at IS DISTINCT FROM row.expires_at)
""")
_ADD: Final = text(f"""
    INSERT INTO payment_methods (id, organization_id, customer_id, gateway, account, gateway_customer_id, token, kind, label,
                                 max_amount_minor, expires_at, status, reason, created_at, updated_at)
    VALUES (:id, :organization_id, :customer_id, :gateway, :account, :gateway_customer_id, :token, :kind, :label,
            :max_amount_minor, :expires_at, :status, :reason, :at, :at)
    ON CONFLICT (gateway, account, token) DO UPDATE SET updated_at = payment_methods.updated_at
    RETURNING {COLUMNS}
""")  # noqa: S608 - as above
_SET: Final = text(f"""
    UPDATE payment_methods SET status = :status, updated_at = :at, version = version + 1 WHERE id = :id RETURNING {COLUMNS}
""")  # noqa: S608 - as above
_CUSTOMER: Final = text("""
    SELECT gateway_customer_id FROM gateway_customers WHERE (customer_id, gateway, account) = (:customer_id, :gateway, :account)
""")
_KEEP_CUSTOMER: Final = text("""
    INSERT INTO gateway_customers (customer_id, gateway, account, gateway_customer_id, created_at)
    VALUES (:customer_id, :gateway, :account, :gateway_customer_id, :at) ON CONFLICT DO NOTHING
""")


class MethodReader:
    """What is read of stored methods."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, method_id: UUID, organization_id: UUID | None) -> PaymentMethod | None:
        """One method."""
        rows = await self._session.execute(_FIND, {"id": method_id, "organization_id": organization_id})
        row = rows.mappings().one_or_none()
        return PaymentMethod(**row) if row is not None else None

    async def find_many(self, method_ids: Collection[UUID]) -> dict[UUID, PaymentMethod]:
        """These methods, by their ids."""
        rows = await self._session.execute(_FIND_MANY, {"ids": list(method_ids)})
        return {row["id"]: PaymentMethod(**row) for row in rows.mappings()}

    async def of_customer(self, customer_id: UUID) -> Sequence[PaymentMethod]:
        """The newest first, a hundred at most."""
        rows = await self._session.execute(_OF_CUSTOMER, {"customer_id": customer_id})
        return [PaymentMethod(**row) for row in rows.mappings()]

    async def gateway_customer(self, customer_id: UUID, gateway: str, account: str) -> str | None:
        """As whom a gateway's account knows a customer."""
        bound = {"customer_id": customer_id, "gateway": gateway, "account": account}
        found: str | None = await self._session.scalar(_CUSTOMER, bound)
        return found


class MethodRepository(MethodReader):
    """What is written of stored methods."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def note(self, news: Sequence[MethodNews], now: datetime) -> None:
        """Keep what a gateway says of methods that we know; the last word counts, for a paused mandate may be resumed, but
        what was cancelled or rejected stays so."""
        newest = list({(one.gateway, one.account, one.token): one for one in news}.values())
        if newest:
            bound: dict[str, Any] = {name: [getattr(one, name) for one in newest] for name in _NOTED}
            await self._writing.execute(_NOTE, {**bound, "at": now})

    async def add(
        self, news: MethodNews, *, gateway_customer_id: str, organization_id: UUID, customer_id: UUID, now: datetime
    ) -> PaymentMethod:
        """Keep a method that a gateway has stored; one that is there is returned."""
        bound = {
            "id": uuid7(),
            "organization_id": organization_id,
            "customer_id": customer_id,
            "gateway": news.gateway,
            "account": news.account,
            "gateway_customer_id": gateway_customer_id,
            "token": news.token,
            "kind": news.kind,
            "label": news.label,
            "max_amount_minor": news.max_minor,
            "expires_at": news.expires_at,
            "status": news.status,
            "reason": news.reason,
            "at": now,
        }
        return PaymentMethod(**(await self._writing.execute(_ADD, bound)).mappings().one())

    async def set_status(self, method_id: UUID, status: str, now: datetime) -> PaymentMethod:
        """Move a method on."""
        rows = await self._writing.execute(_SET, {"id": method_id, "status": status, "at": now})
        return PaymentMethod(**rows.mappings().one())

    async def keep_customer(self, customer_id: UUID, gateway: str, account: str, gateway_customer_id: str, now: datetime) -> None:
        """Remember as whom a gateway's account knows a customer."""
        bound = {"customer_id": customer_id, "gateway": gateway, "account": account, "at": now}
        await self._writing.execute(_KEEP_CUSTOMER, {**bound, "gateway_customer_id": gateway_customer_id})
