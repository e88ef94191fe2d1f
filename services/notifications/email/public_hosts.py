"""Connecting to hosts that organizations name: never into our own network.

The address that was looked at is the one that is connected to, so a name that means another one a moment later changes nothing.
"""

import asyncio
import contextlib
import ipaddress
import socket


class PrivateHost(OSError):
    """The host is not one of the public internet."""

    def __init__(self) -> None:
        super().__init__("the account's host is no public one, and this installation connects organizations to no other")


async def connected(host: str, port: int, timeout_s: float) -> socket.socket:
    """A socket that is connected to a public address of the host. Raises PrivateHost, and OSError where none can be reached.

    One private address among several refuses them all: whoever mixes them is up to something.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if not all(is_public(str(address[0])) for *_, address in found):
            raise PrivateHost
        failure = OSError("the host has no address")
        for family, kind, protocol, _, address in found:
            opened = socket.socket(family, kind, protocol)
            opened.setblocking(False)
            try:
                await loop.sock_connect(opened, address)
            except OSError as error:
                opened.close()
                failure = error
            except BaseException:
                opened.close()
                raise
            else:
                return opened
        raise failure


def is_public(address: str) -> bool:
    """Whether an IP address is reachable from everywhere; what is IPv4 inside IPv6 counts as what it carries."""
    with contextlib.suppress(ValueError):
        parsed = ipaddress.ip_address(address.partition("%")[0])
        inner = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
        return parsed.is_global and not parsed.is_multicast and (inner is None or inner.is_global)
    return False
