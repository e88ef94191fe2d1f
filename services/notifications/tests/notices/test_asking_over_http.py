"""POST /v1/notifications: what cannot be carried out is said at once."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from services.notifications.templates.repository import NewDraft, TemplateRepository
from services.notifications.tests.deliveries.arrange import know_person
from shared.contracts.notifications import SendNotification
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import assert_nothing_published, assert_published
from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
ASHA: Final = "payments.customer:7"
BODY: Final[dict[str, Any]] = {"to_person": ASHA, "notification_type": "moved", "context": {"by": "a day"}}
VARIABLES: Final = '{"by": {"type": "string", "required": true}, "at": {"type": "datetime", "required": false}}'


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of our organization who may read and write."""
    return client.as_role("operator", organization_id=OURS)


async def publish(session: Session, name: str = "moved") -> None:
    """A template for e-mail that needs to know by how much."""
    templates = TemplateRepository(session)
    await templates.add(name, None)
    template_id = await templates.locked(name, None)
    assert template_id is not None, "it was added"
    draft = NewDraft("en", "Moved by {{ by }}", "It was moved.", None, "{}", "ann", variables=VARIABLES)
    await templates.publish(await templates.add_draft(template_id, draft, MONDAY_MORNING), MONDAY_MORNING)


async def test_what_can_be_carried_out_is_published(operator: ApiClient, session: Session) -> None:
    await publish(session)
    await know_person(session, ASHA, organization_id=OURS)
    accepted = await operator.post("/v1/notifications", json=BODY, headers={"Idempotency-Key": str(uuid4())})

    assert accepted.status_code == 202
    assert accepted.headers["Location"] == f"/v1/deliveries?notice_id={accepted.json()['id']}"
    await assert_published(session, SendNotification, to_person=ASHA, organization_id=OURS)


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"notification_type": "nowhere"}, "template_unknown", "no version of the template nowhere is published"),
        ({"context": {}}, "template_unusable", "the context lacks by"),
        ({"context": {"by": 1, "at": "soon"}}, "template_unusable", "at must be a time with its offset"),
        ({"to_person": "payments.customer:0"}, "recipient_unknown", "upsert the person first"),
        ({"to_person": "payments.customer:6"}, "recipient_unknown", "upsert the person first"),
        ({"to_person": "payments.customer:8"}, "nobody_reachable", "no address for email"),
        ({"channels": ["sms"]}, "nothing_to_say", "has parts for email and none for sms"),
        ({"notification_type": "campaign_moved"}, "marketing_locked", "messages about general cannot be declined"),
    ],
)
async def test_what_would_be_a_dead_letter_is_refused_and_leaves_nothing(
    operator: ApiClient, session: Session, change: dict[str, Any], code: str, said: str
) -> None:
    await publish(session)
    await publish(session, "campaign_moved")
    await know_person(session, ASHA, organization_id=OURS)
    await know_person(session, "payments.customer:6", organization_id=THEIRS)
    await know_person(session, "payments.customer:8", organization_id=OURS, email=None)
    refused = await operator.post("/v1/notifications", json=BODY | change, headers={"Idempotency-Key": str(uuid4())})

    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert said in refused.json()["detail"]
    await assert_nothing_published(session)
