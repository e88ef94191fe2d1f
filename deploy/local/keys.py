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
_SET: Final = "jwks.json"
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


def make_keys(folder: Path) -> list[str]:
    """What another installation than the local stack needs: a private key for each service and the set of the public halves.

    Returns the names of the files that were made; keys that are there stay, and so do others' in the set. There is no
    issuer's among them: operators' tokens are signed with keys of the analytics service's own.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        entries = {entry["kid"]: entry for entry in (read_json(folder / _SET, _REMEDY) or jwks([]))["keys"]}
        made = []
        for service in SERVICES:
            file = folder / f"{service}.jwk"
            private = read_json(file, _REMEDY)
            if private is None:
                private, _ = generate_keypair(service_kid(service))
                write_private(file, json.dumps(private) + "\n")
                made.append(file.name)
            entries[private["kid"]] = _public(private)
        write_private(folder / _SET, json.dumps(jwks(entries.values()), indent=2) + "\n")
    except OSError as error:
        raise StackError(f"{folder} cannot be written: {error.strerror}.", "name a folder that this user may write to") from None
    return made


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
