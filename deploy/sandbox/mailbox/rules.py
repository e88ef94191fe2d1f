"""The fault rules of mail providers with an HTTP API."""

from typing import ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from deploy.sandbox.http_rules import Answer, HttpRule

Fate = Literal[
    "delivered", "deferred", "bounce", "soft_bounce", "blocked", "dropped", "complaint", "unsubscribe", "opened", "silent"
]
_TOLD = ("status", "error_inside_200", "bounce", "soft_bounce", "blocked", "deferred", "dropped")


class MailRule(HttpRule):
    """As HttpRule. match: a recipient, `ann@example.com` or `*@slow.example`.

    code: SES's name of the error, or the field that SendGrid complains of. A rule that matches some recipients of a batch with
    400 names only these.
    delivered, deferred, …: what becomes of a mail that is taken, told by events, the first one after `seconds`; text is what the
    far server said, or why a mail was dropped. silent: no event.
    reorder: the events come in the opposite order.
    """

    fates: ClassVar[tuple[str, ...]] = get_args(Fate)

    action: Literal[Answer, Fate]
    status: int | None = Field(None, ge=300, le=599)
    code: str | None = Field(None, pattern=r"^[A-Za-z0-9_.]{1,80}$")

    @model_validator(mode="after")
    def _says_what_is_heard(self) -> Self:
        if self.code is not None and self.action not in ("status", "error_inside_200"):
            raise ValueError("code goes with status and error_inside_200; leave it out")
        if self.text is not None and self.action not in _TOLD:
            raise ValueError(f"text goes with {', '.join(_TOLD)}; leave it out")
        return self
