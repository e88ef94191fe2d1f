"""Issuing: the number, the figures, the ledger, the event; and what keeps a draft from being issued."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.payments import invoice_deps as deps
from services.payments.invoices.errors import InvoiceNotIssuable, SeriesExhausted
from services.payments.invoices.models import InvoiceDraft
from services.payments.invoices.party_models import Buyer
from services.payments.invoices.writing_repository import Change
from services.payments.legal_entities.errors import LegalEntityIncomplete, NoLegalEntity
from services.payments.legal_entities.models import Address
from services.payments.tests.invoices.arrange import (
    ASHA,
    BOXES,
    CUSTOMER,
    DRAFT,
    NEIGHBOUR,
    NOW,
    OURS,
    WRAP,
    at,
    entries,
    issued,
    rows,
    seller,
)
from shared.contracts.money import Money
from shared.contracts.payments import InvoiceIssued
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, assert_published


async def test_invoice_has_its_number_figures_days_and_event(session: Session) -> None:
    entity = await seller(session)

    invoice = await issued(session)

    assert (invoice.status, invoice.number, invoice.legal_entity_id) == ("issued", "INV/2526/00001", entity.id)
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 3, 2), date(2026, 3, 17))
    assert (invoice.taxable_minor, invoice.tax_minor, invoice.round_off_minor) == (549950, 75617, 33)
    assert (invoice.total_minor, invoice.balance_minor, invoice.place_of_supply) == (625600, 625600, "29")
    assert invoice.seller is not None
    assert (invoice.seller.name, invoice.buyer) == ("Sahyadri Packaging LLP", ASHA)
    event = await assert_published(session, InvoiceIssued, invoice_id=invoice.id, number="INV/2526/00001")
    assert (event.total, event.issued_at) == (Money(amount_minor=625600, currency="INR"), NOW.at)


async def test_issue_is_posted_as_a_sale(session: Session) -> None:
    await seller(session)

    abroad, near = await issued(session), await issued(session, buyer=NEIGHBOUR)

    assert await entries(session, "invoice", abroad.id) == {
        "accounts_receivable": 625600,
        "revenue": -549950,
        "gst_output_igst": -75617,
        "round_off": -33,
    }
    # 666.27 and 89.90 halved: the odd paisa is the centre's.
    assert await entries(session, "invoice", near.id) == {
        "accounts_receivable": 625600,
        "revenue": -549950,
        "gst_output_cgst": -37809,
        "gst_output_sgst": -37808,
        "round_off": -33,
    }


async def test_numbers_run_by_seller_series_and_financial_year(session: Session) -> None:
    first = await seller(session)
    other = await seller(session, is_default=False, invoice_prefix="PUN")

    def on(year: int, month: int, day: int, hour: int = 9) -> Change:
        return Change(at(year, month, day, hour), "user:test")

    numbers = [
        (await issued(session, legal_entity_id=entity.id, change=change)).number
        for entity, change in [
            (first, on(2026, 3, 31, 18)),
            (other, on(2026, 3, 31, 18)),
            (first, on(2026, 3, 31, 18)),
            # 18:30 in UTC is midnight in Kolkata, and the first of April there.
            (first, on(2026, 3, 31, 19)),
            (first, on(2026, 4, 2)),
        ]
    ]

    assert numbers == ["INV/2526/00001", "PUN/2526/00001", "INV/2526/00002", "INV/2627/00001", "INV/2627/00002"]


async def test_no_invoice_is_older_than_the_number_before_it(session: Session) -> None:
    await seller(session)
    await issued(session, change=Change(at(2026, 3, 5), "user:test"))

    late = await issued(session, change=Change(at(2026, 3, 2), "user:test"))

    assert (late.number, late.issued_on, late.issued_at) == ("INV/2526/00002", date(2026, 3, 5), at(2026, 3, 2))


async def test_seventeenth_character_is_refused_and_takes_no_number(session: Session) -> None:
    entity = await seller(session, invoice_prefix="PUN-1")
    await rows(
        session,
        "INSERT INTO invoice_counters VALUES (:id, 'PUN-1', '2526', 99999, '2026-03-01') RETURNING 1",
        id=entity.id,
    )

    with pytest.raises(SeriesExhausted, match="give the legal entity another prefix"):
        async with session.begin_nested():
            await issued(session)

    assert await rows(session, "SELECT last_sequence FROM invoice_counters") == [(99999,)]
    assert await rows(session, "SELECT 1 FROM invoices") == []
    await assert_nothing_published(session, InvoiceIssued)


async def test_invoice_of_nothing_is_issued_and_posts_nothing(session: Session) -> None:
    await seller(session)

    invoice = await issued(session, lines=[replace(BOXES, discount_minor=375150)])

    assert (invoice.total_minor, invoice.balance_minor, invoice.number) == (0, 0, "INV/2526/00001")
    assert await entries(session, "invoice", invoice.id) == {}


async def test_reverse_charge_shows_the_tax_and_charges_none(session: Session) -> None:
    await seller(session)

    invoice = await issued(session, reverse_charge=True)

    assert (invoice.tax_minor, invoice.charged_tax_minor, invoice.total_minor) == (75617, 0, 550000)
    assert await entries(session, "invoice", invoice.id) == {
        "accounts_receivable": 550000,
        "revenue": -549950,
        "round_off": -50,
    }


ABROAD = Buyer(name="Acme Ltd", address=Address(line1="1 High St", city="Leeds", postal_code="LS1 1AA", country="GB"))


async def test_export_is_known_by_where_it_is_delivered_though_its_buyer_is_on_record_at_home(session: Session) -> None:
    await seller(session)
    asha = ASHA.model_copy(update={"gstin": None, "delivery": ABROAD.address})

    invoice = await issued(session, buyer=asha, supply_kind="export_without_lut")

    assert (invoice.place_of_supply, invoice.status) == ("96", "issued")


async def test_export_under_lut_is_without_tax(session: Session) -> None:
    await seller(session, lut_reference="AD270326001234X")

    invoice = await issued(session, buyer=ABROAD, supply_kind="export_with_lut")

    assert (invoice.tax_minor, invoice.total_minor, invoice.place_of_supply) == (0, 550000, "96")


async def test_supply_to_an_economic_zone_is_between_states_wherever_it_lies(session: Session) -> None:
    await seller(session, lut_reference="AD270326001234X")
    zone = ASHA.model_copy(update={"gstin": "27AAPFU0939F1ZV", "state_code": "27"})

    taxed = await issued(session, buyer=zone, supply_kind="sez_without_lut")
    free = await issued(session, buyer=zone, supply_kind="sez_with_lut")

    assert (await entries(session, "invoice", taxed.id))["gst_output_igst"] == -75617
    assert (taxed.place_of_supply, free.tax_minor, free.total_minor) == ("27", 0, 550000)


async def test_place_of_supply_that_nobody_names_is_the_buyers_or_else_the_sellers(session: Session) -> None:
    await seller(session, gstin="04AAPFU0939F1Z3")
    small = [replace(WRAP, quantity=1)]

    named = await issued(session, lines=small, place_of_supply="07")
    registered = await issued(session, lines=small)
    unknown = await issued(session, lines=small, buyer=Buyer(name="Ravi"))

    assert [one.place_of_supply for one in (named, registered, unknown)] == ["07", "29", "04"]
    # Chandigarh has no legislature, so the state's half is the union territory's.
    assert (await entries(session, "invoice", unknown.id))["gst_output_utgst"] == -2247


async def test_seller_without_gstin_charges_no_tax(session: Session) -> None:
    await seller(session, gstin=None, state_code=None)

    invoice = await issued(session, buyer=NEIGHBOUR)

    assert (invoice.tax_minor, invoice.total_minor, invoice.place_of_supply) == (0, 550000, None)


def _draft(**changed: Any) -> InvoiceDraft:
    return replace(DRAFT, **changed)


EXPENSIVE = replace(BOXES, unit_price_minor=5_000_000)


NOT_ISSUABLE: list[tuple[InvoiceDraft, str]] = [
    (_draft(lines=[replace(WRAP, hsn_sac=None)]), "each line needs an HSN or SAC code"),
    (_draft(currency="USD"), "it is in USD and its legal entity issues in INR"),
    (_draft(buyer=ASHA.model_copy(update={"address": None})), "a registered buyer's invoice needs the buyer's address"),
    (_draft(buyer=Buyer(name="Ravi"), lines=[EXPENSIVE]), "the buyer's address; from ₹50,000 on it needs the buyer's state"),
    (_draft(buyer=NEIGHBOUR, reverse_charge=True), "it needs the buyer's GSTIN"),
    (_draft(buyer=ABROAD, supply_kind="export_with_lut"), "letter of undertaking, lut_reference"),
    (_draft(supply_kind="export_without_lut"), "an export needs the buyer's address abroad"),
    (_draft(buyer=ABROAD, supply_kind="export_without_lut", place_of_supply="29"), "the place of supply of an export is 96"),
    (_draft(expected_total_minor=625601), "it comes to 625600 and 625601 was agreed"),
]


async def test_what_the_law_and_the_books_ask_for_is_listed_and_nothing_is_written(session: Session) -> None:
    await seller(session)

    for draft, missing in NOT_ISSUABLE:
        with pytest.raises(InvoiceNotIssuable, match=missing):
            await deps.issuing(session).issue_new(draft, NOW)

    assert await rows(session, "SELECT 1 FROM invoices UNION ALL SELECT 1 FROM invoice_counters") == []
    await assert_nothing_published(session, InvoiceIssued)


async def test_nobody_issues_without_a_complete_legal_entity(session: Session) -> None:
    with pytest.raises(NoLegalEntity, match="POST /v1/legal-entities"):
        await issued(session)
    await seller(session, address=None)
    with pytest.raises(LegalEntityIncomplete, match="has no address") as refused:
        await issued(session)

    assert refused.value.extra == {"missing": ["address"]}
    assert await rows(session, "SELECT 1 FROM invoices") == []


async def test_what_was_paid_before_is_not_due_any_more(session: Session) -> None:
    await seller(session)

    part, more = await issued(session, prepaid_minor=100000), await issued(session, prepaid_minor=700000)

    assert (part.paid_minor, part.balance_minor) == (100000, 525600)
    assert (more.prepaid_minor, more.paid_minor, more.balance_minor) == (625600, 625600, 0)
    assert (part.customer_id, part.organization_id) == (CUSTOMER, OURS)
