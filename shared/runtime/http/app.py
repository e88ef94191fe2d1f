"""The application factory of the five APIs."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeVar

from fastapi import APIRouter, FastAPI, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.middleware import Middleware
from starlette.requests import Request

from shared.runtime.auth.access import undecided_routes
from shared.runtime.auth.verifier import OwnKeys
from shared.runtime.http import docs, error_handlers, health, openapi
from shared.runtime.http.idempotency import DEPENDENCIES, IdempotentRoute, Replayed
from shared.runtime.http.middleware import RequestMiddleware
from shared.runtime.http.opening import hosted_relay, open_runtime
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.http.settings import HttpSettings
from shared.runtime.logging import configure_logging
from shared.runtime.operations.endpoints import operations_router
from shared.runtime.process import settle_heap

MAX_BODY_BYTES: Final = 1_000_000
"""An endpoint that takes more says so: `@router.post(..., max_body_size=…)`."""

S = TypeVar("S", bound=HttpSettings)
Extra = Callable[[HttpRuntime], AbstractAsyncContextManager[None]]
"""Something that a service opens with its API and closes with it, in reverse order."""


class Api(FastAPI):
    """A FastAPI whose OpenAPI document tells the whole truth."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        if "responses" not in document.get("components", {}):
            openapi.complete(document, self.routes)
        return document


def create_app(
    settings: HttpSettings | type[HttpSettings],
    routers: Sequence[APIRouter] = (),
    *,
    extras: Sequence[Extra] = (),
    own_keys: OwnKeys | None = None,
) -> FastAPI:
    """The API of one service. Routers bring their whole path, `/v1` or a foreign protocol's own.

    settings: or their class, whose values are then read when the application starts. Until then others can take their place in
    `app.state.settings`.
    own_keys: finds the keys by which the service itself signs tokens of others, next to those that AUTH_JWKS names.
    Refuses to be built while a route declares no access, or takes an idempotency key and could not save its answer.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            given: HttpSettings | type[HttpSettings] = app.state.settings
            current = given.load() if isinstance(given, type) else given
            runtime = await stack.enter_async_context(open_runtime(current, own_keys))
            app.state.runtime = runtime
            app.state.readiness = health.Readiness()
            for extra in extras:
                await stack.enter_async_context(extra(runtime))
            await stack.enter_async_context(hosted_relay(current))
            yield

    app = Api(
        title=f"Waybill {settings.service}",
        version=settings.version,
        description="Errors are problems (RFC 9457); lists are paged by cursor; times are UTC; money is integer minor units.",
        lifespan=lifespan,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
        middleware=[Middleware(RequestMiddleware, service=settings.service)],
    )
    app.state.settings, app.state.own_keys = settings, own_keys
    error_handlers.install(app)
    app.add_exception_handler(Replayed, _replay)
    # A request is matched with one route after the other: a service's own, which are asked all the time, come first.
    for router in (health.router, *routers, docs.router, operations_router(settings.service)):
        # Here and not on the application: there the limit would lie outside of the middleware, and answer in plain text.
        app.include_router(router, max_body_size=MAX_BODY_BYTES)
    _check_routes(app)
    return app


def serve(settings: S, build: Callable[[S], FastAPI]) -> FastAPI:
    """The application for a server that is this process's own: it logs as an API, and its heap is settled."""
    configure_logging(settings, "api")
    app = build(settings)
    settle_heap()
    return app


async def _replay(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Replayed)
    return error.response


def _check_routes(app: FastAPI) -> None:
    undecided = undecided_routes(app.routes)
    if undecided:
        raise ValueError(
            f"no access is declared for {', '.join(undecided)}: take an alias from the service's auth.py, or use public()"
        )
    for context in iter_route_contexts(app.routes):
        dependant: Dependant | None = getattr(context, "dependant", None)
        takes_key = dependant is not None and any(inner.call in DEPENDENCIES for inner in dependant.dependencies)
        if takes_key and not isinstance(context.original_route, IdempotentRoute):
            raise ValueError(
                f"{context.path} takes an Idempotency-Key; its router needs route_class=IdempotentRoute to save the answer"
            )
