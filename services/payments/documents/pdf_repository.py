"""PDFs as they are kept: written once, and never replaced."""

from typing import Final, Literal
from uuid import UUID

from sqlalchemy import TextClause, text

from shared.runtime.db import ReadSession, Session

Kind = Literal["invoice", "credit_note"]


def _statements(kind: Kind) -> tuple[TextClause, TextClause, TextClause]:
    find = f"SELECT content FROM {kind}_pdfs WHERE {kind}_id = :id"  # noqa: S608 - constants of this module
    keep = f"""
        INSERT INTO {kind}_pdfs ({kind}_id, content, sha256) VALUES (:id, :content, encode(sha256(:content), 'hex'))
        ON CONFLICT DO NOTHING RETURNING sha256
    """  # noqa: S608 - as above
    known = f"SELECT {kind}_id FROM {kind}_pdfs WHERE {kind}_id = ANY (CAST(:ids AS uuid[]))"  # noqa: S608 - as above
    return text(find), text(keep), text(known)


_OF: Final = {"invoice": _statements("invoice"), "credit_note": _statements("credit_note")}


class PdfReader:
    """Reads the PDFs of one kind of document."""

    def __init__(self, session: ReadSession, kind: Kind) -> None:
        self._session = session
        self._find, _, self._known = _OF[kind]

    async def find(self, document_id: UUID) -> bytes | None:
        """The PDF; None as long as it is being made."""
        content: bytes | None = await self._session.scalar(self._find, {"id": document_id})
        return content

    async def known(self, document_ids: list[UUID]) -> set[UUID]:
        """Those of these documents that have theirs."""
        return set(await self._session.scalars(self._known, {"ids": document_ids}))


class PdfRepository:
    """Writes the PDFs of one kind of document."""

    def __init__(self, session: Session, kind: Kind) -> None:
        self._session = session
        _, self._keep, _ = _OF[kind]

    async def keep(self, document_id: UUID, content: bytes) -> str | None:
        """Write it, and return its SHA-256 in hexadecimal; None where there is one already, which stays."""
        sha256: str | None = await self._session.scalar(self._keep, {"id": document_id, "content": content})
        return sha256
