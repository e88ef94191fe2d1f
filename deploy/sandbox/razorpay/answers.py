"""Errors as Razorpay says them (razorpay.com/docs/errors)."""

from typing import Any

from fastapi.responses import JSONResponse

_STATUS = {"BAD_REQUEST_ERROR": 400, "GATEWAY_ERROR": 502, "SERVER_ERROR": 500}


class Refusal(Exception):
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
        super().__init__(description)
        self.status = status or _STATUS[code]
        self.error: dict[str, Any] = {
            "code": code,
            "description": description,
            **({"field": field} if field is not None else {}),
            "source": source,
            "step": step,
            "reason": reason,
            "metadata": metadata or {},
        }

    def response(self, headers: dict[str, str] | None = None) -> JSONResponse:
        """The documented answer."""
        return JSONResponse({"error": self.error}, self.status, headers)


def unauthenticated() -> Refusal:
    """For a request without the key and its secret."""
    return Refusal("Authentication failed", status=401, source="NA", step="NA", reason="NA")


def not_found() -> Refusal:
    """For an id of nothing. Razorpay says so with 400."""
    return Refusal("The id provided does not exist")


def collection(items: list[dict[str, Any]]) -> dict[str, Any]:
    """A list as Razorpay has them."""
    return {"entity": "collection", "count": len(items), "items": items}
