"""Minting JSON Web Tokens (RFC 7519), signed with Ed25519 under its own algorithm name (RFC 9864; EdDSA is deprecated).

Claims: iss, sub, aud, exp, iat, jti, scope (names separated by blanks, RFC 8693), roles (a list), org (the organization's id),
sid (the session's id).
"""

import time
from collections.abc import Collection
from typing import Final
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.runtime.auth.keys import CURVE, Jwk, owner_of, read_private_key, service_kid
from shared.runtime.auth.scopes import SERVICE_SCOPES
from shared.runtime.ids import uuid7
from shared.runtime.settings import ServiceSettings, SettingsError

ISSUER: Final = "waybill"
ANYWHERE: Final = "waybill"
"""The audience of a token that every service accepts."""
SERVICE_TOKEN_TTL_S: Final = 60


def mint(
    private_jwk: Jwk,
    *,
    subject: str,
    audience: str = ANYWHERE,
    scopes: Collection[str] = (),
    roles: Collection[str] = (),
    organization_id: UUID | None = None,
    session_id: UUID | None = None,
    ttl_s: int = 3600,
) -> str:
    """A signed token about `subject`, good for `ttl_s` seconds from now.

    audience: a service's name, or `waybill` for all of them. session_id: the login that it comes from, with which it ends.
    """
    kid = str(private_jwk["kid"])
    now = int(time.time())
    claims = {
        "iss": service_kid(owner) if (owner := owner_of(kid)) else ISSUER,
        "sub": subject,
        "aud": audience,
        "iat": now,
        "exp": now + ttl_s,
        "jti": uuid7().hex,
        "scope": " ".join(sorted(scopes)),
        "roles": sorted(roles),
    }
    if organization_id is not None:
        claims["org"] = str(organization_id)
    if session_id is not None:
        claims["sid"] = str(session_id)
    return jwt.encode({"alg": CURVE, "kid": kid}, claims, OKPKey.import_key(private_jwk), algorithms=[CURVE])


def service_token(settings: ServiceSettings, audience: str) -> str:
    """A token by which this service calls the service `audience`, good for 60 seconds."""
    return ServiceSigner(settings).token(audience)


class ServiceSigner:
    """Signs this service's calls; reads the key once and reuses a token until a quarter of its time is left."""

    def __init__(self, settings: ServiceSettings) -> None:
        if settings.auth_signing_key_file is None:
            raise SettingsError(
                f"{settings.service}: AUTH_SIGNING_KEY_FILE is not set; calls to other services are signed with that key"
            )
        self._key = read_private_key(settings.auth_signing_key_file)
        self._service = settings.service
        if owner_of(str(self._key["kid"])) != self._service:
            wanted = service_kid(self._service)
            raise SettingsError(
                f"{self._service}: AUTH_SIGNING_KEY_FILE holds the key {self._key['kid']!r}; its kid must be {wanted!r}"
            )
        self._tokens: dict[str, tuple[str, float]] = {}

    def token(self, audience: str) -> str:
        """The `Authorization: Bearer` value for a call to `audience`."""
        token, renew_at = self._tokens.get(audience, ("", 0.0))
        if time.monotonic() >= renew_at:
            scopes = [scope for scope in SERVICE_SCOPES[self._service] if scope.startswith(f"{audience}:")]
            subject = service_kid(self._service)
            token = mint(self._key, subject=subject, audience=audience, scopes=scopes, ttl_s=SERVICE_TOKEN_TTL_S)
            self._tokens[audience] = (token, time.monotonic() + SERVICE_TOKEN_TTL_S * 0.75)
        return token
