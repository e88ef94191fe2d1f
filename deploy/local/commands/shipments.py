"""`waybill shipments`: bringing shipments in from files of any size."""

import csv
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import httpx
import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from deploy.local.commands.output import ERR, Json, print_json, print_table, say
from deploy.local.failures import StackError
from deploy.local.keys import mint_token
from deploy.local.shipment_parts import Kind, PartReader
from deploy.local.shipment_upload import Problem, Progress, ShipmentUpload
from deploy.local.stack import Stack

app = typer.Typer(help="Shipments: import files of any size.", no_args_is_help=True)

SHOWN_PROBLEMS = 20
INTERRUPTED = 130
_DELIMITERS = (",", ";", "|", "\t")
_SIGNS = {"tab": "\t", "\\t": "\t"}
_SUFFIXES: dict[str, Kind] = {".ndjson": "ndjson", ".jsonl": "ndjson"}


@app.callback()
def group() -> None:
    """Keeps `import` a command of its own."""


def _sign(delimiter: str) -> str:
    sign = _SIGNS.get(delimiter, delimiter)
    if sign not in _DELIMITERS:
        raise typer.BadParameter(f"{delimiter!r} separates no fields; take one of , ; | or tab")
    return sign


def _writable(report: Path | None) -> Path | None:
    """The report as it is. Refused before anything is sent where it could not be written afterwards."""
    if report is None:
        return None
    is_new = not report.exists()
    try:
        report.open("a").close()
        if is_new:
            report.unlink()
    except OSError as error:
        raise typer.BadParameter(f"{report} cannot be written: {error.strerror}") from None
    return report


@app.command("import")
def import_file(  # noqa: PLR0913, PLR0917 # typer makes an option of each argument
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, or NDJSON as .ndjson or .jsonl.")
    ],
    organization: Annotated[UUID, typer.Option(help="Whose shipments they are.")],
    columns: Annotated[str, typer.Option(help="their_name:our_name,…; `their_name:` leaves a column out.")] = "",
    date_format: Annotated[Literal["iso", "dmy", "mdy"], typer.Option(help="2026-11-20, 20.11.2026 or 11/20/2026.")] = "iso",
    time_zone: Annotated[str, typer.Option(help="Whose day counts where a time is given, e.g. Europe/Berlin.")] = "UTC",
    delimiter: Annotated[str, typer.Option(callback=_sign, help="Of CSV: , ; | or tab.")] = ",",
    report: Annotated[Path | None, typer.Option(callback=_writable, help="Write every problem to this CSV file.")] = None,
    url: Annotated[str | None, typer.Option(help="The alerts API; the local stack's if not given.")] = None,
    token: Annotated[str | None, typer.Option(envvar="WAYBILL_TOKEN", help="A bearer token for --url.")] = None,
    json: Json = False,
) -> None:
    """Import shipments, 5,000 rows at a time. Good rows are kept; again is harmless. Exit code 1: rows were refused."""
    if report is not None and report.exists() and report.samefile(file):
        raise typer.BadParameter("the report would overwrite the file that is to be imported", param_hint="--report")
    reader = PartReader(file, _SUFFIXES.get(file.suffix.lower(), "csv"), delimiter, _their_name(columns, "reference"))
    params = {
        "organization_id": str(organization),
        "columns": columns,
        "date_format": date_format,
        "time_zone": time_zone,
        "delimiter": delimiter,
    }
    started = time.monotonic()
    with _client(url, token) as client:
        upload = ShipmentUpload(client, reader, params)
        try:
            _follow(upload, file.stat().st_size)
        except KeyboardInterrupt:
            said = f"Interrupted: at least {upload.progress.kept:,} rows are in. Run it again to bring in the rest."
            ERR.print(said, highlight=False, soft_wrap=True)
            raise typer.Exit(INTERRUPTED) from None
        finally:
            if report is not None:
                _write(report, upload.progress.problems)
    _show(upload.progress, time.monotonic() - started, report, json=json)
    raise typer.Exit(1 if upload.progress.counts["rejected"] else 0)


def _their_name(columns: str, ours: str) -> str:
    try:
        pairs = [pair.rpartition(":") for pair in next(csv.reader((columns,)), ())]
    except csv.Error:
        raise typer.BadParameter("it has a line break or is too long", param_hint="--columns") from None
    return next((theirs.strip() for theirs, _, name in pairs if name.strip() == ours), ours)


@contextmanager
def _client(url: str | None, token: str | None) -> Iterator[httpx.Client]:
    if url is None:
        stack = Stack.here()
        if not stack.can_be_asked():
            raise StackError("The stack does not run.", "`make run` starts it; or say --url and --token of another one")
        url = stack.addresses.url("alerts-api")
        token = token or mint_token(stack.home, subject="operator:local", roles=["operator"], audience="alerts", ttl_s=24 * 3600)
    if not token:
        raise StackError("--url needs --token.", "or set WAYBILL_TOKEN")
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120, trust_env=False) as client:
        yield client


def _follow(upload: ShipmentUpload, size: int) -> None:
    looks = BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TextColumn("{task.fields[rows]}")
    started = time.monotonic()
    with Bar(*looks, console=ERR, transient=True) as bar:
        task = bar.add_task("import", total=size, rows="")
        for progress in upload.run():
            rows = progress.counts["rows"]
            speed = rows / max(time.monotonic() - started, 0.001)
            refused = f", {progress.counts['rejected']:,} refused" if progress.counts["rejected"] else ""
            bar.update(task, completed=progress.read, rows=f"{rows:,} rows, {speed:,.0f} rows/s{refused}")


def _write(report: Path, problems: list[Problem]) -> None:
    with report.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "column", "reason"))
        writer.writerows((one.line, one.column or "", one.reason) for one in sorted(problems, key=lambda one: one.line))


def _show(progress: Progress, seconds: float, report: Path | None, *, json: bool) -> None:
    if json:
        found = [{"line": one.line, "column": one.column, "reason": one.reason} for one in progress.problems]
        print_json(progress.counts | {"seconds": round(seconds, 1), "problems": found})
        return
    counts = progress.counts
    what = ", ".join(f"{counts[name]:,} {name}" for name in ("created", "updated", "unchanged"))
    speed = counts["rows"] / max(seconds, 0.001)
    say(f"{counts['rows']:,} rows: {what}, {counts['rejected']:,} refused ({seconds:.1f} s, {speed:,.0f} rows/s).")
    if not progress.problems:
        return
    problems = sorted(progress.problems, key=lambda one: one.line)
    print_table(("line", "column", "reason"), [(one.line, one.column, one.reason) for one in problems[:SHOWN_PROBLEMS]])
    more = len(problems) - SHOWN_PROBLEMS
    if report is not None:
        say(f"All of them are in {report}.")
    elif more > 0:
        say(f"… and {more:,} more; --report errors.csv writes all of them.")
