"""Preferences over HTTP, for operators."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from services.notifications import preference_deps as deps
from services.notifications.auth import NotificationsWrite, ReadableOrganization, WritableScope
from services.notifications.people.errors import PersonNotFound
from services.notifications.preferences.errors import CategoryLocked, CategoryUnknown, ChoiceImpossible, PauseUnusable
from services.notifications.preferences.models import Source
from services.notifications.preferences.schemas import (
    CategoryPreferences,
    ChangeOut,
    ChannelOut,
    PreferencesOut,
    PreferencesPut,
    QuietHoursIn,
    by_key,
)
from services.notifications.preferences.service import Shown, Wanted, Way
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatchUnlessNew
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/people/{reference}/preferences", tags=["preferences"])

Reference = Annotated[
    str,
    Path(
        max_length=200,
        pattern=r"^[a-z]+\.[a-z_]+:[^\x00-\x1f\x7f/]+$",
        description="`<service>.<kind>:<id>`.",
        examples=["payments.customer:42"],
    ),
]


@router.get("", name="get", summary="Read what a person wants to get", responses=problems(PersonNotFound))
async def get_preferences(reference: Reference, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> PreferencesOut:
    """Every category and channel with what counts for it and who has chosen that, and when nothing is sent."""
    shown = await deps.preferences(db).get(reference, organization_id)
    etag.show(shown.sheet.revision)
    return _out(shown)


@router.put(
    "",
    name="put",
    summary="Change what a person wants to get",
    responses=problems(PersonNotFound, CategoryLocked, CategoryUnknown, ChoiceImpossible, PauseUnusable),
)
async def put_preferences(
    *,
    reference: Reference,
    body: PreferencesPut,
    principal: NotificationsWrite,
    organization_id: WritableScope,
    if_match: IfMatchUnlessNew,
    etag: ETag,
    request: Request,
    db: WriteDb,
) -> PreferencesOut:
    """All that the person has chosen, with `If-Match`: what is left out is the organization's choice again.

    Recorded with the caller's name.
    """
    runtime = runtime_of(request)
    changes = deps.preference_changes(db, runtime.settings, runtime.clock)
    quiet = body.quiet_hours.hours() if body.quiet_hours is not None else None
    wanted = Wanted(by_key(body.choices), quiet, body.paused_until)
    shown = await changes.put(reference, organization_id, wanted, if_match.check, Way(Source.OPERATOR, principal.id))
    etag.show(shown.sheet.revision)
    return _out(shown)


@router.get("/history", name="history", summary="List changes of what a person wants", responses=problems(PersonNotFound))
async def list_changes(
    reference: Reference, organization_id: ReadableOrganization, db: ReadDb, paging: Paging
) -> Page[ChangeOut]:
    """The newest first: what was changed, by whom and by which way."""
    rows = await deps.preferences(db).history(reference, organization_id, after=paging.after, limit=paging.fetch)
    return paging.page(rows, ChangeOut, key=lambda row: (row.changed_at, row.id))


def _out(shown: Shown) -> PreferencesOut:
    categories = [
        CategoryPreferences(
            name=one.category.name,
            title=one.category.title,
            legal_class=one.category.legal_class,
            locked=one.category.locked,
            channels=[ChannelOut.model_validate(channel) for channel in one.channels],
        )
        for one in shown.categories
    ]
    return PreferencesOut(
        reference=shown.sheet.person,
        categories=categories,
        quiet_hours=QuietHoursIn.of(shown.sheet.quiet),
        paused_until=shown.sheet.paused_until,
        time_zone=shown.time_zone,
    )
