"""Reading and writing reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.analytics.reports.file_models import MadeFile
from services.analytics.reports.models import Report, ReportFile, ReportSubscription
from shared.runtime.db import ReadSession, Session

_KEY: Final = ("kind", "organization_id", "first_day", "last_day", "as_of")
_FRESH: Final = {"populate_existing": True}
_ASK_MAIL: Final = text("""
    INSERT INTO report_mails (report_id, to_email, asked_at) VALUES (:report_id, :to_email, :now) ON CONFLICT DO NOTHING
""")
_TAKE_MAILS: Final = text("""
    UPDATE report_mails SET sent_at = :now WHERE report_id = :report_id AND sent_at IS NULL RETURNING to_email
""")
_LINK: Final = text("""
    INSERT INTO report_links (token_hash, report_id, created_at, expires_at) VALUES (:token_hash, :report_id, :now, :until)
""")
_LINKED: Final = text("SELECT report_id FROM report_links WHERE token_hash = :token_hash AND expires_at > :now")
# One look for each series, since the key of what is counted begins with it.
_KNOWN: Final = text("""
    WITH RECURSIVE one AS (
        SELECT min(series) AS series FROM rollup_days
        UNION ALL
        SELECT (SELECT min(series) FROM rollup_days WHERE series > one.series) FROM one WHERE one.series IS NOT NULL
    )
    SELECT EXISTS (SELECT FROM organizations WHERE id = :id)
        OR EXISTS (SELECT FROM one JOIN rollup_days AS counted USING (series) WHERE counted.organization_id = :id)
""")


class ReportReader:
    """Reads. organization_id: whose reports alone; None for all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, key: UUID, organization_id: UUID | None) -> Report | None:
        """One, as it stands now."""
        query = select(Report).where(Report.id == key)
        if organization_id is not None:
            query = query.where(Report.organization_id == organization_id)
        return (await self._session.scalars(query, execution_options=_FRESH)).one_or_none()

    async def knows(self, organization_id: UUID) -> bool:
        """Whether there is such an organization, or anything was ever counted of it."""
        return bool(await self._session.scalar(_KNOWN, {"id": organization_id}))

    async def newest(self, organization_id: UUID | None, *, after: UUID | None, limit: int) -> Sequence[Report]:
        """The newest first."""
        query = select(Report).order_by(Report.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Report.organization_id == organization_id)
        if after is not None:
            query = query.where(Report.id < after)
        return (await self._session.scalars(query)).all()

    async def figures(self, key: UUID) -> str | None:
        """Its frozen figures, once they are."""
        return (await self._session.execute(select(Report.figures).where(Report.id == key))).scalar_one_or_none()

    async def files(self, key: UUID) -> Sequence[ReportFile]:
        """Those that are made, without their bytes."""
        return (
            await self._session.scalars(select(ReportFile).where(ReportFile.report_id == key).order_by(ReportFile.name))
        ).all()

    async def content(self, key: UUID, name: str) -> tuple[str, str, bytes] | None:
        """(media type, SHA-256, bytes) of a file."""
        query = select(ReportFile.media_type, ReportFile.sha256, ReportFile.content).where(
            ReportFile.report_id == key, ReportFile.name == name
        )
        row = (await self._session.execute(query)).one_or_none()
        return (row[0], row[1], row[2]) if row is not None else None

    async def linked(self, token_hash: bytes, now: datetime) -> UUID | None:
        """The report that a link leads to, while it does."""
        return (await self._session.execute(_LINKED, {"token_hash": token_hash, "now": now})).scalar_one_or_none()

    async def subscriptions(self, organization_id: UUID | None) -> Sequence[ReportSubscription]:
        """Who gets the daily report, the oldest first."""
        query = select(ReportSubscription).order_by(ReportSubscription.id)
        if organization_id is not None:
            query = query.where(ReportSubscription.organization_id == organization_id)
        return (await self._session.scalars(query)).all()


class ReportRepository(ReportReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    async def ask(self, values: dict[str, Any]) -> tuple[Report, bool]:
        """The report of this key, and whether it is new."""
        row = insert(Report).values(values).on_conflict_do_nothing(index_elements=list(_KEY)).returning(Report.id)
        new = (await self._session.execute(row)).scalar_one_or_none()
        query = select(Report).where(*(getattr(Report, name) == values[name] for name in _KEY))
        return (await self._session.scalars(query)).one(), new is not None

    async def move(self, key: UUID, **values: Any) -> None:
        """Say how far it is."""
        await self._session.execute(
            update(Report).where(Report.id == key).values(values), execution_options={"synchronize_session": False}
        )

    async def freeze(self, key: UUID, figures: str, sha256: str, now: datetime) -> None:
        """Write its figures, unless somebody has."""
        await self._session.execute(
            update(Report)
            .where(Report.id == key, Report.figures.is_(None))
            .values(figures=figures, figures_sha256=sha256, frozen_at=now),
            execution_options={"synchronize_session": False},
        )

    async def keep(self, key: UUID, file: MadeFile) -> None:
        """Write a file, unless it is there."""
        row = insert(ReportFile).values(
            report_id=key,
            name=file.name,
            media_type=file.media_type,
            content=file.content,
            sha256=file.sha256,
            rows=file.rows,
        )
        await self._session.execute(row.on_conflict_do_nothing())

    async def ask_mail(self, key: UUID, to_email: str, now: datetime) -> None:
        """Have somebody told once it is made; whoever was told is not told again."""
        await self._session.execute(_ASK_MAIL, {"report_id": key, "to_email": to_email, "now": now})

    async def take_mails(self, key: UUID, now: datetime) -> list[str]:
        """Who is to be told now, and counts as told from now on."""
        return sorted((await self._session.execute(_TAKE_MAILS, {"report_id": key, "now": now})).scalars())

    async def link(self, key: UUID, token_hash: bytes, now: datetime, until: datetime) -> None:
        """Have a link lead to it."""
        await self._session.execute(_LINK, {"report_id": key, "token_hash": token_hash, "now": now, "until": until})

    async def subscribe(self, values: dict[str, Any]) -> ReportSubscription:
        """Somebody gets it from now on; who does already is left alone."""
        row = insert(ReportSubscription).values(values).on_conflict_do_nothing(index_elements=["organization_id", "to_email"])
        await self._session.execute(row)
        query = select(ReportSubscription).where(
            ReportSubscription.organization_id == values["organization_id"], ReportSubscription.to_email == values["to_email"]
        )
        return (await self._session.scalars(query)).one()

    async def unsubscribe(self, key: UUID, organization_id: UUID | None) -> bool:
        """Whether somebody got it, and gets it no more."""
        query = delete(ReportSubscription).where(ReportSubscription.id == key).returning(ReportSubscription.id)
        if organization_id is not None:
            query = query.where(ReportSubscription.organization_id == organization_id)
        gone = await self._session.execute(query, execution_options={"synchronize_session": False})
        return gone.scalar_one_or_none() is not None
