"""What the tests of in-app inboxes share."""

from typing import Any, Final

from services.notifications.templates.repository import NewDraft, TemplateRepository
from shared.contracts.notifications import SendInApp
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING

DRIVER: Final = "trips.driver:7"
TRIP: Final = "trips.trip:2041"


def told(**fields: Any) -> SendInApp:
    """A message into a driver's inbox."""
    usual: dict[str, Any] = {"to_person": DRIVER, "template_name": "moved", "context": {"number": "T-2041"}, "category": "trips"}
    return SendInApp(**{**usual, **fields})


async def publish_push(session: Session, title: str = "Trip {{ number }} moved", body: str = "Look.", **fields: Any) -> None:
    """Publish a template that has a part for the app alone."""
    templates = TemplateRepository(session)
    name = fields.pop("name", "moved")
    await templates.add(name, None)
    template_id = await templates.locked(name, None)
    assert template_id is not None, "it was added"
    draft = NewDraft(fields.pop("locale", "en"), None, None, None, "{}", "ann", push_title=title, push_body=body)
    version_id = await templates.add_draft(template_id, draft, MONDAY_MORNING)
    await templates.publish(version_id, MONDAY_MORNING)
