"""What the law says of a category: one answer for all who ask, in the database and beside it."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.categories.models import BUILT_IN, UNDECLARED, About, Law, LegalClass, law_of_class
from services.notifications.categories.repository import CategoryReader
from services.notifications.tests.deliveries.arrange import know_person, publish_template, templated
from services.notifications.tests.gates.arrange import OURS, category
from services.notifications.tests.mail_server import MailServer
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner

THEIRS: Final = UUID(int=6)
CUSTOMER: Final = "payments.customer:7"
LINKS: Final = "unsubscribe: {{ unsubscribe_url or 'nothing to decline' }}"


async def in_database(session: Session, organization_id: UUID | None, name: str) -> Law:
    statement = text("SELECT * FROM law_of(CAST(:organization_id AS uuid), :name)")
    row = (await session.execute(statement, {"organization_id": organization_id, "name": name})).one()
    return Law(LegalClass(row.legal_class), row.can_be_declined, row.counts_as_marketing)


async def test_built_in_categories_are_the_same_in_the_database_and_beside_it(session: Session) -> None:
    beside: Mapping[About, Law] = await CategoryReader(session).laws([About(name, OURS) for name in BUILT_IN])

    assert {about.category: law for about, law in beside.items()} == {
        name: await in_database(session, OURS, name) for name in BUILT_IN
    }


@pytest.mark.parametrize("legal_class", LegalClass)
async def test_category_of_ones_own_has_its_class_for_its_organization_alone(session: Session, legal_class: LegalClass) -> None:
    await category(session, "tolls", legal_class)
    await know_person(session, CUSTOMER, organization_id=OURS)
    ours, theirs, nobodys = About("tolls", OURS), About("tolls", THEIRS), About("tolls", None)
    persons = About("tolls", None, CUSTOMER)

    found = await CategoryReader(session).laws({ours, theirs, nobodys, persons})

    own = law_of_class(legal_class)
    assert found == {ours: own, persons: own, theirs: UNDECLARED, nobodys: UNDECLARED}
    assert await in_database(session, OURS, "tolls") == own


async def test_what_nobody_has_declared_can_be_declined_and_counts_as_marketing(session: Session) -> None:
    assert await in_database(session, OURS, "made_up") == UNDECLARED
    assert (UNDECLARED.can_be_declined, UNDECLARED.counts_as_marketing) == (True, True)


@pytest.mark.parametrize(("legal_class", "has_link"), [("transactional", False), ("service", True), ("marketing", True)])
async def test_mail_of_ones_own_category_offers_to_unsubscribe_only_where_that_means_something(
    run_task: TaskRunner, session: Session, mail_server: MailServer, legal_class: str, has_link: bool
) -> None:
    await category(session, "tolls", LegalClass(legal_class))
    await publish_template(session, "Tolls", LINKS)

    await run_task(templated(category="tolls", organization_id=OURS))

    mail = await mail_server.newest("ann@example.com")
    assert ("/v1/unsubscribe/" in mail.get_content(), "List-Unsubscribe" in mail) == (has_link, has_link)


async def test_category_of_the_persons_organization_counts_where_the_message_names_none(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await category(session, "tolls", LegalClass.TRANSACTIONAL)
    await know_person(session, CUSTOMER, organization_id=OURS, email="asha@example.com")
    await publish_template(session, "Tolls", LINKS)

    await run_task(templated(category="tolls", to_person=CUSTOMER, to_email=None))

    # For no organization, so that its person's counts, as it does for what the person may choose.
    mail = await mail_server.newest("asha@example.com")
    assert "nothing to decline" in mail.get_content()
