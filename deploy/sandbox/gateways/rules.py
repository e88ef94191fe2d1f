"""The fault rules of payment gateways: what answer a request gets, what becomes of a payment or refund, how webhooks come."""

from fnmatch import fnmatchcase
from typing import Literal, get_args

from pydantic import Field, model_validator

from deploy.sandbox.faults import AnswerRule

Answer = Literal[
    "status",
    "rate_limit",
    "delay",
    "timeout_before",
    "timeout_after_commit",
    "status_after_commit",
    "drop_connection",
    "malformed",
]
Fate = Literal["decline", "pending", "late_authorisation", "refund_pending", "refund_failed", "dispute", "notice_failed", "drift"]
Drift = Literal[
    "missing",
    "unknown_payment",
    "duplicate_capture",
    "repeated",
    "amount",
    "currency",
    "fee",
    "on_hold",
    "utr_missing",
    "orphan_refund",
    "adjustment",
    "unsettled",
]
ANSWERS: tuple[str, ...] = get_args(Answer)
FATES: tuple[str, ...] = get_args(Fate)
_STATUSES = ("status", "status_after_commit")
_TIMED = (
    "rate_limit",
    "delay",
    "timeout_before",
    "timeout_after_commit",
    "pending",
    "late_authorisation",
    *FATES[3:6],
    "webhook",
)
_SILENCE_S = 3600.0


class GatewayRule(AnswerRule):
    """What to do when the rule strikes.

    match: our receipt, or an id or token of the gateway that the request or the object names.
    operation: of an answer's rule, what is asked (`orders.create`, `payments.*`); of a webhook's, the event (`payment.captured`).
    every: only each so-manieth of what matches is struck.

    status: refuse with this HTTP status, nothing being done; `reason` and `text` are what the error says.
    rate_limit: refuse with 429, `Retry-After` being `seconds`.
    delay: act at once, answer after `seconds`.
    timeout_before: do nothing and give no answer for `seconds` (an hour unless told otherwise).
    timeout_after_commit: act, and give no answer.
    status_after_commit: act, and answer with this HTTP status (500) as if nothing had been.
    drop_connection: cut the connection; malformed: answer 200 with half a document. With `recorded` the request is carried out.

    decline: the payment fails, for `reason`. pending: no bank answers for `seconds`, then it goes well, or fails for `reason`.
    late_authorisation: it fails, and is authorised after `seconds` all the same.
    refund_pending, refund_failed: the refund is pending for `seconds`, then processed or failed.
    dispute: the customer's bank disputes the captured payment after `seconds`. notice_failed: no notice precedes the debit.
    drift: the settlement report is wrong about the payment or refund, as `drift` says.

    webhook: the event comes `seconds` late, `repeat` times, with the others of its change in the opposite order (`reorder`), not
    at all (`lost`), or with a signature that is not the gateway's (`forged`).
    One rule of the answer and one of each other kind can strike the same request.
    """

    action: Answer | Fate | Literal["webhook"]
    operation: str = Field("*", min_length=1, max_length=100)
    reason: str | None = Field(None, pattern=r"^[a-z0-9_]{1,80}$")
    text: str | None = Field(None, min_length=1, max_length=400)
    seconds: float | None = Field(None, ge=0, le=3600)
    recorded: bool = False
    drift: Drift | None = None
    repeat: int = Field(1, ge=1, le=20)
    reorder: bool = False
    lost: bool = False
    forged: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> "GatewayRule":
        for wrong, sentence in self._complaints():
            if wrong:
                raise ValueError(sentence)
        return self

    def _complaints(self) -> list[tuple[bool, str]]:
        is_webhook, told = self.action == "webhook", self.repeat > 1 or self.reorder or self.lost or self.forged
        return [
            (self.action == "status" and self.status is None, "status needs the HTTP status, `status`"),
            (self.status is not None and self.action not in _STATUSES, f"status goes with {', '.join(_STATUSES)}; leave it out"),
            (self.seconds is not None and self.action not in _TIMED, f"seconds goes with {', '.join(_TIMED)}; leave it out"),
            (self.action == "delay" and self.seconds is None, "delay needs seconds"),
            (self.action == "decline" and self.reason is None, "decline needs a reason"),
            (
                self.recorded and self.action not in ("drop_connection", "malformed"),
                "recorded goes with drop_connection and malformed",
            ),
            ((self.action == "drift") != (self.drift is not None), "the action drift and the field drift go together"),
            (told and not is_webhook, "repeat, reorder, lost and forged go with webhook; leave them out"),
            (is_webhook and not told and self.seconds is None, "webhook needs seconds, repeat, reorder, lost or forged"),
            (self.is_fate and self.operation != "*", "operation goes with answers and webhooks; leave it out"),
        ]

    def is_answer_to(self, operation: str) -> bool:
        """Whether the rule is about the answer to such a request."""
        return self.action in ANSWERS and fnmatchcase(operation, self.operation)

    def tells_of(self, event: str) -> bool:
        """Whether the rule is about how such an event comes."""
        return self.action == "webhook" and fnmatchcase(event, self.operation)

    @property
    def is_fate(self) -> bool:
        """Whether the rule is about what becomes of a payment or refund."""
        return self.action in FATES

    @property
    def refuses(self) -> bool:
        """Whether an error is the answer and nothing is done."""
        return self.action in ("status", "rate_limit")

    @property
    def acts(self) -> bool:
        """Whether the request is carried out."""
        return self.recorded or self.action in ("delay", "timeout_after_commit", "status_after_commit")

    @property
    def retry_after_s(self) -> int:
        """What a 429 asks for."""
        return round(self.seconds) if self.seconds is not None else 1

    @property
    def silence_s(self) -> float:
        """How long nothing is said."""
        return self.seconds if self.seconds is not None else _SILENCE_S
