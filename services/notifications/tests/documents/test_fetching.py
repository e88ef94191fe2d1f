"""Documents fetched from their owner over a real socket: what goes along, what waits, and what never will."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest
import pytest_asyncio

from services.notifications.documents.document_fetch import MAX_BYTES, DocumentFetcher, Owner
from services.notifications.documents.errors import DocumentUnavailable, DocumentUnusable
from services.notifications.email.mime import Attachment

INVOICE: Final = "payments.invoice:inv 7/ü"
PDF: Final = b"%PDF-1.7\n...\n%%EOF"


class PaymentsStandIn:
    """An HTTP server that answers every request with the same bytes, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sent = 0
        self.answer = pdf(PDF)
        self.chunk: tuple[bytes, int] = (b"", 0)
        self.hangs = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        try:
            writer.write(self.answer)
            piece, times = self.chunk
            for _ in range(times):
                writer.write(piece)
                await writer.drain()
                self.sent += len(piece)
            await writer.drain()
            if self.hangs:
                await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A whole HTTP response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def pdf(body: bytes, *headers: str) -> bytes:
    """One that brings a PDF."""
    return answer("200 OK", body, "Content-Type: application/pdf", *headers)


@pytest_asyncio.fixture
async def payments() -> AsyncIterator[PaymentsStandIn]:
    """The payments service, as far as its sockets show."""
    yield PaymentsStandIn()


@pytest_asyncio.fixture
async def fetcher(payments: PaymentsStandIn) -> AsyncIterator[DocumentFetcher]:
    """A fetcher that knows where payments is."""
    server = await asyncio.start_server(payments.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base"
    owner = Owner("/v1/invoices/{id}/pdf", "PAYMENTS_URL", lambda: httpx.AsyncClient(base_url=url))
    fetcher = DocumentFetcher({"payments.invoice": owner}, time_factor=0.05)
    async with server:
        yield fetcher
        await fetcher.close()


async def test_invoice_is_fetched_under_its_quoted_id(fetcher: DocumentFetcher, payments: PaymentsStandIn) -> None:
    fetched = await fetcher.fetch(INVOICE)

    assert fetched == Attachment("invoice-inv 7_ü.pdf", "application/pdf", PDF)
    assert payments.asked[0].startswith("GET /base/v1/invoices/inv%207%2F%C3%BC/pdf HTTP/1.1")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('attachment; filename="INV-2026-7.pdf"', "INV-2026-7.pdf"),
        ("attachment; filename*=utf-8''%E0%A4%AC%E0%A4%BF%E0%A4%B2.pdf", "बिल.pdf"),
        ('attachment; filename="../../etc/passwd"', "etc_passwd.pdf"),
        ('attachment; filename="a.exe"', "a.exe.pdf"),
        ('attachment; filename=""', "invoice-inv 7_ü.pdf"),
        ("attachment", "invoice-inv 7_ü.pdf"),
    ],
)
async def test_name_is_the_owners_and_leads_nowhere(
    fetcher: DocumentFetcher, payments: PaymentsStandIn, said: str, name: str
) -> None:
    payments.answer = pdf(PDF, f"Content-Disposition: {said}")

    assert (await fetcher.fetch(INVOICE)).filename == name


@pytest.mark.parametrize("status", ["500 Oops", "503 Busy", "409 Conflict", "429 Slow", "401 Who", "425 Early", "202 Accepted"])
async def test_what_may_heal_is_tried_again(fetcher: DocumentFetcher, payments: PaymentsStandIn, status: str) -> None:
    payments.answer = answer(status, b"", "Retry-After: 7")

    with pytest.raises(DocumentUnavailable, match=status[:3]) as refused:
        await fetcher.fetch(INVOICE)
    assert refused.value.retry_after_s == 7


@pytest.mark.parametrize(
    ("answered", "why"),
    [
        (answer("404 Not Found"), "answered 404; is it issued"),
        (answer("403 Forbidden"), "answered 403"),
        (answer("410 Gone"), "answered 410"),
        (answer("302 Found", b"", "Location: https://evil.example.com/x.pdf"), "answered 302"),
        (answer("200 OK", PDF, "Content-Type: text/html"), r"no PDF \(content type text/html\)"),
        (answer("200 OK", PDF), r"no PDF \(content type missing\)"),
        (pdf(b"<html>"), "what its owner calls a PDF is none"),
        (pdf(b""), "what its owner calls a PDF is none"),
    ],
)
async def test_what_cannot_heal_is_refused_at_once(
    fetcher: DocumentFetcher, payments: PaymentsStandIn, answered: bytes, why: str
) -> None:
    payments.answer = answered

    with pytest.raises(DocumentUnusable, match=why):
        await fetcher.fetch(INVOICE)


async def test_document_of_exactly_ten_megabytes_goes_along(fetcher: DocumentFetcher, payments: PaymentsStandIn) -> None:
    payments.answer = pdf(PDF.ljust(MAX_BYTES, b" "))

    assert len((await fetcher.fetch(INVOICE)).content) == MAX_BYTES


async def test_larger_one_is_not_read_to_its_end(fetcher: DocumentFetcher, payments: PaymentsStandIn) -> None:
    payments.answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nConnection: close\r\n\r\n"
    payments.chunk = (b" " * 65_536, 1600)

    with pytest.raises(DocumentUnusable, match="more than 10,485,760 bytes"):
        await fetcher.fetch(INVOICE)
    assert payments.sent < 5 * MAX_BYTES


async def test_owner_that_hangs_or_is_away_is_tried_again(fetcher: DocumentFetcher, payments: PaymentsStandIn) -> None:
    payments.answer, payments.hangs = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n%PDF-", True
    with pytest.raises(DocumentUnavailable, match="TimeoutError"):
        await fetcher.fetch(INVOICE)
    payments.answer, payments.hangs = pdf(PDF)[:-5], False
    with pytest.raises(DocumentUnavailable, match="RemoteProtocolError"):
        await fetcher.fetch(INVOICE)


async def test_nobody_there_is_tried_again_and_no_address_is_not() -> None:
    away = Owner("/{id}", "PAYMENTS_URL", lambda: httpx.AsyncClient(base_url="http://127.0.0.1:1"))
    fetcher = DocumentFetcher({"payments.invoice": away, "a.b": Owner("/{id}", "A_URL", None)})

    with pytest.raises(DocumentUnavailable, match="ConnectError"):
        await fetcher.fetch(INVOICE)
    with pytest.raises(DocumentUnusable, match="set A_URL"):
        await fetcher.fetch("a.b:1")
    with pytest.raises(DocumentUnusable, match=r"use payments.invoice, a.b"):
        await fetcher.fetch("trips.trip:1")
    await fetcher.close()
