"""What Celery's commands refuse, and with which words. One interpreter start each, so few and full."""

import json
import socket
import subprocess
import sys
from typing import Any

import pytest

from shared.testing.wait import eventually
from shared.tests.runtime.command_line.stack import Stack

ALERTS = "services.alerts.worker"
pytestmark = pytest.mark.timeout(90)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-Q", "payments.normal"), "alerts does not own payments.normal; its lanes are alerts.evaluation, alerts.default"),
        (("-Q", "alerts.defautl"), "alerts does not own alerts.defautl; its lanes are alerts.evaluation, alerts.default"),
        (("-X", "alerts.default,alerts.evaluation"), "alerts: all lanes are excluded, so there is nothing to do"),
        (("--soft-time-limit", "5"), "a soft time limit would leave the message's coroutine behind"),
        (("--pool", "threads"), "only the pools prefork and solo can keep one event loop per process"),
    ],
)
def test_a_worker_that_could_not_work_is_refused_with_a_sentence(stack: Stack, arguments: tuple[str, ...], words: str) -> None:
    refused = stack.celery("worker", *arguments, service="alerts", app=ALERTS)

    assert refused.returncode != 0
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_without_a_worker_inspect_says_so(stack: Stack) -> None:
    asked = stack.celery("inspect", "--timeout", "0.5", "ping", service="alerts", app=ALERTS)

    assert (asked.returncode, asked.stderr.strip()) == (69, "Error: No nodes replied within time constraint")


def test_wrong_settings_are_sentences_here_too(stack: Stack) -> None:
    with socket.create_server(("", 0)) as taken:
        for wrong, words in (
            ({"DATABASE_URL": "mysql://x"}, "alerts: DATABASE_URL must be a URL like postgresql://"),
            ({"REDIS_URL": "redis://127.0.0.1:port/0"}, "alerts: REDIS_URL must be a URL like redis://"),
            ({"METRICS_PORT": str(taken.getsockname()[1])}, "is taken or cannot be used: name another"),
            ({"HEARTBEAT_FILE": "/nowhere/heartbeat"}, "its folder is not there or cannot be written to; make it"),
        ):
            refused = stack.celery("worker", service="alerts", app=ALERTS, **wrong)

            assert refused.returncode != 0
            assert words in refused.stderr
            assert "Traceback" not in refused.stderr


SHELL = """
import asyncio, json
from datetime import UTC, datetime
from services.alerts.evaluation.tasks import evaluate_shipments
from services.alerts.alert_emails.tasks import queue_pending_emails as queue_emails
said = {}
def attempt(name, call):
    try:
        said[name] = str(call())
    except Exception as error:
        said[name] = f"{type(error).__name__}: {error}"
async def inside():
    attempt("in a loop", queue_emails.delay)
attempt("delay", lambda: evaluate_shipments.delay("2026-03-02T00:00:00Z").id)
attempt("countdown", lambda: queue_emails.apply_async(countdown=3600))
attempt("eta", lambda: queue_emails.apply_async(eta=datetime(2099, 1, 1, tzinfo=UTC), queue="alerts.default"))
attempt("own id", lambda: queue_emails.apply_async(task_id="order-7").id)
attempt("own id again", lambda: queue_emails.apply_async(task_id="order-7").id)
asyncio.run(inside())
attempt("naive", lambda: queue_emails.apply_async(eta=datetime(2099, 1, 1)))
attempt("twice due", lambda: queue_emails.apply_async(countdown=1, eta=datetime(2099, 1, 1, tzinfo=UTC)))
attempt("too late", lambda: queue_emails.apply_async(countdown=1e18))
attempt("no lane", lambda: queue_emails.apply_async(queue="alerts.defautl"))
attempt("other lane", lambda: queue_emails.apply_async(queue="alerts.evaluation"))
attempt("option", lambda: queue_emails.apply_async(priority=9, link=None))
attempt("expires", lambda: queue_emails.apply_async(expires=10))
attempt("arguments", lambda: queue_emails.delay(1, 2, 3))
attempt("payload", lambda: evaluate_shipments.delay("yesterday"))
print(json.dumps(said))
"""

EAGER = """
import json
from services.alerts.worker import app
from services.alerts.evaluation.tasks import evaluate_shipments
applied = evaluate_shipments.apply(kwargs={"as_of": "2026-03-02T00:00:00Z"})
app.conf.task_always_eager = True
eager = evaluate_shipments.delay("2026-03-02T00:00:00Z")
wrong = evaluate_shipments.apply(kwargs={"as_of": "yesterday"})
print(json.dumps([applied.state, applied.get()["raised"], eager.state, eager.get()["raised"], wrong.state, str(wrong.result)]))
"""


def _shell(stack: Stack, program: str) -> Any:
    script = stack.folder / "shell.py"
    script.write_text(program)
    done = subprocess.run(  # this interpreter and a program of our own
        [sys.executable, str(script)], env=stack.environment("alerts"), capture_output=True, text=True, timeout=40, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_a_shell_promises_through_the_outbox_and_is_told_what_it_cannot(stack: Stack) -> None:
    said = _shell(stack, SHELL)

    rows = await stack.fetch("alerts", "SELECT name || ' ' || lane FROM outbox ORDER BY occurred_at")
    assert rows == ["alerts.evaluate_shipments alerts.evaluation", *["alerts.queue_pending_emails alerts.default"] * 3]
    waits = await stack.fetch(
        "alerts", "SELECT round(extract(epoch FROM due_at - occurred_at) / 600) FROM outbox ORDER BY occurred_at"
    )
    assert [int(wait) for wait in waits[:2]] == [0, 6]
    [delayed] = await stack.fetch("alerts", "SELECT id FROM outbox WHERE name = 'alerts.evaluate_shipments'")
    assert str(delayed) == said["delay"]
    assert said["own id"] == said["own id again"]
    assert said["in a loop"].startswith("RuntimeError: alerts.queue_pending_emails was called inside an event loop: use publish(")
    assert "without a time zone" in said["naive"]
    assert said["twice due"].endswith("countdown and eta say the same thing; give one of them")
    assert said["too late"].endswith("a countdown of 1e+18 s leads beyond the calendar")
    assert said["no lane"].startswith("ValueError: alerts.queue_pending_emails: there is no lane alerts.defautl; it travels on")
    assert "does not travel on alerts.evaluation; its lanes are alerts.default" in said["other lane"]
    assert "apply_async does not take link, priority; a message has countdown, eta, queue and task_id" in said["option"]
    assert "apply_async does not take expires" in said["expires"]
    assert said["arguments"].startswith("TypeError: alerts.queue_pending_emails takes at most 0 arguments")
    assert said["payload"].startswith("ValidationError: 1 validation error for EvaluateShipments")


def test_apply_and_eager_tasks_run_the_handler_in_process(stack: Stack) -> None:
    *answers, wrong, why = _shell(stack, EAGER)

    assert (answers, wrong) == (["SUCCESS", 0, "SUCCESS", 0], "FAILURE")
    assert why.startswith("ValidationError: as_of: ")


async def test_beat_fires_what_is_due(stack: Stack) -> None:
    await _make_due(stack)
    beat = stack.start("beat", "celery", "-A", ALERTS, "beat", service="alerts")

    await _fired(stack)
    assert (beat.stop(), "Traceback" in beat.output()) == (0, False)


async def test_a_worker_fires_what_is_due_when_it_is_told_to(stack: Stack) -> None:
    await _make_due(stack)
    worker = stack.start("worker-with-beat", "celery", "-A", ALERTS, "worker", "-B", "--autoscale", "2,1", service="alerts")

    await _fired(stack)
    assert worker.stop(timeout_s=20) == 0


async def _make_due(stack: Stack) -> None:
    await stack.execute(
        "alerts",
        "TRUNCATE outbox, schedules;"
        " INSERT INTO schedules (name, last_slot_at) VALUES ('queue-pending-emails', now() - interval '5 min')",
    )


async def _fired(stack: Stack) -> None:
    async def fired() -> bool:
        return await stack.fetch("alerts", "SELECT name FROM outbox") == ["alerts.queue_pending_emails"]

    await eventually(fired, 30, "no slot has fired", every_s=0.1)


def test_the_access_list_has_refused_nothing(stack: Stack) -> None:
    assert stack.broker.refusals() == []
