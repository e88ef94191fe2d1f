"""What sources there are, what reading them has come to, and asking for a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.analytics.sync_runs.errors import SourceNotFound, SyncRunNotFound
from services.analytics.sync_runs.models import SyncRun
from services.analytics.sync_runs.repository import SyncReader, SyncRepository
from services.analytics.sync_runs.schemas import (
    MOST_SHOWN,
    FieldOut,
    QuarantinedRowOut,
    SyncRunDetail,
    SyncRunOut,
    SyncSourceOut,
    SyncSourcesOut,
)
from shared.contracts.analytics import SyncExternalData
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.outbox import publish


@dataclass(frozen=True, slots=True)
class Setup:
    """contracts: of all sources that we can read, the message that they are handed on with. names: of those that are set up."""

    contracts: Mapping[str, str]
    names: frozenset[str]


class SyncView:
    """Reads."""

    def __init__(self, rows: SyncReader, setup: Setup) -> None:
        self._rows = rows
        self._setup = setup

    async def sources(self) -> SyncSourcesOut:
        """All that we can read, set up or not."""
        known, last = await self._rows.sources(), await self._rows.last_runs()
        items = []
        for name, contract in sorted(self._setup.contracts.items()):
            source, run = known.get(name), last.get(name)
            items.append(
                SyncSourceOut(
                    name=name,
                    is_set_up=name in self._setup.names,
                    message=contract,
                    cursor=source.cursor if source else None,
                    failures=source.failures if source else 0,
                    succeeded_at=source.succeeded_at if source else None,
                    fields={field: FieldOut.model_validate(one) for field, one in (source.shape or {}).items()} if source else {},
                    last_run=SyncRunOut.of(run) if run else None,
                )
            )
        return SyncSourcesOut(items=items)

    async def run(self, key: UUID) -> SyncRunDetail:
        """One run, with its drift and the first rows that could not be taken. Raises SyncRunNotFound."""
        run = await self._rows.run(key)
        if run is None:
            raise SyncRunNotFound("no run has this id; GET /v1/sync/runs lists them")
        rows = [QuarantinedRowOut.model_validate(one) for one in await self._rows.quarantined(key, MOST_SHOWN)]
        return SyncRunDetail.model_validate(
            SyncRunOut.of(run).model_dump() | {"drift": run.drift, "unmapped": run.unmapped, "quarantined_rows": rows}
        )


class SyncDesk:
    """Asks for runs, in one unit of work."""

    def __init__(self, session: Session, setup: Setup, audit: AuditLog, clock: Clock) -> None:
        self._session = session
        self._setup = setup
        self._audit = audit
        self._clock = clock

    async def ask(self, source: str, reason: str) -> SyncRun:
        """One more, besides those of the schedule. Raises SourceNotFound."""
        if source not in self._setup.names:
            known = ", ".join(sorted(self._setup.names)) or "none"
            raise SourceNotFound(f"no source of this name is set up (set up: {known}); GET /v1/sync/sources says more")
        key = uuid7()
        run = await SyncRepository(self._session).open(key, source, self._audit.actor, self._clock())
        publish(self._session, SyncExternalData(source=source, run_id=key, requested_by=self._audit.actor))
        await self._audit.write("sync.run", source, reason)
        return run
