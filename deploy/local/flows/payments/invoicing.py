"""The order's invoice: its number, its PDF, and the mail that brings it."""

import hashlib
from pathlib import Path
from typing import Any

from deploy.local.flows.payments.ordering import TOTAL
from deploy.local.flows.payments.story import Story
from deploy.local.polling import ask_until


async def invoice_order(story: Story) -> None:
    """Issued at once, and paid by the money that the order has; its PDF is made within seconds and kept as it is."""
    invoice = await story.ask("POST", "/v1/invoices/generate", {"order_id": story.things["order"]["id"]})
    path = f"/v1/invoices/{invoice['id']}"
    figures = (invoice["status"], invoice["total_minor"], invoice["balance_minor"])
    story.check("the order is invoiced", figures, ("issued", TOTAL, 0), f"{invoice['number']}, paid in full")
    saved, pdf = await keep_pdf(story, invoice)
    invoice = story.things["invoice"] = await story.read(path)
    story.things["pdf"] = pdf
    is_kept = (pdf[:5], hashlib.sha256(pdf).hexdigest())
    link = f"{story.stack.url('payments-api')}{path}/pdf"
    story.check("its PDF is kept with its hash", is_kept, (b"%PDF-", invoice["pdf_sha256"]), f"{saved} ({link})")
    story.counts["invoices"] += 1


async def read_the_mail(story: Story) -> None:
    """The PDF comes with it, byte for byte: notifications fetches it from payments when the mail goes out."""
    mails = await story.mails(story.things["invoice"]["number"])
    story.check("the invoice comes by mail", len(mails), 1)
    attached = await story.sandbox.get(f"/mail/{mails[0]['id']}/attachments/0") if mails else None
    arrived = attached is not None and attached.is_success and attached.content == story.things["pdf"]
    page = story.stack.url("sandbox")
    story.check("with the very PDF", arrived, True, f"{len(story.things['pdf']):,} bytes; the mailbox is at {page}")


async def keep_pdf(story: Story, invoice: dict[str, Any]) -> tuple[Path, bytes]:
    """Where an issued invoice's PDF is kept for people, and what is in it, once it is made."""
    pdf = await _pdf(story, f"/v1/invoices/{invoice['id']}/pdf")
    return _save(story, f"{invoice['number'].replace('/', '-')}.pdf", pdf), pdf


async def _pdf(story: Story, path: str) -> bytes:
    async def ask() -> Any:
        return await story.api.get(path, params=story.whose)

    story.stack.tell("waiting for the invoice's PDF")
    answer = await ask_until(ask, lambda one: one.status_code != 409)
    return bytes(answer.raise_for_status().content)


def _save(story: Story, name: str, content: bytes) -> Path:
    story.stack.home.demo.mkdir(exist_ok=True)
    file = story.stack.home.demo / name
    file.write_bytes(content)
    return file
