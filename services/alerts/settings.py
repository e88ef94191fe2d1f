"""Settings of the alerts service."""

from functools import cache
from typing import ClassVar

from shared.runtime.http.settings import HttpSettings


class AlertsSettings(HttpSettings):
    """Read from the environment; see `shared.runtime.settings` for where values come from."""

    service: ClassVar[str] = "alerts"


@cache
def settings() -> AlertsSettings:
    """The settings of this process, read once."""
    return AlertsSettings.load()
