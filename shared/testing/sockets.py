"""Tests reach this machine only: a forgotten stand-in fails at once and by name instead of calling a provider."""

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest


class OutsideWorldError(RuntimeError):
    """A test tried to reach another machine."""


def refuse_unless_local(host: object) -> None:
    """Raise OutsideWorldError unless `host` is the loopback interface or a path of this machine."""
    if host in (None, "", b"", "localhost", b"localhost"):
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        local = ipaddress.ip_address(name).is_loopback or name in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    except ValueError:
        local = name.endswith(".localhost")
    if not local:
        raise OutsideWorldError(f"a test tried to reach {name}: run a stand-in on 127.0.0.1 and set its URL")


@contextlib.contextmanager
def closed_to_the_world() -> Iterator[None]:
    """Refuse connections and name look-ups beyond the loopback interface inside the block."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            refuse_unless_local(address[0])

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        check(sock, address)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        check(sock, address)
        return connect_ex(sock, address)

    def guarded_getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        refuse_unless_local(host)
        return getaddrinfo(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield
