"""The fault rules of providers with an HTTP API: what answer a request gets, and what becomes of each message afterwards."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from deploy.sandbox.faults import AnswerRule

Answer = Literal["status", "rate_limit", "error_inside_200", "delay", "timeout_after_accept", "drop_connection"]
_REFUSALS = ("status", "rate_limit", "error_inside_200")
_TIMED = ("delay", "timeout_after_accept", "rate_limit")


class HttpRule(AnswerRule):
    """What to do when the rule strikes. fates: the actions that are about what becomes of a message that is taken.

    status: refuse with this HTTP status; nothing is recorded. text: what the answer says.
    rate_limit: refuse with 429; the window ends after `seconds`.
    error_inside_200: refuse, but under the status of success.
    delay: record at once, answer after `seconds`.
    timeout_after_accept: record, and give no answer for `seconds` (an hour unless told otherwise).
    drop_connection: drop the connection without an answer; with `recorded` the messages are on record all the same.
    A fate is told after `seconds`. silent, which every provider has: it is never told of.
    repeat: how often each report of a fate is sent. reorder: they come in another order.
    One rule of the answer and one of the fate can strike the same message.
    """

    fates: ClassVar[tuple[str, ...]]

    action: str
    text: str | None = Field(None, min_length=1, max_length=400, pattern=r"^[\x20-\x7e]+$")
    seconds: float | None = Field(None, ge=0, le=3600)
    recorded: bool = False
    repeat: int = Field(1, ge=1, le=20)
    reorder: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.status is not None) != (self.action == "status"):
            raise ValueError("status goes with the action status, and only with this")
        if self.seconds is not None and self.action not in _TIMED and not self.is_fate:
            raise ValueError(f"seconds goes with {', '.join((*_TIMED, *self.fates))}; leave it out")
        if self.action == "delay" and self.seconds is None:
            raise ValueError("delay needs seconds")
        if self.recorded and self.action != "drop_connection":
            raise ValueError("recorded goes with drop_connection; leave it out")
        if (self.repeat > 1 or self.reorder) and not self.is_fate:
            raise ValueError(f"repeat and reorder go with {', '.join(self.fates)}; leave them out")
        return self

    @property
    def is_fate(self) -> bool:
        """Whether the rule is about what becomes of a message that was taken."""
        return self.action in self.fates

    @property
    def refuses(self) -> bool:
        """Whether the rule answers with an error."""
        return self.action in _REFUSALS

    @property
    def records(self) -> bool:
        """Whether messages that the rule strikes are kept."""
        return not self.refuses and (self.action != "drop_connection" or self.recorded)

    @property
    def answer_after_s(self) -> float:
        """How late the answer comes."""
        if self.action == "timeout_after_accept":
            return 3600.0 if self.seconds is None else self.seconds
        return (self.seconds or 0.0) if self.action == "delay" else 0.0
