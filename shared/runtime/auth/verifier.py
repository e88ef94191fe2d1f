"""From a bearer token to a principal.

The algorithms are fixed here and never taken from the token. The key is found by the token's `kid` alone, and its owner bounds
what the token may claim: a service's key speaks for that service only, and gives no more than that service may have.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import redis.asyncio as redis
from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError, SecurityWarning
from joserfc.jwk import OKPKey

from shared.runtime.auth.api_keys import KEY_SUBJECT, PREFIX, ApiKeyStore, FileApiKeys, SeveralApiKeys, principal_of_key
from shared.runtime.auth.jwks import KeySource, SeveralKeys, key_source
from shared.runtime.auth.key_uses import KeyUses
from shared.runtime.auth.keys import CURVE, owner_of, service_kid
from shared.runtime.auth.principal import Principal, TokenFacts
from shared.runtime.auth.revocation_cache import RevocationCache
from shared.runtime.auth.scopes import SERVICE_SCOPES, granted
from shared.runtime.auth.standing import Standing
from shared.runtime.auth.tokens import ANYWHERE
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import Database
from shared.runtime.errors import Unauthenticated
from shared.runtime.http.settings import HttpSettings

# OpenID providers still sign with the older name of the same algorithm (RFC 8037).
ALGORITHMS: Final = ("Ed25519", "EdDSA")
LEEWAY_S: Final = 5
MAX_TOKEN_LENGTH: Final = 8192
OLDEST: Final = datetime(1970, 1, 1, tzinfo=UTC)

Claims = dict[str, Any]
OwnKeys = Callable[[Database], KeySource]
"""Makes a source of the keys by which a service itself signs tokens of others."""


class Authenticator:
    """Recognises callers of one service by what their Authorization header holds."""

    def __init__(
        self,
        service: str,
        issuers: tuple[str, ...],
        keys: KeySource,
        api_keys: ApiKeyStore,
        clock: Clock = system_clock,
        *,
        standing: Standing | None = None,
        uses: KeyUses | None = None,
    ) -> None:
        """standing: where revocations are looked up; without one, a token is good until it expires."""
        self._service = service
        self._issuers = issuers
        self._keys = keys
        self._api_keys = api_keys
        self._clock = clock
        self._standing = standing
        self._uses = uses

    @classmethod
    def from_settings(
        cls, settings: HttpSettings, database: Database, client: redis.Redis, *, own_keys: OwnKeys | None = None
    ) -> "Authenticator":
        """As AUTH_JWKS, AUTH_ISSUERS and AUTH_API_KEYS_FILE say, and the service's own tables."""
        file = settings.auth_api_keys_file
        standing = Standing(database.read, RevocationCache(client), settings.time_factor)
        api_keys = SeveralApiKeys([FileApiKeys(file), standing] if file else [standing])
        keys = key_source(settings.auth_jwks)
        if own_keys is not None:
            keys = SeveralKeys([own_keys(database), keys])
        uses = KeyUses(database, settings.service, system_clock)
        return cls(settings.service, settings.auth_issuers, keys, api_keys, standing=standing, uses=uses)

    async def authenticate(self, credentials: str) -> Principal:
        """Who holds these credentials, a JWT or an API key. Raises Unauthenticated, or Unavailable when keys cannot be read."""
        if credentials.startswith(PREFIX):
            principal = await principal_of_key(credentials, self._api_keys, self._clock)
            shown = _facts(principal, {}, None)
            await self._check_standing(shown)
            await self._note_use(principal)
            return replace(principal, shown=shown)
        kid, claims = await self._verified(credentials)
        principal = _principal(claims, owner_of(kid))
        shown = _facts(principal, claims, kid)
        await self._check_standing(shown)
        return replace(principal, shown=shown)

    async def check_again(self, shown: TokenFacts) -> None:
        """For what goes on after it was checked, expiry apart.

        Raises Unauthenticated for what was revoked since, OrganizationSuspended, and Unavailable where nobody can tell.
        """
        key_id = shown.subject.removeprefix(KEY_SUBJECT)
        if key_id != shown.subject and await self._api_keys.find(key_id) is None:
            raise Unauthenticated("the API key was revoked; ask for a new one")
        await self._check_standing(shown)

    async def _note_use(self, principal: Principal) -> None:
        key_id = principal.id.removeprefix(KEY_SUBJECT)
        if self._uses is not None and self._standing is not None and self._standing.has_given(key_id):
            await self._uses.note(key_id)

    async def claims_of(self, token: str) -> Claims:
        """What a good JWT says, revoked or not. Raises as `authenticate` does."""
        return (await self._verified(token))[1]

    def forget(self) -> None:
        """Look up anew who was let go of: this process has just changed it."""
        if self._standing is not None:
            self._standing.forget()

    async def _verified(self, token: str) -> tuple[str, Claims]:
        if len(token) > MAX_TOKEN_LENGTH:
            raise Unauthenticated(f"the token is longer than {MAX_TOKEN_LENGTH} characters")
        kid, claims = await self._verify(token)
        self._check(claims, kid)
        return kid, claims

    async def _check_standing(self, shown: TokenFacts) -> None:
        if self._standing is not None:
            await self._standing.check(shown)

    async def _verify(self, token: str) -> tuple[str, Claims]:
        """The key id and the claims, once the signature is known to be good."""
        try:
            kid = jws.extract_compact(token.encode()).headers().get("kid")
        except (JoseError, ValueError, TypeError, AttributeError):
            raise Unauthenticated("the credentials are neither a JSON Web Token nor an API key") from None
        key = await self._keys.find(kid) if isinstance(kid, str) else None
        if key is None or not isinstance(kid, str):
            raise Unauthenticated("the token is signed with a key that is not trusted here; ask the issuer for a new token")
        try:
            return kid, _signed_claims(token, str(key["x"]))
        except (JoseError, ValueError, TypeError):
            raise Unauthenticated("the token's signature is not valid") from None

    def _check(self, claims: Claims, kid: str) -> None:
        owner = owner_of(kid)
        issuers = [service_kid(owner)] if owner else list(self._issuers)
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock().timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "values": issuers},
            sub={"essential": True},
            aud={"essential": True, "values": [self._service, ANYWHERE]},
            exp={"essential": True},
        )
        try:
            registry.validate(claims)
        except ExpiredTokenError:
            raise Unauthenticated("the token has expired; ask for a new one") from None
        except (InvalidClaimError, MissingClaimError) as error:
            claim = getattr(error, "claim", None) or "a required claim"
            raise Unauthenticated(
                f"the token is not meant for this request: its claim {claim} is missing or not accepted here"
            ) from None
        subject = claims["sub"]
        if owner is not None and subject != service_kid(owner):
            raise Unauthenticated(f"a token signed with the key of {owner} must have the subject {service_kid(owner)}")
        if owner is None and subject.startswith(("service:", KEY_SUBJECT)):
            raise Unauthenticated(
                "only a service's own key makes it a service: the token's subject must not start with service: or api_key:"
            )


@lru_cache(maxsize=1000)
def _signed_claims(token: str, public_key: str) -> Claims:
    """The claims of a token signed by `public_key` (the JWK's member x).

    A signature does not go bad, so it is checked once for callers who come again. What may change is asked for
    each time: whether the key is trusted, and whether the claims still hold.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        key = OKPKey.import_key({"kty": "OKP", "crv": CURVE, "x": public_key})
        return jwt.decode(token, key, algorithms=ALGORITHMS).claims


def _facts(principal: Principal, claims: Claims, kid: str | None) -> TokenFacts:
    """A token that does not say when it was issued, and a key, count as the oldest."""
    token_id, session_id, issued_at = (claims.get(name) for name in ("jti", "sid", "iat"))
    return TokenFacts(
        principal.id,
        kid,
        str(token_id) if token_id is not None else None,
        str(session_id) if session_id is not None else None,
        datetime.fromtimestamp(issued_at, UTC) if isinstance(issued_at, int) else OLDEST,
        principal.organization_id,
    )


def _principal(claims: Claims, service: str | None) -> Principal:
    scope, roles, organization = claims.get("scope", ""), claims.get("roles", []), claims.get("org")
    if not isinstance(scope, str) or not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise Unauthenticated("the token's claims scope (a string) and roles (a list of strings) have other types")
    try:
        organization_id = UUID(organization) if organization is not None else None
    except (ValueError, TypeError, AttributeError):
        raise Unauthenticated("the token's claim org is not a UUID") from None
    expires_at = datetime.fromtimestamp(int(claims["exp"]) + LEEWAY_S, UTC)
    if service is not None:
        scopes = granted(scope.split(), ()) & SERVICE_SCOPES.get(service, frozenset())
        return Principal(claims["sub"], "service", scopes, frozenset(), organization_id, expires_at)
    return Principal(claims["sub"], "user", granted(scope.split(), roles), frozenset(roles), organization_id, expires_at)
