"""Operators who come in, and an installation that can sign their tokens."""

import base64
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.analytics.settings import AnalyticsSettings
from shared.testing.service import ApiClient

API = "/v1/access"
PASSWORD = "a long walk to the harbour"


@dataclass(frozen=True)
class Desk:
    """The access API, and somebody who administers the whole installation."""

    client: ApiClient
    admin: ApiClient

    async def organization(self, name: str = "Nordlicht") -> str:
        """The id of a new one."""
        return str((await self.admin.post(f"{API}/organizations", json={"name": name})).raise_for_status().json()["id"])

    async def invited(self, email: str, role: str = "operator", **fields: Any) -> dict[str, Any]:
        """A new operator, with a password for once."""
        body = {"email": email, "name": "Ann", "role": role, **fields}
        answer = await self.admin.post(f"{API}/operators", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def operator(self, email: str = "ann@example.com", role: str = "operator", **fields: Any) -> dict[str, Any]:
        """An operator who has chosen a password."""
        made = await self.invited(email, role, **fields)
        chosen = {"email": email, "password": made["one_time_password"], "new_password": PASSWORD}
        assert (await self.client.post(f"{API}/password", json=chosen)).status_code == 204
        return made

    async def login(self, email: str = "ann@example.com", password: str = PASSWORD) -> dict[str, Any]:
        """Tokens."""
        answer = await self.client.post(f"{API}/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def code(self, method: str, path: str, client: ApiClient | None = None, **request: Any) -> tuple[int, str | None]:
        """Status and code of an answer."""
        answer = await (client or self.client).request(method, f"{API}/{path}", **request)
        return answer.status_code, answer.json()["code"] if answer.is_error else None


@pytest.fixture
def settings(settings: AnalyticsSettings) -> AnalyticsSettings:
    key = base64.b64encode(bytes(32)).decode()
    return settings.model_copy(update={"encryption_keys": SecretStr(f"k1:{key}")})


@pytest_asyncio.fixture
async def desk(client: ApiClient) -> Desk:
    return Desk(client, client.as_role("admin", subject="user:root"))
