"""Where API keys were used."""

from collections.abc import Sequence

from services.analytics.access_deps import issued_key_uses
from shared.contracts.analytics import NoteKeyUse
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task_many


@task_many(NoteKeyUse)
async def note_key_use(session: Session, received: Sequence[Received[NoteKeyUse]]) -> None:
    """Keep the latest use of each."""
    await issued_key_uses(session).used([one.message.model_dump() for one in received])
