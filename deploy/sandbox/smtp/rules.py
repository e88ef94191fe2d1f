"""The fault rules of SMTP. A rule is about recipients, and the connection, answer or bounce that they get."""

from typing import Any, Literal

from pydantic import Field, model_validator

from deploy.sandbox.faults import Rule

_TEXTS = {
    "421": ("4.3.2", "Service shutting down, try again later"),
    "451": ("4.3.0", "Local error in processing, try again later"),
    "550": ("5.1.1", "No such mailbox"),
    "552": ("5.2.2", "Mailbox full"),
    "bounce_later": ("5.1.1", "No such mailbox"),
}
_TIMED = ("delay", "bounce_later")


class SmtpRule(Rule):
    """What to do when the rule strikes.

    delay: answer after `seconds`; at the stage data the mail is on record at once and only the answer is late.
    421, 451, 550, 552: refuse with this code; 421 also closes the connection. Nothing is recorded at the stage data, and
    not for this recipient at the stage rcpt.
    disconnect_before_data: drop the connection at the DATA command. Nothing is recorded.
    disconnect_after_data: record the mail, then drop the connection instead of the 250.
    bounce_later: accept, and after `seconds` deliver a delivery status notification (RFC 3464) to the envelope sender.
    stage: rcpt or data; a refusal comes at rcpt and a delay at data unless told otherwise, the others are about data.
    text, enhanced: the answer's text and status code (RFC 3463), for a bounce its diagnostic.
    """

    action: Literal["delay", "421", "451", "550", "552", "disconnect_before_data", "disconnect_after_data", "bounce_later"]
    seconds: float | None = Field(None, ge=0, le=3600)
    stage: Literal["rcpt", "data"]
    text: str | None = Field(None, min_length=1, max_length=400, pattern=r"^[\x20-\x7e]+$")
    enhanced: str | None = Field(None, pattern=r"^[245]\.\d{1,3}\.\d{1,3}$")

    @model_validator(mode="before")
    @classmethod
    def _usual_stage(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        action = values.get("action")
        usual = {"stage": "rcpt" if str(action).isdigit() else "data"}
        as_text = {"action": str(action)} if isinstance(action, int) else {}
        return {**usual, **{name: value for name, value in values.items() if name != "stage" or value is not None}, **as_text}

    @model_validator(mode="after")
    def _makes_sense(self) -> "SmtpRule":
        if (self.seconds is not None) != (self.action in _TIMED):
            raise ValueError(f"seconds goes with {' and '.join(_TIMED)}, and only with these")
        if self.stage == "rcpt" and not self.action.isdigit() and self.action != "delay":
            raise ValueError(f"{self.action} happens at the stage data; leave stage out")
        if self.action not in _TEXTS and (self.text or self.enhanced):
            raise ValueError(f"{self.action} gives no answer of its own; leave text and enhanced out")
        if self.action in _TEXTS and self.enhanced and self.enhanced[0] != self.answer_status[0]:
            raise ValueError(f"enhanced must begin with {self.answer_status[0]} for {self.action}")
        return self

    @property
    def refuses(self) -> bool:
        """Whether the rule answers with an error."""
        return self.action.isdigit()

    @property
    def answer_status(self) -> str:
        """The enhanced status code that goes with the action unless the rule names another."""
        return _TEXTS[self.action][0]

    @property
    def answer(self) -> str:
        """The reply line of a refusal or, for a bounce, the line that the far server is said to have answered."""
        status, text = _TEXTS[self.action]
        code = self.action if self.refuses else "550"
        return f"{code} {self.enhanced or status} {self.text or text}"
