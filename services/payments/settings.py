"""Settings of the payments service."""

from functools import cache
from typing import ClassVar

from services.payments.gateways.settings import GatewaySettings


class PaymentsSettings(GatewaySettings):
    """Read from the environment; see `shared.runtime.settings` for where values come from."""

    service: ClassVar[str] = "payments"


@cache
def settings() -> PaymentsSettings:
    """The settings of this process, read once."""
    return PaymentsSettings.load()
