"""In-app inboxes as people read them and keep them tidy."""

from collections.abc import Sequence
from uuid import UUID

from services.notifications.in_app.errors import ItemNotFound
from services.notifications.in_app.models import InAppItem
from services.notifications.in_app.repository import Change, Counts, InboxReader, InboxRepository
from services.notifications.people.repository import PersonReader
from services.notifications.people.service import People
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import Clock


class InboxAccess:
    """Whose inbox a caller may open: one's own, and those of the people that the caller's organization has."""

    def __init__(self, people: PersonReader) -> None:
        self._people = people

    async def check(self, principal: Principal, person: str) -> None:
        """Raises PersonNotFound for somebody who is not known, or is another organization's."""
        if principal.id != person:
            await People(self._people, principal.organization_id).get(person)


class Inbox:
    """Reading one person's inbox."""

    def __init__(self, reader: InboxReader, person: str) -> None:
        self._reader = reader
        self._person = person

    async def listed(self, *, unread: bool | None, archived: bool, after: int | None, limit: int) -> Sequence[InAppItem]:
        """The newest first."""
        return await self._reader.listed(self._person, unread=unread, archived=archived, after=after, limit=limit)

    async def counts(self) -> Counts:
        """How many items there are."""
        return await self._reader.counts(self._person)


class InboxChanges:
    """Changing one person's inbox in the session's unit of work."""

    def __init__(self, inboxes: InboxRepository, person: str, clock: Clock) -> None:
        self._inboxes = inboxes
        self._person = person
        self._clock = clock

    async def mark(self, item_id: UUID, change: Change) -> InAppItem:
        """Change one item; one that is so already stays as it is. Raises ItemNotFound."""
        await self._inboxes.change([self._person], change, self._clock(), ids=[item_id])
        item = await self._inboxes.find(self._person, item_id)
        if item is None:
            raise ItemNotFound("there is no such item in this inbox; GET …/in-app lists those that there are")
        return item

    async def read_all(self, through: int | None) -> Counts:
        """Mark all as read. through: only what had come by this number, so that nothing is read that nobody has seen."""
        await self._inboxes.change([self._person], Change(read=True), self._clock(), through=through)
        return await self._inboxes.counts(self._person)
