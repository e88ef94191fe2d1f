"""Servers set up as `deploy/` sets them up."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import redis

from deploy.local.valkey import valkey_binary
from deploy.redis import acl, conf
from shared.testing.child import ChildProcess
from shared.testing.home import temporary_home
from shared.testing.servers import free_port


class GuardedBroker(NamedTuple):
    """A Valkey with the access list on. Passwords are `<user>-password`."""

    home: Path
    port: int

    def url(self, user: str) -> str:
        return f"redis://{user}:{user}-password@127.0.0.1:{self.port}/0"

    def client(self, user: str) -> "redis.Redis":
        return redis.Redis.from_url(self.url(user), decode_responses=True)

    def refusals(self) -> list[tuple[str, str, str]]:
        """(user, reason, object) of everything that the access list has refused since it was last cleared."""
        with self.client(acl.ADMIN) as admin:
            return sorted((entry["username"], entry["reason"], entry["object"]) for entry in admin.acl_log())


@pytest.fixture(scope="module")
def running_broker() -> Iterator[GuardedBroker]:
    with temporary_home() as home:
        broker = GuardedBroker(home, free_port())
        aclfile = home / "users.acl"
        aclfile.write_text(acl.render({user: f"{user}-password" for user in acl.USERS}))
        (home / "valkey.conf").write_text(conf.render(port=broker.port, data=home, aclfile=aclfile))
        process = ChildProcess("valkey", [valkey_binary(), home / "valkey.conf"], log=home / "valkey.log")
        _wait(broker, process)
        yield broker
        process.stop(signal.SIGTERM)


@pytest.fixture
def broker(running_broker: GuardedBroker) -> GuardedBroker:
    """The guarded broker, empty and with nothing refused yet."""
    with running_broker.client(acl.ADMIN) as admin:
        admin.flushall()
        admin.config_resetstat()
        admin.acl_log_reset()
    return running_broker


def _wait(broker: GuardedBroker, process: ChildProcess) -> None:
    while process.exit_code is None:
        try:
            with broker.client(acl.ADMIN) as admin:
                admin.ping()
        except redis.ConnectionError:
            continue
        return
    raise AssertionError(process.tail())
