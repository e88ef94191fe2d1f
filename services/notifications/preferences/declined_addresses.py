"""What a person declines is declined for the person's address as well.

Messages can go to a bare address, and whoever wrote them need not know whose it is. So a choice is put on the suppression list,
for its category, and taken off again with the choice. When the person gets another address, the choice counts for that one too;
for the former one it goes on to count, because it was said there.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from services.notifications.addresses import AddressHasher
from services.notifications.people.models import Person
from services.notifications.people.repository import Reached
from services.notifications.preferences.models import Channel, Choice, Key
from services.notifications.preferences.repository import PreferenceReader
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import Removal, SuppressionRepository, SuppressionRow

WANTED_AGAIN = "the recipient wants it again"
NEW_ADDRESS: Final = "new_address"
"""The source of an entry for an address that a person has got after declining."""

MOVED_BY: Final = "changes of people"


class DeclinedAddresses:
    """Keeps the list in step with what people choose."""

    def __init__(self, suppressions: SuppressionRepository, preferences: PreferenceReader, hasher: AddressHasher) -> None:
        self._suppressions = suppressions
        self._preferences = preferences
        self._hasher = hasher

    async def follow(
        self, person: Person, said: Mapping[Key, Choice], withdrawn: Iterable[Key], *, source: str, by: str, at: datetime
    ) -> None:
        """Put what is declined on the list for the person's address, and take the rest off it. Collected is not declined."""
        addresses = {Channel.EMAIL: person.email, Channel.SMS: person.phone}
        off = [key for key, choice in said.items() if choice is Choice.OFF]
        on = [*(key for key, choice in said.items() if choice is not Choice.OFF), *withdrawn]
        declined, wanted = [], []
        for key, address, address_hash in self._hashed(off, addresses):
            entry = (key.channel, address, address_hash, Scope.CATEGORY, Reason.UNSUBSCRIBED, source, by, at)
            declined.append(SuppressionRow(*entry, person.organization_id, key.category))
        for key, _, address_hash in self._hashed(on, addresses):
            entry_key = (key.channel, address_hash, Scope.CATEGORY, Reason.UNSUBSCRIBED)
            wanted.append(Removal(*entry_key, person.organization_id, key.category))
        await self._suppressions.add(declined)
        await self._suppressions.remove_matching(wanted, by=by, why=WANTED_AGAIN, at=at)

    async def take_along(self, people: Sequence[Reached], at: datetime) -> None:
        """Put what these people have declined before on the list for the addresses that they have now."""
        declined = await self._preferences.declined([one.reference for one in people]) if people else {}
        rows = [
            SuppressionRow(
                channel=key.channel,
                address=address,
                address_hash=address_hash,
                scope=Scope.CATEGORY,
                reason=Reason.UNSUBSCRIBED,
                source=NEW_ADDRESS,
                created_by=MOVED_BY,
                created_at=at,
                organization_id=one.organization_id,
                category=key.category,
            )
            for one in people
            for key, address, address_hash in self._hashed(
                declined.get(one.reference, ()), {Channel.EMAIL: one.email, Channel.SMS: one.phone}
            )
        ]
        await self._suppressions.add(sorted(rows, key=lambda row: (row.address_hash, row.category or "")))

    def _hashed(self, keys: Iterable[Key], addresses: Mapping[Channel, str | None]) -> list[tuple[Key, str, str]]:
        found = [(key, addresses.get(Channel(key.channel))) for key in keys]
        return [(key, address, self._hasher.hash(key.channel, address)) for key, address in found if address is not None]
