"""What our own services will serve and do not yet: trips' summaries of a person's day.

Until it does, the local stack's TRIPS_URL leads here. Nothing is made up: whoever stands for the owner puts a document down, and
it is served as the owner's API will serve it; everything else is 404. A restart forgets all.

    TRIPS_URL=http://127.0.0.1:8025/owners/trips
"""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from deploy.sandbox.problems import Problem

MAX_DOCUMENTS = 1_000
_TOKEN = re.compile(r"Bearer [\w-]+\.[\w-]+\.[\w-]+")
_SUMMARY = "/trips/v1/people/{reference}/trip-summary"

Reference = Annotated[str, Path(max_length=200)]
Day = Annotated[str, Query(alias="date", pattern=r"^\d{4}-\d\d-\d\d$")]


class _Shelf:
    """Documents by their names, the oldest of which go first."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, ...], bytes] = {}

    def put(self, name: tuple[str, ...], document: bytes) -> None:
        self._documents.pop(name, None)
        self._documents[name] = document
        while len(self._documents) > MAX_DOCUMENTS:
            del self._documents[next(iter(self._documents))]

    def get(self, name: tuple[str, ...], request: Request) -> bytes:
        """What is served to a caller with a token; whose it is, only the owner can say, which has the keys."""
        if not _TOKEN.fullmatch(request.headers.get("Authorization", "")):
            raise Problem(401, "unauthenticated", "Services call each other with a bearer token; send one.")
        if name not in self._documents:
            raise Problem(404, "document_not_found", f"Nobody has put {' '.join(name)} here; PUT it to this very path.")
        return self._documents[name]


def owners_router() -> APIRouter:
    """The owner's paths, each to read as its callers do, and to put for whoever stands for it."""
    router = APIRouter(prefix="/owners", tags=["owners"])
    shelf = _Shelf()

    @router.put(_SUMMARY, status_code=204, summary="Put the summary of a person's day")
    async def put_summary(reference: Reference, day: Day, request: Request) -> None:
        shelf.put(("trip-summary", reference, day), await request.body())

    @router.get(_SUMMARY, summary="The summary of a person's day, as trips will serve it")
    async def read_summary(reference: Reference, day: Day, request: Request) -> Any:
        return Response(shelf.get(("trip-summary", reference, day), request), media_type="application/json")

    return router
