"""What a person declines is declined for the person's address as well.

Messages can go to a bare address, and whoever wrote them need not know whose it is. So a choice is put on the suppression list,
for its category, and taken off again with the choice.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.notifications.addresses import AddressHasher
from services.notifications.people.models import Person
from services.notifications.preferences.models import Channel, Choice, Key
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import Removal, SuppressionRepository, SuppressionRow

WANTED_AGAIN = "the recipient wants it again"


class DeclinedAddresses:
    """Keeps the list in step with what people choose."""

    def __init__(self, suppressions: SuppressionRepository, hasher: AddressHasher) -> None:
        self._suppressions = suppressions
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

    def _hashed(self, keys: Iterable[Key], addresses: Mapping[Channel, str | None]) -> list[tuple[Key, str, str]]:
        found = [(key, addresses.get(Channel(key.channel))) for key in keys]
        return [(key, address, self._hasher.hash(key.channel, address)) for key, address in found if address is not None]
