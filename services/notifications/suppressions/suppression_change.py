"""The suppression list as operators see and change it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.notifications.addresses import AddressHasher
from services.notifications.suppressions.entry_checks import Entry, check_entry, usable_address
from services.notifications.suppressions.errors import SuppressionNotFound, SuppressionProtected, SuppressionUnusable
from services.notifications.suppressions.models import FOR_ALL, Reason, Scope, Suppression
from services.notifications.suppressions.repository import (
    SuppressionFilter,
    SuppressionReader,
    SuppressionRepository,
    SuppressionRow,
)
from shared.runtime.clock import Clock

API: Final = "api"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who changes the list. organization_id: to which they are bound. is_admin: may take off what always wins."""

    id: str
    organization_id: UUID | None
    is_admin: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries somebody wants to see; None is no filter. address: compared as senders compare it."""

    channel: str | None = None
    address: str | None = None
    scope: Scope | None = None
    reason: Reason | None = None
    category: str | None = None


class Suppressions:
    """Reading the list. organization_id: the caller's tenant; None sees all.

    A tenant sees its own entries, and of those that concern everybody the ones of an address that it names.
    """

    def __init__(self, reader: SuppressionReader, hasher: AddressHasher, organization_id: UUID | None) -> None:
        self._reader = reader
        self._hasher = hasher
        self._organization_id = organization_id

    async def get(self, suppression_id: UUID) -> Suppression:
        """One entry. Raises SuppressionNotFound."""
        return _found(await self._reader.find(suppression_id, self._organization_id))

    async def newest(self, wanted: Wanted, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Suppression]:
        """The newest first. Raises SuppressionUnusable where an address is none."""
        meant = SuppressionFilter(
            seen_by=self._organization_id,
            channel=wanted.channel,
            address_hash=_hash_of(self._hasher, wanted.channel, wanted.address) if wanted.address is not None else None,
            scope=wanted.scope,
            reason=wanted.reason,
            category=wanted.category,
        )
        return await self._reader.newest(meant, after=after, limit=limit)


class SuppressionChanges:
    """Changing the list by hand."""

    def __init__(self, suppressions: SuppressionRepository, hasher: AddressHasher, operator: Operator, clock: Clock) -> None:
        self._suppressions = suppressions
        self._hasher = hasher
        self._operator = operator
        self._clock = clock

    async def create(self, entry: Entry, organization_id: UUID | None) -> tuple[Suppression, bool]:
        """Put an address on the list, and say whether it is new there; one that is there stays, and at most lasts longer.

        Raises SuppressionUnusable and SuppressionForAll.
        """
        may_write_for_all = self._operator.organization_id is None
        whose = check_entry(entry, organization_id, self._clock(), may_write_for_all=may_write_for_all)
        try:
            address = usable_address(entry.channel, entry.address)
        except SuppressionUnusable as error:
            raise SuppressionUnusable(f"the address {error.detail}") from None
        row = SuppressionRow(
            channel=entry.channel,
            address=address,
            address_hash=self._hasher.hash(entry.channel, address),
            scope=entry.scope,
            reason=entry.reason,
            source=API,
            created_by=self._operator.id,
            created_at=self._clock(),
            organization_id=whose,
            category=entry.category,
            note=entry.note,
            expires_at=entry.expires_at,
        )
        is_new = bool(await self._suppressions.add([row]))
        return await self._suppressions.find_key(row), is_new

    async def remove(self, suppression_id: UUID, why: str) -> None:
        """Take an entry off the list, and keep who did and why. Raises SuppressionNotFound and SuppressionProtected."""
        found = _found(await self._suppressions.find(suppression_id, self._operator.organization_id))
        if found.reason in FOR_ALL and not self._operator.is_admin:
            raise SuppressionProtected(f"an entry for {found.reason} needs notifications:admin; ask somebody who has it")
        await self._suppressions.remove([suppression_id], by=self._operator.id, why=why, at=self._clock())


def _hash_of(hasher: AddressHasher, channel: str | None, address: str) -> str:
    """The hash by which an address is found; without a channel, what has an @ is an e-mail address."""
    kind = channel or ("email" if "@" in address else "sms")
    try:
        return hasher.hash(kind, usable_address(kind, address))
    except SuppressionUnusable as error:
        raise SuppressionUnusable(f"the address to look for {error.detail}") from None


def _found(suppression: Suppression | None) -> Suppression:
    if suppression is None:
        raise SuppressionNotFound("there is no such entry; GET /v1/suppressions lists those that there are")
    return suppression
