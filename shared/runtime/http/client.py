"""The HTTP client for calls between services: timeouts, the caller's trace, a 60-second token of our own."""

from collections.abc import Generator
from typing import Final

import httpx

from shared.runtime.auth.tokens import ServiceSigner
from shared.runtime.context import current_trace
from shared.runtime.settings import ServiceSettings

TIMEOUT: Final = httpx.Timeout(10.0, connect=2.0, pool=5.0)
LIMITS: Final = httpx.Limits(max_connections=20, max_keepalive_connections=10)


class ServiceAuth(httpx.Auth):
    """Signs each request for one service and passes the current trace on."""

    def __init__(self, settings: ServiceSettings, audience: str) -> None:
        self._signer = ServiceSigner(settings)
        self._audience = audience

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        trace = current_trace().child()
        request.headers["Authorization"] = f"Bearer {self._signer.token(self._audience)}"
        request.headers["X-Request-ID"] = trace.correlation_id
        request.headers["traceparent"] = trace.traceparent
        yield request


def service_client(
    settings: ServiceSettings, audience: str, base_url: str, *, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client of the service `audience` at `base_url`. Close it with the process; it keeps connections open between calls.

    transport: how requests travel; tests pass `httpx.ASGITransport(app)`.
    """
    return httpx.AsyncClient(
        base_url=base_url,
        auth=ServiceAuth(settings, audience),
        timeout=TIMEOUT,
        limits=LIMITS,
        transport=transport,
        headers={"User-Agent": f"waybill-{settings.service}/{settings.version}"},
        follow_redirects=False,
    )
