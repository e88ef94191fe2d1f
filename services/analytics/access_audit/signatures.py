"""Signing checkpoints: a JWS (RFC 7515) with Ed25519, by the key that signs operators' tokens."""

import json
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.runtime.auth.keys import CURVE, Jwk


def sign(private: Jwk, payload: dict[str, Any]) -> str:
    """The compact form."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    header = {"alg": CURVE, "kid": str(private["kid"]), "typ": "waybill-audit-checkpoint"}
    return jws.serialize_compact(header, text, OKPKey.import_key(private), algorithms=[CURVE])


def is_signed(signature: str, public: Jwk, payload: dict[str, Any]) -> bool:
    """Whether the key has signed just this."""
    try:
        found = jws.deserialize_compact(signature, OKPKey.import_key(public), algorithms=[CURVE])
        return bool(json.loads(found.payload) == payload)
    except (JoseError, ValueError):
        return False
