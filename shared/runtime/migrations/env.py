"""Runs one service's Alembic migrations inside its own schema, as the schema's owner.

Called by each service's `migrations/env.py`. Waits for locks only briefly, so that a migration gives up
instead of queueing every request of the running code behind it, and runs alone (advisory lock).
"""

from alembic import context
from sqlalchemy import Connection, text

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"


def run(service: str) -> None:
    """Configure Alembic for `service` on the connection that `shared.runtime.migrate` opened."""
    connection: Connection = context.config.attributes["connection"]
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"waybill-migrate-{service}"})
    settings = {"lock_timeout": LOCK_TIMEOUT, "statement_timeout": STATEMENT_TIMEOUT, "search_path": service}
    for name, value in settings.items():
        connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
    context.configure(
        connection=connection, version_table="alembic_version", version_table_schema=service, transactional_ddl=True
    )
    context.run_migrations()
