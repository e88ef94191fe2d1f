"""Whether a process of the stack does its work, seen from outside."""

import socket
import time
from collections.abc import Iterable
from pathlib import Path

import httpx

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
        # trust_env off: a proxy of the shell must not be asked about this machine.
        response = httpx.get(url, timeout=2, trust_env=False)
    except httpx.HTTPError:
        return f"{url} to answer"
    if response.status_code == httpx.codes.OK:
        return None
    return f"{url}, which says {response.status_code}{_failing(response)}"


def _failing(response: httpx.Response) -> str:
    """The checks that fail and why, where the answer lists them; the sandbox has a sentence instead."""
    try:
        answer = response.json()
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
