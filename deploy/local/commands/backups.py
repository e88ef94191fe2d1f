"""`waybill backup`, `waybill restore`: copies of the database, and bringing them back."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from deploy.local import elsewhere
from deploy.local.commands.output import Json, Reason, Yes, confirm, print_json, print_table, say
from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.local.operations import Operations
from deploy.local.stack import Stack
from shared.runtime.dumps.dumping import known
from shared.runtime.dumps.manifest import Manifest, backups_in, read_manifest
from shared.runtime.dumps.programs import Programs
from shared.runtime.dumps.restoring import Difference, Restoring, Target
from shared.runtime.errors import ServiceError

ENTRY = "backup-critical-data"


def backup(
    reason: Reason = "asked for by waybill",
    show: Annotated[bool, typer.Option("--list", help="List the backups that there are, and make none.")] = False,
    folder: Annotated[Path | None, typer.Option("--from", help="The folder to list; without it, the local stack's.")] = None,
    json: Json = False,
) -> None:
    """Have a backup of all schemas made by the worker, now and besides the schedule."""
    if show:
        if folder is None and (Stack.here().is_elsewhere or elsewhere.token()):
            # The folder here has none, which is not to be read as that there are none.
            where = "`docker compose run --rm backups list`, or `GET /v1/backups` of analytics"
            raise StackError("The backups of this stack are not in a folder of this machine.", where)
        _show(folder or Home.here().backups, json=json)
        return
    fired = Operations(Stack.here(), "analytics").call("POST", f"/schedules/{ENTRY}/run", json={"reason": reason})
    if json:
        print_json(fired)
        return
    say(f"The worker makes backup {fired['message_id']}; `waybill backup --list` shows it when it is whole.")


def restore(
    into: Annotated[str, typer.Option(help="The database's URL, of a login that may make schemas there.", metavar="URL")],
    schema: Annotated[list[str] | None, typer.Option(help="Only this schema; several times for several.")] = None,
    name: Annotated[str | None, typer.Option("--backup", help="Its folder's name; without it, the newest.")] = None,
    folder: Annotated[Path | None, typer.Option("--from", help="The folder of backups; without it, the local stack's.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="What the database has of these schemas makes way.")] = False,
    own: Annotated[bool, typer.Option("--no-owners", help="All is the login's own; for servers without our roles.")] = False,
    programs: Annotated[Path | None, typer.Option(help="The folder of pg_restore.", envvar="POSTGRES_PROGRAMS")] = None,
    yes: Yes = False,
) -> None:
    """Bring schemas back from a backup into a database that does not have them."""
    try:
        database = make_url(into).database
    except ArgumentError:
        raise StackError("That is no URL of a database.", "write postgresql://login:password@host:5432/database") from None
    try:
        found = _chosen(folder or Home.here().backups, name)
        manifest = read_manifest(found)
        schemas = known([one.name for one in manifest.schemas], schema or ())
        if replace:
            confirm(f"Replace {', '.join(schemas)} in {database} by what was there at {manifest.snapshot_at:%F %T} UTC?", yes)
        target = Target(into, as_it_was=not own, replace=replace)
        differences = asyncio.run(Restoring(found, manifest, Programs(programs)).restore(schemas, target))
    except ServiceError as error:
        raise StackError(error.detail[:1].upper() + error.detail[1:] + ".", "docs/runbooks/restore.md") from None
    _tell(manifest, schemas, differences)


def _tell(manifest: Manifest, schemas: tuple[str, ...], differences: list[Difference]) -> None:
    restored = [one for one in manifest.schemas if one.name in schemas]
    print_table(["schema", "tables", "rows"], [[one.name, len(one.rows), sum(one.rows.values())] for one in restored])
    if differences:
        print_table(["table", "backup", "restored"], [[one.table, one.backup, one.restored] for one in differences])
        raise StackError(f"{len(differences)} table(s) are not as they were.", "docs/runbooks/restore.md")
    say(f"All is as it was at {manifest.snapshot_at:%F %T} UTC.")


def _chosen(folder: Path, name: str | None) -> Path:
    found = backups_in(folder)
    if name is not None:
        found = [path for path in found if path.name == name]
    if not found:
        what = f"no backup {name}" if name else "no backup"
        raise StackError(f"There is {what} in {folder}.", "`waybill backup --list`, or name the folder with --from")
    return found[-1]


def _show(folder: Path, *, json: bool) -> None:
    found: list[dict[str, Any]] = []
    for path in backups_in(folder):
        manifest = read_manifest(path)
        schemas = ",".join(schema.name for schema in manifest.schemas)
        shown = {"backup": path.name, "snapshot_at": manifest.snapshot_at, "bytes": manifest.size_bytes}
        found.append({**shown, "rows": manifest.row_count, "schemas": schemas})
    if json:
        print_json(found)
        return
    columns = ("backup", "snapshot_at", "bytes", "rows", "schemas")
    print_table(columns, [[row[column] for column in columns] for row in found], empty=f"no backup in {folder}")
