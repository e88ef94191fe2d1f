"""Passwords of this installation: random, made once, kept in a file for the owner alone."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from deploy.local.failures import StackError
from deploy.local.home import Home, write_private
from deploy.local.state import read_json
from deploy.postgres.bootstrap import LOGINS
from deploy.redis.acl import USERS

SECRET_BYTES: Final = 24
_REMEDY = "restore it from a copy, or start from nothing with `waybill down --remove-data`"


def load_credentials(home: Home, opens: Path | None = None, *, more: Iterable[str] = ()) -> dict[str, str]:
    """Every password by its name: `postgres.<login>`, `valkey.<user>`. Those that are new are made and stored.

    opens: what nothing but these passwords opens; where it is there, they must be, too. more: further names.
    """
    path = home.path / "secrets.json"
    stored = read_json(path, _REMEDY)
    if stored is None and opens is not None and opens.exists():
        raise StackError(f"{path} is gone, and {opens} cannot be opened without it.", _REMEDY)
    if stored is not None and not (isinstance(stored, dict) and all(isinstance(value, str) for value in stored.values())):
        raise StackError(f"{path} does not hold what it should.", _REMEDY)
    known: dict[str, str] = stored or {}
    names = [
        "postgres.postgres",
        *(f"postgres.{login}" for login in LOGINS),
        *(f"valkey.{user}" for user in USERS),
        "cursor.secret",
        "analytics.encryption",
        "notifications.signing",
        "notifications.address-hash",
        "notifications.encryption",
        "payments.encryption",
        *more,
    ]
    made = {name: secrets.token_urlsafe(SECRET_BYTES) for name in names if name not in known}
    if made:
        known |= made
        write_private(path, json.dumps(known, indent=2) + "\n")
    return known
