"""How a gateway's account is set up: how fast it answers, what time it is there, where its webhooks go."""

import time

from pydantic import BaseModel, ConfigDict, Field

MAX_OFFSET_S = 10 * 366 * 86_400


class GatewayAccount(BaseModel):
    """What may be changed while it runs; a restart brings back what the settings say.

    answer_after_s: how long every answer takes. clock_offset_s: how far its clock is ahead of the machine's.
    magic_amounts: whether an amount's last three digits decide what becomes of a payment.
    webhook_url: where events go; None for nowhere. webhook_events: those that are told of; `*` is a wildcard.
    retry_after_s: the pauses before an event that was not taken comes again; after the last try the webhook is switched off.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer_after_s: float = Field(0.0, ge=0, le=60)
    clock_offset_s: int = Field(0, ge=-MAX_OFFSET_S, le=MAX_OFFSET_S)
    magic_amounts: bool = True
    webhook_url: str | None = Field(None, pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")
    webhook_secrets: tuple[str, ...] = Field(("sandbox",), min_length=1, max_length=4)
    webhook_events: tuple[str, ...] = ("*",)
    webhook_enabled: bool = True
    retry_after_s: tuple[float, ...] = Field((1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0), max_length=20)

    def now(self) -> int:
        """Seconds since the epoch by the gateway's clock."""
        return int(time.time()) + self.clock_offset_s
