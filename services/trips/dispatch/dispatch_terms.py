"""What an organization has settled for its dispatch, or what holds where it has settled nothing."""

from datetime import timedelta
from typing import Final

from services.trips.dispatch.models import DispatchSettings
from services.trips.dispatch.schemas import DispatchSettingsIn

DEFAULTS: Final = DispatchSettingsIn()


def buffers(settings: DispatchSettings | None) -> tuple[timedelta, timedelta]:
    """For how long driver and vehicle are bound before the pickup and after the drop-off."""
    found = settings or DEFAULTS
    return timedelta(seconds=found.buffer_before_s), timedelta(seconds=found.buffer_after_s)


def time_to_answer(settings: DispatchSettings | None) -> timedelta:
    """How long a driver has to answer an offer."""
    return timedelta(seconds=(settings or DEFAULTS).offer_s)
