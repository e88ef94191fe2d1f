"""PDFs by message: made once, kept with their hash, mailed when they are there, served to people and services."""

import io
from typing import Final
from uuid import UUID

import pypdf

from services.payments import invoice_deps as deps
from services.payments.credit_notes.models import Wanted, WantedLine
from services.payments.invoices.models import Invoice
from services.payments.invoices.party_models import Buyer
from services.payments.tests.invoices.arrange import CUSTOMER, NOW, OURS, THEIRS, again, drafted, issued, rows, seller
from shared.contracts.money import Money
from shared.contracts.notifications import SendInvoiceEmail
from shared.contracts.payments import InvoiceIssued, RenderCreditNotePdf, RenderInvoicePdf
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient
from shared.testing.tokens import SigningKeys

NOBODY: Final = UUID(int=9)


def event_of(invoice: Invoice) -> InvoiceIssued:
    """The event of its issue."""
    assert invoice.number is not None
    assert invoice.issued_at is not None
    return InvoiceIssued(
        invoice_id=invoice.id,
        organization_id=invoice.organization_id,
        number=invoice.number,
        total=Money(amount_minor=invoice.total_minor, currency=invoice.currency),
        issued_at=invoice.issued_at,
    )


async def test_issued_invoice_is_rendered_and_mailed_once_though_told_of_twice(
    session: Session, run_task: TaskRunner, client: ApiClient
) -> None:
    await seller(session)
    invoice = await issued(session)
    address, viewer = f"/v1/invoices/{invoice.id}/pdf", client.as_role("viewer", organization_id=OURS)
    early = await viewer.get(address)

    told = [await run_task(event_of(invoice)) for _ in range(2)]
    by_hand = await run_task(RenderInvoicePdf(invoice_id=invoice.id))

    assert (early.status_code, early.json()["code"], early.headers["Retry-After"]) == (409, "pdf_not_rendered", "5")
    assert [one.outcome for one in (*told, by_hand)] == ["done", "dropped", "dropped"]
    answer = await viewer.get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'inline; filename="INV-2526-00001.pdf"'
    ((content, sha256),) = await rows(session, "SELECT content, sha256 FROM invoice_pdfs")
    assert answer.content == content
    assert (await again(session, invoice)).pdf_sha256 == sha256
    mail = await assert_published(session, SendInvoiceEmail, invoice_id=str(invoice.id))
    assert (mail.to_person, mail.invoice_number) == (f"payments.customer:{CUSTOMER}", "INV/2526/00001")
    assert (mail.total, mail.due_on) == (Money(amount_minor=625600, currency="INR"), invoice.due_on)


# Rule 46 of the CGST Rules, letter by letter, as it stands on the invoice of an ordinary sale to another state.
RULE_46: Final = {
    "a: name, address and GSTIN of the supplier": [
        "Sahyadri Packaging LLP",
        "14 MG Road",
        "Pune 411005",
        "GSTIN 27AAPFU0939F1ZV",
    ],
    "b: a consecutive number of at most 16 characters": ["INV/2526/00001"],
    "c: the date of its issue": ["2 Mar 2026"],
    "d: name, address and GSTIN of the recipient": ["Asha Rao Traders", "7/2 Brigade Road", "GSTIN 29AAGCB7383J1Z4"],
    "e, f: the recipient's state and its code": ["State: Karnataka (29)"],
    "g: HSN or SAC": ["48191010", "39232100"],
    "h: description": ["Corrugated box, 5 ply", "Bubble wrap roll"],
    "i: quantity and unit": ["3 NOS", "2 NOS"],
    "j: total value": ["₹ 6,256.00"],
    "k: taxable value after discount": ["3,701.50", "50.00", "₹ 5,499.50"],
    "l: rate of tax": ["18%", "5%"],
    "m: amount of tax": ["IGST", "666.27", "89.90", "₹ 756.17"],
    "n: place of supply with the name of the state": ["Place of supply", "Karnataka (29)"],
    "p: whether tax is payable on reverse charge": ["Reverse charge", "No"],
    "q: signature": ["For Sahyadri Packaging LLP", "A. Kulkarni", "Authorised signatory"],
    "in words, to be paid, how": ["Rupees Six Thousand Two Hundred Fifty-Six Only", "17 Mar 2026", "IFSC ICIC0000004"],
}


async def test_invoice_has_every_field_that_the_law_asks_for(session: Session, run_task: TaskRunner) -> None:
    await seller(session)
    invoice = await issued(session)
    await run_task(event_of(invoice))

    text = await _text(session)
    missing = {field: [said for said in values if said not in text] for field, values in RULE_46.items()}
    assert {field: values for field, values in missing.items() if values} == {}
    assert "TAX INVOICE" in text


async def test_invoice_of_a_seller_without_a_gstin_says_nothing_of_gst_but_the_buyers_number(
    session: Session, run_task: TaskRunner
) -> None:
    await seller(session, gstin=None)
    invoice = await issued(session)
    await run_task(event_of(invoice))

    text = await _text(session)

    assert "INVOICE" in text
    assert [said for said in ("TAX INVOICE", "Reverse charge", "Place of supply", "18%", "IGST") if said in text] == []


async def _text(session: Session) -> str:
    """Of the one PDF that there is."""
    ((content,),) = await rows(session, "SELECT content FROM invoice_pdfs")
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


async def test_credit_note_is_rendered_once_though_asked_for_twice(
    session: Session, run_task: TaskRunner, client: ApiClient
) -> None:
    await seller(session)
    invoice = await issued(session)
    note = await deps.credit_notes(session).issue(invoice.id, None, Wanted("goods_returned", None, (WantedLine(1, 1),)), NOW)

    asked = [await run_task(RenderCreditNotePdf(credit_note_id=note.id)) for _ in range(2)]

    assert [one.outcome for one in asked] == ["done", "dropped"]
    answer = await client.as_role("viewer").get(f"/v1/credit-notes/{note.id}/pdf")
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    # Rule 53(1A): title, number, date, the invoice, value and tax.
    for said in ("CREDIT NOTE", "CN/2526/00001", "INV/2526/00001", "Goods returned", "1 NOS", "1,233.83", "₹ 222.09"):
        assert said in text
    assert (await rows(session, "SELECT count(*) FROM credit_note_pdfs")) == [(1,)]


async def test_void_invoice_and_one_of_nobody_are_rendered_and_not_mailed(session: Session, run_task: TaskRunner) -> None:
    await seller(session)
    void = await issued(session)
    nobodys = await issued(session, customer_id=None, buyer=Buyer(name="Ravi", state_code="27"))
    await deps.ending(session).void(void.id, None, NOW)

    handled = await run_task.run([RenderInvoicePdf(invoice_id=one.id) for one in (void, nobodys)])

    assert [one.outcome for one in handled] == ["done", "done"]
    assert await rows(session, "SELECT count(*) FROM invoice_pdfs") == [(2,)]
    await assert_nothing_published(session, SendInvoiceEmail)


async def test_customer_without_account_is_mailed_at_the_invoices_address(session: Session, run_task: TaskRunner) -> None:
    await seller(session)
    invoice = await issued(session, customer_id=None, prepaid_minor=625600)
    await run_task(event_of(invoice))

    (mail,) = await published(session, SendInvoiceEmail)

    assert (mail.to_email, mail.to_person, mail.due_on) == ("asha@example.com", None, None)


async def test_drafts_and_strangers_have_no_pdf(session: Session, run_task: TaskRunner, client: ApiClient) -> None:
    await seller(session)
    draft_id, invoice = await drafted(session), await issued(session)

    dead = await run_task.run([RenderInvoicePdf(invoice_id=one) for one in (draft_id, NOBODY)])
    theirs = client.as_role("viewer", organization_id=THEIRS)
    answers = [await theirs.get(f"/v1/invoices/{one}/pdf") for one in (invoice.id, draft_id, NOBODY)]
    own = await client.as_role("viewer", organization_id=OURS).get(f"/v1/invoices/{draft_id}/pdf")

    assert [one.outcome for one in dead] == ["dead", "dead"]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert own.json()["code"] == "invoice_not_issued"


async def test_notifications_reads_the_pdf_with_its_own_token(
    session: Session, run_task: TaskRunner, client: ApiClient, signing_keys: SigningKeys
) -> None:
    await seller(session)
    invoice = await issued(session)
    await run_task(event_of(invoice))
    token = signing_keys.service_token("notifications", audience="payments", scopes=["payments:read", "payments:write"])

    answer = await client.with_token(token).get(f"/v1/invoices/{invoice.id}/pdf", headers={"Accept": "application/pdf"})

    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")


async def test_nobody_reads_without_a_token(client: ApiClient) -> None:
    answers = [await client.get(f"/v1/invoices/{NOBODY}/{path}") for path in ("pdf", "preview.pdf")]

    assert [answer.status_code for answer in answers] == [401, 401]
