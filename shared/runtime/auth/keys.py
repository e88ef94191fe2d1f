"""Ed25519 key pairs as JSON Web Keys (RFC 7517, RFC 8037).

The key id says whose key it is. `service:<name>` (with any `:<suffix>` for rotation) is the key of a service, which
can speak for that service and for nobody else; any other id is an issuer's key, whose tokens may be about anybody.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.runtime.settings import SettingsError

Jwk = dict[str, Any]
CURVE: Final = "Ed25519"


def generate_keypair(kid: str) -> tuple[Jwk, Jwk]:
    """A new (private, public) pair of JWKs under the key id `kid`."""
    key = OKPKey.generate_key(CURVE, {"kid": kid, "use": "sig", "alg": CURVE})
    return dict(key.as_dict(private=True)), dict(key.as_dict(private=False))


def service_kid(service: str) -> str:
    """The key id of a service's own key."""
    return f"service:{service}"


def owner_of(kid: str) -> str | None:
    """The service whose own key this is; None for an issuer's key."""
    kind, _, rest = kid.partition(":")
    return rest.partition(":")[0] if kind == "service" else None


def jwks(public_keys: Iterable[Jwk]) -> dict[str, list[Jwk]]:
    """The key set document that AUTH_JWKS points at. Refuses private keys: the document is for everybody."""
    keys = list(public_keys)
    if any("d" in key for key in keys):
        raise ValueError("a private key (member `d`) must not go into a key set; give the public JWK")
    return {"keys": keys}


def read_private_key(path: Path) -> Jwk:
    """A private JWK from its file, checked. Raises SettingsError with what to do."""
    try:
        key: Jwk = json.loads(path.read_text())
        if not key.get("kid") or not OKPKey.import_key(key).is_private:
            raise ValueError("the members `kid` and `d` are needed")
    except (OSError, ValueError, TypeError, AttributeError, JoseError) as error:
        raise SettingsError(
            f"{path} is not a private Ed25519 JWK ({type(error).__name__}): make one with generate_keypair()"
        ) from None
    return key
