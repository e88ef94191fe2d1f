"""People as their owners tell of them, and as operators see and mend them."""

from collections.abc import Callable, Sequence
from uuid import UUID

from services.notifications.people.checks import checked
from services.notifications.people.errors import PersonNotFound
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonReader, PersonRepository, PersonRow, Reached
from services.notifications.preferences.declined_addresses import DeclinedAddresses
from shared.contracts.notifications import UpsertPerson
from shared.runtime.clock import Clock
from shared.runtime.errors import Conflict, PreconditionRequired


class People:
    """Reading people. organization_id: the caller's tenant; None sees all."""

    def __init__(self, reader: PersonReader, organization_id: UUID | None) -> None:
        self._reader = reader
        self._organization_id = organization_id

    async def get(self, reference: str) -> Person:
        """One person. Raises PersonNotFound."""
        found = await self._reader.find(reference, self._organization_id)
        if found is None:
            raise PersonNotFound("there is no such person; GET /v1/people lists those that there are")
        return found

    async def listed(self, *, email: str | None, name_prefix: str | None, after: str | None, limit: int) -> Sequence[Person]:
        """By reference."""
        return await self._reader.listed(self._organization_id, email=email, name_prefix=name_prefix, after=after, limit=limit)


class PeopleChanges:
    """Writing people."""

    def __init__(self, people: PersonRepository, addresses: DeclinedAddresses, clock: Clock) -> None:
        self._people = people
        self._addresses = addresses
        self._clock = clock

    async def follow(self, messages: Sequence[UpsertPerson]) -> None:
        """Bring people to what their owners say; of several versions in one batch the highest counts.

        Raises PersonUnusable for the first one that cannot be kept; then nothing is.
        """
        newest: dict[str, PersonRow] = {}
        for row in map(checked, messages):
            known = newest.get(row.reference)
            if known is None or known.entity_version < row.entity_version:
                newest[row.reference] = row
        now = self._clock()
        await self._addresses.take_along(await self._people.upsert(list(newest.values()), now), now)

    async def put(self, person: UpsertPerson, expect: Callable[[int], None]) -> tuple[Person, bool]:
        """Create or replace a person; says whether it was created. What the owner says next replaces it again.

        expect: refuses a revision that the caller has not seen. A caller who names no organization leaves the person in the
        one that it has. Raises PersonUnusable, PersonNotFound, Conflict, and what `expect` raises.
        """
        row = checked(person)
        known = await self._people.locked(row.reference)
        if known is not None and row.organization_id not in (None, known.organization_id):
            # As reading says of another organization's person.
            raise PersonNotFound("there is no such person, and none can be created by this reference; choose another one")
        created = known is None or known.erased_at is not None
        try:
            expect(0 if known is None or created else known.revision)
        except PreconditionRequired:
            if not created:
                raise
        organization_id = known.organization_id if known is not None else row.organization_id
        revision, now = known.revision if known is not None else 0, self._clock()
        kept = await self._people.put(row, organization_id, seen=revision, now=now)
        if kept is None:
            raise Conflict("somebody else created this person just now; read it and repeat the change on it")
        reached = Reached(kept.reference, kept.organization_id, kept.email, kept.phone)
        await self._addresses.take_along([reached], now)
        return kept, created
