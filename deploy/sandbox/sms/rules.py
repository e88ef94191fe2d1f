"""The fault rules of SMS providers: what answer a request gets, and what becomes of the SMS afterwards."""

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from deploy.sandbox.faults import Rule

_FATES = ("delivered", "undelivered", "failed", "silent")
_TIMED = ("delay", "timeout_after_accept", "rate_limit", *_FATES)
_CODED = ("status", "error_inside_200", "undelivered", "failed")


class SmsRule(Rule):
    """What to do when the rule strikes. match: the number, `+919812345678` or `+91*`.

    status: refuse with this HTTP status and the provider's error `code`; nothing is recorded.
    rate_limit: refuse with 429, `Retry-After` being `seconds`.
    error_inside_200: refuse, but under the status of success.
    delay: record at once, answer after `seconds`.
    timeout_after_accept: record, and give no answer for `seconds` (an hour unless told otherwise).
    drop_connection: drop the connection without an answer; with `recorded` the SMS is on record all the same.
    delivered, undelivered, failed: what becomes of an SMS that is taken, after `seconds`, with the provider's `code`.
    silent: it is never reported on.
    repeat: how often each report of it is sent. reorder: the first report comes after the last.
    One rule of the answer and one of the fate can strike the same SMS.
    """

    reorders: ClassVar[bool] = True

    action: Literal[
        "status",
        "rate_limit",
        "error_inside_200",
        "delay",
        "timeout_after_accept",
        "drop_connection",
        "delivered",
        "undelivered",
        "failed",
        "silent",
    ]
    status: int | None = Field(None, ge=400, le=599)
    code: int | None = Field(None, ge=0, le=99_999)
    text: str | None = Field(None, min_length=1, max_length=400, pattern=r"^[\x20-\x7e]+$")
    seconds: float | None = Field(None, ge=0, le=3600)
    recorded: bool = False
    repeat: int = Field(1, ge=1, le=20)
    reorder: bool = False

    @model_validator(mode="before")
    @classmethod
    def _number_as_action(cls, values: Any) -> Any:
        """`{"action": 503}` is short for `{"action": "status", "status": 503}`."""
        if isinstance(values, dict) and isinstance(values.get("action"), int):
            return {**values, "action": "status", "status": values["action"]}
        return values

    @model_validator(mode="after")
    def _makes_sense(self) -> "SmsRule":
        if (self.status is not None) != (self.action == "status"):
            raise ValueError("status goes with the action status, and only with this")
        if self.code is not None and self.action not in _CODED:
            raise ValueError(f"code goes with {', '.join(_CODED)}; leave it out")
        if self.seconds is not None and self.action not in _TIMED:
            raise ValueError(f"seconds goes with {', '.join(_TIMED)}; leave it out")
        if self.action == "delay" and self.seconds is None:
            raise ValueError("delay needs seconds")
        if self.recorded and self.action != "drop_connection":
            raise ValueError("recorded goes with drop_connection; leave it out")
        if (self.repeat > 1 or self.reorder) and not self.is_fate:
            raise ValueError(f"repeat and reorder go with {', '.join(_FATES)}; leave them out")
        if self.reorder and not self.reorders:
            raise ValueError("this provider sends one report of an SMS, which nothing can overtake; leave reorder out")
        return self

    @property
    def is_fate(self) -> bool:
        """Whether the rule is about what becomes of an SMS that was taken."""
        return self.action in _FATES

    @property
    def refuses(self) -> bool:
        """Whether the rule answers with an error."""
        return self.action in ("status", "rate_limit", "error_inside_200")

    @property
    def retry_after_s(self) -> int:
        """What a 429 asks for."""
        return round(self.seconds) if self.seconds is not None else 1

    @property
    def answer_after_s(self) -> float:
        """How late the answer comes."""
        if self.action == "timeout_after_accept":
            return 3600.0 if self.seconds is None else self.seconds
        return (self.seconds or 0.0) if self.action == "delay" else 0.0
