"""How access is put together: organizations, operators, sessions, keys and their revocations, for endpoints and tasks alike."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from services.analytics.access_audit.repository import CheckpointReader, CheckpointRepository
from services.analytics.access_audit.service import AuditProving, AuditRetention
from services.analytics.api_keys.repository import IssuedKeyRepository
from services.analytics.api_keys.service import IssuedKeys
from services.analytics.operators.passwords import Passwords
from services.analytics.operators.repository import OperatorRepository
from services.analytics.operators.service import Operators
from services.analytics.organizations.repository import OrganizationReader, OrganizationRepository
from services.analytics.organizations.service import Organizations
from services.analytics.revocations.mirroring import EVERY_S, StandingMirror
from services.analytics.revocations.service import Revoking
from services.analytics.sessions import login as logins
from services.analytics.sessions import refreshing as refreshes
from services.analytics.sessions import tending
from services.analytics.sessions.attempts_repository import AttemptRepository
from services.analytics.sessions.ending import Ending
from services.analytics.sessions.issuing import Issuing, Lifetimes
from services.analytics.sessions.repository import SessionRepository
from services.analytics.settings import AnalyticsSettings
from services.analytics.signing_keys.own_keys import OwnKeys
from services.analytics.signing_keys.repository import SigningKeyRepository
from services.analytics.signing_keys.service import SigningKeys
from shared.runtime.auth.revocation_cache import RevocationCache
from shared.runtime.auth.standing_repository import StandingRepository
from shared.runtime.db import Database, ReadSession, Session, after_commit
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.operations.audit.repository import AuditLog, AuditRepository
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime
from shared.runtime.settings import ServiceSettings
from shared.runtime.vault import Vault

Runtime = HttpRuntime | ProcessRuntime
SYSTEM: Final = "system:access"
LEEWAY: Final = timedelta(minutes=1)
"""How much longer than its token a revocation is kept: clocks differ."""

passwords: Final = Passwords()


def own_keys(database: Database) -> OwnKeys:
    """How this service's API finds the keys that sign operators' tokens."""
    return OwnKeys(database)


def organizations(session: Session, runtime: Runtime, *, by: str) -> Organizations:
    """Decides on organizations, in the session's unit of work."""
    repository, cache = OrganizationRepository(session), RevocationCache(runtime.redis)
    return Organizations(
        repository, cache, AuditLog(session, by), Publisher(session), runtime.clock, partial(after_commit, session)
    )


def operators(session: Session, runtime: Runtime, *, by: str) -> Operators:
    """Decides on operators, in the session's unit of work."""
    ends, audit = ending(session, runtime, by=by), AuditLog(session, by)
    return Operators(OperatorRepository(session), OrganizationReader(session), ends, passwords, audit, runtime.clock)


def revoking(session: Session, runtime: Runtime, *, by: str) -> Revoking:
    """Refuses tokens, in the session's unit of work."""
    return Revoking(
        StandingRepository(session),
        RevocationCache(runtime.redis),
        Publisher(session),
        AuditLog(session, by),
        runtime.clock,
        tokens_for=_lifetimes(runtime).access + LEEWAY,
        after_commit=partial(after_commit, session),
    )


def ending(session: Session, runtime: Runtime, *, by: str) -> Ending:
    """Ends sessions, in the session's unit of work."""
    return Ending(SessionRepository(session), revoking(session, runtime, by=by), AuditLog(session, by), runtime.clock)


def signing_keys(session: Session, runtime: Runtime, *, by: str) -> SigningKeys:
    """The keys that sign operators' tokens, in the session's unit of work."""
    keys = own_settings(runtime.settings).encryption
    tokens_s = (_lifetimes(runtime).access + LEEWAY).total_seconds()
    return SigningKeys(SigningKeyRepository(session), Vault(keys) if keys else None, AuditLog(session, by), tokens_s=tokens_s)


def login(runtime: HttpRuntime) -> logins.Login:
    """Lets operators in, in units of work of its own."""

    def parts(session: Session) -> logins.Parts:
        return logins.Parts(
            OperatorRepository(session),
            AttemptRepository(session),
            _issuing(session, runtime),
            ending(session, runtime, by=SYSTEM),
            lambda by: AuditLog(session, by),
        )

    return logins.Login(runtime.database.unit_of_work, parts, passwords, runtime.clock)


def refreshing(runtime: HttpRuntime) -> refreshes.Refreshing:
    """Goes on with sessions, in units of work of its own."""

    def parts(session: Session) -> refreshes.Parts:
        return refreshes.Parts(
            SessionRepository(session),
            OperatorRepository(session),
            OrganizationReader(session),
            _issuing(session, runtime),
            ending(session, runtime, by=SYSTEM),
        )

    return refreshes.Refreshing(runtime.database.unit_of_work, parts, runtime.clock)


def session_tending(runtime: ProcessRuntime) -> tending.SessionTending:
    """Lets go of what has ended, in units of work of its own."""

    def parts(session: Session) -> tending.Parts:
        return tending.Parts(
            SessionRepository(session),
            AttemptRepository(session),
            StandingRepository(session),
            SigningKeyRepository(session),
            AuditLog(session, SYSTEM),
        )

    return tending.SessionTending(runtime.database.unit_of_work, parts, mirror(runtime), runtime.clock)


def mirror(runtime: Runtime) -> StandingMirror:
    """Brings Redis to what the tables say of revocations and suspensions."""
    return StandingMirror(runtime.database.read, RevocationCache(runtime.redis), runtime.clock)


@asynccontextmanager
async def kept_mirror(runtime: HttpRuntime) -> AsyncIterator[None]:
    """Do so every few seconds beside the requests."""
    stop = asyncio.Event()
    task = asyncio.create_task(mirror(runtime).keep(stop, runtime.settings.scaled(EVERY_S)), name="standing-mirror")
    try:
        yield
    finally:
        stop.set()
        await task


def issued_keys(session: Session, runtime: Runtime, *, by: str) -> IssuedKeys:
    """Gives out API keys, in the session's unit of work."""
    keys, refuses = IssuedKeyRepository(session), revoking(session, runtime, by=by)
    return IssuedKeys(keys, OrganizationReader(session), refuses, AuditLog(session, by), Publisher(session), runtime.clock)


def issued_key_uses(session: Session) -> IssuedKeyRepository:
    """Where it is kept when an API key was used, in the session's unit of work."""
    return IssuedKeyRepository(session)


def audit_proving(session: ReadSession) -> AuditProving:
    """Proves the audit."""
    return AuditProving(AuditRepository(session), CheckpointReader(session))


async def let_go_of_audit(runtime: ProcessRuntime, before: datetime) -> None:
    """Lets go of lines of the audit of before then, in a unit of work of its own."""
    async with runtime.database.unit_of_work() as session:
        keys, audit = signing_keys(session, runtime, by=SYSTEM), AuditLog(session, SYSTEM)
        checkpoints = CheckpointRepository(session)
        await AuditRetention(audit_proving(session), checkpoints, keys, audit, runtime.clock).let_go(before)


def own_settings(settings: ServiceSettings) -> AnalyticsSettings:
    """A process of this service has its settings."""
    assert isinstance(settings, AnalyticsSettings), "wired by another service"
    return settings


def _issuing(session: Session, runtime: Runtime) -> Issuing:
    keys = signing_keys(session, runtime, by=SYSTEM)
    return Issuing(SessionRepository(session), keys, _lifetimes(runtime), runtime.clock)


def _lifetimes(runtime: Runtime) -> Lifetimes:
    found = own_settings(runtime.settings)
    return Lifetimes(
        timedelta(minutes=found.access_token_minutes),
        timedelta(hours=found.session_idle_hours),
        timedelta(days=found.session_days),
    )
