"""The people are made known by what their owners say of them."""

from deploy.local.flows.notifications.cast import AMAZON, PLAIN, SENDGRID
from deploy.local.flows.notifications.chapter import Chapter
from deploy.local.polling import read_all
from shared.contracts.notifications import UpsertPerson

CUSTOMER = "asha"
STOPPER = "ravi"
READERS = ("meera", "noor", "farah", "tom")
"""Of the newsletter: the second one's address bounces, the third one unsubscribes."""
_PHONES = {CUSTOMER: 1, STOPPER: 2}


async def introduce(chapter: Chapter) -> None:
    """Tell notifications of everybody, and wait until it knows them."""
    cast = chapter.cast
    plain, sendgrid, amazon = (cast.organizations[name] for name in (PLAIN, SENDGRID, AMAZON))
    people = [
        *(_customer(chapter, name).model_copy(update={"organization_id": plain}) for name in (CUSTOMER, STOPPER)),
        *(_customer(chapter, name).model_copy(update={"organization_id": sendgrid}) for name in READERS),
        _customer(chapter, "latha").model_copy(update={"organization_id": amazon, "phone": cast.phone(3)}),
        UpsertPerson(
            reference=cast.driver,
            entity_version=1,
            organization_id=plain,
            name="Imran",
            email=cast.email("imran"),
            phone=cast.phone(4),
            locale="en-IN",
            time_zone="Asia/Kolkata",
        ),
    ]
    for person in people:
        await chapter.send(person)

    async def known() -> int:
        whose = ({"organization_id": str(one), "limit": "200"} for one in cast.organizations.values())
        return sum([len(await read_all(chapter.world.api, "/v1/people", one)) for one in whose])

    found = await chapter.world.wait(known, lambda count: count == len(people))
    chapter.check("upsert_person: everybody is known, each to the own organization", found, len(people))


def _customer(chapter: Chapter, name: str) -> UpsertPerson:
    number = _PHONES.get(name)
    return UpsertPerson(
        reference=chapter.cast.customer(name),
        entity_version=1,
        name=name.capitalize(),
        email=chapter.cast.email(name),
        phone=chapter.cast.phone(number) if number is not None else None,
        locale="en-IN",
        time_zone="Asia/Kolkata",
    )
