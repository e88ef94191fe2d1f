"""`waybill token`, `keys`, `first-admin` and `env`: what a person needs to speak to the services by hand."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from deploy.local.commands.output import Json, print_json, say
from deploy.local.environment import as_text, read_environment
from deploy.local.failures import StackError
from deploy.local.keys import make_keys, mint_token
from deploy.local.stack import Stack
from deploy.redis import acl
from shared.contracts.lanes import SERVICES
from shared.runtime.auth.scopes import ROLES, SCOPES

_FILES = (*SERVICES, acl.OPERATOR, acl.CLIENT, acl.ADMIN)


def token(
    role: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(ROLES)}; may be repeated. Without role and scope: viewer.")
    ] = None,
    scope: Annotated[list[str] | None, typer.Option(help="e.g. trips:read; may be repeated.")] = None,
    subject: Annotated[str, typer.Option(help="Whom the token is about.")] = "operator:local",
    audience: Annotated[str, typer.Option(help="A service's name; `waybill` for all.")] = "waybill",
    organization: Annotated[UUID | None, typer.Option(help="Whose data alone it opens; everybody's if not given.")] = None,
    minutes: Annotated[int, typer.Option(min=1, max=24 * 60, help="How long it is good for.")] = 60,
) -> None:
    """Print a bearer token for the local stack: curl -H "Authorization: Bearer $(waybill token --role admin)" …"""
    roles, scopes = role or [], scope or []
    if unknown := [name for name in roles if name not in ROLES] + [name for name in scopes if name not in SCOPES]:
        raise StackError(
            f"{unknown[0]} is neither a role nor a scope.", f"roles: {', '.join(ROLES)}; scopes: {', '.join(sorted(SCOPES))}"
        )
    if not roles and not scopes:
        roles = ["viewer"]
    typer.echo(
        mint_token(
            Stack.here().home,
            subject=subject,
            roles=roles,
            scopes=scopes,
            audience=audience,
            organization_id=organization,
            ttl_s=minutes * 60,
        )
    )


def keys(
    folder: Annotated[Path, typer.Argument(help="Where they are kept; it is made, for this user alone.")],
) -> None:
    """Make the services' signing keys for another installation: FOLDER/<service>.jwk, and jwks.json with the public halves."""
    made = make_keys(folder)
    say(f"Made {', '.join(made)} and wrote jwks.json." if made else "Every service has a key; jwks.json is written anew.")


def first_admin(
    email: Annotated[str, typer.Argument(help="The e-mail address with which the administrator logs in.")],
    name: Annotated[str, typer.Option(help="What the administrator is called.")] = "Administrator",
    another: Annotated[bool, typer.Option("--another", help="Although there is an administrator already.")] = False,
) -> None:
    """Make the first administrator of the local stack, and print a password that is good once."""
    variables = read_environment(Stack.here().home, "analytics")
    if not variables:
        raise StackError("The analytics service has no settings yet.", "`make run` makes them")
    more = ["--another"] if another else []
    command = [sys.executable, "-m", "services.analytics.operators.first_admin", email, "--name", name, *more]
    raise typer.Exit(subprocess.run(command, env=os.environ | variables, check=False).returncode)


def env(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(_FILES)}.")],
    export: Annotated[bool, typer.Option("--export", help="As `export NAME=…`, for `eval`.")] = False,
    json: Json = False,
) -> None:
    """Print a complete set of settings: a service's, the operator's, a plain Celery client's or the administrator's."""
    if name not in _FILES:
        raise StackError(f"There are no settings called {name}.", f"choose from {', '.join(_FILES)}")
    variables = read_environment(Stack.here().home, name)
    if not variables:
        raise StackError(f"{name} has no settings yet.", "`make run` makes them")
    if json:
        print_json(variables)
        return
    lines = as_text(variables).splitlines()
    typer.echo("\n".join(f"export {line}" if export else line for line in lines))
