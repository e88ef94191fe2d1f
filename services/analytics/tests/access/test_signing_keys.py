"""Keys that sign operators' tokens: listed before they sign, and until their last token has expired; lost ones end at once."""

from sqlalchemy import text

from services.analytics.settings import AnalyticsSettings
from services.analytics.tests.access.conftest import API, Desk
from shared.contracts.analytics import TokensRevoked
from shared.runtime.db import Session
from shared.testing.messages import published


async def kids(desk: Desk) -> list[str]:
    """Of the key set, the newest first."""
    listed = (await desk.client.get(f"{API}/jwks.json")).raise_for_status().json()["keys"]
    assert all("d" not in one for one in listed)
    return [one["kid"] for one in listed]


async def test_rotation_lets_everybody_go_on(desk: Desk, session: Session) -> None:
    await desk.operator()
    before = await desk.login()
    (first,) = await kids(desk)

    second = (await desk.admin.post(f"{API}/signing-keys/rotate")).raise_for_status().json()["kid"]

    assert await kids(desk) == [second, first]
    holders = [desk.client.with_token(one["access_token"]) for one in (before, await desk.login())]
    assert [await desk.code("GET", "sessions", one) for one in holders] == [(200, None)] * 2
    lasts = await session.scalar(text("SELECT listed_until - now() FROM signing_keys WHERE listed_until IS NOT NULL"))
    assert lasts.total_seconds() == 300 + 600 + 60
    await session.execute(text("UPDATE signing_keys SET listed_until = now() WHERE listed_until IS NOT NULL"))
    assert await kids(desk) == [second]


async def test_what_a_lost_key_has_signed_is_refused_and_sessions_go_on_under_another(desk: Desk, session: Session) -> None:
    await desk.operator()
    tokens = await desk.login()
    (lost,) = await kids(desk)

    assert await desk.code("POST", f"signing-keys/{lost}/lost", desk.admin, json={"reason": "on a train"}) == (204, None)

    assert await desk.code("GET", "sessions", desk.client.with_token(tokens["access_token"])) == (401, "unauthenticated")
    assert lost not in await kids(desk)
    (event,) = await published(session, TokensRevoked)
    assert [(one.kind, one.key) for one in event.revocations] == [("key", lost)]
    after = (await desk.client.post(f"{API}/refresh", json={"refresh_token": tokens["refresh_token"]})).raise_for_status().json()
    assert await desk.code("GET", "sessions", desk.client.with_token(after["access_token"])) == (200, None)
    unknown = await desk.code("POST", "signing-keys/access:00/lost", desk.admin, json={"reason": "on a train"})
    assert unknown == (404, "signing_key_not_found")


async def test_private_half_is_kept_encrypted_alone(desk: Desk, session: Session) -> None:
    await desk.operator()
    await desk.login()

    row = (await session.execute(text("SELECT sealed, sealed_under, public_jwk::text AS public FROM signing_keys"))).one()

    assert (row.sealed_under, b'"d"' in row.sealed, '"d"' in row.public) == ("k1", False, False)


async def test_revoked_token_and_subject_are_refused_and_nothing_else(desk: Desk, settings: AnalyticsSettings) -> None:
    one, other = (desk.client.as_role("admin", subject=f"operator:{name}") for name in ("one", "other"))
    token = one.headers["Authorization"].partition(" ")[2]
    why = {"reason": "the laptop was stolen"}

    assert await desk.code("POST", "revocations", desk.admin, json={**why, "token": token}) == (204, None)
    assert await desk.code("GET", "organizations", one) == (401, "unauthenticated")
    assert await desk.code("GET", "organizations", desk.client.as_role("viewer", subject="operator:one")) == (200, None)
    by_name = {**why, "subject": "operator:other", "issued_until": "2100-01-01T00:00:00Z"}
    assert await desk.code("POST", "revocations", desk.admin, json=by_name) == (204, None)
    assert await desk.code("GET", "organizations", other) == (401, "unauthenticated")
    introspected = (await desk.admin.post(f"{API}/introspect", json={"token": token})).json()
    assert (introspected["active"], introspected["sub"]) == (False, None)
    assert await desk.code("POST", "revocations", desk.admin, json={**why, "token": "x.y.z"}) == (422, "token_not_revocable")
    assert (await desk.admin.post(f"{API}/revocations", json=why)).status_code == 422
    assert settings.service == "analytics"
