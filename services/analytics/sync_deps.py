"""How reading sources outside is put together, for endpoints and tasks alike."""

from typing import Final

from services.analytics.settings import AnalyticsSettings
from services.analytics.sync_runs.by_message import SyncRuns
from services.analytics.sync_runs.carrier_etas import CarrierEtas, Consignee
from services.analytics.sync_runs.connector import Connector
from services.analytics.sync_runs.feed_api import CALL_S, MOST_BYTES, FeedApi
from services.analytics.sync_runs.pulling import BUDGET_S, Pulling
from services.analytics.sync_runs.repository import SyncReader
from services.analytics.sync_runs.service import Setup, SyncDesk, SyncView
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.outside.circuits import Circuits
from shared.runtime.outside.http_api import HttpApi, Timing
from shared.runtime.outside.rates import Rates
from shared.runtime.process import ProcessRuntime

SOURCES: Final = (CarrierEtas,)


def setup(settings: AnalyticsSettings) -> Setup:
    """Which sources there are, and which of them are set up."""
    is_set = {CarrierEtas.name: settings.carrier_url is not None}
    return Setup({one.name: one.contract for one in SOURCES}, frozenset(name for name, known in is_set.items() if known))


def sync_runs(runtime: ProcessRuntime) -> SyncRuns:
    """The effect of `analytics.sync_external_data`."""
    settings = _settings(runtime)
    connectors = _connectors(settings, runtime)
    pulling = Pulling(
        runtime.database.unit_of_work,
        connectors,
        runtime.clock,
        most_pages=settings.sync_pages,
        budget_s=settings.scaled(BUDGET_S),
    )
    return SyncRuns(runtime.database.unit_of_work, pulling, connectors, runtime.clock)


def sync_view(session: ReadSession, runtime: HttpRuntime) -> SyncView:
    """Reads sources and runs."""
    return SyncView(SyncReader(session), setup(_settings(runtime)))


def sync_desk(session: Session, runtime: HttpRuntime, by: str) -> SyncDesk:
    """Asks for runs, in the session's unit of work."""
    return SyncDesk(session, setup(_settings(runtime)), AuditLog(session, by), runtime.clock)


def _connectors(settings: AnalyticsSettings, runtime: ProcessRuntime) -> dict[str, Connector]:
    carrier = _carrier(settings, runtime)
    return {carrier.name: carrier} if carrier is not None else {}


def _carrier(settings: AnalyticsSettings, runtime: ProcessRuntime) -> CarrierEtas | None:
    if settings.carrier_url is None or settings.carrier_api_key is None or settings.carrier_organization_id is None:
        return None
    key = settings.carrier_api_key.get_secret_value()
    api = _api(settings, settings.carrier_url, {"Authorization": f"Bearer {key}"})
    feed = _feed(settings, runtime, api, CarrierEtas.name, settings.carrier_rate, runtime.clock)
    consignee = Consignee(settings.carrier_organization_id, settings.carrier_customer, settings.carrier_recipients)
    return CarrierEtas(feed, consignee, runtime.clock)


def _api(settings: AnalyticsSettings, url: str, headers: dict[str, str]) -> HttpApi:
    return HttpApi(
        url,
        f"waybill-analytics/{settings.version}",
        connections=1,
        headers=headers,
        timing=Timing(call_s=CALL_S, least_s=1.0),
        most_bytes=MOST_BYTES,
        time_factor=settings.time_factor,
    )


def _feed(
    settings: AnalyticsSettings, runtime: ProcessRuntime, api: HttpApi, account: str, per_s: float, clock: Clock
) -> FeedApi:
    circuits = Circuits(runtime.redis, settings.service, time_factor=settings.time_factor)
    return FeedApi(api, circuits, Rates(runtime.redis, settings.service), clock, account=account, per_s=per_s)


def _settings(runtime: ProcessRuntime | HttpRuntime) -> AnalyticsSettings:
    assert isinstance(runtime.settings, AnalyticsSettings), "the runtime of this service carries this service's settings"
    return runtime.settings
