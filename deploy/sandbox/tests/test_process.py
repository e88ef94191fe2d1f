"""The sandbox as a process: started, killed, started again."""

import asyncio
import os
import re
import signal
import socket
import sqlite3
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiosmtplib
import httpx
import pytest
from fastapi import FastAPI

from deploy.sandbox.server import http_config
from deploy.sandbox.tests.conftest import Harness
from shared.runtime.outside.http_api import Timing

ROOT = Path(__file__).resolve().parents[3]


# A disk that is soon full: no file of the process grows beyond a few hundred blocks.
SMALL_DISK = ("sh", "-c", 'ulimit -f 200; exec "$@"', "sh")


async def _start(*prefix: str, **settings: str) -> asyncio.subprocess.Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    wanted = {"SANDBOX_HTTP_PORT": "0", "SANDBOX_SMTP_PORT": "0", **settings}
    return await asyncio.create_subprocess_exec(
        *prefix, sys.executable, "-m", "deploy.sandbox", cwd=ROOT, env={**clean, **wanted}, stdout=-1, stderr=-1
    )


@asynccontextmanager
async def _process(*prefix: str, **settings: str) -> AsyncIterator[tuple[Harness, asyncio.subprocess.Process]]:
    process = await _start(*prefix, **settings)
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        found = re.search(r"mailbox at (\S+), SMTP at \S+:(\d+),", line)
        assert found is not None, line
        async with httpx.AsyncClient(base_url=found[1], timeout=20) as http:
            yield Harness(http, int(found[2])), process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _refusal(**settings: str) -> str:
    process = await _start(**settings)
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    return errors.decode().strip()


async def test_every_mail_that_was_answered_survives_kill_9(tmp_path: Path) -> None:
    answered: list[str] = []
    async with _process(SANDBOX_DATA=str(tmp_path)) as (sandbox, process):

        async def pour(worker: int) -> None:
            async with sandbox.smtp() as client:
                for number in range(10_000):
                    message_id = f"<{worker}.{number}@x>"
                    await client.sendmail("a@example.com", ["b@example.com"], f"Message-ID: {message_id}\r\n\r\n.".encode())
                    answered.append(message_id)

        pouring = asyncio.gather(*(pour(worker) for worker in range(8)), return_exceptions=True)
        await sandbox.get("/mail/wait", count=300, timeout=30)
        process.kill()
        assert all(isinstance(end, aiosmtplib.SMTPException | OSError) for end in await pouring)
    async with _process(SANDBOX_DATA=str(tmp_path)) as (sandbox, _):
        kept = [await sandbox.get("/mail/count", message_id=message_id) for message_id in answered]
        stats = await sandbox.get("/mail/stats")
    assert len(answered) >= 250
    assert all(found == {"count": 1} for found in kept)
    assert (stats["surplus"], stats["messages"] - len(answered) <= 8) == (0, True)


async def test_a_bounce_that_was_due_during_a_restart_still_comes_and_only_once(tmp_path: Path) -> None:
    async with _process(SANDBOX_DATA=str(tmp_path)) as (sandbox, process):
        await sandbox.faults({"action": "bounce_later", "seconds": 0.5})
        await sandbox.send("ann@example.com", sender="from@example.com")
        process.kill()
    for _ in range(2):
        async with _process(SANDBOX_DATA=str(tmp_path)) as (sandbox, _):
            assert (await sandbox.get("/mail/wait", to="from@example.com", timeout=15))["count"] == 1
    assert _timers(tmp_path) == 0


def _timers(folder: Path) -> int:
    connection = sqlite3.connect(folder / "received.sqlite")
    try:
        return int(connection.execute("SELECT count(*) FROM timers").fetchone()[0])
    finally:
        connection.close()


async def test_sigterm_ends_it_at_once_although_clients_wait_and_hang() -> None:
    async with _process() as (sandbox, process), sandbox.smtp():
        waiting = asyncio.create_task(sandbox.http.get("/mail/wait", params={"timeout": 120}))
        await sandbox.faults({"action": "delay", "seconds": 600})
        hanging = asyncio.create_task(sandbox.send("ann@example.com"))
        await sandbox.get("/mail/wait", timeout=15)
        process.send_signal(signal.SIGTERM)
        output, errors = await asyncio.wait_for(process.communicate(), 5)
        await asyncio.gather(waiting, hanging, return_exceptions=True)
    assert (process.returncode, output, errors) == (0, b"", b"")


@pytest.mark.parametrize(("mode", "options"), [("starttls", {"start_tls": True}), ("tls", {"start_tls": None, "use_tls": True})])
async def test_tls_and_login_work_on_the_loop_of_the_process(mode: str, options: dict[str, bool | None]) -> None:
    login = {"SANDBOX_SMTP_USER": "waybill", "SANDBOX_SMTP_PASSWORD": "right"}
    async with _process(SANDBOX_SMTP_TLS=mode, **login) as (sandbox, process):
        trusting = ssl.create_default_context(cadata=(await sandbox.http.get("/smtp/certificate.pem")).text)
        await sandbox.faults({"action": "disconnect_after_data", "times": 1})
        for _ in range(2):
            async with sandbox.smtp(tls_context=trusting, username="waybill", password="right", **options) as client:
                with suppress(aiosmtplib.SMTPServerDisconnected):
                    await client.sendmail("a@example.com", ["b@example.com"], b"x" * 300_000)
        mails = (await sandbox.get("/mail"))["items"]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.communicate(), 10) == (b"", b"")
    assert [(mail["tls"], mail["login"], mail["answered"]) for mail in mails] == [
        (True, "waybill", True),
        (True, "waybill", False),
    ]


async def test_a_taken_port_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        expected = f"cannot listen on 127.0.0.1:{port} (Address already in use); choose another, or 0 for any free one"
        assert await _refusal(SANDBOX_SMTP_PORT=str(port)) == f"sandbox: SANDBOX_SMTP_PORT: {expected}"
        assert await _refusal(SANDBOX_HTTP_PORT=str(port)) == f"sandbox: SANDBOX_HTTP_PORT: {expected}"


async def test_wrong_settings_are_said_in_one_sentence_each_without_their_values() -> None:
    said = await _refusal(SANDBOX_SMTP_TLS="yes", SANDBOX_MAX_MESSAGES="0")
    assert said.splitlines() == [
        "sandbox: SANDBOX_MAX_MESSAGES: Input should be greater than or equal to 1",
        "sandbox: SANDBOX_SMTP_TLS: Input should be 'none', 'starttls' or 'tls'",
    ]
    half = await _refusal(SANDBOX_SMTP_PASSWORD="hush")
    assert half == "sandbox: SANDBOX_SMTP_USER and SANDBOX_SMTP_PASSWORD belong together: set both or neither"


async def test_a_data_folder_in_use_of_another_version_or_no_folder_ends_the_start(tmp_path: Path) -> None:
    async with _process(SANDBOX_DATA=str(tmp_path)):
        assert "is another sandbox running on it?" in await _refusal(SANDBOX_DATA=str(tmp_path))
    connection = sqlite3.connect(tmp_path / "received.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "was written by another version (schema 99, this one reads 2)" in await _refusal(SANDBOX_DATA=str(tmp_path))
    file = tmp_path / "file"
    file.write_text("")
    assert f"SANDBOX_DATA: {file} cannot be used" in await _refusal(SANDBOX_DATA=str(file))


async def test_while_the_ledger_takes_no_writes_mails_get_a_451_and_readiness_says_why(tmp_path: Path) -> None:
    async with _process(*SMALL_DISK, SANDBOX_DATA=str(tmp_path)) as (sandbox, _):
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await sandbox.send("ann@example.com", b"x" * 2_000_000)
        assert (refused.value.code, await sandbox.count()) == (451, 0)
        unready = await sandbox.http.get("/readyz")
        assert (unready.status_code, unready.json()["code"]) == (503, "ledger_failed")
        await sandbox.send("ann@example.com", b"small")
        assert await sandbox.count() == 1
        assert (await sandbox.get("/readyz"))["status"] == "ready"


def test_idle_connections_are_kept_longer_than_by_whoever_calls() -> None:
    assert http_config(FastAPI()).timeout_keep_alive > 2 * Timing().idle_s
