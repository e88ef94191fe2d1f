"""Errors as Razorpay says them (razorpay.com/docs/errors)."""

from deploy.sandbox.gateways.books import Refusal
from deploy.sandbox.objects import Document
from deploy.sandbox.razorpay.reasons import Decline

_STATUS = {"BAD_REQUEST_ERROR": 400, "GATEWAY_ERROR": 502, "SERVER_ERROR": 500}


class Refused(Refusal):
    """An error. field: the one complained of. metadata: the payment and order that it is about.

    status: the HTTP status, where it is not that of the code.
    """

    def __init__(
        self,
        description: str,
        *,
        code: str = "BAD_REQUEST_ERROR",
        status: int | None = None,
        field: str | None = None,
        source: str = "business",
        step: str = "payment_initiation",
        reason: str = "input_validation_failed",
        metadata: dict[str, str] | None = None,
    ) -> None:
        error: Document = {
            "code": code,
            "description": description,
            **({"field": field} if field is not None else {}),
            "source": source,
            "step": step,
            "reason": reason,
            "metadata": metadata or {},
        }
        super().__init__(status or _STATUS[code], {"error": error})


def declined(decline: Decline, about: dict[str, str], *, status: int | None = None) -> Refused:
    """The error of a payment that has failed. about: the payment and its order."""
    return Refused(
        decline.description,
        code=decline.code,
        status=status,
        source=decline.source,
        step=decline.step,
        reason=decline.reason,
        metadata=about,
    )


def unauthenticated() -> Refused:
    """For a request without the key and its secret."""
    return Refused("Authentication failed", status=401, source="NA", step="NA", reason="NA")


def collection(items: list[Document]) -> Document:
    """A list as Razorpay has them."""
    return {"entity": "collection", "count": len(items), "items": items}
