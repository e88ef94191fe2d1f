"""People over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from services.notifications import deps, preference_deps
from services.notifications.auth import ReadableOrganization, WritableScope
from services.notifications.people.errors import PersonNotFound, PersonUnusable
from services.notifications.people.schemas import PersonOut, PersonPut
from shared.contracts.notifications import UpsertPerson
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatchUnlessNew
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/people", tags=["people"])

Reference = Annotated[
    str,
    Path(
        max_length=200,
        pattern=r"^[a-z]+\.[a-z_]+:[^\x00-\x1f\x7f/]+$",
        description="`<service>.<kind>:<id>`.",
        examples=["trips.driver:019a9f5e-0b00-7e21-b7c4-90ab12cd34ef"],
    ),
]


_TEXT = r"^[^\x00-\x1f]+$"


@router.get("", name="list", summary="List people")
async def list_people(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    email: Annotated[str | None, Query(max_length=320, pattern=_TEXT, description="Only who has this address.")] = None,
    q: Annotated[str | None, Query(max_length=200, pattern=_TEXT, description="Only whose name begins so.")] = None,
) -> Page[PersonOut]:
    """By reference. Address and name are compared without regard to case."""
    after = str(paging.after[0]) if paging.after is not None else None
    people = deps.people(db, organization_id)
    rows = await people.listed(email=email, name_prefix=q, after=after, limit=paging.fetch)
    return paging.page(rows, PersonOut, key=lambda row: (row.reference,))


@router.get("/{reference}", name="get", summary="Read a person", responses=problems(PersonNotFound))
async def get_person(reference: Reference, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> PersonOut:
    """Who was erased is not found."""
    person = await deps.people(db, organization_id).get(reference)
    etag.show(person.revision)
    return PersonOut.model_validate(person)


@router.put(
    "/{reference}",
    name="put",
    summary="Create or replace a person",
    responses={201: {"description": "Created", "model": PersonOut}, **problems(PersonUnusable, PersonNotFound)},
)
async def put_person(
    *,
    reference: Reference,
    body: PersonPut,
    organization_id: WritableScope,
    if_match: IfMatchUnlessNew,
    etag: ETag,
    request: Request,
    response: Response,
    db: WriteDb,
) -> PersonOut:
    """Replacing needs `If-Match`, creating needs none. What the person's owner says next replaces this again."""
    person = UpsertPerson(reference=reference, entity_version=1, organization_id=organization_id, **body.model_dump())
    runtime = runtime_of(request)
    kept, created = await preference_deps.people_changes(db, runtime.settings, runtime.clock).put(person, if_match.check)
    etag.show(kept.revision)
    response.status_code = 201 if created else 200
    return PersonOut.model_validate(kept)
