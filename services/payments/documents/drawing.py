"""Drawing documents, in the processes that do: the library for PDFs and the one for fonts are loaded with the first of them.

They are a seventh of what a payments process loads, and most of its processes never draw.
"""

import asyncio

from services.payments.documents.models import Printed


async def drawn(document: Printed) -> bytes:
    """The document as a PDF, laid out in a thread. The same document gives the same bytes."""
    return await asyncio.to_thread(_draw, document)


async def letters_missing(document: Printed) -> str:
    """The letters that no font has, each once; the document shows a box in their place."""
    return await asyncio.to_thread(_without_glyph, document)


def _draw(document: Printed) -> bytes:
    from services.payments.documents.layout import render

    return render(document)


def _without_glyph(document: Printed) -> str:
    from services.payments.documents.fonts import without_glyph
    from services.payments.documents.layout import texts_of

    return without_glyph(texts_of(document))
