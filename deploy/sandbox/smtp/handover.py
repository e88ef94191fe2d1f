"""Handing mails to the bounce address over to the notifications API, as the mail server of that domain would by a pipe."""

import base64
from collections.abc import Sequence
from typing import Any, Final

from deploy.sandbox.callbacks import Callbacks, Request
from deploy.sandbox.entries import Receipt
from deploy.sandbox.provider import Core
from deploy.sandbox.transaction import Transaction

NAME: Final = "smtp.handover"
MAX_BYTES: Final = 5_000_000
"""What is larger the API does not take, and a server would give up on."""


class Handover:
    """Does nothing without SANDBOX_BOUNCE_ADDRESS and SANDBOX_CALLBACK_URL."""

    def __init__(self, core: Core) -> None:
        self._address = core.settings.bounce_address
        self._secret = core.settings.bounce_secret
        self._callbacks = Callbacks(core, NAME, self._request)

    def plan(self, transaction: Transaction, receipt: Receipt) -> None:
        """Hand the mail over, once the transaction is committed, if it came to the bounce address."""
        if self._is_meant(receipt.recipients) and len(receipt.body) <= MAX_BYTES:
            self._callbacks.plan(transaction, {"mail": base64.b64encode(receipt.body).decode()})

    async def close(self) -> None:
        """Give back the connections."""
        await self._callbacks.close()

    def _is_meant(self, recipients: Sequence[str]) -> bool:
        if self._address is None:
            return False
        local, _, domain = self._address.lower().partition("@")
        named = [recipient.lower().partition("@") for recipient in recipients]
        return any(name.partition("+")[0] == local and host == domain for name, _, host in named)

    def _request(self, plan: dict[str, Any]) -> Request:
        secret = self._secret.get_secret_value() if self._secret is not None else ""
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "message/rfc822"}
        return Request(f"{self._callbacks.base_url}/v1/callbacks/bounce-mail", base64.b64decode(plan["mail"]), headers)
