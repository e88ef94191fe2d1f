"""Organizations' own gateway accounts over HTTP, and which account takes whose payments."""

from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.payments import gateways_deps
from services.payments.gateways.answers import Unavailable
from services.payments.gateways.directory import Gateways
from services.payments.gateways.errors import GatewayAccountNotFound, GatewayAccountUnusable, NoGateway
from services.payments.gateways.repository import GatewayAccountReader
from services.payments.settings import PaymentsSettings
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.vault import NoEncryption
from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
RAZORPAY: dict[str, Any] = {
    "gateway": "razorpay",
    "key_id": "rzp_live_ours",
    "key_secret": "our-key-secret",
    "webhook_secret": "our-hook",
    "webhook_secret_previous": "our-older-hook",
    "capture": "manual",
    "currencies": ["INR"],
}
STRIPE: dict[str, Any] = {"gateway": "stripe", "secret_key": "sk_live_ours", "publishable_key": "pk_live_ours"}


@pytest.fixture
def admin(client: ApiClient) -> ApiClient:
    return client.as_role("admin", organization_id=OURS)


@pytest.fixture
def gateways(settings: PaymentsSettings, redis: Redis) -> Gateways:
    """As a process has them; nothing is called here, so nothing is to be closed."""
    return gateways_deps.gateways_with(settings, redis, system_clock)


async def put(admin: ApiClient, name: str = "acme", body: dict[str, Any] | None = None, **changed: Any) -> Any:
    return await admin.put(f"/v1/gateway-accounts/{name}", json={**(body or RAZORPAY), **changed})


async def test_account_is_kept_without_showing_its_credentials(admin: ApiClient, session: Session) -> None:
    created = await put(admin)
    read = await admin.get("/v1/gateway-accounts/acme")
    listed = await admin.get("/v1/gateway-accounts")

    assert (created.status_code, read.headers["ETag"], listed.json()) == (200, created.headers["ETag"], [read.json()])
    shown = read.json()
    kept = (await session.execute(text("SELECT id, secret FROM gateway_accounts"))).one()
    assert {name: shown[name] for name in ("name", "gateway", "currencies", "rank", "active", "config", "encrypted_with")} == {
        "name": "acme",
        "gateway": "razorpay",
        "currencies": ["INR"],
        "rank": 100,
        "active": True,
        "config": {"key_id": "rzp_live_ours", "capture": "manual"},
        "encrypted_with": "e1",
    }
    assert shown["webhook_url"] == f"https://payments.example.com/v1/webhooks/accounts/{kept.id}"
    for secret in ("our-key-secret", "our-hook", "our-older-hook"):
        assert secret not in created.text + read.text
        assert secret.encode() not in kept.secret


async def test_replacing_needs_the_tag_that_was_seen_and_forgets_what_is_left_out(
    admin: ApiClient, gateways: Gateways, session: Session
) -> None:
    tag = (await put(admin)).headers["ETag"]
    key = f"{OURS}/acme"
    before = await gateways.get(session, key)
    assert (await put(admin)).status_code == 428
    assert (await admin.put("/v1/gateway-accounts/acme", json=RAZORPAY, headers={"If-Match": '"v9"'})).status_code == 412

    body = {name: RAZORPAY[name] for name in ("gateway", "key_secret")} | {"key_id": "rzp_live_new"}
    replaced = await admin.put("/v1/gateway-accounts/acme", json=body, headers={"If-Match": tag})
    after = await gateways.get(session, key)
    await gateways.close()

    assert (replaced.status_code, replaced.json()["config"]) == (200, {"key_id": "rzp_live_new", "capture": "automatic"})
    assert (before.public_key, before.webhook_secrets) == ("rzp_live_ours", ("our-hook", "our-older-hook"))
    assert (after.public_key, after.webhook_secrets, after.key) == ("rzp_live_new", (), key)


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"key_secret": None}, 422, "key_secret"),
        ({"key_id": "has a space"}, 422, "key_id"),
        ({"gateway": "paypal"}, 422, "gateway"),
        ({"secret_key": "sk"}, 422, "secret_key"),
        ({"currencies": ["inr"]}, 422, "currencies"),
        ({"rank": -1}, 422, "rank"),
        ({"url": "http://169.254.169.254/"}, 422, "url"),
    ],
)
async def test_account_that_could_not_be_used_is_refused_and_nothing_is_kept(
    admin: ApiClient, session: Session, changed: dict[str, Any], status: int, said: str
) -> None:
    refused = await put(admin, **changed)

    assert (refused.status_code, said in refused.text, "our-key-secret" in refused.text) == (status, True, False)
    assert await session.scalar(text("SELECT count(*) FROM gateway_accounts")) == 0


async def test_name_stands_for_one_gateway_for_ever(admin: ApiClient, session: Session) -> None:
    taken = await put(admin, "razorpay")
    tag = (await put(admin)).headers["ETag"]
    turned = await admin.put("/v1/gateway-accounts/acme", json=STRIPE, headers={"If-Match": tag})

    for refused in (taken, turned):
        assert (refused.status_code, refused.json()["code"]) == (422, "gateway_account_unusable")
    assert [one.gateway for one in await GatewayAccountReader(session).all(OURS)] == ["razorpay"]


async def test_account_that_takes_payments_is_not_forgotten(admin: ApiClient, session: Session) -> None:
    tag = (await put(admin)).headers["ETag"]
    refused = await admin.delete("/v1/gateway-accounts/acme")
    assert (refused.status_code, refused.json()["code"]) == (409, "gateway_account_active")

    await admin.put("/v1/gateway-accounts/acme", json={**RAZORPAY, "active": False}, headers={"If-Match": tag})
    assert (await admin.delete("/v1/gateway-accounts/acme")).status_code == 204
    assert (await admin.delete("/v1/gateway-accounts/acme")).status_code == 404
    assert await session.scalar(text("SELECT count(*) FROM gateway_accounts")) == 0


async def test_organization_sees_its_own_accounts_only_and_operators_none(client: ApiClient, admin: ApiClient) -> None:
    await put(admin)
    stranger, operator = client.as_role("admin", organization_id=THEIRS), client.as_role("operator", organization_id=OURS)

    assert (await stranger.get("/v1/gateway-accounts")).json() == []
    assert (await stranger.get("/v1/gateway-accounts/acme")).status_code == 404
    assert (await stranger.get("/v1/gateway-accounts/acme/standing")).status_code == 404
    assert (await operator.get("/v1/gateway-accounts")).status_code == 403
    assert (await put(operator)).status_code == 403


@pytest.mark.parametrize("settings", [{"encryption_keys": None}], indirect=True)
async def test_nothing_is_kept_without_a_key_to_keep_it_under(admin: ApiClient, session: Session) -> None:
    refused = await put(admin)

    assert (refused.status_code, refused.json()["code"]) == (422, "no_encryption_key")
    assert await session.scalar(text("SELECT count(*) FROM gateway_accounts")) == 0


async def keys(gateways: Gateways, session: Session, organization_id: UUID, currency: str) -> list[str]:
    return [one.key for one in await gateways.route(session, organization_id, currency)]


async def test_payment_goes_by_organization_and_currency(admin: ApiClient, gateways: Gateways, session: Session) -> None:
    assert await keys(gateways, session, OURS, "INR") == ["razorpay"]
    assert await keys(gateways, session, OURS, "USD") == ["stripe"]
    assert gateways.installed("stripe").public_key == "pk_test_installed"
    assert gateways.installed("razorpay").webhook_secrets == ("new", "old")

    await put(admin)
    await put(admin, "backup", rank=200)
    await put(admin, "everything", STRIPE, rank=300)
    await put(admin, "off", STRIPE, rank=1, active=False)

    assert await keys(gateways, session, OURS, "INR") == [f"{OURS}/acme", f"{OURS}/backup", f"{OURS}/everything"]
    assert await keys(gateways, session, OURS, "USD") == [f"{OURS}/everything"]
    assert await keys(gateways, session, THEIRS, "INR") == ["razorpay"]
    assert (await gateways.get(session, f"{OURS}/off")).gateway.name == "stripe"


async def test_money_of_an_organization_with_accounts_of_its_own_goes_to_no_other(
    admin: ApiClient, gateways: Gateways, session: Session
) -> None:
    await put(admin)

    with pytest.raises(NoGateway, match="no account takes USD"):
        await gateways.route(session, OURS, "USD")


@pytest.mark.parametrize("settings", [{"payment_gateway": None}], indirect=True)
async def test_installation_without_a_gateway_takes_nothing(gateways: Gateways, session: Session) -> None:
    with pytest.raises(NoGateway):
        await gateways.route(session, OURS, "INR")


async def test_account_is_found_by_the_key_of_its_payments_and_by_the_path_of_its_webhooks(
    admin: ApiClient, gateways: Gateways, session: Session
) -> None:
    url = (await put(admin)).json()["webhook_url"]
    by_path = await gateways.with_id(session, UUID(url.rpartition("/")[2]))

    assert by_path is await gateways.get(session, f"{OURS}/acme")
    assert (by_path.organization_id, by_path.gateway.account) == (OURS, f"{OURS}/acme")
    assert (await gateways.get(session, "razorpay")).organization_id is None
    for unknown in (f"{THEIRS}/acme", "paypal"):
        with pytest.raises(GatewayAccountNotFound):
            await gateways.get(session, unknown)
    with pytest.raises(GatewayAccountNotFound):
        await gateways.with_id(session, THEIRS)


async def test_account_whose_key_is_gone_or_whose_settings_are_broken_says_so(
    admin: ApiClient, gateways: Gateways, session: Session
) -> None:
    await put(admin)
    await session.execute(text("UPDATE gateway_accounts SET config = '{}'"))
    with pytest.raises(GatewayAccountUnusable):
        await gateways.get(session, f"{OURS}/acme")

    await session.execute(text("UPDATE gateway_accounts SET key_id = 'gone'"))
    with pytest.raises(NoEncryption):
        await gateways.get(session, f"{OURS}/acme")


async def test_standing_tells_which_account_is_left_alone(
    client: ApiClient, admin: ApiClient, gateways: Gateways, session: Session
) -> None:
    await put(admin)
    overseer = client.as_role("admin")
    for key in ("razorpay", f"{OURS}/acme"):
        answer = await (await gateways.get(session, key)).gateway.payment("pay_1")
        assert isinstance(answer, Unavailable)
    await gateways.close()

    own = (await admin.get("/v1/gateway-accounts/acme/standing")).json()
    installed = (await overseer.get("/v1/gateway-standings")).json()
    assert (own["account"], own["closed_s"] > 14, own["refuses_us"]) == ("acme", True, False)
    assert [(one["account"], one["closed_s"] > 0) for one in installed] == [("razorpay", True), ("stripe", False)]
    assert (await admin.get("/v1/gateway-standings")).status_code == 403
