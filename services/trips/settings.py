"""Settings of the trips service."""

from functools import cache
from typing import ClassVar

from shared.runtime.http.settings import HttpSettings


class TripsSettings(HttpSettings):
    """Read from the environment; see `shared.runtime.settings` for where values come from."""

    service: ClassVar[str] = "trips"


@cache
def settings() -> TripsSettings:
    """The settings of this process, read once."""
    return TripsSettings.load()
