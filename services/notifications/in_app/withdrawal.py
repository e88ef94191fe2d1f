"""Taking back what has come into inboxes about a subject that was cancelled, as long as nobody has read it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.notifications.in_app.repository import Change, InboxRepository
from shared.runtime.db import Session


async def withdraw(
    session: Session, subject_keys: Sequence[str], before: datetime, *, organization_id: UUID | None = None
) -> Sequence[str]:
    """Archive the unread items about these subjects that were asked for until `before`. Doing it again does no harm.

    organization_id: whose items alone; None for everybody's. Returns whose inboxes have changed.
    """
    inboxes = InboxRepository(session)
    found = await inboxes.unread_about(subject_keys, before, organization_id)
    if not found:
        return []
    people = sorted({person for _, person in found})
    changed = await inboxes.change(people, Change(archived=True), before, ids=[item_id for item_id, _ in found])
    return [person for item_id, person in found if item_id in set(changed)]
