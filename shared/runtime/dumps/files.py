"""Files that are whole or not there, and folders that get their name when they are."""

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.runtime.dumps.errors import DiskFull, NotSetUp

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is on the disk."""

    size_bytes: int
    sha256: str


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """What goes wrong with files in here is told as what it is. Raises DiskFull and NotSetUp."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(f"{folder} has no room left for it; make some, or keep fewer backups", retry_after_s=300) from None
        raise NotSetUp(f"{error.filename or folder} cannot be written: {error.strerror}") from None


def check_room(folder: Path, expected_bytes: int) -> None:
    """See that as much will fit. Raises DiskFull."""
    free = shutil.disk_usage(folder).free
    if free < expected_bytes:
        raise DiskFull(
            f"{folder} has {free // 1_000_000} MB left, and this takes about {expected_bytes // 1_000_000} MB; "
            "make room, or keep fewer backups",
            retry_after_s=300,
        )


async def write(path: Path, chunks: AsyncIterator[bytes]) -> Written:
    """Write to the disk itself, and not only to the system's memory."""
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        async for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            await asyncio.to_thread(_write_all, descriptor, chunk)
        await asyncio.to_thread(os.fsync, descriptor)
    finally:
        os.close(descriptor)
    return Written(size, digest.hexdigest())


async def one_chunk(content: bytes) -> AsyncIterator[bytes]:
    """For `write`."""
    yield content


async def read_back(path: Path) -> Written:
    """What is on the disk."""
    return await asyncio.to_thread(_read_back, path)


def name_it(draft: Path, name: str) -> Path:
    """Give a folder its name; all that is in it is on the disk before."""
    _sync_folder(draft)
    final = draft.with_name(name)
    draft.rename(final)
    _sync_folder(final.parent)
    return final


def remove(folder: Path) -> None:
    """Take the name away at once, and then what is in it: nothing half-removed looks whole."""
    if not folder.exists():
        return
    dying = folder if folder.name.startswith(".") else folder.with_name(f".gone-{folder.name}")
    if dying != folder:
        folder.rename(dying)
    shutil.rmtree(dying)


def _write_all(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]


def _read_back(path: Path) -> Written:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return Written(size, digest.hexdigest())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
