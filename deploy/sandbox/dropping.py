"""Dropping an HTTP connection without an answer, as a provider does that fails in the middle of a request."""

import asyncio
from typing import Any

from fastapi import Request, Response


async def drop(request: Request) -> Response:
    """Break the request's connection off. The response that is returned reaches nobody."""
    # ASGI has no word for it; `receive` belongs to uvicorn's cycle of this request, which has the transport.
    cycle: Any = getattr(request.receive, "__self__", None)
    cycle.transport.abort()
    await asyncio.sleep(0)
    return Response(status_code=500)
