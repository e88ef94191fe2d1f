"""The mails that say where a report is."""

from datetime import datetime
from html import escape
from typing import Final

from services.analytics.reports.amounts import change, shown
from services.analytics.reports.figure_models import Figures
from services.analytics.reports.models import Report
from services.analytics.rollups.rolling_repository import EVERYBODY
from shared.contracts.notifications import SendEmail

_TOLD: Final = ("orders.placed", "orders.value", "payments.captured", "trips.completed", "shipments.alerts", "messages.sent_rate")
_FILES: Final = (("report.pdf", "PDF"), ("report.xlsx", "Excel"), ("summary.csv", "CSV"), ("manifest.json", "manifest"))


class Letters:
    """public_url: where the service is reached from outside."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")

    def of(self, report: Report, figures: Figures, to_email: str, token: str, until: datetime) -> SendEmail:
        """The mail to one recipient, with links that are theirs."""
        links = [(label, f"{self._public_url}/v1/report-links/{token}?file={name}") for name, label in _FILES]
        lines = [
            (kpi.title, shown(kpi, part.dimension, part.value), change(kpi, part.value, part.before))
            for kpi in figures.kpis
            if kpi.key in _TOLD
            for part in kpi.parts
        ]
        subject = f"{figures.title} {figures.period}"
        ends = f"The links lead to it until {until:%Y-%m-%d %H:%M} UTC, for whoever has them."
        told = "\n".join(f"{title}: {value} ({changed} on before)" for title, value, changed in lines)
        at = "\n".join(f"{label}: {url}" for label, url in links)
        return SendEmail(
            to_email=to_email,
            subject=subject,
            body=f"{subject}\n\n{told}\n\n{at}\n\n{ends}\n",
            body_html=_html(subject, lines, links, ends),
            category="reports",
            organization_id=None if report.organization_id == EVERYBODY else report.organization_id,
            dedupe_key=f"analytics.report:{report.id}",
        )


def _html(subject: str, lines: list[tuple[str, str, str]], links: list[tuple[str, str]], ends: str) -> str:
    cell = 'style="padding:4px 12px 4px 0"'
    rows = "".join(
        f"<tr><td {cell}>{escape(title)}</td><td {cell}><b>{escape(value)}</b></td><td {cell}>{escape(changed)}</td></tr>"
        for title, value, changed in lines
    )
    at = " &middot; ".join(f'<a href="{escape(url)}">{escape(label)}</a>' for label, url in links)
    return f"<h2>{escape(subject)}</h2><table>{rows}</table><p>{at}</p><p><small>{escape(ends)}</small></p>"
