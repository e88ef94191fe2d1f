"""What the tests of deliveries share: messages, and looking at what became of them."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.deliveries.models import Delivery
from services.notifications.deliveries.repository import DeliveryReader
from services.notifications.people.repository import PersonRepository, PersonRow
from services.notifications.templates.repository import NewDraft, TemplateRepository
from shared.contracts.notifications import SendEmail, SendTemplatedEmail
from shared.runtime.db import ReadSession, Session
from shared.testing.clock import MONDAY_MORNING

ALERT: Final = "alerts.alert:019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77"


def email(to: str = "ann@example.com", **fields: Any) -> SendEmail:
    """A message, asked for by an alert."""
    return SendEmail(**{"to_email": to, "subject": "Late", "body": "3 days.", "requester": ALERT, **fields})


def templated(**fields: Any) -> SendTemplatedEmail:
    """A message whose text a template makes, asked for by an alert."""
    to = {} if "to_person" in fields else {"to_email": "ann@example.com"}
    return SendTemplatedEmail(**{**to, "template_name": "delay", "context": {"days": 3}, "requester": ALERT, **fields})


async def publish_template(
    session: Session, subject: str = "{{ days }} days late", text: str = "Wait {{ days }} days.", **fields: Any
) -> None:
    """Publish a version of a template in the place of the one before."""
    parts = {"name": "delay", "organization_id": None, "locale": "en", "html": None, **fields}
    templates = TemplateRepository(session)
    await templates.add(parts["name"], parts["organization_id"])
    template_id = await templates.locked(parts["name"], parts["organization_id"])
    assert template_id is not None, "it was added"
    draft = NewDraft(parts["locale"], subject, text, parts["html"], "{}", "ann", category=parts.get("category"))
    version_id = await templates.add_draft(template_id, draft, MONDAY_MORNING)
    await templates.retire(template_id, draft.locale)
    await templates.publish(version_id, MONDAY_MORNING)


async def know_person(session: Session, reference: str, **fields: Any) -> None:
    """Somebody who can be written to."""
    columns = {"email": "asha@example.com", "name": "Asha Rao", "locale": None, "time_zone": None, "organization_id": None}
    row = PersonRow(**{**columns, "phone": None, "entity_version": 1, **fields}, reference=reference)
    await PersonRepository(session).upsert([row], MONDAY_MORNING)


async def delivery(session: ReadSession, message_id: UUID) -> Delivery:
    """The delivery as the database has it now."""
    session.expunge_all()
    found = await DeliveryReader(session).find(message_id, None)
    assert found is not None, "there is no delivery of the message"
    return found


def attempts_of(found: Delivery) -> list[tuple[int, str | None, int | None, str | None]]:
    """Number, outcome, code and enhanced code of each attempt."""
    return [(one.number, one.outcome, one.code, one.enhanced_code) for one in found.timeline]


async def due_again(session: Session, message_id: UUID) -> None:
    """Let the waiting time of a retry, or a lease, be over."""
    await session.execute(text("UPDATE inbox SET due_at = now() - interval '1 second' WHERE id = :id"), {"id": message_id})
