"""Statements on organizations' gateway accounts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from services.payments.gateways.models import GatewayAccount
from shared.runtime.db import ReadSession, Session

_PUT: Final = text("""
    INSERT INTO gateway_accounts AS known
           (id, organization_id, name, gateway, currencies, rank, active, config, secret, key_id, created_at, updated_at)
    VALUES (:id, :organization_id, :name, :gateway, CAST(:currencies AS text[]), :rank, :active, CAST(:config AS jsonb),
            :secret, :key_id, :now, :now)
    ON CONFLICT (organization_id, name) DO UPDATE SET
           currencies = excluded.currencies, rank = excluded.rank, active = excluded.active, config = excluded.config,
           secret = excluded.secret, key_id = excluded.key_id, version = known.version + 1, updated_at = excluded.updated_at
""")
_HOLD: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('gateway account ' || :what, 0))")
_REMOVE: Final = text("DELETE FROM gateway_accounts WHERE organization_id = :organization_id AND name = :name")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account to be stored. config: JSON text."""

    id: UUID
    organization_id: UUID
    name: str
    gateway: str
    currencies: list[str]
    rank: int
    active: bool
    config: str
    secret: bytes
    key_id: str


class GatewayAccountReader:
    """What is read of accounts."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def all(self, organization_id: UUID) -> Sequence[GatewayAccount]:
        """The organization's, by name."""
        query = select(GatewayAccount).where(GatewayAccount.organization_id == organization_id).order_by(GatewayAccount.name)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def everybodys(self) -> Sequence[GatewayAccount]:
        """Those of all organizations, also those that take no new payments."""
        query = select(GatewayAccount).order_by(GatewayAccount.organization_id, GatewayAccount.name)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def named(self, organization_id: UUID, name: str) -> GatewayAccount | None:
        """One of them."""
        query = select(GatewayAccount).where(GatewayAccount.organization_id == organization_id, GatewayAccount.name == name)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def with_id(self, account_id: UUID) -> GatewayAccount | None:
        """One of any organization's."""
        query = select(GatewayAccount).where(GatewayAccount.id == account_id).execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    async def active(self, organization_id: UUID) -> Sequence[GatewayAccount]:
        """Those that take new payments, the first choice in front."""
        query = (
            select(GatewayAccount)
            .where(GatewayAccount.organization_id == organization_id, GatewayAccount.active)
            .order_by(GatewayAccount.rank, GatewayAccount.name)
        )
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()


class GatewayAccountRepository(GatewayAccountReader):
    """What is written of accounts."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def hold(self, organization_id: UUID, name: str) -> None:
        """Let nobody else change this account until the unit of work ends; it need not be there."""
        await self._writing.execute(_HOLD, {"what": f"{organization_id}/{name}"})

    async def put(self, row: AccountRow, now: datetime) -> None:
        """Create or replace an account; an id and a gateway that are there stay."""
        await self._writing.execute(_PUT, {**asdict(row), "now": now})

    async def remove(self, organization_id: UUID, name: str) -> None:
        await self._writing.execute(_REMOVE, {"organization_id": organization_id, "name": name})
