"""Pages of a list by cursor: keyset, so a page costs the same at any depth and rows that arrive meanwhile shift nothing.

    @router.get("")
    async def list(db: ReadDb, paging: Paging) -> Page[AlertOut]:
        rows = await AlertRepository(db).newest(after=paging.after, limit=paging.fetch)
        return paging.page(rows, AlertOut, key=lambda row: (row.created_at, row.id))

A cursor holds the key of the last row shown, signed and bound to the path, so nobody can make one up or carry it elsewhere.
"""

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from shared.runtime.errors import Invalid
from shared.runtime.http.dependencies import made
from shared.runtime.http.pages import Item, Key, KeyPart, Page
from shared.runtime.http.problems import may_answer

__all__ = ["CursorSigner", "InvalidCursor", "Key", "KeyPart", "Page", "PageRequest", "Paging"]

MAX_LIMIT: Final = 200
DEFAULT_LIMIT: Final = 50
_SIGNATURE_BYTES: Final = 16

Row = TypeVar("Row")


class InvalidCursor(Invalid):
    code, title = "invalid_cursor", "The cursor is not valid"


class CursorSigner:
    """Turns keys into cursors and back.

    Replicas must share the secret; without one, a random secret lasts as long as the process.
    """

    def __init__(self, secret: str | None = None) -> None:
        self._secret = (secret or secrets.token_urlsafe(32)).encode()

    def encode(self, key: Key, path: str) -> str:
        """The cursor of the row with this key in the list at `path`."""
        payload = json.dumps([_tagged(part) for part in key], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._signature(payload, path) + payload).rstrip(b"=").decode()

    def decode(self, cursor: str, path: str) -> Key:
        """The key in a cursor. Raises InvalidCursor for one that is broken, foreign or of another list."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(payload, path)):
            raise InvalidCursor("the cursor is broken, has expired or belongs to another list; start again without `cursor`")
        return tuple(_untagged(part) for part in json.loads(payload))

    def _signature(self, payload: bytes, path: str) -> bytes:
        return hmac.digest(self._secret, path.encode() + b"\0" + payload, "sha256")[:_SIGNATURE_BYTES]


def _tagged(part: KeyPart) -> Any:
    if isinstance(part, datetime):
        return {"t": part.isoformat()}
    return {"u": str(part)} if isinstance(part, UUID) else part


def _untagged(part: Any) -> KeyPart:
    if isinstance(part, dict):
        return datetime.fromisoformat(part["t"]) if "t" in part else UUID(part["u"])
    assert isinstance(part, str | int)
    return part


@may_answer(InvalidCursor)
class PageRequest:
    """What the client asked for, and how to answer it.

    limit: how many items a page shows. after: the key of the last row of the page before; None for the first page.
    """

    def __init__(
        self,
        request: Request,
        response: Response,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before.")] = None,
    ) -> None:
        self.limit = limit
        self._request = request
        self._response = response
        self._signer: CursorSigner = request.app.state.runtime.cursors
        self.after: Key | None = self._signer.decode(cursor, request.url.path) if cursor is not None else None

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than is shown tells whether there is a next page."""
        return self.limit + 1

    def page(self, rows: Sequence[Row], item: type[Item], *, key: Callable[[Row], Key]) -> Page[Item]:
        """The page that shows `rows` (at most `fetch` of them) as `item`; also sets `Link: rel="next"` (RFC 8288)."""
        shown = rows[: self.limit]
        next_cursor = self._signer.encode(key(shown[-1]), self._request.url.path) if len(rows) > self.limit else None
        if next_cursor is not None:
            following = self._request.url.include_query_params(cursor=next_cursor)
            self._response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        return Page(items=[item.model_validate(row, from_attributes=True) for row in shown], next_cursor=next_cursor)


Paging = Annotated[PageRequest, Depends(made(PageRequest))]
