"""The SMS API: /sms."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from deploy.sandbox.entries import Entry
from deploy.sandbox.problems import Problem
from deploy.sandbox.schemas import Count, Deleted
from deploy.sandbox.sms import schemas
from deploy.sandbox.sms.receipt import CHANNEL
from deploy.sandbox.waiting import CoreParam, reach

_MAX_REPEATED = 1_000

router = APIRouter(prefix="/sms", tags=["sms"])

FilterParam = Annotated[schemas.Filter, Query()]


async def _entry(core: CoreParam, sms_id: Annotated[int, Path(ge=1, lt=2**63)]) -> Entry:
    entry = core.ledger.get(CHANNEL, sms_id)
    if entry is None:
        raise Problem(
            404, "sms_not_found", f"There is no SMS {sms_id}; it may have been deleted. GET /sms lists those there are."
        )
    return entry


EntryParam = Annotated[Entry, Depends(_entry)]


@router.get("", summary="List SMS, newest first")
async def list_sms(core: CoreParam, page: Annotated[schemas.Page, Query()]) -> schemas.SmsList:
    """A request for several numbers is several SMS."""
    found = core.ledger.find(page.criteria(page.cursor), page.limit + 1)
    items = [schemas.SmsOut.of(entry) for entry in found[: page.limit]]
    return schemas.SmsList(items=items, next_cursor=items[-1].id if len(found) > page.limit else None)


@router.delete("", summary="Delete the SMS that are meant; without a filter, all")
async def delete_sms(core: CoreParam, wanted: FilterParam) -> Deleted:
    return Deleted(deleted=await core.ledger.remove(wanted.criteria()))


@router.get("/count", summary="Count SMS")
async def count_sms(core: CoreParam, wanted: FilterParam) -> Count:
    return Count(count=core.ledger.count(wanted.criteria()))


@router.get("/stats", summary="Count SMS per reference, to see duplicates")
async def sms_stats(core: CoreParam, wanted: FilterParam) -> schemas.Stats:
    criteria = wanted.criteria()
    messages = core.ledger.count(criteria)
    distinct, without, repeated = core.ledger.references(criteria)
    return schemas.Stats(
        messages=messages,
        references=distinct,
        surplus=messages - distinct - without,
        without_reference=without,
        repeated=[schemas.Repeated(reference=reference, count=count) for reference, count in repeated[:_MAX_REPEATED]],
    )


@router.get("/wait", summary="Wait until so many SMS are there")
async def wait_for_sms(core: CoreParam, wait: Annotated[schemas.Wait, Query()]) -> schemas.WaitResult:
    """Answers as soon as the count is reached, or at the time-out with `reached` false."""
    count = await reach(core, wait.criteria(), wait.count, wait.timeout)
    items = [schemas.SmsOut.of(entry) for entry in core.ledger.find(wait.criteria(), wait.limit)]
    return schemas.WaitResult(reached=count >= wait.count, count=count, items=items)


@router.get("/{sms_id}", summary="Read an SMS")
async def read_sms(entry: EntryParam) -> schemas.SmsOut:
    return schemas.SmsOut.of(entry)


@router.delete("/{sms_id}", status_code=204, summary="Delete an SMS")
async def delete_one_sms(core: CoreParam, entry: EntryParam) -> None:
    await core.ledger.remove_one(CHANNEL, entry.id)
