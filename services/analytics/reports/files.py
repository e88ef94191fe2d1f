"""The files of a report, made of its figures alone: the same figures always give the same bytes."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

import orjson

from services.analytics.reports.csv_files import days_csv, summary_csv
from services.analytics.reports.figure_models import Figures
from services.analytics.reports.file_models import MadeFile

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MANIFEST: Final = "manifest.json"
_VERSION: Final = 2
"""Raised with a change of what files look like, so that nobody takes another layout for other figures."""


def frozen(figures: Figures) -> tuple[str, str]:
    """(the figures as JSON, their SHA-256)."""
    text = figures.model_dump_json()
    return text, hashlib.sha256(text.encode()).hexdigest()


def _summary(figures: Figures, _: str) -> MadeFile:
    content, rows = summary_csv(figures)
    return MadeFile("summary.csv", "text/csv", content, rows)


def _days(figures: Figures, _: str) -> MadeFile:
    content, rows = days_csv(figures)
    return MadeFile("days.csv", "text/csv", content, rows)


def _workbook(figures: Figures, _: str) -> MadeFile:
    from services.analytics.reports.workbook import workbook

    content, rows = workbook(figures)
    return MadeFile("report.xlsx", XLSX, content, rows)


def _pdf(figures: Figures, sha256: str) -> MadeFile:
    from services.analytics.reports.pdf_report import pdf_report

    return MadeFile("report.pdf", "application/pdf", pdf_report(figures, sha256))


MAKERS: Final[Mapping[str, Callable[[Figures, str], MadeFile]]] = {
    "summary.csv": _summary,
    "days.csv": _days,
    "report.xlsx": _workbook,
    "report.pdf": _pdf,
}
"""Libraries for files are loaded when the first is made: a worker that makes none does without their memory."""

STEPS: Final = ("figures", *MAKERS, MANIFEST, "mails")


def manifest_of(figures: Figures, sha256: str, files: list[MadeFile]) -> MadeFile:
    """What there is, and the hash of each: whoever has it can tell whether a file is the one that was made."""
    said = {
        "version": _VERSION,
        "kind": figures.kind,
        "organization_id": str(figures.organization_id) if figures.organization_id else None,
        "from": figures.first.isoformat(),
        "to": figures.last.isoformat(),
        "as_of": figures.as_of.isoformat(),
        "rolled_as_of": figures.rolled_as_of.isoformat() if figures.rolled_as_of else None,
        "figures_sha256": sha256,
        "files": [
            {"name": one.name, "media_type": one.media_type, "bytes": len(one.content), "rows": one.rows, "sha256": one.sha256}
            for one in files
        ],
    }
    return MadeFile(MANIFEST, "application/json", orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
