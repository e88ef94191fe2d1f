"""Starting, watching and ending the local stack.

Order: PostgreSQL and Valkey; roles and schemas; migrations; sandbox, APIs and workers together. Each stage waits
until the one before is ready. A start that fails ends what it started.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio

from deploy.local import credentials, environment, extra_workers, keys, ports, readiness
from deploy.local.addresses import Addresses
from deploy.local.display import Display
from deploy.local.failures import StackError, explain, relevant
from deploy.local.home import Home
from deploy.local.postgres import Cluster
from deploy.local.programs import Program, programs, servers
from deploy.local.state import State
from deploy.local.supervisor import Supervisor
from deploy.local.valkey import prepare_valkey
from deploy.postgres.bootstrap import BootstrapError, bootstrap
from deploy.redis.acl import USERS
from shared.runtime.settings import ROOT

POLL_S = 0.2
MAX_LIVES = 2


@dataclass(frozen=True)
class Stack:
    """The stack of one `.waybill/` folder."""

    home: Home

    @classmethod
    def here(cls) -> "Stack":
        return cls(Home.here())

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.home)

    def is_running(self) -> bool:
        return self.supervisor.is_running()

    def is_whole(self) -> bool:
        """Whether it runs and every process has been started; not so when a start was cut short."""
        try:
            return all(info["statename"] != "STOPPED" for info in self.supervisor.processes().values())
        except OSError:
            return False

    def ports(self) -> dict[str, int]:
        """The ports of the last start; the customary ones before the first."""
        return dict(ports.PREFERRED) | State.load(self.home).ports

    @property
    def addresses(self) -> Addresses:
        """Where its processes are found."""
        return Addresses(self.ports(), State.load(self.home).hosts)

    @property
    def is_elsewhere(self) -> bool:
        """Whether its processes are others than this machine's, such as containers, which something else keeps."""
        return bool(self.addresses.hosts)

    def can_be_asked(self) -> bool:
        """Whether it runs, here or elsewhere."""
        return self.is_elsewhere or self.is_running()

    def programs(self) -> list[Program]:
        """The stack's own, and the workers that somebody has started beside them."""
        extra = [one.program(self.home) for one in extra_workers.known(self.home)] if self.is_running() else []
        return [*programs(self.home, self.ports()), *extra]

    def up(self, show: Display, *, wanted_ports: dict[str, int], timeout_s: float) -> None:
        """Start everything and return when all of it is ready; StackError says why that did not happen."""
        self.home.prepare()
        with self.home.locked("start"):
            if self.is_whole():
                return
            # What a start that was cut short, or a keeper that was killed, has left behind holds ports and data.
            self._stop()
            state = State.load(self.home)
            # Two that start at once would find the same ports free, until the first server listens.
            with ports.claimed(state.ports, wanted_ports) as state.ports:
                self._launch(show, state, timeout_s)

    def _launch(self, show: Display, state: State, timeout_s: float) -> None:
        found = self._prepare(state.ports)
        try:
            self._start(show, state, found, timeout_s)
        except BaseException:
            self.supervisor.stop(State.load(self.home))
            raise

    def _prepare(self, chosen: dict[str, int]) -> dict[str, environment.Environment]:
        """Write all files that the processes read."""
        cluster = Cluster(self.home)
        passwords = credentials.load_credentials(self.home, cluster.data)
        cluster.prepare(chosen["postgres"], passwords["postgres.postgres"])
        prepare_valkey(self.home, chosen["valkey"], {user: passwords[f"valkey.{user}"] for user in USERS})
        keys.prepare_keys(self.home)
        found = environment.environments(self.home, passwords, Addresses(chosen))
        environment.write_environments(self.home, found)
        return found

    def _start(self, show: Display, state: State, found: dict[str, environment.Environment], timeout_s: float) -> None:
        everything = programs(self.home, state.ports)
        ignored = {name for variables in found.values() for name in variables}
        keeper = self.supervisor.start(everything, ignored)
        State(state.ports, {}, keeper.supervisor_pid, keeper.supervisor_started).save(self.home)
        self._bring_up(show, servers(self.home, state.ports), timeout_s)
        self._step(show, "roles and schemas", lambda: self._bootstrap(found["admin"]["ADMIN_DATABASE_URL"]))
        self._step(show, "migrations", self.migrate)
        self._bring_up(show, [program for program in everything if program.kind != "server"], timeout_s)

    @staticmethod
    def _step(show: Display, name: str, work: Callable[[], str]) -> None:
        show.begin(name)
        show.done(name, work())

    def _bootstrap(self, admin_url: str) -> str:
        stored = credentials.load_credentials(self.home, Cluster(self.home).data)
        passwords = {name.removeprefix("postgres."): value for name, value in stored.items() if name.startswith("postgres.")}
        try:
            changes = anyio.run(bootstrap, admin_url, passwords)
        except BootstrapError as error:
            raise StackError(
                f"Roles and schemas could not be made: {error}.", "the server's log may say more: `waybill logs postgres`"
            ) from None
        return f"{len(changes)} changes" if changes else ""

    def revive(self) -> list[str]:
        """Start again, at once, what does not run; returns the names."""
        known = self.supervisor.processes()
        gone = ("FATAL", "EXITED", "BACKOFF")
        ended = [program for program in self.programs() if known.get(program.name, {}).get("statename") in gone]
        for program in ended:
            self.supervisor.start_program(program)
        return [program.name for program in ended]

    def migrate(self) -> str:
        """Bring every service's schema to the newest migration; returns what to show of it."""
        command = [sys.executable, "-m", "shared.runtime.migrate", "all", "upgrade"]
        environ = os.environ | {"WAYBILL_HOME": str(self.home.path)}
        environ.pop("DATABASE_OWNER_URL", None)
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            log = relevant((done.stdout + done.stderr).splitlines())
            raise StackError(
                "The migrations could not be applied.", "mend the migration that the last line names, then start again", log
            )
        return ""

    def _bring_up(self, show: Display, wanted: list[Program], timeout_s: float) -> None:
        """Start the programs together and wait for each."""
        started = {program.name: time.time() for program in wanted}
        lives: dict[str, set[int]] = {program.name: set() for program in wanted}
        for program in wanted:
            show.begin(program.name)
            self.supervisor.start_program(program)
        waiting = {program.name: program for program in wanted}
        deadline = time.monotonic() + timeout_s
        while waiting:
            lacking = readiness.all_of(waiting.values(), started)
            known = self.supervisor.processes()
            for name, program in list(waiting.items()):
                # Zero before its first start.
                lives[name] |= {int(known[name]["start"])} - {0}
                self._fail_if_dying(program, str(known[name]["statename"]), len(lives[name]))
                if name not in lacking and known[name]["statename"] in ("STARTING", "RUNNING"):
                    show.done(name, program.url or "")
                    del waiting[name]
                else:
                    show.waiting(name, lacking.get(name, "its process"))
            if waiting and time.monotonic() > deadline:
                name = next(iter(waiting))
                raise explain(
                    name,
                    self.home.log(name),
                    f"is not ready after {timeout_s:.0f} s (waits for {lacking.get(name, 'its process')})",
                )
            time.sleep(POLL_S)

    def _fail_if_dying(self, program: Program, state: str, lives: int) -> None:
        """One end is forgiven, something else may still have been starting; a second is not."""
        if state == "FATAL" or lives > MAX_LIVES:
            raise explain(program.name, self.home.log(program.name), "ends as soon as it starts")

    def down(self, *, remove_data: bool = False) -> bool:
        """End every process of the stack; returns whether there was one. Works on what a killed keeper left, too."""
        if not self.home.path.exists():
            return False
        with self.home.locked("stop"):
            ran = self._stop()
            if remove_data:
                self._remove_data()
        return ran

    def _stop(self) -> bool:
        """End what runs; returns whether a keeper did."""
        try:
            state = State.load(self.home)
        except StackError:
            # The state only helps to find the keeper; its processes are found without it.
            state = State()
        ran = self.is_running()
        self.supervisor.stop(state)
        return ran

    def _remove_data(self) -> None:
        import shutil

        Cluster(self.home).remove()
        for path in self.home.path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                Path(path).unlink(missing_ok=True)
