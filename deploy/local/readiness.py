"""Whether a process of the stack does its work, seen from outside."""

import json
import socket
import time
from collections.abc import Iterable
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.ports import HOST
from deploy.local.programs import Program

HEARTBEAT_MAX_AGE_S = 60


def not_ready_because(program: Program, started: float) -> str | None:
    """None when the program is ready, else what it still lacks, for people.

    started: when it was started, seconds since 1970; an older heartbeat is one of an earlier life.
    """
    if program.health is not None:
        return _http(program.health)
    if program.heartbeat is not None:
        return _heartbeat(program.heartbeat, started)
    return None if program.port is None or _listens(program.port) else f"port {program.port} to open"


def _http(url: str) -> str | None:
    try:
        status, body = _get(url)
    except (OSError, HTTPException):
        return f"{url} to answer"
    if status == HTTPStatus.OK:
        return None
    return f"{url}, which says {status}{_failing(body)}"


def _get(url: str) -> tuple[int, bytes]:
    # Not httpx, whose client reads all the world's certificates first: a dozen processes are asked five times a second.
    address = urlsplit(url)
    with closing(HTTPConnection(address.hostname or HOST, address.port, timeout=2)) as connection:
        connection.request("GET", address.path)
        response = connection.getresponse()
        return response.status, response.read()


def _failing(body: bytes) -> str:
    """The checks that fail and why, where the answer lists them; the sandbox has a sentence instead."""
    try:
        answer = json.loads(body)
        checks = answer.get("checks", {})
        failing = [f"{name} {check['problem']}" for name, check in checks.items() if not check["ok"]] or [answer["detail"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return f" ({'; '.join(failing)})" if failing else ""


def _heartbeat(path: Path, started: float) -> str | None:
    try:
        touched = path.stat().st_mtime
    except FileNotFoundError:
        return "its first heartbeat"
    if touched < started:
        return "its first heartbeat"
    return None if time.time() - touched < HEARTBEAT_MAX_AGE_S else f"a heartbeat; the last is {time.time() - touched:.0f} s old"


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def all_of(programs: Iterable[Program], started: dict[str, float]) -> dict[str, str]:
    """What each program that is not ready still lacks, by name."""
    reasons = {program.name: not_ready_because(program, started.get(program.name, 0.0)) for program in programs}
    return {name: reason for name, reason in reasons.items() if reason is not None}
