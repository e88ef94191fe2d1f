"""Where gateways reach this API."""

from typing import Final
from uuid import UUID

INSTALLATION_PATH: Final = "/v1/webhooks/{gateway}"
ACCOUNT_PATH: Final = "/v1/webhooks/accounts/{account_id}"


def webhook_path(account_id: UUID) -> str:
    """Where an organization's own account sends its webhooks: its secret is found by the path, before anything is believed."""
    return ACCOUNT_PATH.format(account_id=account_id)
