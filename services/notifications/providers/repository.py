"""Statements on provider accounts and routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from services.notifications.providers.models import ProviderAccount, ProviderRoute
from shared.runtime.db import ReadSession, Session

_ROUTES: Final = text("""
    SELECT organization_id, accounts FROM provider_routes
     WHERE channel = :channel AND organization_id = ANY(CAST(:organization_ids AS uuid[]))
""")

# An organization's account never has the name of one of the installation's. A bounce mail is no account's own word: it is about
# the account that has taken the message.
_BLOCKED: Final = text("""
    SELECT concat_ws('/', own.organization_id, told.account) AS account, count(DISTINCT told.delivery_id) AS blocked
      FROM (SELECT event.delivery_id, deliveries.organization_id,
                   CASE event.provider WHEN 'bounce_mail' THEN deliveries.provider ELSE event.provider END AS account
              FROM delivery_events AS event JOIN deliveries ON deliveries.id = event.delivery_id
             WHERE event.verdict = 'blocked' AND event.occurred_at > now() - CAST(:ago AS interval)) AS told
      LEFT JOIN provider_accounts AS own ON own.organization_id = told.organization_id AND own.name = told.account
     WHERE told.account IS NOT NULL
     GROUP BY 1
""")

_PUT_ACCOUNT: Final = text("""
    INSERT INTO provider_accounts AS known (id, organization_id, name, kind, channel, config, secret, key_id, per_s, updated_at)
    VALUES (:id, :organization_id, :name, :kind, :channel, CAST(:config AS jsonb), :secret, :key_id, :per_s, :now)
    ON CONFLICT (organization_id, name) DO UPDATE SET
           kind = excluded.kind, channel = excluded.channel, config = excluded.config, secret = excluded.secret,
           key_id = excluded.key_id, per_s = excluded.per_s, revision = known.revision + 1, updated_at = excluded.updated_at
""")

_PUT_ROUTE: Final = text("""
    INSERT INTO provider_routes AS known (organization_id, channel, accounts, updated_at)
    VALUES (:organization_id, :channel, CAST(:accounts AS text[]), :now)
    ON CONFLICT (organization_id, channel) DO UPDATE SET
           accounts = excluded.accounts, revision = known.revision + 1, updated_at = excluded.updated_at
""")

_HOLD: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('provider account ' || :what, 0))")
_REMOVE_ACCOUNT: Final = text("DELETE FROM provider_accounts WHERE organization_id = :organization_id AND name = :name")
_REMOVE_ROUTE: Final = text("DELETE FROM provider_routes WHERE organization_id = :organization_id AND channel = :channel")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account to be stored. config: JSON text."""

    id: UUID
    organization_id: UUID
    name: str
    kind: str
    channel: str
    config: str
    secret: bytes
    key_id: str
    per_s: float | None


class ProviderReader:
    """What is read of accounts and routes."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def routes(self, channel: str, organization_ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, ...]]:
        """The routes of those of these organizations that have one of their own."""
        found: Any = await self._session.execute(_ROUTES, {"channel": channel, "organization_ids": list(organization_ids)})
        return {row.organization_id: tuple(row.accounts) for row in found}

    async def accounts(self, organization_ids: Sequence[UUID]) -> Sequence[ProviderAccount]:
        """All accounts of these organizations."""
        query = select(ProviderAccount).where(ProviderAccount.organization_id.in_(organization_ids))
        ordered = query.order_by(ProviderAccount.organization_id, ProviderAccount.name)
        return (await self._session.scalars(ordered.execution_options(populate_existing=True))).all()

    async def all_accounts(self, organization_id: UUID | None) -> Sequence[ProviderAccount]:
        """One organization's accounts, or those of all."""
        query = select(ProviderAccount).order_by(ProviderAccount.organization_id, ProviderAccount.name)
        if organization_id is not None:
            query = query.where(ProviderAccount.organization_id == organization_id)
        return (await self._session.scalars(query)).all()

    async def blocked_since(self, ago: timedelta) -> Mapping[str, int]:
        """How many messages have been refused for content or reputation after they were taken, by the key of the account."""
        found = await self._session.execute(_BLOCKED, {"ago": ago})
        return {row.account: row.blocked for row in found}

    async def accounts_of(self, ids: Sequence[UUID]) -> Mapping[UUID, ProviderAccount]:
        """Those of these accounts that there are."""
        query = select(ProviderAccount).where(ProviderAccount.id.in_(ids)).execution_options(populate_existing=True)
        return {one.id: one for one in await self._session.scalars(query)}

    async def accounts_of_kinds(self, kinds: Sequence[str], *, after: UUID | None, limit: int) -> Sequence[ProviderAccount]:
        """All organizations' accounts of these kinds, a page at a time. after: the id of the last one seen."""
        query = select(ProviderAccount).where(ProviderAccount.kind.in_(kinds)).order_by(ProviderAccount.id).limit(limit)
        if after is not None:
            query = query.where(ProviderAccount.id > after)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def account(self, organization_id: UUID, name: str) -> ProviderAccount | None:
        """One account."""
        query = select(ProviderAccount).where(ProviderAccount.organization_id == organization_id, ProviderAccount.name == name)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def route(self, organization_id: UUID, channel: str) -> ProviderRoute | None:
        """One route."""
        query = select(ProviderRoute).where(ProviderRoute.organization_id == organization_id, ProviderRoute.channel == channel)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()


class ProviderRepository(ProviderReader):
    """What is written of accounts and routes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def hold(self, organization_id: UUID, what: str) -> None:
        """Let nobody else change this account or route of the organization until the unit of work ends; it need not be there."""
        await self._writing.execute(_HOLD, {"what": f"{organization_id}/{what}"})

    async def put_account(self, row: AccountRow, now: datetime) -> None:
        """Create or replace an account; an id that is there stays."""
        columns = {name: getattr(row, name) for name in AccountRow.__slots__}
        await self._writing.execute(_PUT_ACCOUNT, {**columns, "now": now})

    async def remove_account(self, organization_id: UUID, name: str) -> None:
        await self._writing.execute(_REMOVE_ACCOUNT, {"organization_id": organization_id, "name": name})

    async def put_route(self, organization_id: UUID, channel: str, accounts: Sequence[str], now: datetime) -> None:
        """Create or replace a route."""
        bound = {"organization_id": organization_id, "channel": channel, "accounts": list(accounts), "now": now}
        await self._writing.execute(_PUT_ROUTE, bound)

    async def remove_route(self, organization_id: UUID, channel: str) -> None:
        await self._writing.execute(_REMOVE_ROUTE, {"organization_id": organization_id, "channel": channel})
