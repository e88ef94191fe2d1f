"""Organizations' own provider accounts and routes, over HTTP and in the sending."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.notifications.providers.repository import ProviderReader, ProviderRepository
from services.notifications.providers.service import ProviderSetup
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.deliveries.arrange import delivery, email
from services.notifications.tests.mail_server import MailServer
from shared.runtime.clock import system_clock
from shared.runtime.db import Database, Session
from shared.runtime.errors import PreconditionFailed
from shared.runtime.outside.circuits import REFUSED, Circuits, Finding
from shared.runtime.vault import Vault
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
ACCOUNT = {"kind": "sendgrid", "config": {"from_email": "Acme <hello@acme.example>"}, "credentials": {"api_key": "sandbox"}}


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: NotificationsSettings) -> NotificationsSettings:
    """The service's, and what a test adds."""
    return settings.model_copy(update=getattr(request, "param", {}))


@pytest.fixture
def admin(client: ApiClient) -> ApiClient:
    return client.as_role("admin", organization_id=OURS)


async def put(admin: ApiClient, name: str = "acme", **fields: Any) -> Any:
    return await admin.put(f"/v1/provider-accounts/{name}", json={**ACCOUNT, **fields})


async def test_account_is_kept_without_showing_its_credentials(admin: ApiClient, session: Session) -> None:
    created = await put(admin, messages_per_second=100.0)
    read = await admin.get("/v1/provider-accounts/acme")

    assert (created.status_code, read.headers["ETag"]) == (200, created.headers["ETag"])
    assert {key: read.json()[key] for key in ("name", "kind", "channel", "config", "messages_per_second", "key_id")} == {
        "name": "acme",
        "kind": "sendgrid",
        "channel": "email",
        "config": ACCOUNT["config"],
        "messages_per_second": 100.0,
        "key_id": "e1",
    }
    assert "sandbox" not in read.text + created.text
    stored = await session.scalar(text("SELECT secret FROM provider_accounts"))
    assert b"sandbox" not in stored


async def test_replacing_needs_the_tag_that_was_seen(admin: ApiClient) -> None:
    tag = (await put(admin)).headers["ETag"]

    assert (await put(admin)).status_code == 428
    assert (await admin.put("/v1/provider-accounts/acme", json=ACCOUNT, headers={"If-Match": '"9"'})).status_code == 412
    assert (await admin.put("/v1/provider-accounts/acme", json=ACCOUNT, headers={"If-Match": tag})).status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"credentials": {}}, "api_key: Field required"),
        ({"config": {"api_key": "x"}}, "api_key is a secret; put it into credentials"),
        ({"config": {"url": "http://169.254.169.254/"}}, "where a provider is reached is the installation's affair"),
        ({"credentials": {"api_key": "x", "token": "y"}}, "token is no credential of sendgrid"),
        ({"config": {"from_email": "nobody"}}, "from_email: must be an address"),
        ({"kind": "twilio", "credentials": {"auth_token": "x"}, "config": {"account_sid": "SK1"}}, "account_sid: "),
    ],
)
async def test_account_that_could_not_send_is_refused_and_nothing_is_kept(
    admin: ApiClient, session: Session, fields: dict[str, Any], said: str
) -> None:
    refused = await put(admin, **fields)

    assert (refused.status_code, refused.json()["code"]) == (422, "provider_account_unusable")
    assert said in refused.json()["detail"]
    assert await session.scalar(text("SELECT count(*) FROM provider_accounts")) == 0


async def test_organization_sees_and_names_its_own_accounts_only(client: ApiClient, admin: ApiClient) -> None:
    await put(admin)
    stranger = client.as_role("admin", organization_id=THEIRS)

    assert (await stranger.get("/v1/provider-accounts")).json() == []
    assert (await stranger.get("/v1/provider-accounts/acme")).status_code == 404
    route = await stranger.put("/v1/provider-routes/email", json={"accounts": ["acme"]})
    assert (route.status_code, route.json()["code"]) == (404, "provider_account_not_found")


async def test_mails_go_by_the_organizations_route_under_its_own_sender(
    admin: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await put(admin)
    await admin.put("/v1/provider-routes/email", json={"accounts": ["acme", "smtp"]})
    ours, theirs = await run_task.run([email(organization_id=OURS), email(organization_id=THEIRS)])

    found = [await delivery(session, one.id) for one in (ours, theirs)]
    assert [one.provider for one in found] == ["acme", "smtp"]
    senders = [(one["provider"], one["envelope"]["mail_from"]) for one in await mail_server.mails()]
    assert sorted(senders) == [("sendgrid", "hello@acme.example"), ("smtp", "waybill@example.com")]


async def own_mail_server(admin: ApiClient, mail_server: MailServer) -> None:
    config = {"host": "localhost", "port": mail_server.port, "tls": "none"}
    await put(admin, "mail", kind="smtp", config=config, credentials={})
    await admin.put("/v1/provider-routes/email", json={"accounts": ["mail"]})


async def test_mail_server_of_an_organization_is_not_looked_for_in_our_own_network(
    admin: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await own_mail_server(admin, mail_server)
    handled = await run_task(email(organization_id=OURS))

    found = await delivery(session, handled.id)
    assert (handled.outcome, found.reason, found.error) == (
        "retry",
        "config",
        "the account's host is no public one, and this installation connects organizations to no other (connect)",
    )
    assert await mail_server.mails() == []


@pytest.mark.parametrize("settings", [{"private_mail_hosts": True}], indirect=True)
async def test_what_an_organizations_own_mail_server_says_of_an_address_counts_for_it_alone(
    admin: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await own_mail_server(admin, mail_server)
    await mail_server.faults({"action": "550"})
    await run_task(email(organization_id=OURS))
    await mail_server.faults()
    again, theirs = await run_task.run([email(organization_id=OURS), email(organization_id=THEIRS)])

    assert [(await delivery(session, one.id)).status for one in (again, theirs)] == ["dropped", "sent"]
    assert (await session.execute(text("SELECT reason, scope, organization_id FROM suppressions"))).one() == (
        "hard_bounce",
        "organization",
        OURS,
    )


async def test_account_that_a_route_names_stays(admin: ApiClient) -> None:
    await put(admin)
    await admin.put("/v1/provider-routes/email", json={"accounts": ["acme"]})

    refused = await admin.delete("/v1/provider-accounts/acme")
    assert (refused.status_code, refused.json()["detail"]) == (422, "the organization's route names it; change the route first")
    assert (await admin.delete("/v1/provider-routes/email")).status_code == 204
    assert (await admin.delete("/v1/provider-accounts/acme")).status_code == 204
    assert (await admin.get("/v1/provider-routes/email")).json() == {"channel": "email", "accounts": ["smtp"], "is_own": False}


async def test_nothing_goes_by_another_account_while_the_chosen_one_cannot_be_used(
    admin: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await put(admin)
    await admin.put("/v1/provider-routes/email", json={"accounts": ["acme"]})
    await session.execute(text("UPDATE provider_accounts SET key_id = 'gone'"))
    handled = await run_task(email(organization_id=OURS))

    found = await delivery(session, handled.id)
    assert (handled.outcome, found.reason, found.timeline) == ("retry", "config", [])
    assert await mail_server.mails() == []


async def test_account_that_was_made_anew_under_its_name_is_another_one(
    admin: ApiClient, run_task: TaskRunner, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifications.providers.carriers.FRESH_S", 0.0)
    for sender in ("Old <old@acme.example>", "New <new@acme.example>"):
        await put(admin, config={"from_email": sender})
        await admin.put("/v1/provider-routes/email", json={"accounts": ["acme"]})
        await run_task(email(organization_id=OURS))
        await admin.delete("/v1/provider-routes/email")
        assert (await admin.delete("/v1/provider-accounts/acme")).status_code == 204

    senders = [one["envelope"]["mail_from"] for one in await mail_server.mails()]
    assert senders == ["new@acme.example", "old@acme.example"]


@pytest.mark.commits
async def test_of_two_who_create_an_account_at_once_the_second_must_know_the_first(
    database: Database, settings: NotificationsSettings
) -> None:
    vault = Vault(settings.encryption)

    async def create(key: str) -> str:
        async with database.unit_of_work() as session:
            setup = ProviderSetup(ProviderRepository(session), vault, {}, system_clock)
            await setup.put(OURS, "acme", "sendgrid", ({}, {"api_key": key}, None), _only_new)
        return key

    results = await asyncio.gather(create("one"), create("two"), return_exceptions=True)
    async with database.read() as session:
        account = await ProviderReader(session).account(OURS, "acme")
    assert account is not None
    [kept] = [one for one in results if isinstance(one, str)]
    assert vault.open(account.id, account.key_id, account.secret) == {"api_key": kept}


def _only_new(revision: int) -> None:
    if revision:
        raise PreconditionFailed("it is there")


async def test_operator_may_neither_see_nor_change_accounts(client: ApiClient) -> None:
    operator = client.as_role("operator", organization_id=OURS)

    assert (await operator.get("/v1/provider-accounts")).status_code == 403
    assert (await put(operator)).status_code == 403


async def test_standings_tell_how_the_installations_accounts_stand(client: ApiClient, settings: NotificationsSettings) -> None:
    found = (await client.as_role("admin").get("/v1/provider-standings")).json()

    assert [one["account"] for one in found] == list(settings.email_providers)
    assert [one["closed_s"] for one in found] == [0.0]


async def test_own_accounts_stand_beside_the_installations_and_nobody_elses(
    client: ApiClient, admin: ApiClient, redis: Redis, settings: NotificationsSettings
) -> None:
    await put(admin)
    await put(client.as_role("admin", organization_id=THEIRS), "bolt")
    await Circuits(redis, settings.service).report(f"{OURS}/acme", Finding(failed=True, closes_s=60.0, why=REFUSED))
    ours = (await admin.get("/v1/provider-standings")).json()
    everybodys = (await client.as_role("admin").get("/v1/provider-standings")).json()
    foreign = await admin.get("/v1/provider-standings", params={"organization_id": str(THEIRS)})

    assert [(one["account"], one["organization_id"]) for one in ours] == [("smtp", None), ("acme", str(OURS))]
    assert (0 < ours[1]["closed_s"] <= 60.0, ours[1]["refuses_us"]) == (True, True)
    assert [one["account"] for one in everybodys] == ["smtp", "acme", "bolt"]
    assert foreign.status_code == 403
