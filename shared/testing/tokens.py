"""Tokens for tests, signed by keys that exist for one test session."""

import json
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

import pytest

from shared.contracts.lanes import SERVICES
from shared.runtime.auth.keys import generate_keypair, jwks, service_kid
from shared.runtime.auth.tokens import ANYWHERE, mint


class SigningKeys:
    """An issuer's key and one key per service; `jwks_file` is what AUTH_JWKS points at."""

    def __init__(self, folder: Path) -> None:
        self._issuer, public = generate_keypair("test-issuer")
        public_keys = [public]
        self._service_files = {}
        for service in SERVICES:
            private, public = generate_keypair(service_kid(service))
            public_keys.append(public)
            self._service_files[service] = folder / f"{service}.jwk"
            self._service_files[service].write_text(json.dumps(private))
        self.jwks_file = folder / "jwks.json"
        self.jwks_file.write_text(json.dumps(jwks(public_keys)))

    def service_key_file(self, service: str) -> Path:
        """The service's private key: AUTH_SIGNING_KEY_FILE."""
        return self._service_files[service]

    def token(
        self,
        *roles: str,
        scopes: Collection[str] = (),
        organization_id: UUID | None = None,
        subject: str = "user:test",
        audience: str = ANYWHERE,
        ttl_s: int = 3600,
    ) -> str:
        """A token of a person or machine with these roles and scopes, from the issuer."""
        return mint(
            self._issuer,
            subject=subject,
            audience=audience,
            scopes=scopes,
            roles=roles,
            organization_id=organization_id,
            ttl_s=ttl_s,
        )

    def service_token(self, service: str, *, audience: str, scopes: Collection[str]) -> str:
        """A token by which one service calls another."""
        private = json.loads(self._service_files[service].read_text())
        return mint(private, subject=service_kid(service), audience=audience, scopes=scopes)


@pytest.fixture(scope="session")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    """The keys that this test session's tokens are signed with."""
    return SigningKeys(tmp_path_factory.mktemp("keys"))
