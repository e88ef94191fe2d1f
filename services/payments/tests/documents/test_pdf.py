"""What documents say and how they look: read back from the PDF by another library, and drawn by a third."""

import io
import logging
import subprocess
import sys
from dataclasses import replace

import pypdf
import pypdfium2
import pytest

from services.payments.documents.amounts import percent, plain
from services.payments.documents.fonts import without_glyph
from services.payments.documents.layout import render
from services.payments.documents.models import Party
from services.payments.documents.sheet import one_line, runs
from services.payments.documents.upi import pay_link
from services.payments.tests.documents.arrange import LINE, PRINTED
from shared.testing.clock import MONDAY_MORNING


def text_of(content: bytes) -> str:
    """All that is written in a PDF, page after page."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def test_same_document_is_the_same_bytes_in_every_process() -> None:
    code = (
        "import sys; from services.payments.tests.documents.arrange import PRINTED; "
        "from services.payments.documents.layout import render; sys.stdout.buffer.write(render(PRINTED))"
    )

    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout

    assert render(PRINTED) == other
    assert render(replace(PRINTED, number="INV/2526/00002")) != other


def test_what_is_shown_can_be_read_back_with_the_rupee_sign() -> None:
    text = text_of(render(PRINTED))

    for said in ("TAX INVOICE", "INV/2526/00001", "₹ 4,427.00", "3,751.50", "18%", "GSTIN 27AAPFU0939F1ZV", "Page 1 of 1"):
        assert said in text


def test_file_names_its_number_and_its_maker_and_the_moment_of_issue() -> None:
    info = pypdf.PdfReader(io.BytesIO(render(PRINTED))).metadata

    assert info is not None
    assert (info.title, info.author, info.producer) == ("Tax invoice INV/2526/00001", "Sahyadri Packaging LLP", "Waybill")
    assert info.creation_date == MONDAY_MORNING


def test_many_lines_run_over_pages_with_the_headings_on_each() -> None:
    content = render(replace(PRINTED, lines=tuple(replace(LINE, number=number) for number in range(1, 101))))

    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    assert len(pages) > 2
    assert all("Description" in page and f"of {len(pages)}" in page for page in pages[:-1])
    assert sum(page.count("Corrugated box") for page in pages) == 100


def test_longest_texts_stay_within_the_page() -> None:
    name = "W" * 200
    content = render(
        replace(
            PRINTED,
            seller=Party("Seller", name, (name,)),
            parties=(Party("Billed to", name, (name,) * 3), Party("Delivered to", name, (name,) * 3)),
            lines=(replace(LINE, description="W" * 500, unit_price_minor=10**15, taxable_minor=10**15, total_minor=10**15),),
            notes="x " * 1000,
        )
    )

    with pypdfium2.PdfDocument(content) as document:
        for page in document:
            texts = page.get_textpage()
            boxes = [texts.get_charbox(place) for place in range(texts.count_chars())]
            left, _, right, _ = page.get_bbox()
            assert min(box[0] for box in boxes) >= left
            assert max(box[2] for box in boxes) <= right


HINDI = "श्री गणेश क्षेत्रीय वस्त्रालय एवं ट्रान्सपोर्ट — Pune"


def test_hindi_is_shown_without_a_letter_missing_and_mixes_with_latin() -> None:
    content = render(replace(PRINTED, parties=(Party("Billed to", HINDI, ("फ्लॅट क्र. १२", "Behind the tank")),)))

    assert without_glyph([HINDI]) == ""
    text = text_of(content)
    assert "Pune" in text
    assert "Behind the tank" in text
    assert "गणेश" in text.replace("\u200c", "")
    embedded = {name for page in pypdf.PdfReader(io.BytesIO(content)).pages for name in _fonts(page)}
    assert any("Devanagari" in name for name in embedded)


def _fonts(page: pypdf.PageObject) -> list[str]:
    fonts = page["/Resources"]["/Font"].values()  # type: ignore[index]  # pypdf's objects are any of PDF's
    return [str(font.get_object()["/BaseFont"]) for font in fonts]


def test_letters_that_no_font_has_are_named_and_break_nothing(caplog: pytest.LogCaptureFixture) -> None:
    name = "தமிழ் 🙂 Ltd \x00\x07\u202e"

    with caplog.at_level(logging.WARNING):
        content = render(replace(PRINTED, parties=(Party("Billed to", name, ()),)))

    assert "Ltd" in text_of(content)
    assert without_glyph([name, "Asha ₹"]) == "தமழி்🙂"
    assert caplog.records == []


def test_stamps_show_what_they_say() -> None:
    assert "PAID" in text_of(render(replace(PRINTED, stamp="PAID")))
    assert "DRAFT" in text_of(render(replace(PRINTED, stamp="DRAFT")))


def test_code_for_phones_is_drawn_as_squares() -> None:
    def dark(content: bytes) -> int:
        with pypdfium2.PdfDocument(content) as document:
            shades: list[int] = document[0].render(scale=1, grayscale=True).to_pil().histogram()
        return sum(shades[:128])

    assert dark(render(PRINTED)) - dark(render(replace(PRINTED, upi=None))) > 1000


def test_upi_link_names_an_exact_amount() -> None:
    link = pay_link("sahyadri@icici", "Sahyadri & Co", 625605, "INR", "abc", "INV/2526/00001")

    assert link == "upi://pay?pa=sahyadri@icici&pn=Sahyadri%20%26%20Co&am=6256.05&cu=INR&tr=abc&tn=INV%2F2526%2F00001"


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown"),
    [(123456750, "INR", "12,34,567.50"), (-5, "INR", "-0.05"), (123456750, "USD", "1,234,567.50"), (1234, "JPY", "1,234")],
)
def test_amounts_are_grouped_as_their_currency_is(amount_minor: int, currency: str, shown: str) -> None:
    assert plain(amount_minor, currency) == shown


def test_rates_are_shown_without_idle_zeros() -> None:
    assert [percent(rate) for rate in (0, 25, 500, 1000, 1800, 10000)] == ["0%", "0.25%", "5%", "10%", "18%", "100%"]


def test_runs_of_dark_modules_and_lines_without_breaks() -> None:
    assert runs([1, 1, 0, 0, 1]) == [(0, 2), (4, 1)]
    assert one_line(" a\r\nb\x00c ") == "a b c"
