"""The HTTP app: the providers' routes, the mailbox, the fault rules, health, and the page for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi.responses import FileResponse
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.sandbox import problems
from deploy.sandbox.faults_endpoints import faults_router
from deploy.sandbox.gateways.endpoints import router as payments_router
from deploy.sandbox.mailbox.endpoints import router as mailbox_router
from deploy.sandbox.problems import Problem
from deploy.sandbox.provider import Core, Provider
from deploy.sandbox.sms.endpoints import router as sms_router

_PAGE = Path(__file__).parent / "page"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """Adds the headers to each response that does not bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def create_app(core: Core, providers: Sequence[Provider]) -> FastAPI:
    """The app on a core and its providers. It starts and stops neither."""
    app = FastAPI(title="Waybill sandbox", version="0.1.0", docs_url=None, redoc_url=None)
    app.state.core = core
    app.add_middleware(SecurityHeaders)
    problems.install(app)
    for provider in providers:
        app.include_router(provider.router())
    app.include_router(mailbox_router)
    app.include_router(sms_router)
    app.include_router(payments_router)
    app.include_router(faults_router({provider.name: provider.faults for provider in providers}))
    _add_health(app, core, providers)
    app.mount("/page", StaticFiles(directory=_PAGE))
    return app


def _add_health(app: FastAPI, core: Core, providers: Sequence[Provider]) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(_PAGE / "index.html")

    @app.get("/livez", tags=["health"], summary="The process answers")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"], summary="The ledger takes writes and each provider serves; how to reach them")
    async def readyz() -> dict[str, Any]:
        try:
            await core.ledger.check()
        except Exception as error:
            raise Problem(
                503, "ledger_failed", f"The last write to the ledger failed ({error}); look at the disk of SANDBOX_DATA."
            ) from error
        for provider in providers:
            try:
                await provider.check()
            except Exception as error:
                raise Problem(
                    503,
                    f"{provider.name}_failed",
                    f"A client of {provider.name} was not served: {error}. The sandbox's log says more.",
                ) from error
        return {"status": "ready", **{provider.name: provider.facts() for provider in providers}}

    @app.get(
        "/changes", tags=["changes"], summary="Wait for the next change of what was received, of payments or of the fault rules"
    )
    async def changes(
        since: Annotated[int, Query(description="The revision that is known.")] = -1,
        seconds: Annotated[float, Query(alias="timeout", ge=0, le=60)] = 25.0,
    ) -> dict[str, int]:
        await core.changes.wait(since, seconds)
        return {"revision": core.changes.revision}
