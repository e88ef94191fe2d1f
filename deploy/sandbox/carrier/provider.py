"""The stand-in of a carrier that tells of its shipments: /carrier in the place of its API."""

import asyncio
import gzip
import hashlib
import hmac
import json
import math
from collections import deque
from collections.abc import AsyncIterator
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from deploy.sandbox.carrier.feed import MOST_PAGE_ROWS, Feed, empty_cursor
from deploy.sandbox.carrier.rules import AN_HOUR_S, CarrierRule
from deploy.sandbox.dropping import drop
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.provider import Core

NAME = "carrier"
HUGE_BYTES = 16_000_000
KEPT_CALLS = 1000
_JSON = "application/json"


class CarrierProvider:
    """The feed, and what it was asked."""

    name = NAME

    def __init__(self, core: Core) -> None:
        self._settings = core.settings
        self.faults = FaultBoard(NAME, CarrierRule, core.changes)
        self._feed = Feed()
        self._calls: deque[dict[str, Any]] = deque(maxlen=KEPT_CALLS)

    def router(self) -> APIRouter:
        """The carrier's path, and those by which people and tests say what it tells."""
        router = APIRouter(prefix="/carrier", tags=[NAME])

        @router.get("/v1/etas", summary="What has changed since a cursor, as the carrier documents it")
        async def etas(
            request: Request,
            cursor: Annotated[str | None, Query(max_length=1000)] = None,
            limit: Annotated[int, Query(ge=1, le=MOST_PAGE_ROWS)] = 100,
        ) -> Response:
            answer = await self._answer(request, cursor, limit)
            etag = request.headers.get("if-none-match")
            self._calls.append({"cursor": cursor, "limit": limit, "etag": etag, "status": answer.status_code})
            return answer

        @router.put("/rows", summary="Put these rows in the place of all")
        async def replace(
            rows: Annotated[list[Any], Body(embed=True)],
            page_rows: Annotated[int, Body(ge=1, le=MOST_PAGE_ROWS)] = MOST_PAGE_ROWS,
        ) -> dict[str, int]:
            self._feed.replace(rows, page_rows)
            return {"rows": len(self._feed.rows)}

        @router.post("/rows", summary="Have these rows come, or change")
        async def change(rows: Annotated[list[Any], Body(embed=True)]) -> dict[str, int]:
            self._feed.change(rows)
            return {"rows": len(self._feed.rows)}

        @router.get("/calls", summary="What the feed was asked, the oldest call first")
        async def calls() -> dict[str, Any]:
            return {"items": list(self._calls)}

        return router

    async def start(self) -> None:
        """It needs no port of its own."""

    async def check(self) -> None:
        """It answers where the app answers."""

    async def stop(self) -> None:
        """It keeps nothing open."""

    def facts(self) -> dict[str, Any]:
        """Where it is."""
        return {"path": "/carrier"}

    async def _answer(self, request: Request, cursor: str | None, limit: int) -> Response:
        key = f"Bearer {self._settings.carrier_api_key.get_secret_value()}"
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), key.encode()):
            return _refused(401, "This key opens nothing")
        rule = self.faults.take([cursor or ""], lambda _: True)
        if rule is not None and (wrong := await _wrong(rule, request)) is not None:
            return wrong
        page = self._feed.page(cursor, limit)
        if page is None:
            return _refused(410, "This cursor is not known any more")
        if rule is not None and rule.action == "endless":
            page = {"data": [], "next_cursor": empty_cursor(cursor), "has_more": True}
        elif rule is not None and rule.action in ("same_cursor", "circle"):
            page |= {"has_more": True, "next_cursor": (cursor or "c0") if rule.action == "same_cursor" else "c0"}
        body = json.dumps(page).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if _is_same(rule, request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers={"ETag": etag})
        if rule is not None and rule.action == "stall":
            return StreamingResponse(_halting(body, AN_HOUR_S if rule.seconds is None else rule.seconds), media_type=_JSON)
        return Response(body, media_type=_JSON, headers={"ETag": etag})


def _is_same(rule: CarrierRule | None, shown: str | None, etag: str) -> bool:
    """Whether it says that the page is the one whose ETag it was shown."""
    match rule.action if rule is not None else None:
        case "etag_stays":
            return shown is not None
        case "no_etag_match":
            return False
        case _:
            return shown == etag


async def _wrong(rule: CarrierRule, request: Request) -> Response | None:
    """What the rule has answered in the place of a page; None where a page is to come."""
    match rule.action:
        case "status":
            return _refused(rule.status or 500, "A fault rule of the sandbox says so")
        case "rate_limit":
            answer = _refused(429, "Too many calls")
            answer.headers["Retry-After"] = str(math.ceil(1.0 if rule.seconds is None else rule.seconds))
            return answer
        case "drop_connection":
            return await drop(request)
        case "html":
            return Response("<!doctype html><title>We will be back soon</title>", media_type="text/html")
        case "not_json":
            return Response(b'{"data": [{"reference": "MAEU', media_type=_JSON)
        case "array":
            return JSONResponse([])
        case "huge":
            return Response(await asyncio.to_thread(_packed), media_type=_JSON, headers={"Content-Encoding": "gzip"})
        case "delay":
            await asyncio.sleep(rule.seconds or 0.0)
        case _:
            pass
    return None


@cache
def _packed() -> bytes:
    return gzip.compress(b'{"data": []' + b" " * HUGE_BYTES + b"}", 6)


async def _halting(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    yield body[: len(body) // 2]
    await asyncio.sleep(seconds)
    yield body[len(body) // 2 :]


def _refused(status: int, said: str) -> JSONResponse:
    return JSONResponse({"error": said}, status)
