"""Routes of clients that people already have: their errors, too, are answered as those clients' own servers answer."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from shared.runtime.http.error_handlers import refusal_of
from shared.runtime.http.problems import headers_of


class ClientRoute(APIRoute):
    """Says by status alone what went wrong, for these clients cannot read a problem."""

    nothing: ClassVar[bytes] = b""
    media: ClassVar[str | None] = None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_as_theirs(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                refusal = refusal_of(request, error)
                if refusal is None:
                    raise
                # What does not even fit the path or the query is to their servers what they do not know.
                status = 400 if isinstance(error, RequestValidationError) else refusal.status
                return Response(self.nothing, status, headers=dict(headers_of(refusal)), media_type=self.media)

        return handle_as_theirs


class OwnTracksRoute(ClientRoute):
    """Says it with an empty list of things for the phone to do."""

    nothing = b"[]"
    media = "application/json"
