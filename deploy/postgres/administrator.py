"""The administrator's own password: nobody else may change it, so it is changed by whoever still knows the one before."""

from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from deploy.postgres.scram import verifier


async def change_password(admin_url: str, formers: Iterable[str]) -> list[str]:
    """Let the database take the password of `admin_url` where it still has one of `formers`; what was changed, a line each.

    Whatever else is wrong is left to what comes next, which says so.
    """
    wanted = urlsplit(admin_url)
    for password in (wanted.password or "", *formers):
        try:
            connection = await asyncpg.connect(_with(admin_url, password), timeout=10)
        except asyncpg.InvalidPasswordError:
            continue
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return []
        try:
            if password == wanted.password:
                return []
            await connection.execute(f"ALTER ROLE CURRENT_USER PASSWORD '{verifier(wanted.password or '')}'")
        finally:
            await connection.close()
        return [f"set password of {wanted.username}"]
    return []


def _with(admin_url: str, password: str) -> str:
    """The same login by another password, to the database that is there from the beginning."""
    url = urlsplit(admin_url)
    login, _, host = url.netloc.rpartition("@")
    return urlunsplit(url._replace(netloc=f"{login.partition(':')[0]}:{quote(password, safe='')}@{host}", path="/postgres"))
