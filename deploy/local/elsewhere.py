"""Another installation than the local stack, on Kubernetes or under systemd, as the environment names it to `waybill`:

WAYBILL_TOKEN          an operator's token or an API key; with it `waybill` asks the addresses below and no local stack
<SERVICE>_URL          where each API is: ALERTS_URL and so on
BROKER_OPERATOR_URL    the broker's login that may watch; without it what is in the broker is not counted
"""

import os

from deploy.local.failures import StackError

TOKEN = "WAYBILL_TOKEN"  # noqa: S105 # the name of a variable
BROKER = "BROKER_OPERATOR_URL"


def token() -> str | None:
    """What opens it; None where the local stack is meant."""
    return os.environ.get(TOKEN) or None


def url(service: str) -> str:
    """Where a service's API is."""
    name = f"{service.upper()}_URL"
    found = os.environ.get(name, "").rstrip("/")
    if not found:
        raise StackError(f"{TOKEN} is set, and where the {service} API is nobody says.", f"set {name}, or unset {TOKEN}")
    return found


def broker_url() -> str | None:
    """The broker, for who may look into it."""
    return os.environ.get(BROKER) or None
