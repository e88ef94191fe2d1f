"""The fault rules of the carrier's feed."""

from typing import Literal, Self

from pydantic import Field, model_validator

from deploy.sandbox.faults import AnswerRule

Action = Literal[
    "status",
    "rate_limit",
    "delay",
    "stall",
    "drop_connection",
    "huge",
    "html",
    "not_json",
    "array",
    "same_cursor",
    "circle",
    "endless",
    "no_etag_match",
    "etag_stays",
]
AN_HOUR_S = 3600.0


class CarrierRule(AnswerRule):
    """What to do when the rule strikes. match: the cursor of a call.

    status: refuse with it. rate_limit: refuse with 429 and `Retry-After`. delay: answer after `seconds`. stall: begin the answer,
    and go on after `seconds`. What the others do, their names say.
    """

    action: Action
    seconds: float | None = Field(None, ge=0, le=AN_HOUR_S)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.status is not None) != (self.action == "status"):
            raise ValueError("status goes with the action status, and only with this")
        if self.seconds is not None and self.action not in ("delay", "stall", "rate_limit"):
            raise ValueError("seconds goes with delay, stall, rate_limit; leave it out")
        if self.action == "delay" and self.seconds is None:
            raise ValueError("delay needs seconds")
        return self
