"""How monitoring alerts are put together, for endpoints and tasks alike."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from services.analytics import monitoring_deps
from services.analytics.backups.repository import BackupReader
from services.analytics.machine import figures
from services.analytics.monitoring_alerts.evaluation import Evaluation
from services.analytics.monitoring_alerts.raising import Raising
from services.analytics.monitoring_alerts.repository import MonitoringAlertReader, MonitoringAlertRepository
from services.analytics.monitoring_alerts.rules import URGENT_RANK
from services.analytics.monitoring_alerts.seen import CASES_PATH, LETTERS_PATH, OpenCases, Seen
from services.analytics.monitoring_alerts.service import AlertDesk, AlertView
from services.analytics.monitoring_alerts.telling import Telling
from services.analytics.own_work import OwnWork
from services.analytics.silences.repository import SilenceReader, SilenceRepository
from services.analytics.silences.service import Silences
from services.analytics.sync_runs.repository import SyncReader
from services.analytics.workers.service import is_deaf
from shared.contracts.analytics import EvaluateMonitoringAlerts
from shared.contracts.lanes import LANES
from shared.runtime.db import ReadSession, Session
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.operations.dead_letters.schemas import DeadLetterCounts
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime
from shared.runtime.settings import ServiceSettings

LATELY: Final = timedelta(minutes=10)
URGENT: Final = [lane.name for lane in LANES.values() if lane.rank >= URGENT_RANK]


async def look(runtime: ProcessRuntime) -> Seen:
    """All that rules look at. What is outside is asked at once, and as long as a call takes at most."""
    at, watching = runtime.clock(), monitoring_deps.watch(runtime)
    health, letters, cases, schedules, machine, in_broker = await asyncio.gather(
        watching.health.look(),
        watching.owners.ask(LETTERS_PATH, DeadLetterCounts),
        watching.owners.ask_one("payments", CASES_PATH, OpenCases),
        monitoring_deps.schedule_slots(runtime),
        figures.look(),
        watching.in_broker.look(),
    )
    async with runtime.database.read() as session:
        reader = MonitoringAlertReader(session)
        workers = await monitoring_deps.workers(runtime, session, in_broker)
        return Seen(
            at=at,
            queues=await monitoring_deps.queues(runtime, session, in_broker),
            workers=workers,
            schedules=schedules,
            health=health,
            failures=await reader.failures(URGENT, at - LATELY),
            letters=letters,
            cases=cases,
            machine=machine,
            is_deaf=is_deaf(workers.heard_until, at),
            missed_before=(await reader.last_look())[1],
            sources=await SyncReader(session).standings(),
            unsaved_since=await BackupReader(session).unsaved_since(),
            last_backup=await BackupReader(session).last_tried(),
        )


def evaluation(runtime: ProcessRuntime) -> OwnWork[EvaluateMonitoringAlerts]:
    """The effect of `analytics.evaluate_monitoring_alerts`."""
    evaluating = Evaluation(
        lambda: look(runtime), runtime.database.unit_of_work, lambda session, at: raising(runtime.settings, session, at)
    )
    return OwnWork(lambda _: evaluating.evaluate(), monitoring_deps.closing(runtime))


async def raising(settings: ServiceSettings, session: Session, at: datetime) -> Raising:
    """Changes alerts in the session's unit of work, as of this moment."""
    own = monitoring_deps.own_settings(settings)
    telling = Telling(Publisher(session), own.operations_emails)
    silences = await SilenceReader(session).in_force(at)
    return Raising(MonitoringAlertRepository(session), telling, silences, at, own.runbooks_url)


def alert_view(session: ReadSession, now: datetime) -> AlertView:
    """Reads alerts."""
    return AlertView(MonitoringAlertReader(session), SilenceReader(session), now)


def alert_desk(session: Session, now: datetime, actor: str) -> AlertDesk:
    """Changes alerts."""
    return AlertDesk(MonitoringAlertRepository(session), AuditLog(session, actor), now)


def silences(session: Session, now: datetime, actor: str) -> Silences:
    """Changes silences."""
    return Silences(SilenceRepository(session), AuditLog(session, actor), now)
