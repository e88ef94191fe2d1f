"""Bring a service's schema to the newest migration: `python -m shared.runtime.migrate <service>|all upgrade|current|check`."""

import asyncio
import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from shared.contracts.lanes import SERVICES
from shared.runtime.db import connect_args, database_url
from shared.runtime.settings import ROOT, SECRETS, SettingsError, local_home


def migrations_of(service: str) -> Path:
    """The folder of a service's migrations."""
    return ROOT / "services" / service / "migrations"


def head(service: str) -> str:
    """The newest revision that the code brings."""
    revision = ScriptDirectory.from_config(_config(service)).get_current_head()
    if revision is None:
        raise SettingsError(f"{service}: no migration found under {migrations_of(service)}")
    return revision


async def upgrade(service: str, owner_url: str) -> str:
    """Apply what is missing, in one transaction, and return the revision reached. Safe to run side by side."""

    def apply(connection: Connection) -> None:
        config = _config(service)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    engine = create_async_engine(database_url(owner_url), connect_args=connect_args(owner_url))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(apply)
    finally:
        await engine.dispose()
    return head(service)


async def current(service: str, owner_url: str) -> str | None:
    """The revision that the database is at; None before the first migration."""

    def read(connection: Connection) -> str | None:
        return MigrationContext.configure(connection, opts={"version_table_schema": service}).get_current_revision()

    engine = create_async_engine(database_url(owner_url), connect_args=connect_args(owner_url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(read)
    finally:
        await engine.dispose()


def _config(service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_of(service)))
    return config


def owner_url(service: str) -> str:
    """DATABASE_OWNER_URL: from the environment, from the secrets, or from the local stack's file for the service."""
    file = local_home() / f"{service}.env"
    lines = file.read_text().splitlines() if file.exists() else []
    stored = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    url = (
        os.environ.get(f"{service.upper()}_DATABASE_OWNER_URL")
        or os.environ.get("DATABASE_OWNER_URL")
        or _secret("DATABASE_OWNER_URL")
        or stored.get("DATABASE_OWNER_URL")
    )
    if not url:
        raise SettingsError(f"{service}: DATABASE_OWNER_URL is not set; it is the login of the role that owns the schema")
    return url.strip().strip("'\"")


def _secret(name: str) -> str | None:
    files = SECRETS.iterdir() if SECRETS.is_dir() else ()
    return next((file.read_text(encoding="utf-8") for file in files if file.name.upper() == name), None)


async def _main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] not in (*SERVICES, "all") or arguments[1] not in ("upgrade", "current", "check"):
        print(f"usage: python -m shared.runtime.migrate {'|'.join(SERVICES)}|all upgrade|current|check", file=sys.stderr)
        return 2
    behind = 0
    for service in SERVICES if arguments[0] == "all" else [arguments[0]]:
        url = owner_url(service)
        revision = await (upgrade if arguments[1] == "upgrade" else current)(service, url)
        behind += revision != head(service)
        print(f"{service}: {revision or 'no migration applied'} (newest {head(service)})")
    return 1 if arguments[1] == "check" and behind else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(sys.argv[1:])))
