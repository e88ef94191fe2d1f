"""The runtime's tables as SQL, applied by the migrations of every service."""

from pathlib import Path
from typing import Any

from alembic import op


def apply(name: str) -> None:
    """Run one SQL file of this folder inside the migration's transaction."""
    script(Path(__file__).with_name(f"{name}.sql").read_text())


def script(statements: str) -> None:
    """Run several statements at once, which a prepared statement cannot hold."""
    adapted: Any = op.get_bind().connection.dbapi_connection
    adapted.run_async(lambda connection: connection.execute(statements))
