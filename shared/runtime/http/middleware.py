"""Around every request: trace, one log line, metrics, security headers, and the answer to what nobody caught.

Pure ASGI, because Starlette's BaseHTTPMiddleware runs the application in another task, where context variables and
cancellation of a request go astray. It is the outermost layer of the application, so its headers are on every response.
"""

import logging
import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.runtime.context import Trace, new_trace, traced
from shared.runtime.http.errors import InternalError, RequestTooLarge
from shared.runtime.http.metrics import IN_PROGRESS, observe, route_template
from shared.runtime.http.paths import shown_path
from shared.runtime.http.problems import problem_response

logger = logging.getLogger(__name__)

CLIENT_CLOSED_REQUEST: Final = 499
"""nginx's status for a client that went away; it is in logs and metrics only."""
PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class RequestMiddleware:
    """Wraps one application. `scope["state"]["response_headers"]` takes headers that go on the response whatever it is."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope)
        trace = new_trace(sent.get("x-request-id"), sent.get("traceparent")).child()
        with traced(trace):
            if scope["type"] == "http":
                await self._handle(scope, receive, _Answer(scope, send, trace))
            else:
                await self._app(scope, receive, send)

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        started = time.perf_counter()
        IN_PROGRESS.labels(self._service).inc()
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = CLIENT_CLOSED_REQUEST
        except Exception:
            logger.exception("request_failed", extra={"route": route_template(scope)})
            if answer.status != CLIENT_CLOSED_REQUEST:
                # Too late for a problem: the cut connection tells the client that the body is not whole.
                raise
            error = InternalError("the request failed on our side; quote the correlation_id when you ask about it")
            await problem_response(scope, error)(scope, receive, answer.send)
        finally:
            IN_PROGRESS.labels(self._service).dec()
            self._record(scope, answer.status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_template(scope)
        observe(self._service, scope["method"], route, status, seconds)
        # The query is left out: people search by names and addresses. So is what lets somebody in, where it is part of the path.
        facts = {
            "method": scope["method"],
            "route": route,
            "path": shown_path(scope),
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
        }
        principal = scope.get("state", {}).get("principal")
        if principal is not None:
            facts["principal"] = principal.id
        logger.log(logging.DEBUG if scope["path"] in PROBES else logging.INFO, "http_request", extra=facts)


class _Answer:
    """The sending side of one request; `status` is 499 until a response has begun."""

    def __init__(self, scope: Scope, send: Send, trace: Trace) -> None:
        self._scope = scope
        self._send = send
        self._trace = trace
        self._replaced = False
        self.status = CLIENT_CLOSED_REQUEST

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif not self._replaced:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        if message["status"] == 413 and headers.get("content-type", "").startswith("text/plain"):
            # Starlette's own words for a body that is too large where the endpoint never reads it.
            await problem_response(self._scope, RequestTooLarge("the body is larger than this address takes"))(
                self._scope, _no_body, self.send
            )
            self._replaced = True
            return
        self.status = message["status"]
        headers["X-Request-ID"] = self._trace.correlation_id
        for name, value in {**self._defaults(headers), **SECURITY_HEADERS}.items():
            headers.setdefault(name, value)
        for name, value in self._scope.get("state", {}).get("response_headers", {}).items():
            headers.setdefault(name, value)
        await self._send(message)

    def _defaults(self, headers: MutableHeaders) -> dict[str, str]:
        # What has an entity tag may be kept, but asked about each time.
        defaults = {"Cache-Control": "private, no-cache" if "etag" in headers else "no-store"}
        if self._scope.get("scheme") == "https":
            defaults["Strict-Transport-Security"] = "max-age=31536000"
        return defaults


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
