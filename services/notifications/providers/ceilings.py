"""How many messages per second an account is given at most: what is configured, what its provider says, or what is usual.

`shared.runtime.outside.rates` holds to it, and goes below where a provider says that even that is too much.
"""

import time
from collections.abc import Mapping
from typing import Final, Protocol, runtime_checkable

USUAL: Final[Mapping[str, float]] = {"smtp": 5000.0, "sendgrid": 5000.0, "ses": 14.0, "twilio": 100.0, "msg91": 100.0}
"""By kind of provider. Mail servers and SendGrid publish none, and say when it is too much; SES gives a new account 14 per second
(1 in its sandbox) and tells its own rate; an SMS provider queues what its numbers cannot send at once, but not for ever."""
FRESH_S: Final = 900.0
AGAIN_S: Final = 60.0


@runtime_checkable
class TellsRate(Protocol):
    """A provider that knows what its account may send."""

    async def max_per_s(self) -> float | None:
        """Messages per second; None where it does not say. Never raises for what happens outside."""
        ...


class Ceiling:
    """Of one account, as one process knows it. configured: by the settings or the organization, which is never exceeded."""

    def __init__(self, kind: str, provider: object, configured: float | None) -> None:
        self._provider = provider if isinstance(provider, TellsRate) else None
        self._configured = configured
        self._usual = USUAL[kind]
        self._told: float | None = None
        self._asks_at = 0.0

    async def per_s(self) -> float:
        """The present ceiling. One call asks the provider now and then; the others go by what was known until then."""
        now = time.monotonic()
        if self._provider is not None and now >= self._asks_at:
            self._asks_at = now + AGAIN_S
            told = await self._provider.max_per_s()
            if told is not None:
                self._told, self._asks_at = told, now + FRESH_S
        known = [one for one in (self._configured, self._told) if one is not None]
        return min(known) if known else self._usual
