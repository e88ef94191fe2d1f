"""What providers with an HTTP API were sent, byte for byte, for people and tests: /<provider>/requests."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from deploy.sandbox.entries import Criteria, Entry, Receipt
from deploy.sandbox.problems import Problem
from deploy.sandbox.provider import Core

# Credentials are no facts about a request that anybody should find on a page.
_SECRET_HEADERS = {"authorization", "x-amz-security-token", "cookie"}


def request_receipt(provider: str, provider_id: str, request: Request, body: bytes) -> Receipt:
    """A request for the ledger, under the id that the provider gave to what it asks for."""
    headers = {name: value for name, value in request.headers.items() if name not in _SECRET_HEADERS}
    details = {"provider_id": provider_id, "headers": headers}
    return Receipt(_channel(provider), provider, provider_id, "", (), f"{request.method} {request.url.path}", body, details)


def requests_router(core: Core, provider: str) -> APIRouter:
    """The HTTP API of one provider's requests. Only those that were taken are kept."""
    router = APIRouter(prefix=f"/{provider}/requests", tags=[provider])

    @router.get("", summary="List the requests that were taken, newest first")
    async def list_requests(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> dict[str, Any]:
        return {"items": [_summary(entry) for entry in core.ledger.find(Criteria(_channel(provider)), limit)]}

    @router.get("/{request_id}", summary="The body of a request as it came")
    async def read_request(request_id: Annotated[int, Path(ge=1, lt=2**63)]) -> Response:
        if core.ledger.get(_channel(provider), request_id) is None:
            raise Problem(404, "request_not_found", f"There is no request {request_id} to {provider}; it may have been deleted.")
        return Response(core.ledger.body(request_id), media_type="application/json")

    @router.delete("", summary="Forget all requests; their mails stay")
    async def delete_requests() -> dict[str, int]:
        return {"deleted": await core.ledger.remove(Criteria(_channel(provider)))}

    return router


def _channel(provider: str) -> str:
    return f"{provider}.request"


def _summary(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "provider_id": entry.reference,
        "request": entry.subject,
        "received_at": entry.received_at,
        "size_bytes": entry.size_bytes,
        "headers": entry.details["headers"],
    }
