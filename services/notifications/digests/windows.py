"""When a window of the hourly digest ends, and the message that ends it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from services.notifications.digests.window_repository import Window
from shared.contracts.notifications import SendHourlyDigest

LENGTH: Final = timedelta(hours=1)
"""So long after the first message that is collected for somebody, all of them are told of in one mail."""


def hourly_digest(window: Window, due_at: datetime) -> tuple[SendHourlyDigest, UUID]:
    """The message that ends a window, and its id: for the same moment it is sent once."""
    return SendHourlyDigest(to_person=window.person, window_id=window.id), uuid5(window.id, due_at.isoformat())
