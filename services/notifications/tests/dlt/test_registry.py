"""Finding the registered text of a whole batch."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.notifications.dlt.models import DltClass
from services.notifications.dlt.registry import Match, Mismatch, Registry, SmsText
from services.notifications.sms.provider import DltTemplate
from services.notifications.tests.dlt.arrange import OURS, SAID, THEIRS, registered
from shared.runtime.db import Session


def said(number: int = 1, body: str = SAID, *, organization_id: UUID | None = OURS, **parts: Any) -> SmsText:
    """A text that somebody sends."""
    usual: dict[str, Any] = {"template_name": None, "locale": None}
    return SmsText(UUID(int=number), organization_id, body=body, **(usual | parts))


async def matched(session: Session, sms: SmsText) -> UUID | str:
    """The row that a text is, or why it is none."""
    found = (await Registry().matches(session, [sms]))[sms.id]
    return found.text_id if isinstance(found, Match) else found.reason


async def test_registered_text_is_found_with_what_it_has_for_each_variable(session: Session) -> None:
    text_id = await registered(session)

    found = await Registry().matches(session, [said(1), said(2, "Something else.")])

    template = DltTemplate(
        "1107161234567890123", "60e5a1b2c3d4e5f601234567", "WYBILL-S", (("number", "O-1"), ("status", "packed"))
    )
    assert found[UUID(int=1)] == Match(text_id, DltClass.SERVICE_IMPLICIT, template)
    unregistered = found[UUID(int=2)]
    assert isinstance(unregistered, Mismatch)
    assert unregistered.reason == "unregistered"
    assert "Something" not in unregistered.words


async def test_match_of_one_organization_gives_what_a_provider_takes(session: Session) -> None:
    await registered(session)

    found = await Registry().match(session, OURS, {UUID(int=1): (None, "en", SAID), UUID(int=2): ("order", None, "x")})

    assert isinstance(found[UUID(int=1)], DltTemplate)
    assert isinstance(found[UUID(int=2)], Mismatch)


async def test_variable_of_more_than_thirty_characters_is_named(session: Session) -> None:
    await registered(session)

    found = (await Registry().matches(session, [said(body=f"Your order {'7' * 31} is packed. - Waybill")]))[UUID(int=1)]

    assert isinstance(found, Mismatch)
    assert (found.reason, "variable number has more than 30" in found.words, "777" in found.words) == (
        "variable_too_long",
        True,
        False,
    )


async def test_own_text_counts_before_everybody_s_and_another_organization_s_never(session: Session) -> None:
    await registered(session, THEIRS)
    alone = await matched(session, said())
    everybody = await registered(session, None)
    shared = await matched(session, said())
    own = await registered(session, OURS)

    assert (alone, shared, await matched(session, said())) == ("unregistered", everybody, own)
    assert await matched(session, said(organization_id=None)) == everybody


async def test_text_of_the_very_template_and_language_counts_before_others(session: Session) -> None:
    loose = await registered(session, dlt_template_id="1000001")
    named = await registered(session, dlt_template_id="1000002", template_name="order_status")
    english = await registered(session, dlt_template_id="1000003", template_name="order_status", locale="en")
    await registered(session, dlt_template_id="1000004", template_name="another")

    found = [
        await matched(session, said()),
        await matched(session, said(template_name="order_status", locale="hi")),
        await matched(session, said(template_name="order_status", locale="en")),
        await matched(session, said(template_name="unheard_of")),
    ]

    assert found == [loose, named, english, loose]


async def test_text_that_is_switched_off_is_not_sent(session: Session) -> None:
    await registered(session, active=False)

    assert await matched(session, said()) == "unregistered"


async def test_no_texts_ask_nothing(session: Session) -> None:
    assert await Registry().matches(session, []) == {}


@pytest.mark.parametrize(
    "change",
    [
        "variables = ARRAY['number']",
        "text = 'no placeholder'",
        "class = 'X'",
        "dlt_template_id = 'abc'",
        "header = 'much-too-long-a-header'",
        "entity_id = ''",
    ],
)
async def test_database_refuses_what_cannot_be_registered(session: Session, change: str) -> None:
    await registered(session)

    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await session.execute(text(f"UPDATE dlt_templates SET {change}"))  # noqa: S608 - the cases above


async def test_one_id_of_the_registry_is_entered_once_for_an_organization_and_once_for_everybody(session: Session) -> None:
    for organization_id in (None, OURS, THEIRS):
        await registered(session, organization_id)

    for organization_id in (None, OURS):
        with pytest.raises(AssertionError):
            await registered(session, organization_id)
