"""The broker's configuration: a disposable transport whose restart is quick and whose queues are never evicted."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tls:
    """Files of the server: its certificate, its key, and the authority that both sides trust. Clients show no certificate."""

    certificate: Path
    key: Path
    authority: Path


def render(
    *, port: int, data: Path, aclfile: Path, max_memory: str = "256mb", bind: str = "127.0.0.1", tls: Tls | None = None
) -> str:
    """The text of a valkey.conf, which Redis 7 and newer read as well. tls: on the same port, and nothing else."""
    settings = {
        "bind": bind,
        **(_encrypted(port, tls) if tls else {"port": str(port)}),
        "protected-mode": "yes",
        "daemonize": "no",
        "dir": _quoted(data),
        "aclfile": _quoted(aclfile),
        # Full means an error to the relay, which waits; eviction would silently delete queues.
        "maxmemory": max_memory,
        "maxmemory-policy": "noeviction",
        # At most the last second is lost in a crash, and what was lost is published again.
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "tcp-keepalive": "60",
        "timeout": "0",
        # A stuck subscriber is dropped instead of filling the memory that the queues need.
        "client-output-buffer-limit": "pubsub 16mb 8mb 30",
        "loglevel": "notice",
        # The refusals that people should hear of; the default keeps 128.
        "acllog-max-len": "256",
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def _encrypted(port: int, tls: Tls) -> dict[str, str]:
    return {
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": _quoted(tls.certificate),
        "tls-key-file": _quoted(tls.key),
        "tls-ca-cert-file": _quoted(tls.authority),
        "tls-auth-clients": "no",
    }


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
