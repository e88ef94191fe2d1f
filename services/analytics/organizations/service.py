"""Organizations: created, called otherwise, suspended and let in again; every service is told."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from services.analytics.organizations.errors import OrganizationNotFound, OrganizationTaken
from services.analytics.organizations.models import Organization, Status
from services.analytics.organizations.repository import OrganizationReader, OrganizationRepository
from services.analytics.organizations.schemas import OrganizationIn
from shared.contracts.analytics import OrganizationChanged
from shared.runtime.auth.revocation_cache import RevocationCache
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.outbox import Publisher

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""


async def organization_of(organizations: OrganizationReader, organization_id: UUID, bound_to: UUID | None) -> Organization:
    """One. Raises OrganizationNotFound, also for another one than the caller is bound to."""
    return _found(await organizations.find(organization_id, bound_to))


class Organizations:
    """Writes in one unit of work."""

    def __init__(
        self,
        organizations: OrganizationRepository,
        cache: RevocationCache,
        audit: AuditLog,
        publisher: Publisher,
        clock: Clock,
        after_commit: Callable[[Callable[[], Awaitable[None]]], None],
    ) -> None:
        self._after_commit = after_commit
        self._organizations = organizations
        self._cache = cache
        self._audit = audit
        self._publisher = publisher
        self._clock = clock

    async def create(self, asked: OrganizationIn) -> Organization:
        """A new one. Raises OrganizationTaken."""
        now = self._clock()
        made = {"created_at": now, "created_by": self._audit.actor, "changed_at": now}
        values = {"id": asked.id or uuid7(), "name": asked.name, "status": "active", "version": 1, **made}
        created = await self._organizations.create(values)
        if created is None:
            raise OrganizationTaken("an organization has this id already; read it, or leave the id out to get a new one")
        await self._tell(created, "access.organization_created", "created")
        return created

    async def rename(self, organization_id: UUID, values: dict[str, Any], check: Check) -> Organization:
        """Call it otherwise; the same name makes no version. Raises OrganizationNotFound and what `check` raises."""
        known = await self._held(organization_id)
        check(known.version)
        if not values or values["name"] == known.name:
            return known
        changed = await self._organizations.change(organization_id, values, self._clock())
        await self._tell(changed, "access.organization_renamed", "renamed")
        return changed

    async def become(self, organization_id: UUID, status: Status, reason: str) -> Organization:
        """Suspend it, or let it in again; what it is already it stays. Raises OrganizationNotFound."""
        known = await self._held(organization_id)
        is_new = known.status != status
        changed = await self._organizations.change(organization_id, {"status": status}, self._clock()) if is_new else known
        # A service whose worker stands still learns of it here, and of nothing that was not committed.
        if status == "suspended":
            self._after_commit(partial(self._cache.suspend, {changed.id: changed.version}))
        else:
            self._after_commit(partial(self._cache.resume, [changed.id]))
        if not is_new:
            return changed
        await self._tell(changed, f"access.organization_{'suspended' if status == 'suspended' else 'resumed'}", reason)
        return changed

    async def _held(self, organization_id: UUID) -> Organization:
        return _found(await self._organizations.find(organization_id, lock=True))

    async def _tell(self, organization: Organization, action: str, reason: str) -> None:
        await self._audit.write(action, f"organization:{organization.id}", reason, version=organization.version)
        self._publisher.publish(
            OrganizationChanged(
                organization_id=organization.id,
                entity_version=organization.version,
                name=organization.name,
                status=organization.status,
                changed_at=organization.changed_at,
            )
        )


def _found(organization: Organization | None) -> Organization:
    if organization is None:
        raise OrganizationNotFound(
            "there is no organization with this id; GET /v1/access/organizations lists those that there are"
        )
    return organization
