"""Settings of the analytics service."""

from functools import cache
from typing import ClassVar

from shared.runtime.http.settings import HttpSettings


class AnalyticsSettings(HttpSettings):
    """Read from the environment; see `shared.runtime.settings` for where values come from."""

    service: ClassVar[str] = "analytics"


@cache
def settings() -> AnalyticsSettings:
    """The settings of this process, read once."""
    return AnalyticsSettings.load()
