"""Documents that go along with mails, fetched from the service that owns them right before the mail goes out.

A document is named by reference and travels in no message: it may be large, and what is sent is what its owner has at that
moment.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import httpx

from services.notifications.documents.errors import DocumentUnavailable, DocumentUnusable
from services.notifications.email.mime import Attachment, single_line
from shared.runtime.errors import ServiceError

MAX_BYTES: Final = 10 * 1024 * 1024
TIMEOUT_S: Final = 12.0
"""For the whole document, even if the bytes only trickle."""

MAX_NAME_CHARS: Final = 100
MAX_RETRY_AFTER_S: Final = 3600.0
_PDF: Final = "application/pdf"
_UNSAFE: Final = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]+')
_LATER: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.ACCEPTED,
    }
)
"""Beside 5xx: our token is not known yet, the owner is busy, or the document is still being made."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a kind of documents.

    path: with `{id}`. setting: the name of the one that says where the owner is. connect: makes the client, whose base URL is the
    owner's; None while that setting is missing.
    """

    path: str
    setting: str
    connect: Callable[[], httpx.AsyncClient] | None


class DocumentFetcher:
    """Fetches documents by reference. owners: by what stands before the colon, such as `payments.invoice`."""

    def __init__(self, owners: Mapping[str, Owner], time_factor: float = 1.0) -> None:
        self._owners = owners
        self._timeout_s = TIMEOUT_S * time_factor
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def fetch(self, reference: str) -> Attachment:
        """The document, at most 10 MB. Raises DocumentUnavailable, and DocumentUnusable where trying again is no use."""
        kind, _, document_id = reference.partition(":")
        if kind not in self._owners:
            raise DocumentUnusable(f"documents of the kind {kind[:100]} cannot be fetched; use {', '.join(self._owners)}")
        owner = self._owners[kind]
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._fetch(kind, owner, document_id)
        except (httpx.HTTPError, TimeoutError) as error:
            raise DocumentUnavailable(f"{kind}: its owner did not answer ({type(error).__name__})") from None

    async def close(self) -> None:
        """Give back connections."""
        for client in self._clients.values():
            await client.aclose()

    async def _fetch(self, kind: str, owner: Owner, document_id: str) -> Attachment:
        if owner.connect is None:
            raise DocumentUnusable(f"{kind}: its owner is not known here; set {owner.setting}, then replay the message")
        if kind not in self._clients:
            self._clients[kind] = owner.connect()
        path = owner.path.format(id=quote(document_id, safe=""))
        async with self._clients[kind].stream("GET", path, headers={"Accept": _PDF}) as response:
            if response.status_code != HTTPStatus.OK:
                raise _refusal(kind, response)
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type != _PDF:
                raise DocumentUnusable(f"{kind}: its owner sends no PDF (content type {media_type[:50] or 'missing'})")
            content = await _within_bounds(kind, response)
            if not content.startswith(b"%PDF-"):
                raise DocumentUnusable(f"{kind}: what its owner calls a PDF is none")
            return Attachment(_filename(response, kind, document_id), _PDF, content)


async def _within_bounds(kind: str, response: httpx.Response) -> bytes:
    """The body; stops reading where it becomes too large, whatever the headers have said of its length."""
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > MAX_BYTES:
            raise DocumentUnusable(f"{kind}: the document has more than {MAX_BYTES:,} bytes, which no mail carries")
        pieces.append(piece)
    return b"".join(pieces)


def _refusal(kind: str, response: httpx.Response) -> ServiceError:
    status = response.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _LATER:
        after = response.headers.get("retry-after", "")
        wait_s = min(float(after), MAX_RETRY_AFTER_S) if after.isascii() and after.isdigit() else 0.0
        return DocumentUnavailable(f"{kind}: its owner answered {status}", retry_after_s=wait_s)
    hint = "; is it issued, and is its id right?" if status == HTTPStatus.NOT_FOUND else ""
    return DocumentUnusable(f"{kind}: its owner answered {status}{hint}")


def _filename(response: httpx.Response, kind: str, document_id: str) -> str:
    """As the owner calls it, without what would lead a program elsewhere; always a PDF's."""
    said = Message()
    said["Content-Disposition"] = single_line(response.headers.get("content-disposition", ""))
    name = said.get_filename() or f"{kind.rpartition('.')[2]}-{document_id}"
    plain = _UNSAFE.sub("_", name).strip(" ._") or "document"
    return f"{plain.removesuffix('.pdf')[:MAX_NAME_CHARS]}.pdf"
