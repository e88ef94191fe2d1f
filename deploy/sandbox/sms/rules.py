"""The fault rules of SMS providers."""

from typing import ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from deploy.sandbox.http_rules import Answer, HttpRule

Fate = Literal["delivered", "undelivered", "failed", "silent"]
_CODED = ("status", "error_inside_200", "undelivered", "failed")


class SmsRule(HttpRule):
    """As HttpRule. match: the number, `+919812345678` or `+91*`.

    code: the provider's own, of an error or of a fate. rate_limit: `Retry-After` is `seconds`.
    delivered, undelivered, failed: what becomes of an SMS that is taken, after `seconds`. silent: it is never reported on.
    reorder: the first report comes after the last.
    """

    fates: ClassVar[tuple[str, ...]] = get_args(Fate)

    action: Literal[Answer, Fate]
    code: int | None = Field(None, ge=0, le=99_999)

    @model_validator(mode="after")
    def _has_a_code_where_it_is_told(self) -> Self:
        if self.code is not None and self.action not in _CODED:
            raise ValueError(f"code goes with {', '.join(_CODED)}; leave it out")
        return self

    @property
    def retry_after_s(self) -> int:
        """What a 429 asks for."""
        return round(self.seconds) if self.seconds is not None else 1
