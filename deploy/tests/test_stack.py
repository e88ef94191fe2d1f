"""The whole local stack, started for real."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

from deploy.local.extra_workers import ExtraWorker, ExtraWorkers
from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.local.stack import Stack
from deploy.local.supervisor import Supervisor, leftovers
from shared.contracts.lanes import SERVICES
from shared.runtime.settings import ROOT
from shared.testing.home import temporary_home
from shared.testing.wait import eventually

pytestmark = pytest.mark.timeout(900)
WAYBILL = str(Path(sys.executable).with_name("waybill"))


class Terminal(NamedTuple):
    """A shell in which somebody works with one stack."""

    home: Home

    @property
    def environment(self) -> dict[str, str]:
        # A setting that is meant for another place must not reach the stack.
        return os.environ | {"WAYBILL_HOME": str(self.home.path), "DATABASE_URL": "postgresql://elsewhere/x"}

    def run(self, *command: str, timeout_s: float = 540) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=timeout_s
        )

    def waybill(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.run(WAYBILL, *arguments)

    def processes(self) -> dict[str, dict[str, Any]]:
        status = json.loads(self.waybill("status", "--json").stdout)
        return {process["name"]: process for process in status["processes"]}


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with temporary_home() as path:
        terminal = Terminal(Home(path / "waybill"))
        yield terminal
        terminal.waybill("down", "--remove-data", "--yes")


@pytest.fixture(scope="module")
def stack() -> Iterator[Terminal]:
    """A stack that runs for the tests that only look, or that leave it as they found it."""
    with temporary_home() as path:
        terminal = Terminal(Home(path / "waybill"))
        # Thirteen processes share what a busy machine leaves them.
        started = terminal.waybill("up", "--detach")
        try:
            assert started.returncode == 0, started.stdout + started.stderr
            yield terminal
        finally:
            terminal.waybill("down", "--remove-data", "--yes")


def test_every_process_is_ready_and_says_where_it_is(stack: Terminal) -> None:
    shown = stack.waybill("status", "--json")
    status = json.loads(shown.stdout)
    expected = {"supervisor", "postgres", "valkey", "sandbox"} | {
        f"{service}-{kind}" for service in SERVICES for kind in ("api", "worker")
    }

    assert (shown.returncode, status["ready"]) == (0, True)
    assert {process["name"] for process in status["processes"]} == expected
    for process in status["processes"]:
        assert process["state"] == "ready"
        assert psutil.pid_exists(process["pid"])
        assert process["name"] == "supervisor" or process["url"]
    assert 0 < status["pss_mb"] < 2048


def test_a_second_start_finds_the_first_and_changes_nothing(stack: Terminal) -> None:
    before = stack.processes()
    again = stack.waybill("up", "--detach")
    assert again.returncode == 0
    assert again.stdout.startswith("The stack is already running.")
    assert {name: process["pid"] for name, process in stack.processes().items()} == {
        name: process["pid"] for name, process in before.items()
    }


async def test_killed_processes_come_back_and_everything_is_ready_again(stack: Terminal) -> None:
    killed = {name: stack.processes()[name]["pid"] for name in ("trips-api", "trips-worker", "valkey", "postgres")}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    def healed() -> bool:
        processes = stack.processes()
        started_again = all(processes[name]["pid"] not in (None, pid) for name, pid in killed.items())
        return started_again and all(process["state"] == "ready" for process in processes.values())

    assert await eventually(healed, 90, "the stack did not heal", every_s=0.5)


async def test_workers_of_a_type_are_started_beside_the_stack_kept_and_stopped(stack: Terminal) -> None:
    started = stack.waybill("start", "payments", "--worker-type", "critical", "--autoscale", "2,1")
    assert (started.stdout, started.returncode) == ("payments-critical-worker is ready.\n", 0), started.stderr
    assert stack.waybill("start", "payments", "--worker-type", "critical").stdout.startswith("Such workers run already")

    before = stack.processes()["payments-critical-worker"]
    os.kill(before["pid"], signal.SIGKILL)

    def is_back() -> bool:
        found = stack.processes()["payments-critical-worker"]
        return (found["state"], found["pid"] != before["pid"]) == ("ready", True)

    await eventually(is_back, 60, "it was not started again", every_s=0.5)
    shown = stack.waybill("monitor", "--once", "--worker-type", "critical").stdout
    assert "payments-critical-worker" in shown
    assert "payments.critical" in shown
    assert "payments.batch" not in shown
    stopped = stack.waybill("stop", "--worker-type", "critical")
    assert (stopped.stdout, stopped.returncode) == ("payments-critical-worker is stopped.\n", 0), stopped.stderr
    assert "payments-critical-worker" not in stack.processes()
    assert stack.waybill("stop").stdout == "No such worker runs beside the stack.\n"
    assert json.loads(stack.waybill("status", "--json").stdout)["ready"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("start", "--worker-type", "urgent"), "There is no worker type called urgent"),
        (("start", "billing"), "There is no service called billing"),
        (("start", "alerts", "--worker-type", "low"), "alerts has no lane for low workers"),
        (("start", "--autoscale", "1,4"), "1,4 is no range of processes"),
        (("stop", "--worker-type", "urgent"), "There is no worker type called urgent"),
        (("stop", "billing"), "There is no service called billing"),
    ],
)
def test_workers_that_cannot_be_meant_are_refused(stack: Terminal, arguments: tuple[str, ...], sentence: str) -> None:
    refused = stack.waybill(*arguments)
    assert refused.returncode == 1
    assert sentence in refused.stderr


def test_worker_that_ends_as_soon_as_it_starts_is_given_up(stack: Terminal) -> None:
    broken = ExtraWorker("trips", "low", ("--no-such-option",))
    with pytest.raises(StackError, match="ends as soon as it starts, 3 times in a row") as refused:
        ExtraWorkers(stack.home).start([broken])
    assert any("no-such-option" in line for line in refused.value.log)
    assert broken.name not in stack.processes()


async def test_worker_that_was_given_up_is_started_again_when_it_is_asked_for(stack: Terminal) -> None:
    workers, again = ExtraWorkers(stack.home), ExtraWorker("trips", "low", ("--concurrency", "2"))
    workers.start([ExtraWorker("trips", "low")])

    def is_given_up() -> bool:
        found = Supervisor(stack.home).processes()[again.name]
        if pid := int(found["pid"]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(found["statename"] == "FATAL")

    await eventually(is_given_up, 60, "it is started again for ever")
    started = workers.start([again])

    assert started == [again]
    assert stack.processes()[again.name]["state"] == "ready"
    assert workers.start([again]) == []
    assert workers.stop([again]) == [again]


def test_the_usual_celery_commands_work_in_a_new_terminal(stack: Terminal) -> None:
    answer = stack.run(
        sys.executable, "-m", "celery", "-A", "services.alerts.worker", "inspect", "ping", "--json", "--timeout", "3"
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert {name.partition("@")[0] for name in json.loads(answer.stdout)} == set(SERVICES)


def test_the_doctor_finds_nothing_wrong_and_the_access_list_has_refused_nothing(stack: Terminal) -> None:
    findings = json.loads(stack.waybill("doctor", "--json").stdout)
    assert [finding for finding in findings if not finding["good"]] == []
    assert {"clock", "access list", "role trips_app"} <= {finding["name"] for finding in findings}


def test_a_token_opens_what_its_role_may_and_no_more(stack: Terminal) -> None:
    lanes = f"{stack.processes()['alerts-api']['url']}/v1/operations/lanes"
    answers = []
    for role in ("viewer", "admin"):
        token = stack.waybill("token", "--role", role).stdout.strip()
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
            answers.append(client.get(lanes).status_code)
            answers.append(client.post(f"{lanes}/alerts.default/resume", json={"reason": "a test"}).status_code)
    assert answers == [200, 403, 200, 204]


async def test_a_lane_is_paused_purged_and_resumed(stack: Terminal) -> None:
    def lane() -> dict[str, Any]:
        lanes = {row["lane"]: row for row in json.loads(stack.waybill("queues", "list", "--json").stdout)}
        found: dict[str, Any] = lanes["alerts.evaluation"]
        return found

    assert stack.waybill("queues", "pause", "alerts.evaluation").returncode == 0
    assert lane()["paused_by"] == list(SERVICES)
    assert json.loads(stack.waybill("queues", "purge", "alerts.evaluation", "--yes").stdout) == []
    assert stack.waybill("queues", "resume", "alerts.evaluation").returncode == 0
    assert lane()["paused_by"] == []


async def test_a_lane_is_limited_and_its_workers_sized_and_both_are_taken_back(stack: Terminal) -> None:
    def lane() -> tuple[Any, Any]:
        rows = {row["lane"]: row for row in json.loads(stack.waybill("queues", "list", "--json").stdout)}
        return rows["alerts.evaluation"]["per_s"], rows["alerts.evaluation"]["pool"]

    for command, value in (("rate-limit", "20"), ("pool-size", "3")):
        assert stack.waybill("queues", command, "alerts.evaluation", value).returncode == 0
    assert lane() == (20, 3)
    for command in ("rate-limit", "pool-size"):
        assert stack.waybill("queues", command, "alerts.evaluation", "0").returncode == 0
    assert lane() == (None, None)


def test_a_message_is_sent_waited_for_and_its_story_told(stack: Terminal) -> None:
    sent = stack.waybill("tasks", "send", "alerts.evaluate_shipments", "--wait", "20")
    message_id, _, answer = sent.stdout.partition("\n")
    story = json.loads(stack.waybill("tasks", "status", message_id).stdout)
    assert json.loads(answer)["state"] == "SUCCESS"
    assert story["alerts"]["inbox"]["state"] == "done"
    assert stack.waybill("tasks", "cancel", "01890000-0000-7000-8000-000000000000").returncode == 1


@pytest.mark.parametrize("command", [("queues", "list"), ("dead-letters", "list"), ("schedule", "list"), ("tasks", "list")])
def test_what_the_services_know_is_listed(stack: Terminal, command: tuple[str, str]) -> None:
    answer = stack.waybill(*command, "--json")
    assert answer.returncode == 0, answer.stderr
    assert isinstance(json.loads(answer.stdout), list)


def test_the_demonstration_of_notifications_passes_twice_in_a_row(stack: Terminal) -> None:
    for _ in range(2):
        shown = stack.waybill("demo", "--flow", "notifications", "--json")
        document = json.loads(shown.stdout)
        [flow] = document["flows"]
        assert [check for check in flow["checks"] if not check["passed"]] == []
        assert (shown.returncode, document["passed"]) == (0, True)
        carried = {step["provider"] for one in flow["timelines"] for step in one["steps"] if step["what"].startswith("attempt")}
        assert carried == {"smtp", "sendgrid", "demo-sendgrid", "demo-ses", "twilio", "demo-msg91"}


def test_the_demonstration_of_payments_passes_twice_in_a_row(stack: Terminal) -> None:
    for _ in range(2):
        shown = stack.waybill("demo", "--flow", "payments", "--json")
        assert shown.stdout, shown.stderr
        document = json.loads(shown.stdout)
        [flow] = document["flows"]
        assert [check for check in flow["checks"] if not check["passed"]] == []
        assert (shown.returncode, document["passed"]) == (0, True)
        saved = next(check["found"] for check in flow["checks"] if check["name"].startswith("its PDF")).partition(" (")[0]
        assert Path(saved).read_bytes().startswith(b"%PDF-")


def test_a_demonstration_whose_effect_is_missing_says_which_and_ends_with_1(stack: Terminal) -> None:
    faults = f"{stack.processes()['sandbox']['url']}/faults/msg91"
    httpx.put(faults, json=[{"action": "status", "status": 400, "text": "template id missing"}]).raise_for_status()
    try:
        shown = stack.waybill("demo", "--flow", "notifications")
    finally:
        httpx.delete(faults).raise_for_status()
    assert shown.returncode == 1
    lines = shown.stdout.splitlines()
    assert lines[0].startswith("task\tchannel\trecipient"), shown.stdout
    assert "found sms failed: bad_content, expected sms sent by demo-msg91, delivered" in shown.stdout
    assert lines[-1].startswith("notifications: 3 of ")
    assert "checks failed: send_sms: a registered text goes out by MSG91" in lines[-1]


def test_a_port_that_the_running_stack_does_not_have_is_refused(stack: Terminal) -> None:
    before = stack.processes()["alerts-api"]
    own = before["url"].rpartition(":")[2]
    refused = stack.waybill("up", "--detach", "--port", "alerts-api=59999")
    assert refused.returncode == 1
    assert "The stack runs already, and --port alerts-api=59999 is not what it runs with." in refused.stderr
    assert stack.waybill("up", "--detach", "--port", f"alerts-api={own}").returncode == 0
    assert stack.processes()["alerts-api"]["pid"] == before["pid"]


def test_a_refusal_names_what_is_wrong_with_each_argument(stack: Terminal) -> None:
    refused = stack.waybill("dead-letters", "discard", "alerts", "01890000-0000-7000-8000-000000000000", "--note", "x")
    assert refused.returncode == 1
    assert "note (body): String should have at least" in refused.stderr


IN_A_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
# Whoever runs the tests under nohup ignores the one, and a shell's background job the other; no program in a terminal does.
for number in (signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes its standard input the terminal of its session, and becomes the program that it is given."""


CTRL_C = b"\x03"


@contextlib.contextmanager
def _up_in_a_terminal(terminal: Terminal) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`waybill up`, and the other end of its terminal. At the end it is gone, whatever it did."""
    screen, inside = pty.openpty()
    program = [sys.executable, "-c", IN_A_TERMINAL, WAYBILL, "up", "--no-demo"]
    up = subprocess.Popen(
        program, cwd=ROOT, env=terminal.environment, stdin=inside, stdout=inside, stderr=inside, start_new_session=True
    )
    os.close(inside)
    os.set_blocking(screen, False)
    try:
        yield up, screen
    finally:
        up.kill()
        up.wait()


async def _shows(screen: int, words: str) -> None:
    seen = bytearray()

    def shows() -> bool:
        with contextlib.suppress(BlockingIOError):
            seen.extend(os.read(screen, 65_536))
        return words.encode() in seen

    try:
        await eventually(shows, 300)
    except AssertionError:
        raise AssertionError(f"it never showed {words}: {seen.decode()[-2000:]}") from None


async def test_a_closed_terminal_ends_a_stack_that_is_starting(terminal: Terminal) -> None:
    with _up_in_a_terminal(terminal) as (up, screen):
        await _shows(screen, "postgres")
        os.close(screen)
        await eventually(lambda: up.poll() is not None, 120, "it outlives its terminal", every_s=0.1)
    assert up.returncode == 0
    assert leftovers(terminal.home) == []


def _are_gone(home: Home) -> bool:
    commands = []
    for process in leftovers(home):
        with contextlib.suppress(psutil.NoSuchProcess):
            commands.append(" ".join(process.cmdline()))
    assert commands == []
    return True


def _take_in_hand_what_is_not_answered(stack: Terminal) -> Callable[[], bool]:
    """Has a gateway asked that takes an hour; returns whether it has been."""
    faults = f"{stack.processes()['sandbox']['url']}/faults/razorpay"
    httpx.put(faults, json=[{"action": "delay", "seconds": 3600}]).raise_for_status()
    assert stack.waybill("tasks", "send", "payments.reconcile_payments").returncode == 0
    return lambda: bool(httpx.get(faults).json()["rules"][0]["hits"])


async def test_a_killed_keeper_takes_its_processes_along_and_a_start_is_clean_again(stack: Terminal) -> None:
    """The last one of the running stack. What is in hand has half an hour by its lane, and nobody to wait for it."""
    is_asked = _take_in_hand_what_is_not_answered(stack)
    await eventually(is_asked, 60, "the gateway was not asked", every_s=0.1)
    os.kill(stack.processes()["supervisor"]["pid"], signal.SIGKILL)
    await eventually(lambda: _are_gone(stack.home), 120, "processes outlived their keeper", every_s=0.5)

    with _up_in_a_terminal(stack) as (up, screen):
        await _shows(screen, "Ctrl-C ends it")
        assert Stack(stack.home).is_whole()
        os.write(screen, CTRL_C)
        await _shows(screen, "Stopping")
        # The keeper may take as long as its slowest process has for what it holds.
        await eventually(lambda: up.poll() is not None, 120, "Ctrl-C does not end it", every_s=0.1)
        os.close(screen)
    assert up.returncode == 0
    assert leftovers(stack.home) == []
    assert stack.waybill("status").returncode == 3
