"""A token by which a program of the stack that is not ours speaks to one of our services."""

from collections.abc import Collection
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from deploy.local.home import Home, write_private
from deploy.local.keys import key_file, mint_token
from shared.runtime.auth.keys import CURVE, read_private_key

_DAY_S: Final = 86_400
_LIVES_S: Final = 397 * _DAY_S
_RENEWED_BEFORE_S: Final = 60 * _DAY_S
"""As with certificates: the first start within its last sixty days makes another one."""


def machine_token(home: Home, name: str, *, audience: str, scopes: Collection[str], now: float) -> str:
    """What the program `name` shows to the service `audience`. Kept in the home, it is the same until its last sixty days."""
    file = home.keys / f"{name}.token"
    if file.exists() and _is_good(home, kept := file.read_text(), now):
        return kept
    token = mint_token(home, subject=f"machine:{name}", scopes=scopes, audience=audience, ttl_s=_LIVES_S)
    write_private(file, token)
    return token


def _is_good(home: Home, token: str, now: float) -> bool:
    """Whether it is signed with the key that services trust today, and will be good for some time."""
    try:
        claims = jwt.decode(token, OKPKey.import_key(read_private_key(key_file(home, "issuer"))), algorithms=[CURVE]).claims
    except (JoseError, ValueError):
        return False
    return bool(claims["exp"] > now + _RENEWED_BEFORE_S)
