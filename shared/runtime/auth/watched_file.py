"""A small file that may be replaced while the process runs: keys are rotated without a restart."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from shared.runtime.errors import Unavailable

logger = logging.getLogger(__name__)
T = TypeVar("T")


class WatchedFile(Generic[T]):
    """What `parse` makes of the file's text, made anew when the file changes.

    A changed file that cannot be read or parsed leaves the former value in force and is logged once; without a
    former value, `get` raises Unavailable.
    """

    def __init__(self, path: Path, parse: Callable[[str], T]) -> None:
        self._path = path
        self._parse = parse
        self._seen: tuple[int, int, int] | None = None
        self._value: T | None = None

    def get(self) -> T:
        """The current value. Costs one stat(2) while nothing changes."""
        stamp = self._stamp()
        if stamp is None or stamp != self._seen:
            self._seen = stamp
            self._reload()
        if self._value is None:
            raise Unavailable(f"{self._path.name} cannot be used yet; the service's log says why", headers={"Retry-After": "5"})
        return self._value

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _reload(self) -> None:
        try:
            self._value = self._parse(self._path.read_text())
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            # Its text may hold secrets, so only the kind of the error is said.
            logger.warning("file_not_usable", extra={"file": str(self._path), "error": type(error).__name__})
