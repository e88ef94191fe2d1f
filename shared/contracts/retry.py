"""When a failed message is tried again."""

import random
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_TOTAL_S: Final = 20 * 86_400
"""The inbox remembers a message for 30 days; what is tried longer could be forgotten and done twice."""


class RetryPolicy(BaseModel):
    """Exponential back-off with full jitter, after AWS' "Exponential Backoff and Jitter".

    The delay before retry n (1, 2, …) is drawn evenly from 0 to min(cap_s, base_s * factor ** (n - 1)).
    With `jitter=False` it is that upper bound itself, for senders who promise a fixed interval.
    A provider's `Retry-After` is a lower bound on either.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_retries: int = Field(default=3, ge=0, le=50)
    base_s: float = Field(default=30.0, gt=0, le=86_400)
    factor: float = Field(default=2.0, ge=1, le=10)
    cap_s: float = Field(default=600.0, gt=0, le=86_400)
    jitter: bool = True

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        ceilings = (min(self.cap_s, self.base_s * self.factor**retry) for retry in range(self.max_retries))
        if sum(ceilings) > MAX_TOTAL_S:
            raise ValueError("the retries may last 20 days at most; lower max_retries or cap_s")
        return self

    def delay_s(self, retry: int, *, at_least_s: float = 0.0, draw: random.Random | None = None) -> float:
        """Seconds to wait before the given retry, counted from 1."""
        ceiling = min(self.cap_s, self.base_s * self.factor ** (retry - 1))
        delay = (draw or random).uniform(0, ceiling) if self.jitter else ceiling
        return max(delay, at_least_s)
