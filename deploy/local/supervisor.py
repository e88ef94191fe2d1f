"""The keeper of the stack's processes: supervisor, started for one `.waybill/`, spoken to over its socket."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

import psutil

from deploy.local.failures import StackError, explain
from deploy.local.home import Home, write_private
from deploy.local.programs import Program
from deploy.local.state import State

MARK: Final = "WAYBILL_STACK"
"""Names the stack's folder in the environment of every process of it, so that leftovers can be found."""
KEEPER: Final = "deploy.local.keeper"

_CALL_S: Final = 10
_START_S: Final = 15
_STOP_S: Final = 90


def render(home: Home, all_programs: list[Program]) -> str:
    """The supervisor's configuration."""
    sections = [
        _section("unix_http_server", file=home.socket, chmod="0600"),
        _section(
            "supervisord",
            nodaemon="true",
            user="root" if os.geteuid() == 0 else None,
            logfile=home.log("supervisor"),
            logfile_maxbytes="5MB",
            logfile_backups="1",
            pidfile=home.run / "supervisor.pid",
            directory=home.path,
        ),
        _section(
            "rpcinterface:supervisor", **{"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"}
        ),
    ]
    for name, priority in (("servers", 1), ("apps", 10)):
        members = ",".join(program.name for program in all_programs if program.group == name)
        sections.append(_section(f"group:{name}", programs=members, priority=priority))
    sections += [program_section(home, program) for program in all_programs]
    sections.append(_section("include", files=home.workers / "*.conf"))
    return "\n".join(sections)


def program_section(home: Home, program: Program) -> str:
    """A program's part of the configuration."""
    environment = {MARK: str(home.path), "WAYBILL_HOME": str(home.path), **program.environment}
    return _section(
        f"program:{program.name}",
        command=program.started_by,
        environment=",".join(f'{name}="{value}"' for name, value in environment.items()),
        directory=Path(__file__).resolve().parents[2] if program.user is None else "/",
        autostart="false",
        autorestart="true",
        # A program that dies so soon has failed to start. It is tried again, each time a second later. `make run` itself has
        # less patience.
        startsecs=program.steady_s,
        startretries=program.tries - 1,
        stopsignal=program.stop.name.removeprefix("SIG"),
        stopwaitsecs=program.stop_s,
        # The main process alone hears the gentle signal: a prefork child would lose its task. The rest is killed.
        stopasgroup="false",
        killasgroup="true",
        redirect_stderr="true",
        stdout_logfile=home.log(program.name),
        stdout_logfile_maxbytes="10MB",
        stdout_logfile_backups="2",
    )


def _section(title: str, **options: object) -> str:
    # supervisor expands %(…)s in values, so a percent sign of our own is doubled.
    lines = [f"{name} = {str(value).replace('%', '%%')}" for name, value in options.items() if value is not None]
    return f"[{title}]\n" + "\n".join(lines) + "\n"


class _SocketConnection(HTTPConnection):
    """HTTP over the keeper's socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("supervisor", timeout=_CALL_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_CALL_S)
        self.sock.connect(str(self._path))


class Supervisor:
    """Starts, asks and ends the keeper of one stack."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def call(self, method: str, *arguments: Any) -> Any:
        """One XML-RPC call over the keeper's socket. OSError when nobody answers, Fault when it is refused."""
        request = xmlrpc.client.dumps(arguments, f"supervisor.{method}")
        with contextlib.closing(_SocketConnection(self._home.socket)) as connection:
            try:
                connection.request("POST", "/RPC2", request, {"Content-Type": "text/xml"})
                response = connection.getresponse()
                answer = response.read()
            except HTTPException as error:
                raise OSError(f"the supervisor does not answer: {type(error).__name__}") from None
        if response.status != HTTPStatus.OK:
            raise OSError(f"the supervisor answers with {response.status}")
        [value], _ = xmlrpc.client.loads(answer)
        return value

    def is_running(self) -> bool:
        try:
            return bool(self.call("getState")["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Fault):
            return False

    def start(self, all_programs: list[Program], ignored: set[str]) -> State:
        """Start the keeper, apart from this terminal; nothing else runs yet.

        ignored: environment variables that the stack sets itself and that must not leak in from the shell.
        """
        # What somebody had started beside the stack ended with its keeper.
        for section in self._home.workers.glob("*.conf"):
            section.unlink()
        configuration = self._home.run / "supervisor.conf"
        write_private(configuration, render(self._home, all_programs))
        environment = {name: value for name, value in os.environ.items() if name not in ignored} | {MARK: str(self._home.path)}
        with self._home.log("supervisor-start").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", KEEPER, "-n", "-s", "-c", str(configuration)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_S
        while not self.is_running():
            if process.poll() is not None or time.monotonic() > deadline:
                raise explain("supervisor", self._home.log("supervisor-start"), "did not start")
            time.sleep(0.05)
        # It outlives this process on purpose, and Python would warn of a child that nobody has waited for.
        process.returncode = 0
        return State(supervisor_pid=process.pid, supervisor_started=psutil.Process(process.pid).create_time())

    def processes(self) -> dict[str, dict[str, Any]]:
        """What the keeper knows of each process, by name: statename, pid, start, spawnerr, exitstatus."""
        return {info["name"]: info for info in self.call("getAllProcessInfo")}

    def start_program(self, program: Program) -> None:
        """Tell the keeper to start a program now, without waiting for it; also one that waits for its next try."""
        with contextlib.suppress(xmlrpc.client.Fault):
            if self.call("getProcessInfo", program.full_name)["statename"] == "BACKOFF":
                self.call("stopProcess", program.full_name, False)
        try:
            self.call("startProcess", program.full_name, False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise explain(program.name, self._home.log(program.name), f"could not be started ({fault.faultString})") from None

    def stop(self, state: State) -> None:
        """End everything: gently through the keeper, then whatever is left of a keeper that was killed."""
        keeper = _same_process(state.supervisor_pid, state.supervisor_started)
        if keeper is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                keeper.terminate()
                try:
                    keeper.wait(_STOP_S)
                except psutil.TimeoutExpired:
                    # Its children hear of its end from the kernel, and are looked after below.
                    keeper.kill()
        end_leftovers(self._home)


def _same_process(pid: int, started: float) -> psutil.Process | None:
    """The process, unless the number has passed to another one since."""
    try:
        process = psutil.Process(pid) if pid > 0 else None
        return process if process is not None and abs(process.create_time() - started) < 1 else None
    except psutil.NoSuchProcess:
        return None


def leftovers(home: Home) -> list[psutil.Process]:
    """Processes of this stack that are alive: marked in their environment, or at work in its data folders.

    PostgreSQL and Valkey write their title over their environment; they are known by their working directory.
    """
    from deploy.local.postgres import Cluster

    folders = (Cluster(home).data, home.valkey)
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == str(home.path) or Path(process.cwd()) in folders:
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0


def end_leftovers(home: Home, patience_s: float = 15) -> int:
    """End what is left, gently first; returns how many processes there were."""
    left = leftovers(home)
    pids = {process.pid for process in left}
    for process in left:
        # A worker's child that is ended by itself loses its task; it follows its parent.
        if _parent(process) in pids:
            continue
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, alive = psutil.wait_procs(left, timeout=patience_s)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    if remaining := leftovers(home):
        numbers = ", ".join(str(process.pid) for process in remaining)
        raise StackError(
            f"These processes of the stack do not end: {numbers}.", "they belong to another user, or wait for a broken disk"
        )
    return len(left)
