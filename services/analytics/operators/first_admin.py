"""`python -m services.analytics.operators.first_admin ADDRESS`: makes the first administrator, and prints a password for once.

For a new installation, and for one whose administrators have all been lost: --another makes one although there are others.
"""

import argparse
import asyncio
import sys
from typing import Final

from pydantic import ValidationError

from services.analytics import access_deps
from services.analytics.operators.errors import EmailTaken
from services.analytics.operators.schemas import OperatorIn
from services.analytics.settings import AnalyticsSettings
from services.analytics.settings import settings as read_settings
from shared.runtime.process import ProcessRuntime

ACTOR: Final = "system:first_admin"


class Refused(Exception):
    """A sentence for whoever typed the command."""


async def make(runtime: ProcessRuntime, email: str, name: str, *, another: bool) -> str:
    """The password. Raises Refused."""
    try:
        asked = OperatorIn(email=email, name=name, role="admin")
    except ValidationError:
        raise Refused("that is no e-mail address, or the name is none") from None
    async with runtime.database.unit_of_work() as session:
        operators = access_deps.operators(session, runtime, by=ACTOR)
        if not another and await operators.has_administrator():
            raise Refused("there is an administrator already, who can make more; --another makes one all the same")
        try:
            _, password = await operators.create(asked, None)
        except EmailTaken:
            raise Refused("an operator has this e-mail address already; an administrator can reset the password") from None
    return password


async def _run(arguments: argparse.Namespace, settings: AnalyticsSettings) -> str:
    runtime = ProcessRuntime(settings)
    try:
        return await make(runtime, arguments.email, arguments.name, another=arguments.another)
    finally:
        await runtime.close()


def main(given: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.analytics.operators.first_admin")
    parser.add_argument("email")
    parser.add_argument("--name", default="Administrator")
    parser.add_argument("--another", action="store_true", help="although there is an administrator")
    arguments = parser.parse_args(given)
    try:
        password = asyncio.run(_run(arguments, read_settings()))
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    sys.stdout.write(f"{password}\n")
    sys.stderr.write("Good for 24 hours and for choosing another one: POST /v1/access/password\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
