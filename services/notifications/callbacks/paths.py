"""Where call-backs come in, below BACKEND_URL."""

from typing import Final

from services.notifications.providers.models import ProviderAccount

TWILIO_PATH: Final = "/v1/callbacks/twilio"


def callback_path(account: ProviderAccount) -> str:
    """Of an organization's own account; MSG91 puts `/<callback_secret>` behind it."""
    return f"/v1/callbacks/accounts/{account.id}"
