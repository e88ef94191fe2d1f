"""The database server's configuration, the same for every stack that brings its own server."""

from collections.abc import Mapping
from typing import Final

NO_DATA_IN_LOG: Final = {
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
"""The details of an error quote the row that could not be kept, and parameters are whom we write to. Production sets the same."""

# Small, because a whole stack shares a machine; durable, because losing nothing is the point.
SETTINGS: Final = {
    "max_connections": "160",
    "shared_buffers": "96MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "wal_level": "replica",
    "max_wal_size": "1GB",
    "min_wal_size": "80MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # The queue tables swing between empty and full; statistics must follow within seconds.
    "autovacuum_naptime": "15s",
    "autovacuum_max_workers": "2",
    "autovacuum_worker_slots": "4",
    "max_parallel_workers": "2",
    "max_logical_replication_workers": "0",
    "log_min_duration_statement": "1s",
    "log_lock_waits": "on",
    "log_line_prefix": "%m [%p] %q%u@%d %a ",
    "log_destination": "stderr",
    "logging_collector": "off",
    **NO_DATA_IN_LOG,
}


def render(more: Mapping[str, str]) -> str:
    """The text of a postgresql.conf. more: what this place needs beside or in the place of SETTINGS."""
    return "".join(f"{name} = '{value}'\n" for name, value in {**SETTINGS, **more}.items())


def render_access(*, tls: bool) -> str:
    """The text of a pg_hba.conf: everybody with a password, from elsewhere by TLS alone where there is TLS."""
    return f"local all all trust\n{'hostssl' if tls else 'host'} all all all scram-sha-256\n"
