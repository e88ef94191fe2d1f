"""The broker's configuration: a disposable transport whose restart is quick and whose queues are never evicted."""

from pathlib import Path


def render(*, port: int, data: Path, aclfile: Path, max_memory: str = "256mb", bind: str = "127.0.0.1") -> str:
    """The text of a valkey.conf, which Redis 7 and newer read as well."""
    settings = {
        "bind": bind,
        "port": str(port),
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


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
