"""The mailbox API: /mail."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Response

from deploy.sandbox.entries import Entry
from deploy.sandbox.mailbox import schemas
from deploy.sandbox.mailbox.mime import Content, read, viewable_html
from deploy.sandbox.mailbox.receipt import CHANNEL
from deploy.sandbox.problems import Problem
from deploy.sandbox.schemas import Count, Deleted
from deploy.sandbox.waiting import CoreParam, reach

# The mail is a stranger's: no script, nothing fetched, no origin; only its own styles and embedded images.
HTML_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline';"
    " font-src data:; form-action 'none'; frame-ancestors 'self'"
)
_MAX_REPEATED = 1_000

router = APIRouter(prefix="/mail", tags=["mail"])


FilterParam = Annotated[schemas.Filter, Query()]


async def _entry(core: CoreParam, mail_id: Annotated[int, Path(ge=1, lt=2**63)]) -> Entry:
    entry = core.ledger.get(CHANNEL, mail_id)
    if entry is None:
        raise Problem(
            404, "mail_not_found", f"There is no mail {mail_id}; it may have been deleted. GET /mail lists those there are."
        )
    return entry


EntryParam = Annotated[Entry, Depends(_entry)]


async def _content(core: CoreParam, entry: EntryParam) -> Content:
    return await asyncio.to_thread(read, core.ledger.body(entry.id))


ContentParam = Annotated[Content, Depends(_content)]


@router.get("", summary="List mails, newest first")
async def list_mails(core: CoreParam, page: Annotated[schemas.Page, Query()]) -> schemas.MailList:
    """Recipients are those of the envelope; a mail to many is one mail."""
    found = core.ledger.find(page.criteria(page.cursor), page.limit + 1)
    items = [schemas.summary(entry) for entry in found[: page.limit]]
    return schemas.MailList(items=items, next_cursor=items[-1].id if len(found) > page.limit else None)


@router.delete("", summary="Delete the mails that are meant; without a filter, all")
async def delete_mails(core: CoreParam, wanted: FilterParam) -> Deleted:
    return Deleted(deleted=await core.ledger.remove(wanted.criteria()))


@router.get("/count", summary="Count mails")
async def count_mails(core: CoreParam, wanted: FilterParam) -> Count:
    return Count(count=core.ledger.count(wanted.criteria()))


@router.get("/stats", summary="Count mails per Message-ID, to see duplicates")
async def mail_stats(core: CoreParam, wanted: FilterParam) -> schemas.Stats:
    criteria = wanted.criteria()
    messages = core.ledger.count(criteria)
    distinct, without, repeated = core.ledger.references(criteria)
    return schemas.Stats(
        messages=messages,
        message_ids=distinct,
        surplus=messages - distinct - without,
        without_message_id=without,
        pruned=core.ledger.pruned(),
        repeated=[schemas.Repeated(message_id=reference, count=count) for reference, count in repeated[:_MAX_REPEATED]],
    )


@router.get("/wait", summary="Wait until so many mails are there")
async def wait_for_mails(core: CoreParam, wait: Annotated[schemas.Wait, Query()]) -> schemas.WaitResult:
    """Answers as soon as the count is reached, or at the time-out with `reached` false."""
    count = await reach(core, wait.criteria(), wait.count, wait.timeout)
    items = [schemas.summary(entry) for entry in core.ledger.find(wait.criteria(), wait.limit)]
    return schemas.WaitResult(reached=count >= wait.count, count=count, items=items)


@router.get("/{mail_id}", summary="Read a mail")
async def read_mail(entry: EntryParam, content: ContentParam) -> schemas.Mail:
    return schemas.mail(entry, content)


@router.delete("/{mail_id}", status_code=204, summary="Delete a mail")
async def delete_mail(core: CoreParam, entry: EntryParam) -> None:
    await core.ledger.remove_one(CHANNEL, entry.id)


@router.get("/{mail_id}/raw", summary="The mail as it came, byte for byte")
async def raw_mail(core: CoreParam, entry: EntryParam) -> Response:
    return Response(core.ledger.body(entry.id), media_type="message/rfc822", headers=_download(f"mail-{entry.id}.eml"))


@router.get("/{mail_id}/html", summary="The HTML part, to be shown in a frame")
async def mail_html(entry: EntryParam, content: ContentParam) -> Response:
    if content.html is None:
        raise Problem(404, "no_html", f"Mail {entry.id} has no HTML part; GET /mail/{entry.id} has its text.")
    headers = {"Content-Security-Policy": HTML_POLICY}
    return Response(viewable_html(content).encode(), media_type="text/html; charset=utf-8", headers=headers)


@router.get("/{mail_id}/attachments/{index}", summary="Download an attachment")
async def attachment(entry: EntryParam, content: ContentParam, index: Annotated[int, Path(ge=0)]) -> Response:
    if index >= len(content.attachments):
        raise Problem(404, "attachment_not_found", f"Mail {entry.id} has {len(content.attachments)} attachments, counted from 0.")
    part = content.attachments[index]
    return Response(part.content, media_type="application/octet-stream", headers=_download(part.filename or f"part-{index}"))


def _download(filename: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}"}
