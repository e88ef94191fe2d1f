"""Putting a file on the disk for good."""

import hashlib
import os
from pathlib import Path


def sync(path: Path) -> tuple[int, str]:
    """Bring a file to the disk. Returns its size and SHA-256."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def name(draft: Path, path: Path) -> None:
    """Give a synced file its name, for good as well."""
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
