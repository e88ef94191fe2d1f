"""How full the disks are on which a worker keeps what must not be lost, for whoever is told when one fills up."""

import contextlib
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

PATIENCE_S = 0.1


@dataclass(frozen=True, slots=True)
class DiskUse:
    """One file system. holds: the settings whose folders are on it. used_share: from 0 to 1, of what we may fill."""

    mount: str
    holds: str
    used_share: float
    free_bytes: int


class Disks:
    """Looks at folders by the names of their settings, from a thread of its own.

    A folder of another machine that does not answer would hold up whoever asks the system for it, and with it the worker.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        self._found: list[dict[str, Any]] = []
        self._looking: threading.Thread | None = None

    def look(self) -> list[dict[str, Any]]:
        """A `DiskUse` for each disk, as it is now, or as it last was where a disk does not answer."""
        if self._folders and (self._looking is None or not self._looking.is_alive()):
            self._looking = threading.Thread(target=self._look, name="disks", daemon=True)
            self._looking.start()
            self._looking.join(PATIENCE_S)
        return self._found

    def _look(self) -> None:
        self._found = [asdict(one) for one in disk_uses(self._folders)]


def disk_uses(folders: Mapping[str, Path]) -> list[DiskUse]:
    """One for each disk. A folder that is not made yet will be on the disk of what there is above it."""
    held: dict[str, list[str]] = {}
    for name, folder in sorted(folders.items()):
        held.setdefault(_mount(folder), []).append(name)
    found = []
    for mount, names in held.items():
        with contextlib.suppress(OSError):
            usage = psutil.disk_usage(mount)
            found.append(DiskUse(mount, ", ".join(names), round(usage.percent / 100, 3), usage.free))
    return found


def _mount(folder: Path) -> str:
    path = Path(os.path.realpath(folder))
    return str(next((one for one in (path, *path.parents) if os.path.ismount(one)), path.anchor))
