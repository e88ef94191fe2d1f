"""`python -m deploy.compose.prepare`: secrets, settings and the servers' configuration of the compose stack.

Runs before everything else, at each start. What it keeps is in the volume at /run/waybill, which nobody else sees; each reader
has a volume of its own at /secrets/<reader> with what that reader needs and no more:

    <service>          its settings with the logins that may read and write its rows and its lanes, its signing key, the key set
    <service>-owner    the login that owns its schema, for migrations
    analytics-backup   its settings, and the logins that read everything and make databases, for the worker that backs up
    operator           for people: the `waybill` command, Celery's commands, Flower
    administrator      for the job that makes roles and schemas
    alertmanager       the token by which it passes alerts on to analytics
    postgres, redis, sandbox, grafana    the servers' own

Running it again makes what is missing and changes nothing else. Reads from the environment, all optional:

    WAYBILL_TLS                 `on`: database and broker speak TLS alone, under an authority that this makes
    POSTGRES_MAX_CONNECTIONS    300 without it
    POSTGRES_SHARED_BUFFERS     256MB without it
    REDIS_MAX_MEMORY            256mb without it
    FLOWER_PASSWORD, GRAFANA_PASSWORD    made at random without them
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from deploy.compose.authority import Authority
from deploy.compose.bootstrap import FORMER, former_passwords
from deploy.compose.machine_token import machine_token
from deploy.local import keys, outside
from deploy.local.addresses import Addresses
from deploy.local.credentials import load_credentials
from deploy.local.environment import Environment, as_text, environments, read_environment
from deploy.local.failures import StackError
from deploy.local.home import Home, write_private
from deploy.local.postgres import ADMIN
from deploy.local.state import State
from deploy.postgres import conf as postgres_conf
from deploy.postgres.bootstrap import LOGINS
from deploy.redis import acl
from deploy.redis import conf as redis_conf
from shared.contracts.lanes import SERVICES

HOME: Final = Path("/run/waybill")
"""Where each container finds what is meant for it, so that the paths in its settings are the same as here."""
READERS: Final = Path("/secrets")
PORTS: Final[Mapping[str, int]] = {
    "postgres": 5432,
    "valkey": 6379,
    **{f"{service}-api": 8001 + index for index, service in enumerate(SERVICES)},
    "sandbox": 8025,
    "sandbox-smtp": 2525,
}
HOSTS: Final[Mapping[str, str]] = {
    "postgres": "postgres",
    "valkey": "redis",
    # Browsers take every name under localhost for this machine, where the same ports are published: links in mails work.
    **{f"{service}-api": f"{service}.localhost" for service in SERVICES},
    "sandbox": "sandbox",
    "sandbox-smtp": "sandbox",
}
_CONTAINERS_RUN_ONE_EACH: Final = ("DATABASE_OWNER_URL", "BROKER_OPERATOR_URL", "RELAY_IN_API", "COLLECTOR_IN_API")
"""Settings of `make run`, whose processes share more than containers do."""
_OF_THE_BACKUP_WORKER: Final = ("BACKUP_DATABASE_URL", "RESTORE_DRILL_URL", "BACKUP_DIR")
BACKUPS: Final = "/var/backups/waybill"
"""Where the worker that backs up has its volume."""
FORMER_KEPT: Final = 5
"""Passwords of the administrator that a start which did not get as far as the database may have left behind it."""
_OTHER_USERS: Final = ("alertmanager", "grafana", "postgres", "redis")
"""Their images run as users of their own, so their files are readable for all who have the volume, which is them alone."""


@dataclass(frozen=True)
class Wishes:
    """What whoever starts the stack may choose."""

    tls: bool
    max_connections: str
    shared_buffers: str
    max_memory: str
    passwords: Mapping[str, str]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Wishes":
        """Read from the environment; an empty variable is one that is not set."""
        tls = environment.get("WAYBILL_TLS") or "off"
        if tls not in ("on", "off"):
            raise StackError(f"WAYBILL_TLS is {tls!r}.", "set it to `on` or `off`")
        given = {"flower.password": "FLOWER_PASSWORD", "grafana.password": "GRAFANA_PASSWORD"}
        return cls(
            tls == "on",
            environment.get("POSTGRES_MAX_CONNECTIONS") or "300",
            environment.get("POSTGRES_SHARED_BUFFERS") or "256MB",
            environment.get("REDIS_MAX_MEMORY") or "256mb",
            {name: environment[variable] for name, variable in given.items() if environment.get(variable)},
        )


class Preparation:
    """One run. home: what is kept. readers: the folder with a folder for each reader."""

    def __init__(self, home: Home, readers: Path, wishes: Wishes) -> None:
        self._home = home
        self._readers = readers
        self._wishes = wishes
        home.keys.mkdir(parents=True, exist_ok=True)
        more = ("flower.password", "flower.cookie", "grafana.password")
        self._passwords = load_credentials(home, more=more) | dict(wishes.passwords)
        keys.prepare_keys(home)
        self._authority = Authority(home.path / "tls") if wishes.tls else None
        self._addresses = Addresses(PORTS, HOSTS, home.path / "authority.pem" if wishes.tls else None)

    def deal(self) -> None:
        """Give each reader what it needs."""
        found = environments(self._home, self._passwords, self._addresses)
        for service in SERVICES:
            self._deal_to_service(service, found[service])
        self._deal_to_people(found)
        self._deal_to_postgres()
        self._deal_to_redis()
        self._give("sandbox", "sandbox.env", as_text(outside.sandbox(self._home, self._addresses)))
        self._pass_on("sandbox", self._home.keys / "sendgrid-events.pem")
        self._give("grafana", "password", self._passwords["grafana.password"])
        token = machine_token(self._home, "alertmanager", audience="analytics", scopes=["analytics:write"], now=time.time())
        self._give("alertmanager", "token", token)

    def _deal_to_service(self, service: str, settings: Environment) -> None:
        mine = {name: value for name, value in settings.items() if name not in _CONTAINERS_RUN_ONE_EACH}
        readers = [service]
        if "BACKUP_DATABASE_URL" in mine:
            readers.append(f"{service}-backup")
            self._give(readers[1], f"{service}.env", as_text({**mine, "BACKUP_DIR": BACKUPS}))
        self._give(service, f"{service}.env", as_text({k: v for k, v in mine.items() if k not in _OF_THE_BACKUP_WORKER}))
        for reader in readers:
            self._pass_on(reader, self._home.jwks, keys.key_file(self._home, service))
            self._trust(reader)
        owner = f"{service}-owner"
        self._give(owner, f"{service}.env", as_text({"DATABASE_OWNER_URL": settings["DATABASE_OWNER_URL"]}))
        self._trust(owner)

    def _deal_to_people(self, found: Mapping[str, Environment]) -> None:
        watching = {
            "FLOWER_BASIC_AUTH": f"waybill:{self._passwords['flower.password']}",
            "FLOWER_COOKIE_SECRET": self._passwords["flower.cookie"],
            "GRAFANA_PASSWORD": self._passwords["grafana.password"],
        }
        self._give("operator", "operator.env", as_text(found[acl.OPERATOR] | watching))
        self._give("operator", "client.env", as_text(found[acl.CLIENT]))
        self._pass_on("operator", self._home.jwks, keys.key_file(self._home, "issuer"))
        State(dict(PORTS), dict(HOSTS)).save(Home(self._readers / "operator"))
        self._trust("operator")
        self._keep_former(found[acl.ADMIN]["ADMIN_DATABASE_URL"])
        logins = {login: self._passwords[f"postgres.{login}"] for login in LOGINS}
        self._give("administrator", "admin.env", as_text(found[acl.ADMIN]))
        self._give("administrator", "logins.json", json.dumps(logins))
        self._trust("administrator")

    def _keep_former(self, url: str) -> None:
        """The database learns the administrator's new password from somebody who logs in by the one before."""
        folder = self._readers / "administrator"
        given = urlsplit(read_environment(Home(folder), "admin").get("ADMIN_DATABASE_URL", url)).password
        if given != urlsplit(url).password:
            self._give("administrator", FORMER, json.dumps([given, *former_passwords(folder)][:FORMER_KEPT]))

    def _deal_to_postgres(self) -> None:
        settings = {
            "listen_addresses": "*",
            "max_connections": self._wishes.max_connections,
            "shared_buffers": self._wishes.shared_buffers,
        }
        if self._certify("postgres"):
            # The server refuses a key that others may read, so its container copies both where nobody else can.
            settings |= {"ssl": "on", "ssl_cert_file": "/tmp/tls/server.pem", "ssl_key_file": "/tmp/tls/server.key"}  # noqa: S108 # in a container of its own
        self._give("postgres", "password", self._passwords[f"postgres.{ADMIN}"])
        self._give("postgres", "postgresql.conf", postgres_conf.render(settings))
        self._give("postgres", "pg_hba.conf", postgres_conf.render_access(tls=self._wishes.tls))

    def _deal_to_redis(self) -> None:
        tls = None
        if self._certify("redis"):
            tls = redis_conf.Tls(HOME / "server.pem", HOME / "server.key", HOME / "authority.pem")
        config = redis_conf.render(
            port=PORTS["valkey"],
            data=Path("/data"),
            aclfile=HOME / "users.acl",
            max_memory=self._wishes.max_memory,
            bind="0.0.0.0",  # noqa: S104 # its network is internal
            tls=tls,
        )
        self._give("redis", "redis.conf", config)
        self._give("redis", "users.acl", acl.render({user: self._passwords[f"valkey.{user}"] for user in acl.USERS}))
        # For its health check, which asks from inside the container.
        self._give("redis", "password", self._passwords[f"valkey.{acl.ADMIN}"])
        self._give("redis", "cli", f"--tls --cacert {HOME}/authority.pem" if tls else "")

    def _certify(self, server: str) -> bool:
        """Give a server its certificate, or take away what it had; returns whether there is TLS."""
        if self._authority is None:
            for name in ("server.pem", "server.key", "authority.pem"):
                (self._readers / server / name).unlink(missing_ok=True)
            return False
        certificate, key = self._authority.issue(server, [server])
        self._give(server, "server.pem", certificate.read_text())
        self._give(server, "server.key", key.read_text())
        self._trust(server)
        return True

    def _trust(self, reader: str) -> None:
        if self._authority is not None:
            self._give(reader, "authority.pem", self._authority.certificate.read_text())

    def _pass_on(self, reader: str, *files: Path) -> None:
        for file in files:
            self._give(reader, str(file.relative_to(self._home.path)), file.read_text())

    def _give(self, reader: str, name: str, text: str) -> None:
        path = self._readers / reader / name
        path.parent.mkdir(exist_ok=True)
        write_private(path, text)
        if reader in _OTHER_USERS:
            path.chmod(0o644)


def main() -> None:
    """The job: a failure is a sentence and exit code 1."""
    try:
        Preparation(Home(HOME), READERS, Wishes.of(os.environ)).deal()
    except StackError as error:
        sys.exit(f"{error.sentence} Remedy: {error.remedy}.")
    except PermissionError as error:
        remedy = "let the volumes be made anew, `docker compose down --volumes`"
        sys.exit(f"{error.filename} cannot be written by this user. Remedy: {remedy}.")
    sys.stdout.write("secrets and settings are in place\n")


if __name__ == "__main__":
    main()
