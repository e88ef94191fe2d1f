"""Statements on runs: their ledger, what they have asked for, and what they have found."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.reconciliation.models import AccountKey, Class, Finding, FindingKind, Lookup, Place, Run, RunState, Span
from shared.runtime.db import ReadSession, Session

_COLUMNS: Final = ", ".join(field.name for field in fields(Run))
_FIND: Final = text(f"""
    SELECT {_COLUMNS} FROM recon_runs
     WHERE id = :id AND coalesce(organization_id = CAST(:organization_id AS uuid), CAST(:organization_id AS uuid) IS NULL)
""")  # noqa: S608 - the columns are constants of this module
_NEWEST: Final = text(f"""
    SELECT {_COLUMNS} FROM recon_runs
     WHERE coalesce(organization_id = CAST(:organization_id AS uuid), CAST(:organization_id AS uuid) IS NULL)
       AND coalesce(state = CAST(:state AS text), true) AND coalesce(account = CAST(:account AS text), true)
       AND coalesce((started_at, id) < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid)), true)
     ORDER BY started_at DESC, id DESC LIMIT :limit
""")  # noqa: S608 - as above
_FINDINGS: Final = text("""
    SELECT run_id, class AS class_, entity_id, kind, healed, organization_id, payment_id, amount_minor, currency, details
      FROM recon_findings
     WHERE run_id = :run_id AND coalesce((class, entity_id) > (CAST(:class AS text), CAST(:entity_id AS text)), true)
     ORDER BY class, entity_id LIMIT :limit
""")
_BEGIN: Final = text("""
    INSERT INTO recon_runs (id, asked_by, gateway, account, organization_id, requested_by, slot, since, until, first_day,
                            last_day, stage)
    VALUES (:id, :asked_by, :gateway, :account, :organization_id, :requested_by, :slot, :since, :until, :first_day, :last_day,
            'payments')
    ON CONFLICT DO NOTHING RETURNING id
""")
_GIVE_UP: Final = text("""
    UPDATE recon_runs SET state = 'failed', finished_at = now(), updated_at = now(),
                          error = coalesce(error, 'it stood still, and the next one began')
     WHERE account = :account AND state = 'running' AND updated_at < now() - CAST(:after AS interval)
""")
_FORGET: Final = text("DELETE FROM recon_runs WHERE account = :account AND started_at < :before")
_LOCK: Final = text(f"SELECT {_COLUMNS} FROM recon_runs WHERE id = :id FOR UPDATE")  # noqa: S608 - as above
_MOVE: Final = text("""
    UPDATE recon_runs SET stage = :stage, day = :day, cursor = :cursor, step = step + 1, posted = posted + :posted, error = NULL,
           fetched = CASE WHEN CAST(:what AS text) IS NULL THEN fetched
                          ELSE fetched || jsonb_build_object(:what, coalesce(CAST(fetched ->> :what AS integer), 0) + :count) END,
           state = CASE WHEN CAST(:stage AS text) = 'done' THEN 'finished' ELSE state END,
           finished_at = CASE WHEN CAST(:stage AS text) = 'done' THEN clock_timestamp() END, updated_at = clock_timestamp()
     WHERE id = :id
""")
_STUMBLE: Final = text("UPDATE recon_runs SET error = :error, updated_at = clock_timestamp() WHERE id = :id AND step = :step")
_FAIL: Final = text("""
    UPDATE recon_runs SET state = 'failed', error = :error, finished_at = clock_timestamp(), updated_at = clock_timestamp()
     WHERE id = :id AND step = :step AND state = 'running'
""")
_COUNT: Final = text("UPDATE recon_runs SET counts = CAST(:counts AS jsonb) WHERE id = :id")
_FOUND: Final = text("""
    INSERT INTO recon_findings (run_id, class, entity_id, kind, healed, organization_id, payment_id, amount_minor, currency)
    SELECT :run_id, row.* FROM unnest(
               CAST(:class_ AS text[]), CAST(:entity_id AS text[]), CAST(:kind AS text[]), CAST(:healed AS boolean[]),
               CAST(:organization_id AS uuid[]), CAST(:payment_id AS uuid[]), CAST(:amount_minor AS bigint[]),
               CAST(:currency AS text[])) AS row
    ON CONFLICT DO NOTHING
""")
_LOOKED: Final = text("""
    INSERT INTO recon_lookups (run_id, kind, entity_id, found)
    SELECT :run_id, row.* FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS text[]), CAST(:found AS boolean[])) AS row
    ON CONFLICT DO NOTHING
""")


class RunReader:
    """Reads. organization_id: None for a caller who sees everybody's and the installation's."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, run_id: UUID, organization_id: UUID | None) -> Run | None:
        """One run."""
        return _run(await self._session.execute(_FIND, {"id": run_id, "organization_id": organization_id}))

    async def newest(
        self,
        organization_id: UUID | None,
        *,
        state: RunState | None,
        account: str | None,
        after: tuple[Any, ...] | None,
        limit: int,
    ) -> Sequence[Run]:
        """The newest first. after: (started_at, id) of the last one seen."""
        bound = {"organization_id": organization_id, "state": state, "account": account, "limit": limit}
        place = {"after_at": after[0] if after else None, "after_id": after[1] if after else None}
        return [Run(**row) for row in (await self._session.execute(_NEWEST, {**bound, **place})).mappings()]

    async def findings(self, run_id: UUID, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Finding]:
        """By class and what they are about. after: (class, entity_id) of the last one seen."""
        place = {"class": after[0] if after else None, "entity_id": after[1] if after else None}
        rows = await self._session.execute(_FINDINGS, {"run_id": run_id, "limit": limit, **place})
        return [Finding(**row) for row in rows.mappings()]


class RunRepository(RunReader):
    """Writes in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def begin(
        self, run_id: UUID, asked_by: UUID, account: AccountKey, span: Span, slot: datetime, requested_by: str
    ) -> bool:
        """Write that a run begins; False where it is known."""
        bound = {
            "id": run_id,
            "asked_by": asked_by,
            "gateway": account.gateway,
            "account": account.key,
            "organization_id": account.organization_id,
            "requested_by": requested_by,
            "slot": slot,
            **{field.name: getattr(span, field.name) for field in fields(Span)},
        }
        return (await self._writing.execute(_BEGIN, bound)).first() is not None

    async def tidy(self, account: str, *, stands_still: timedelta, before: datetime) -> None:
        """Give up runs of the account that stand still, and forget old ones with what they found; cases and items stay."""
        await self._writing.execute(_GIVE_UP, {"account": account, "after": stands_still})
        await self._writing.execute(_FORGET, {"account": account, "before": before})

    async def lock(self, run_id: UUID) -> Run | None:
        """A run, held until the unit of work ends."""
        return _run(await self._writing.execute(_LOCK, {"id": run_id}))

    async def move(self, run: Run, place: Place, *, count: int = 0, posted: int = 0) -> None:
        """A page is done; the run goes on at `place`. count: of what the page told."""
        what = run.stage if run.stage not in ("compare", "postings", "done") else None
        bound = {"id": run.id, "stage": place.stage, "day": place.day, "cursor": place.cursor, "what": what}
        await self._writing.execute(_MOVE, {**bound, "count": count, "posted": posted})

    async def stumble(self, run: Run, error: str) -> None:
        """A page could not be read, and will be tried again."""
        await self._writing.execute(_STUMBLE, {"id": run.id, "step": run.step, "error": error[:500]})

    async def fail(self, run: Run, error: str) -> None:
        """It cannot go on; the next one looks at the same."""
        await self._writing.execute(_FAIL, {"id": run.id, "step": run.step, "error": error[:500]})

    async def count(self, run: Run, counts: dict[str, Any]) -> None:
        """Write what it has come to."""
        await self._writing.execute(_COUNT, {"id": run.id, "counts": json.dumps(counts)})

    async def found(self, run: Run, findings: Sequence[Finding]) -> None:
        """Write down findings, each once."""
        if findings:
            names = ("class_", "entity_id", "kind", "healed", "organization_id", "payment_id", "amount_minor", "currency")
            columns = {name: [getattr(one, name) for one in findings] for name in names}
            await self._writing.execute(_FOUND, {"run_id": run.id, **columns})

    async def looked(self, run: Run, answers: Sequence[tuple[Lookup, bool]]) -> None:
        """Write down what was asked for, and whether the gateway knows it."""
        if answers:
            ids = [one.entity_id for one, _ in answers]
            bound = {"kinds": [one.kind for one, _ in answers], "ids": ids, "found": [found for _, found in answers]}
            await self._writing.execute(_LOOKED, {"run_id": run.id, **bound})


def healed(run: Run, class_: Class, kind: FindingKind, entity_id: str, row: Any) -> Finding:
    """A finding that the same run has put right. row: has organization_id, payment_id, amount_minor and currency."""
    about = (row.organization_id, row.payment_id, row.amount_minor, row.currency)
    return Finding(run.id, class_, entity_id, kind, True, *about, {})


def _run(rows: Any) -> Run | None:
    row = rows.mappings().one_or_none()
    return Run(**row) if row is not None else None
