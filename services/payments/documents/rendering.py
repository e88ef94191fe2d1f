"""Making PDFs by message: read what a document says, lay it out in a thread, keep the bytes once."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from services.payments.documents.drawing import drawn, letters_missing
from services.payments.documents.models import Printed
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Done, Failed, Outcome, Skipped

logger = logging.getLogger(__name__)

_THERE = Skipped("the PDF is there, and stays as it is")


class DocumentStore(Protocol):
    """The documents of one kind, in one unit of work."""

    async def printed(self, document_ids: Sequence[UUID]) -> dict[UUID, Printed]:
        """What those of them say that are issued and have no PDF yet."""
        ...

    async def is_issued(self, document_id: UUID) -> bool:
        """Whether there is such a document, and it is issued."""
        ...

    async def keep(self, document_id: UUID, content: bytes) -> None:
        """Write its PDF, unless there is one, and tell whoever waits for it."""
        ...


class StoreMaker(Protocol):
    """Opens the documents of one kind in a unit of work."""

    def __call__(self, session: Session) -> DocumentStore: ...


@dataclass(slots=True)
class Sheet:
    """One PDF to make. content: once it is made; a message's outcome cannot carry bytes."""

    document_id: UUID
    document: Printed
    content: bytes | None = None


class PdfRendering:
    """The effect of messages about a document. id_field: the message's field that names it.

    Nothing leaves the house, but laying out takes the time of many transactions, so none is open meanwhile.
    """

    concurrency = 1

    def __init__(self, stores: StoreMaker, id_field: str) -> None:
        self._stores = stores
        self._id_field = id_field

    async def claim(self, session: Session, received: Sequence[Received[Any]]) -> Sequence[Sheet | Outcome]:
        """Read what the documents say. One that has its PDF is done with."""
        ids = [self._id_of(one) for one in received]
        store = self._stores(session)
        printed = await store.printed(ids)
        return [Sheet(key, printed[key]) if key in printed else await self._nothing_to_do(store, key) for key in ids]

    async def call(self, work: Sheet) -> Outcome:
        """Lay it out."""
        missing = await letters_missing(work.document)
        if missing:
            letters = " ".join(f"U+{ord(letter):04X}" for letter in missing)
            logger.warning("document_letters_missing", extra={"document_id": str(work.document_id), "letters": letters})
        work.content = await drawn(work.document)
        return Done()

    async def record(self, session: Session, results: Sequence[tuple[Received[Any], Sheet | None, Outcome]]) -> None:
        """Keep what was made."""
        store = self._stores(session)
        for _, work, outcome in results:
            if work is not None and work.content is not None and isinstance(outcome, Done):
                await store.keep(work.document_id, work.content)

    async def close(self) -> None:
        """It keeps nothing open."""

    def _id_of(self, received: Received[Any]) -> UUID:
        document_id: UUID = getattr(received.message, self._id_field)
        return document_id

    async def _nothing_to_do(self, store: DocumentStore, document_id: UUID) -> Outcome:
        if await store.is_issued(document_id):
            return _THERE
        return Failed("there is no such document, or it is a draft; issue it first")
