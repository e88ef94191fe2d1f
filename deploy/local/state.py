"""What the stack remembers between starts: its ports, and which supervisor keeps it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.failures import StackError
from deploy.local.home import Home, write_private


@dataclass
class State:
    """ports: port by process. supervisor_pid and supervisor_started (seconds since 1970): the keeper of the last start.

    hosts: host by process, where they run on other machines or in containers.
    """

    ports: dict[str, int] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    supervisor_pid: int = 0
    supervisor_started: float = 0.0

    @classmethod
    def load(cls, home: Home) -> "State":
        """The remembered state; an empty one before the first start."""
        path = home.path / "state.json"
        found = read_json(path, "remove it: ports are then chosen anew, the data stays")
        if found is None:
            return cls()
        try:
            ports = {str(name): int(port) for name, port in found["ports"].items()}
            hosts = {str(name): str(host) for name, host in found.get("hosts", {}).items()}
            return cls(ports, hosts, int(found["supervisor_pid"]), float(found["supervisor_started"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise StackError(
                f"{path} does not hold what it should.", "remove it: ports are then chosen anew, the data stays"
            ) from None

    def save(self, home: Home) -> None:
        write_private(home.path / "state.json", json.dumps(asdict(self), indent=2) + "\n")


def read_json(path: Path, remedy: str) -> Any:
    """A JSON file's content; None when there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StackError(
            f"{path} cannot be read: {error.strerror}.", "it belongs to the user who started the stack first"
        ) from None
    except ValueError as error:
        raise StackError(f"{path} is damaged: {error}.", remedy) from None
