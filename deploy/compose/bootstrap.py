"""`python -m deploy.compose.bootstrap`: roles and schemas, and the broker's access list as this version has it.

Both servers run already. Doing it again changes nothing, so each start does it, and a start after an upgrade takes the new list.
"""

import asyncio
import json
import sys
from pathlib import Path

import redis
from redis.exceptions import RedisError

from deploy.local.environment import read_environment
from deploy.local.home import Home
from deploy.postgres.bootstrap import bootstrap


def prepare_database(admin_url: str, logins: Path) -> list[str]:
    """What was changed, a line each."""
    return asyncio.run(bootstrap(admin_url, json.loads(logins.read_text(encoding="utf-8"))))


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
    changes = prepare_database(settings["ADMIN_DATABASE_URL"], home.path / "logins.json")
    reload_access_list(settings["ADMIN_REDIS_URL"])
    sys.stdout.writelines(f"{change}\n" for change in changes or ["nothing to change"])


if __name__ == "__main__":
    main()
