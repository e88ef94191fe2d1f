"""Everything that is held about a person, as a JSON file of any length."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import orjson

from services.notifications.addresses import AddressHasher
from services.notifications.people.errors import PersonNotFound
from services.notifications.people.repository import PersonReader
from services.notifications.privacy.erasure import subject_of
from services.notifications.privacy.person_repository import HoldingReader, Subject, parts
from shared.runtime.clock import Clock
from shared.runtime.db import Database

DELIVERIES_PER_PART: Final = 1000


class PersonExport:
    """Reads part after part, each in a transaction of its own: a client may take its time over a file."""

    def __init__(self, database: Database, hasher: AddressHasher, clock: Clock) -> None:
        self._database = database
        self._hasher = hasher
        self._clock = clock

    async def begin(self, reference: str, organization_id: UUID | None) -> AsyncIterator[bytes]:
        """The file in parts. Raises PersonNotFound before the first one."""
        async with self._database.read() as session:
            person = await PersonReader(session).find(reference, organization_id)
            if person is None:
                raise PersonNotFound("there is no such person; GET /v1/people lists those that there are")
            reader = HoldingReader(session)
            former = await reader.former(reference, person.organization_id)
            subject = subject_of(person, former, self._hasher)
            ids = await reader.delivery_ids(subject)
        return self._parts(subject, ids)

    async def _parts(self, subject: Subject, ids: list[UUID]) -> AsyncIterator[bytes]:
        yield b'{"exported_at":' + orjson.dumps(self._clock())
        for name in parts():
            async with self._database.read() as session:
                rows = await HoldingReader(session).part(name, subject)
            yield f',"{name}":['.encode() + ",".join(rows).encode() + b"]"
        yield b',"deliveries":['
        for start in range(0, len(ids), DELIVERIES_PER_PART):
            async with self._database.read() as session:
                rows = await HoldingReader(session).deliveries(ids[start : start + DELIVERIES_PER_PART])
            yield (b"," if start else b"") + ",".join(rows).encode()
        yield b"]}\n"
