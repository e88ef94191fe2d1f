"""Which port each process listens on: the customary one, or the next free one where that is taken."""

import contextlib
import errno
import socket
from collections.abc import Iterator, Mapping
from typing import Final

from deploy.local.failures import StackError
from shared.contracts.lanes import SERVICES

HOST: Final = "127.0.0.1"
PREFERRED: Final[Mapping[str, int]] = {
    "postgres": 15432,
    "valkey": 16379,
    **{f"{service}-api": 8001 + index for index, service in enumerate(SERVICES)},
    **{f"{service}-worker": 9101 + index for index, service in enumerate(SERVICES)},
    "sandbox": 8025,
    "sandbox-smtp": 2525,
    "flower": 5555,
}
_SEARCH = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now. SO_REUSEADDR, as the servers themselves set it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def check_names(wanted: Mapping[str, int]) -> None:
    """Refuse ports for processes that there are not."""
    if unknown := sorted(set(wanted) - set(PREFERRED)):
        raise StackError(f"There is no process called {unknown[0]}.", f"ports can be set for {', '.join(PREFERRED)}")


@contextlib.contextmanager
def claimed(remembered: Mapping[str, int], wanted: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """A free port for each process, which no other stack chooses before the end: by then whatever listens on it holds it itself.

    remembered: the ports of the last start, taken again where they are free.
    wanted: ports that somebody asked for by name; a taken one is an error and not a reason to look further.
    """
    check_names(wanted)
    chosen: dict[str, int] = {}
    with contextlib.ExitStack() as claims:
        for name, preferred in PREFERRED.items():
            if name in wanted:
                if wanted[name] in chosen.values() or not _claim(wanted[name], claims):
                    remedy = f"give {name} another port, or leave --port away and a free one is chosen"
                    raise StackError(f"Port {wanted[name]}, asked for {name}, is taken.", remedy)
                chosen[name] = wanted[name]
            else:
                chosen[name] = _next_free(remembered.get(name, preferred), {*chosen.values(), *wanted.values()}, claims)
        yield chosen


def _claim(port: int, claims: contextlib.ExitStack) -> bool:
    """Keep a port for this start, unless somebody listens on it or another start has it.

    The claim is the UDP port of the same number, on which nothing of ours listens. Unlike a file it ends with its process,
    concerns every user of this machine and no other network, and leaves the port itself to the server.
    """
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind((HOST, port))
    except OSError as error:
        claim.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return False
        raise
    if not is_free(port):
        claim.close()
        return False
    claims.enter_context(claim)
    return True


def _next_free(first: int, taken: set[int], claims: contextlib.ExitStack) -> int:
    for port in range(first, min(first + _SEARCH, 65_536)):
        if port not in taken and _claim(port, claims):
            return port
    raise StackError(
        f"No port from {first} to {first + _SEARCH - 1} is free.", "end what holds them, or choose one with --port NAME=PORT"
    )
