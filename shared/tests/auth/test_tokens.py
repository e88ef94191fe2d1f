"""Which tokens are believed. The refusals are the list of RFC 8725 (JSON Web Token Best Current Practices) and our own rules."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from shared.runtime.auth.api_keys import SeveralApiKeys
from shared.runtime.auth.jwks import parse_jwks
from shared.runtime.auth.keys import Jwk, generate_keypair, jwks, service_kid
from shared.runtime.auth.principal import Principal
from shared.runtime.auth.tokens import mint
from shared.runtime.auth.verifier import Authenticator
from shared.runtime.errors import Unauthenticated

ISSUER, ISSUER_PUBLIC = generate_keypair("issuer-1")
STRANGER, _ = generate_keypair("issuer-1")
TRIPS, TRIPS_PUBLIC = generate_keypair(service_kid("trips"))
ORGANIZATION = UUID("0194f6a2-c0de-7b1e-9d3a-5c7e8f901234")
CLAIMS: dict[str, Any] = {"iss": "waybill", "sub": "user:anna", "aud": "alerts", "exp": 4_000_000_000, "scope": "alerts:read"}


class FixedKeys:
    keys = parse_jwks(json.dumps(jwks([ISSUER_PUBLIC, TRIPS_PUBLIC])))

    async def find(self, kid: str) -> OKPKey | None:
        return self.keys.get(kid)


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator("alerts", ("waybill",), FixedKeys(), SeveralApiKeys([]))


def signed(key: Jwk = ISSUER, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token with the claims above, changed; None removes a claim."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode(
        {"alg": "Ed25519", "kid": key["kid"], **(header or {})}, claims, OKPKey.import_key(key), algorithms=["Ed25519"]
    )


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def raw(header: dict[str, Any]) -> str:
    """The claims above under any header, with a signature that is good."""
    signed_part = f"{part(header)}.{part(CLAIMS)}"
    key = OKPKey.import_key(ISSUER).private_key
    assert isinstance(key, Ed25519PrivateKey)
    return f"{signed_part}.{base64.urlsafe_b64encode(key.sign(signed_part.encode())).rstrip(b'=').decode()}"


def hmac_signed_with_the_public_key() -> str:
    secret = OctKey.import_key(base64.urlsafe_b64decode(ISSUER_PUBLIC["x"] + "="))
    return jwt.encode({"alg": "HS256", "kid": "issuer-1"}, dict(CLAIMS), secret, algorithms=["HS256"])


def tampered() -> str:
    header, _, signature = signed().split(".")
    return f"{header}.{part({**CLAIMS, 'scope': 'alerts:admin'})}.{signature}"


REFUSED = {
    "no algorithm": (f"{part({'alg': 'none', 'kid': 'issuer-1'})}.{part(CLAIMS)}.", "signature is not valid"),
    "the public key as an HMAC secret": (hmac_signed_with_the_public_key(), "signature is not valid"),
    "tampered claims": (tampered(), "signature is not valid"),
    "another key under the same id": (signed(STRANGER), "signature is not valid"),
    "a key that it brings itself": (signed(STRANGER, {"kid": "x", "jwk": {"kty": "OKP"}}), "not trusted here"),
    "an unknown key id": (signed(header={"kid": "issuer-2"}), "not trusted here"),
    "no key id": (f"{part({'alg': 'Ed25519'})}.{part(CLAIMS)}.AAAA", "not trusted here"),
    "a key id that is no string": (f"{part({'alg': 'Ed25519', 'kid': ['issuer-1']})}.{part(CLAIMS)}.AAAA", "not trusted here"),
    "a critical header that nobody knows": (raw({"alg": "Ed25519", "kid": "issuer-1", "crit": ["x"], "x": 1}), "not valid"),
    "characters of no token": ("!!!.!!!.!!!", "neither a JSON Web Token"),
    "expired": (signed(exp=int(time.time()) - 60), "has expired"),
    "no expiry": (signed(exp=None), "exp"),
    "an expiry that is no number": (signed(exp="tomorrow"), "exp"),
    "not valid yet": (signed(nbf=int(time.time()) + 3600), "nbf"),
    "issued in the future": (signed(iat=int(time.time()) + 3600), "iat"),
    "for another audience": (signed(aud="payments"), "aud"),
    "for no audience": (signed(aud=None), "aud"),
    "from another issuer": (signed(iss="https://elsewhere.example"), "iss"),
    "from nobody": (signed(iss=None), "iss"),
    "about nobody": (signed(sub=None), "sub"),
    "an issuer's key that plays a service": (signed(sub="service:trips"), "only a service's own key"),
    "an issuer's key that plays an API key": (signed(sub="api_key:abc"), "only a service's own key"),
    "a service's key that plays the issuer": (signed(TRIPS), "iss"),
    "a service's key that plays another service": (signed(TRIPS, iss="service:trips", sub="service:payments"), "service:trips"),
    "an organization that is no UUID": (signed(org="acme"), "org"),
    "roles that are no list": (signed(roles="admin"), "roles"),
    "far too long": ("x" * 9000, "longer than 8192"),
    "nothing like a token": ("hello", "neither a JSON Web Token"),
    "half a character": ("\ud800.\ud800.\ud800", "neither a JSON Web Token"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_token_is_refused(authenticator: Authenticator, case: str) -> None:
    token, reason = REFUSED[case]

    with pytest.raises(Unauthenticated, match=reason):
        await authenticator.authenticate(token)


async def test_a_good_token_tells_who_calls(authenticator: Authenticator) -> None:
    token = mint(
        ISSUER, subject="user:anna", audience="alerts", scopes=["payments:write"], roles=["viewer"], organization_id=ORGANIZATION
    )
    principal = await authenticator.authenticate(token)

    assert (principal.id, principal.kind, principal.organization_id) == ("user:anna", "user", ORGANIZATION)
    assert principal.may("alerts:read", "trips:read", "payments:write")
    assert not principal.may("alerts:write")


async def test_a_token_for_waybill_is_good_everywhere(authenticator: Authenticator) -> None:
    assert (await authenticator.authenticate(mint(ISSUER, subject="user:anna"))).scopes == frozenset()


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("viewer", "alerts:read", "alerts:write"),
        ("operator", "alerts:write", "alerts:admin"),
        ("admin", "payments:admin", "no:such"),
    ],
)
async def test_roles_stand_for_scopes(authenticator: Authenticator, role: str, may: str, may_not: str) -> None:
    principal = await authenticator.authenticate(mint(ISSUER, subject="user:anna", roles=[role, "unheard_of"]))

    assert (principal.may(may), principal.may(may_not)) == (True, False)


async def test_a_service_speaks_for_itself_and_never_gets_more_than_it_may_have(authenticator: Authenticator) -> None:
    token = mint(TRIPS, subject="service:trips", audience="alerts", scopes=["alerts:read", "alerts:admin"], roles=["admin"])

    expected = Principal("service:trips", "service", frozenset({"alerts:read"}))
    assert await authenticator.authenticate(token) == expected


@pytest.mark.filterwarnings("error")
async def test_the_older_name_of_the_algorithm_is_understood(authenticator: Authenticator) -> None:
    token = raw({"alg": "EdDSA", "kid": "issuer-1"})

    assert (await authenticator.authenticate(token)).id == "user:anna"


async def test_a_token_checked_before_is_refused_when_its_key_is_gone_or_its_time_is_over() -> None:
    keys, now = FixedKeys(), datetime(2026, 1, 1, tzinfo=UTC)
    authenticator = Authenticator("alerts", ("waybill",), keys, SeveralApiKeys([]), lambda: now)
    token = signed(exp=int(now.timestamp()) + 60)
    assert (await authenticator.authenticate(token)).id == "user:anna"
    now += timedelta(minutes=2)
    with pytest.raises(Unauthenticated, match="has expired"):
        await authenticator.authenticate(token)

    keys.keys = {}
    with pytest.raises(Unauthenticated, match="not trusted here"):
        await authenticator.authenticate(token)
