"""The fault rules of mail providers with an HTTP API: what answer a request gets, and what becomes of each mail afterwards."""

from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from deploy.sandbox.faults import Rule

Fate = Literal[
    "delivered", "deferred", "bounce", "soft_bounce", "blocked", "dropped", "complaint", "unsubscribe", "opened", "silent"
]
FATES: tuple[str, ...] = get_args(Fate)
_TIMED = ("delay", "timeout_after_accept", "rate_limit", *FATES)
_TOLD = ("status", "error_inside_200", "bounce", "soft_bounce", "blocked", "deferred", "dropped")


class MailRule(Rule):
    """What to do when the rule strikes. match: a recipient, `ann@example.com` or `*@slow.example`.

    status: refuse with this HTTP status; nothing is recorded. text: what the answer says. code: SES's name of the error, or the
    field that SendGrid complains of. A rule that matches some recipients of a batch with 400 names only these.
    rate_limit: refuse with 429; the window ends after `seconds`.
    error_inside_200: refuse, but under the status of success.
    delay: record at once, answer after `seconds`.
    timeout_after_accept: record, and give no answer for `seconds` (an hour unless told otherwise).
    drop_connection: drop the connection without an answer; with `recorded` the mails are on record all the same.
    delivered, deferred, …: what becomes of a mail that is taken, told by events, the first one after `seconds`; text is what the
    far server said, or why a mail was dropped. silent: no event.
    repeat: how often each event is sent. reorder: the events come in the opposite order.
    One rule of the answer and one of the fate can strike the same mail.
    """

    action: Literal["status", "rate_limit", "error_inside_200", "delay", "timeout_after_accept", "drop_connection"] | Fate
    status: int | None = Field(None, ge=300, le=599)
    code: str | None = Field(None, pattern=r"^[A-Za-z0-9_.]{1,80}$")
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
    def _makes_sense(self) -> "MailRule":
        if (self.status is not None) != (self.action == "status"):
            raise ValueError("status goes with the action status, and only with this")
        if self.code is not None and self.action not in ("status", "error_inside_200"):
            raise ValueError("code goes with status and error_inside_200; leave it out")
        if self.text is not None and self.action not in _TOLD:
            raise ValueError(f"text goes with {', '.join(_TOLD)}; leave it out")
        if self.seconds is not None and self.action not in _TIMED:
            raise ValueError(f"seconds goes with {', '.join(_TIMED)}; leave it out")
        if self.action == "delay" and self.seconds is None:
            raise ValueError("delay needs seconds")
        if self.recorded and self.action != "drop_connection":
            raise ValueError("recorded goes with drop_connection; leave it out")
        if (self.repeat > 1 or self.reorder) and not self.is_fate:
            raise ValueError(f"repeat and reorder go with {', '.join(FATES)}; leave them out")
        return self

    @property
    def is_fate(self) -> bool:
        """Whether the rule is about what becomes of a mail that was taken."""
        return self.action in FATES

    @property
    def refuses(self) -> bool:
        """Whether the rule answers with an error."""
        return self.action in ("status", "rate_limit", "error_inside_200")

    @property
    def records(self) -> bool:
        """Whether mails that the rule strikes are kept."""
        return not self.refuses and (self.action != "drop_connection" or self.recorded)

    @property
    def answer_after_s(self) -> float:
        """How late the answer comes."""
        if self.action == "timeout_after_accept":
            return 3600.0 if self.seconds is None else self.seconds
        return (self.seconds or 0.0) if self.action == "delay" else 0.0
