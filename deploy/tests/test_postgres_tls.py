"""PostgreSQL's own TLS, by the configuration and the certificates that the compose stack gives its server.

The wheels' server is built without TLS, and so are stand-ins for the official image: this needs a PostgreSQL of the machine's.
"""

import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from deploy.compose.prepare import Preparation, Wishes
from deploy.local.home import Home
from shared.testing.child import ChildProcess
from shared.testing.home import server_account, temporary_home
from shared.testing.servers import free_port
from shared.testing.wait import eventually

SINCE: Final = {"autovacuum_worker_slots": 18}
"""Settings that servers before that version refuse."""


@dataclass(frozen=True)
class Server:
    """One that runs. authority: whom its clients trust."""

    port: int
    password: str
    authority: Path

    def url(self, host: str = "127.0.0.1") -> str:
        """As services of the stack have it, at another host and port."""
        trust = f"sslmode=verify-full&sslrootcert={self.authority}"
        return f"postgresql://postgres:{self.password}@{host}:{self.port}/postgres?{trust}"


def programs() -> Path | None:
    """The newest PostgreSQL of this machine that knows TLS."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    built = [folder for folder in folders if (folder / "postgres").is_file() and (folder / "pg_config").is_file()]
    return next((folder for folder in reversed(built) if "with-openssl" in _said(folder / "pg_config", "--configure")), None)


def _said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL with TLS is installed: on Debian, apt install postgresql")
    with temporary_home() as home:
        readers = home / "readers"
        readers.mkdir()
        Preparation(Home(home / "kept"), readers, Wishes.of({"WAYBILL_TLS": "on"})).deal()
        given, port = readers / "postgres", free_port()
        process = start(folder, home, given, port)
        pidfile = home / "data" / "postmaster.pid"
        try:
            await eventually(lambda: pidfile.exists() and "ready" in pidfile.read_text(), 60, "PostgreSQL does not start")
            yield Server(port, (given / "password").read_text(), given / "authority.pem")
        finally:
            process.kill()


def start(folder: Path, home: Path, given: Path, port: int) -> ChildProcess:
    """A server of its own on what the stack gives to one. folder: its programs'."""
    version = int(folder.parent.name)
    lines = (given / "postgresql.conf").read_text().splitlines()
    (given / "postgresql.conf").write_text("\n".join(line for line in lines if SINCE.get(line.split()[0], 0) <= version))
    account = server_account()
    for path in (home, *home.rglob("*")):
        if account:
            os.chown(path, *account)
    for name in ("server.pem", "server.key"):
        (given / name).chmod(0o600)
    data, log = home / "data", home / "log"
    password = f"--pwfile={given / 'password'}"
    create: list[str | Path] = [folder / "initdb", "-D", data, "-U", "postgres", password, "--auth=scram-sha-256"]
    made = ChildProcess("initdb", create, log=log, cwd=home, account=account)
    assert made.wait(60) == 0, made.tail()
    files = {"ssl_cert_file": given / "server.pem", "ssl_key_file": given / "server.key", "hba_file": given / "pg_hba.conf"}
    here = {"port": port, "listen_addresses": "127.0.0.1,127.0.0.2", "unix_socket_directories": ""}
    options = [f"--{name}={value}" for name, value in {**files, **here, "config_file": given / "postgresql.conf"}.items()]
    return ChildProcess("PostgreSQL", [folder / "postgres", "-D", data, *options], log=log, cwd=home, account=account)


async def test_nobody_gets_in_without_tls_and_every_client_knows_whom_it_speaks_to(server: Server) -> None:
    connection = await asyncpg.connect(server.url())
    assert await connection.fetchrow("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == (True, "TLSv1.3")
    await connection.close()

    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        await asyncpg.connect(server.url().partition("?")[0], ssl=False)
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        await asyncpg.connect(server.url("127.0.0.2"))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed certificate|unable to get"):
        await asyncpg.connect(server.url().partition("?")[0], ssl=ssl.create_default_context())
