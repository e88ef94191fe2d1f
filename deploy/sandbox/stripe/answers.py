"""Errors as Stripe says them (docs.stripe.com/api/errors)."""

from deploy.sandbox.gateways.books import Refusal
from deploy.sandbox.objects import Document

DOCS = "https://stripe.com/docs/error-codes"


class Refused(Refusal):
    """An error. begun: whether it is told of after execution has begun, so that an idempotency key keeps it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        begun: bool = False,
        **more: object,
    ) -> None:
        error: Document = {"message": message, "type": kind, **more}
        if code is not None:
            error |= {"code": code, "doc_url": f"{DOCS}/{code.replace('_', '-')}"}
        if param is not None:
            error["param"] = param
        super().__init__(status, {"error": error})
        self.begun = begun


def missing(kind: str, object_id: object, param: str, *, status: int = 404) -> Refused:
    """For an id of nothing: 404 where it is in the path, 400 where it is a parameter."""
    return Refused(f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param)


def unexpected_state(message: str, intent: Document) -> Refused:
    """For what cannot be done to an intent that stands as it does."""
    return Refused(message, code="payment_intent_unexpected_state", begun=True, payment_intent=intent)
