"""Where the processes of a stack are reached: the one place that says what a URL of ours looks like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local.ports import HOST

DATABASE: Final = "waybill"


@dataclass(frozen=True)
class Addresses:
    """ports: by process. hosts: by process, where it is not this machine.

    authority: the certificates that sign the servers' own; with it, the database and the broker are spoken to by TLS alone.
    """

    ports: Mapping[str, int]
    hosts: Mapping[str, str] = field(default_factory=dict)
    authority: Path | None = None

    def host(self, process: str) -> str:
        """The name or address under which a process is found."""
        return self.hosts.get(process, HOST)

    def url(self, process: str) -> str:
        """The base URL of what speaks HTTP."""
        return f"http://{self.host(process)}:{self.ports[process]}"

    def database(self, login: str, passwords: Mapping[str, str], name: str = DATABASE) -> str:
        """The URL of the database for a login, or of another one of its server."""
        query = f"?sslmode=verify-full&sslrootcert={self.authority}" if self.authority else ""
        return f"postgresql://{login}:{passwords[f'postgres.{login}']}@{self._at('postgres')}/{name}{query}"

    def broker(self, user: str, passwords: Mapping[str, str]) -> str:
        """The URL of the broker for a user of its access list."""
        scheme, query = "redis", ""
        if self.authority:
            scheme, query = "rediss", f"?ssl_cert_reqs=required&ssl_ca_certs={self.authority}"
        return f"{scheme}://{user}:{passwords[f'valkey.{user}']}@{self._at('valkey')}/0{query}"

    def _at(self, process: str) -> str:
        return f"{self.host(process)}:{self.ports[process]}"
