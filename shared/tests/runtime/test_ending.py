"""How a worker's main process ends, where a real worker would have to end at just the wrong moment."""

import subprocess
import sys

_PROCESS = """
import os, signal, time

from celery import signals
from shared.runtime.worker.ending import Ending

class Worker:
    pool = None

worker = Worker()
Ending(worker, 0.2).install()
os.kill(os.getpid(), signal.SIGQUIT)
if {stopped}:
    signals.worker_shutdown.send(sender=worker)
signal.signal(signal.SIGALRM, signal.SIG_DFL)  # as the interpreter does when it ends
time.sleep(0.6)
"""


def _exit_code(*, stopped: bool) -> int:
    return subprocess.run([sys.executable, "-c", _PROCESS.format(stopped=stopped)], check=False, timeout=50).returncode


def test_the_alarm_of_a_soft_end_does_not_kill_a_worker_that_has_stopped_and_takes_long_to_leave() -> None:
    assert (_exit_code(stopped=True), _exit_code(stopped=False)) == (0, -14)
