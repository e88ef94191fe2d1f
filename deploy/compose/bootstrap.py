"""`python -m deploy.compose.bootstrap`: roles and schemas, and the broker's access list as this version has it.

Both servers run already. Doing it again changes nothing, so each start does it, and a start after an upgrade takes the new list.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Final

import redis
from redis.exceptions import RedisError

from deploy.local.environment import read_environment
from deploy.local.home import Home
from deploy.local.state import read_json
from deploy.postgres.administrator import change_password
from deploy.postgres.bootstrap import bootstrap

FORMER: Final = "former.json"
"""Of the administrator's volume: passwords that were the administrator's own, the latest first."""


def former_passwords(folder: Path) -> list[str]:
    """What the database may still take for the administrator's password; nothing where it has never been another one."""
    found: list[str] = read_json(folder / FORMER, "remove it") or []
    return found


def prepare_database(home: Home, admin_url: str) -> list[str]:
    """What was changed, a line each."""

    async def prepare() -> list[str]:
        changes = await change_password(admin_url, former_passwords(home.path))
        return changes + await bootstrap(admin_url, json.loads((home.path / "logins.json").read_text(encoding="utf-8")))

    return asyncio.run(prepare())


def reload_access_list(url: str) -> None:
    """Let the broker read its list again; connections of users whose rights have changed are closed by it."""
    client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)
    try:
        client.acl_load()
    except RedisError as error:
        sys.exit(f"the broker does not take its access list: {error}")
    finally:
        client.close()


def main() -> None:
    """The job, on what the administrator's volume holds."""
    home = Home.here()
    settings = read_environment(home, "admin")
    changes = prepare_database(home, settings["ADMIN_DATABASE_URL"])
    reload_access_list(settings["ADMIN_REDIS_URL"])
    sys.stdout.writelines(f"{change}\n" for change in changes or ["nothing to change"])


if __name__ == "__main__":
    main()
