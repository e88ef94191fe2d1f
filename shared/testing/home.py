"""Folders for the data of a test session's servers, and the user whom they belong to."""

import contextlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from shared.testing.child import Account

MEMORY_FOLDER_BYTES: Final = 2 * 1024**3
"""Room that a memory file system must have before a test session's databases go there."""
_PREFIX: Final = "waybill-test-"


@contextlib.contextmanager
def temporary_home(*, in_memory: bool = False) -> Iterator[Path]:
    """A folder for servers' data, removed at the end; also removes what killed test sessions left behind.

    in_memory: on a memory file system where there is a large one. Copying a database makes a thousand files,
    which takes 10 ms there and up to 200 ms on a disk that others use, too.
    """
    parent = _memory_folder() if in_memory else None
    parent = parent or Path(tempfile.gettempdir())
    _sweep(parent)
    home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _memory_folder() -> Path | None:
    folder = Path("/dev/shm")  # noqa: S108 - the folder made below it is closed to others and has a name drawn at random
    if "TMPDIR" in os.environ or not os.access(folder, os.W_OK):
        return None
    space = os.statvfs(folder)
    roomy = space.f_bavail * space.f_frsize >= MEMORY_FOLDER_BYTES
    return folder if roomy and not space.f_flag & os.ST_NOEXEC else None


def _sweep(parent: Path) -> None:
    account = server_account()
    ours = {os.getuid(), account.uid if account else os.getuid()}
    for left in parent.glob(f"{_PREFIX}*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        # Another session may be sweeping, too.
        with contextlib.suppress(FileNotFoundError):
            if pid.isdigit() and not psutil.pid_exists(int(pid)) and left.stat().st_uid in ours:
                shutil.rmtree(left, ignore_errors=True)


def server_account() -> Account | None:
    """Whom PostgreSQL runs as: it refuses root, so root gives it to `nobody`."""
    if os.getuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)
