"""What a worker does with the messages about reports."""

from services.analytics import report_deps
from services.analytics.own_work import OwnWork
from services.analytics.reports.work import ReportWork
from shared.contracts.analytics import GenerateDailyReports, GenerateReport
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(GenerateReport)
def generate_report(runtime: ProcessRuntime) -> ReportWork:
    """Makes a report."""
    return report_deps.report_work(runtime)


@effect(GenerateDailyReports)
def generate_daily_reports(runtime: ProcessRuntime) -> OwnWork[GenerateDailyReports]:
    """Asks for the daily reports."""
    daily = report_deps.daily_reports(runtime.database, runtime.clock)
    return OwnWork(lambda asked: daily.ask(asked.slot))
