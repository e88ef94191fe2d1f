"""`waybill doctor`: what is wrong with this machine or this stack."""

from dataclasses import asdict

import typer
from rich.markup import escape

from deploy.local.commands.output import OUT, Json, print_json
from deploy.local.doctor import examine
from deploy.local.stack import Stack


def doctor(json: Json = False) -> None:
    """Check versions, disk, ports, roles, access list and clock. Exit code 1 when something is wrong."""
    findings = []
    for finding in examine(Stack.here()):
        findings.append(finding)
        if not json:
            mark = "[green]ok   [/]" if finding.good else "[red]WRONG[/]"
            remedy = "" if finding.good or not finding.remedy else f" -> {finding.remedy}"
            OUT.print(f"{mark} {finding.name:<20} {escape(finding.found + remedy)}", highlight=False, soft_wrap=True)
    if json:
        print_json([asdict(finding) for finding in findings])
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)
