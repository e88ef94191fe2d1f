"""Credit notes by message."""

from services.payments import invoice_deps as deps
from services.payments.documents.rendering import PdfRendering
from shared.contracts.payments import RenderCreditNotePdf
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(RenderCreditNotePdf)
def render_credit_note_pdf(_: ProcessRuntime) -> PdfRendering:
    """Makes the PDF of a credit note."""
    return deps.credit_note_rendering()
