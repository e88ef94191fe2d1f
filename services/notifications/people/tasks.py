"""What a worker does with the messages about people."""

from collections.abc import Sequence

from services.notifications import preference_deps
from shared.contracts.notifications import UpsertPerson
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task_many


@task_many(UpsertPerson)
async def upsert_person(session: Session, received: Sequence[Received[UpsertPerson]]) -> None:
    """Keeps what the owners of people say of them, unless a newer version is known."""
    await preference_deps.people_changes(session).follow([one.message for one in received])
