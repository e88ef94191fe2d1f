"""What each service has to do with the analytics service's access events, as claims that every service's tests make."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.contracts.analytics import ApiKeyChanged, OrganizationChanged, Revocation, TokensRevoked
from shared.contracts.message import Message
from shared.runtime.auth.api_keys import new_api_key
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
_KEY: Final = "k3v9x0a1b2c3"
_NOW: Final = MONDAY_MORNING


def _told(event: type[Message]) -> tuple[Message, Message, str, tuple[Any, ...]]:
    """An event, the one before it, where they are kept, and as what."""
    if event is OrganizationChanged:
        old = OrganizationChanged(organization_id=OURS, entity_version=1, name="Old", status="active", changed_at=_NOW)
        new = old.model_copy(update={"entity_version": 2, "name": "New", "status": "suspended"})
        return new, old, "SELECT id, name, status, version FROM organizations", (OURS, "New", "suspended", 2)
    if event is ApiKeyChanged:
        made = ApiKeyChanged(key_id=_KEY, entity_version=1, secret_hash="0" * 64, scopes=("trips:read",))
        revoked = made.model_copy(update={"entity_version": 2, "revoked_at": _NOW})
        return revoked, made, "SELECT id, revoked_at, version FROM api_keys", (_KEY, _NOW, 2)
    before, after = (
        TokensRevoked(revocations=(Revocation(kind="subject", key="operator:1", issued_until=at, expires_at=at),))
        for at in (_NOW, _NOW + timedelta(minutes=1))
    )
    where = "SELECT kind, key, issued_until, expires_at FROM access_revocations"
    return after, before, where, ("subject", "operator:1", *[_NOW + timedelta(minutes=1)] * 2)


async def assert_kept_once(event: type[Message], session: Session, run_task: TaskRunner) -> None:
    """An event that comes twice, and one that comes after a newer one, leave the newest state in one row."""
    newest, older, query, row = _told(event)
    ids = [uuid7(), uuid7()]

    first = await run_task.run([newest, older], ids=ids)
    again = await run_task.run([newest, older], ids=ids, redelivered=True)

    assert [one.carried_out for one in (*first, *again)] == [True, True, False, False]
    assert [tuple(found) for found in await session.execute(text(query))] == [row]


@dataclass(frozen=True)
class HonouredAccess:
    """One service's API, and its worker."""

    service: str
    client: ApiClient
    run_task: TaskRunner

    async def prove(self) -> None:
        """Who was let go of is refused, and who was not is let in."""
        await self._subject()
        await self._organization()
        await self._api_key()

    async def _subject(self) -> None:
        gone, other = (self.client.as_role("admin", subject=f"operator:{name}") for name in ("gone", "other"))
        # Who was seen before the event is believed for a second, so this one is seen for the first time after it.
        soon = system_clock() + timedelta(seconds=1)
        told = Revocation(kind="subject", key="operator:gone", issued_until=soon, expires_at=soon + timedelta(hours=1))
        await self.run_task(TokensRevoked(revocations=(told,)))

        assert await self._answer(gone) == (401, "unauthenticated")
        assert await self._answer(other) == (200, None)

    async def _organization(self) -> None:
        changed = OrganizationChanged(organization_id=OURS, entity_version=1, name="Ours", status="suspended", changed_at=_NOW)
        await self.run_task(changed)

        assert await self._answer(self.client.as_role("admin", organization_id=OURS)) == (403, "organization_suspended")

    async def _api_key(self) -> None:
        key, key_id, secret_hash = new_api_key()
        made = ApiKeyChanged(key_id=key_id, entity_version=1, secret_hash=secret_hash, scopes=(f"{self.service}:read",))
        unknown = await self._answer(self.client.with_token(key))
        await self.run_task(made)

        assert unknown == (401, "unauthenticated")
        assert await self._answer(self.client.with_token(key)) == (200, None)

    async def _answer(self, client: ApiClient) -> tuple[int, str | None]:
        answer = await client.get("/v1/operations/lanes")
        return answer.status_code, answer.json().get("code") if answer.is_error else None
