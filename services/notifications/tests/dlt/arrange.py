"""Registered texts for tests."""

from typing import Any, Final
from uuid import UUID

from services.notifications.dlt.repository import DltRepository, TextRow
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING

OURS: Final = UUID(int=5)
THEIRS: Final = UUID(int=6)
FACTS: Final[dict[str, Any]] = {
    "dlt_template_id": "1107161234567890123",
    "provider_template_id": "60e5a1b2c3d4e5f601234567",
    "entity_id": "1101234567890123456",
    "header": "WYBILL-S",
    "dlt_class": "SI",
    "text": "Your order {#var#} is {#var#}. - Waybill",
    "variables": ["number", "status"],
    "template_name": None,
    "locale": None,
    "active": True,
}
SAID: Final = "Your order O-1 is packed. - Waybill"


async def registered(session: Session, organization_id: UUID | None = OURS, **parts: Any) -> UUID:
    """A text in the registry; its id."""
    facts = FACTS | parts
    row = TextRow(**{**facts, "variables": tuple(facts["variables"])})
    text_id = await DltRepository(session).add(row, organization_id, "ann", MONDAY_MORNING)
    assert text_id is not None
    return text_id
