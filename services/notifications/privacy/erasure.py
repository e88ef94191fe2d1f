"""Erasing a person: everything personal at once, in one transaction.

One transaction, because whoever asks for it must be able to rely on it; and set by set, so that a person with a hundred thousand
deliveries takes seconds. What is waiting to be sent to the person ends before it is taken apart.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from services.notifications.addresses import AddressHasher
from services.notifications.cancellations.repository import Cancellation, CancellationRepository, key_of
from services.notifications.deliveries.delivery_drop import DroppedDeliveries
from services.notifications.people.errors import PersonNotFound
from services.notifications.people.models import Person
from services.notifications.people.repository import PersonRepository
from services.notifications.privacy.person_repository import Former, HoldingRepository, Subject
from shared.runtime.clock import Clock
from shared.runtime.operations.audit.repository import AuditLog

REASON = "the person was erased"


class Erasure:
    """Forgets people, in one unit of work."""

    def __init__(
        self,
        people: PersonRepository,
        holdings: HoldingRepository,
        cancellations: CancellationRepository,
        dropped: DroppedDeliveries,
        hasher: AddressHasher,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._people = people
        self._holdings = holdings
        self._cancellations = cancellations
        self._dropped = dropped
        self._hasher = hasher
        self._audit = audit
        self._clock = clock

    async def erase(self, reference: str, organization_id: UUID | None) -> None:
        """Forget everything personal, and drop what waits to be sent. Raises PersonNotFound."""
        known = await self._people.locked(reference)
        if known is None or known.erased_at is not None or organization_id not in (None, known.organization_id):
            raise PersonNotFound("there is no such person; GET /v1/people lists those that there are")
        former = await self._holdings.former(reference, known.organization_id)
        subject, now = subject_of(known, former, self._hasher), self._clock()
        await self._holdings.leave_campaigns(subject, now)
        ids, waiting = await self._holdings.locked_deliveries(subject)
        if waiting:
            moment = await self._cancellations.moment()
            words = [Cancellation(key_of(one), None, moment, REASON, self._audit.actor) for one in waiting]
            await self._cancellations.remember(words)
            await self._dropped.drop_cancelled(waiting, now)
        await self._holdings.erase(subject, ids)
        await self._people.erase(reference, now)
        await self._audit.write("people.erase", f"person:{reference}", REASON, deliveries=len(ids), dropped=len(waiting))


def subject_of(person: Person, former: Sequence[Former], hasher: AddressHasher) -> Subject:
    """Whom the statements are about. former: where the person was written to before."""
    known = [(channel, one) for channel, one in (("email", person.email), ("sms", person.phone)) if one is not None]
    known += [(one.channel, one.address) for one in former if one.address is not None]
    hashes = {hasher.hash(channel, one) for channel, one in known} | {one.address_hash for one in former if one.address_hash}
    addresses = sorted({one.lower() for _, one in known})
    return Subject(person.reference, addresses, [_pattern(one) for one in addresses], sorted(hashes), person.organization_id)


def _pattern(address: str) -> str:
    """A regular expression of PostgreSQL that finds an address as a whole, and a number however its digits are set apart."""
    if "@" in address:
        return rf"(^|[^[:alnum:]_.%+-]){re.escape(address)}($|[^[:alnum:]_.-]|[.]($|[^[:alnum:]]))"
    digits = [character for character in address if character.isdigit()]
    return rf"(^|[^0-9])[+]?{'[ ()./-]*'.join(digits)}($|[^0-9])"
