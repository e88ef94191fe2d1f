"""Listening sockets, bound before anything runs, so that a taken port is one clear sentence."""

import os
import socket


def listen(setting: str, host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes any free one. Ends the process with a sentence where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise SystemExit(
            f"sandbox: {setting}: cannot listen on {host}:{port} ({reason}); choose another, or 0 for any free one"
        ) from None
