"""Signing keys of the local stack: one per service for calls to the others, one for the tokens that `waybill token` mints.

The private halves are in `keys/` (0600); `jwks.json` lists the public halves, and every service trusts it.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Final
from uuid import UUID

from deploy.local.failures import StackError
from deploy.local.home import Home, write_private
from deploy.local.state import read_json
from shared.contracts.lanes import SERVICES
from shared.runtime.auth.keys import Jwk, generate_keypair, jwks, service_kid
from shared.runtime.auth.tokens import ANYWHERE, mint

_ISSUER: Final = "issuer"
_REMEDY: Final = "remove it: a new key is made on the next start"


def key_file(home: Home, name: str) -> Path:
    """The private key of a service, or of the issuer."""
    return home.keys / f"{name}.jwk"


def prepare_keys(home: Home) -> None:
    """Make the keys that are missing, and write the key set anew."""
    public = []
    for name in (*SERVICES, _ISSUER):
        private = read_json(key_file(home, name), _REMEDY)
        if private is None:
            private, _ = generate_keypair(service_kid(name) if name in SERVICES else name)
            write_private(key_file(home, name), json.dumps(private) + "\n")
        public.append(_public(private))
    write_private(home.jwks, json.dumps(jwks(public), indent=2) + "\n")


def _public(private: Jwk) -> Jwk:
    return {name: value for name, value in private.items() if name != "d"}


def mint_token(
    home: Home,
    *,
    subject: str,
    roles: Collection[str] = (),
    scopes: Collection[str] = (),
    audience: str = ANYWHERE,
    organization_id: UUID | None = None,
    ttl_s: int = 3600,
) -> str:
    """A token that every service of the local stack accepts. organization_id: whose data alone it opens; None for everybody's."""
    private = read_json(key_file(home, _ISSUER), _REMEDY)
    if private is None:
        raise StackError("There is no key to sign tokens with yet.", "start the stack once: `make run`")
    return mint(
        private,
        subject=subject,
        audience=audience,
        roles=roles,
        scopes=scopes,
        organization_id=organization_id,
        ttl_s=ttl_s,
    )
