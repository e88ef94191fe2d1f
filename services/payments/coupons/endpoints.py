"""/v1/coupons: create, read, list and change."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from services.payments import orders_deps as deps
from services.payments.actors import actor
from services.payments.auth import PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.coupons.errors import CouponExists, CouponExpired, CouponNotFound
from services.payments.coupons.repository import CouponReader
from services.payments.coupons.schemas import CouponChange, CouponIn, CouponOut
from services.payments.coupons.service import coupon_of
from services.payments.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/coupons", tags=["coupons"])

CouponId = Annotated[UUID, Path(description="The coupon's id.")]


@router.get("", name="list", summary="List coupons")
async def list_coupons(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[CouponOut]:
    """The newest first; those that are over, too."""
    rows = await CouponReader(db).newest(organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, CouponOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Create a coupon", responses=problems(CouponExists, CouponExpired))
async def create(
    body: CouponIn,
    request: Request,
    principal: PaymentsWrite,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    etag: ETag,
) -> CouponOut:
    """A code is unique in its organization, so a repeated request creates nothing and needs no Idempotency-Key."""
    coupon = await deps.coupons(db, runtime_of(request).clock).create(organization_id, body, by=actor(principal))
    response.headers["Location"] = f"/v1/coupons/{coupon.id}"
    etag.show(coupon.version)
    return CouponOut.model_validate(coupon)


@router.get("/{coupon_id:uuid}", summary="Read a coupon", responses=problems(CouponNotFound))
async def get(coupon_id: CouponId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> CouponOut:
    """With how often it was used."""
    coupon = await coupon_of(CouponReader(db), coupon_id, organization_id)
    etag.show(coupon.version)
    return CouponOut.model_validate(coupon)


@router.patch("/{coupon_id:uuid}", summary="Change a coupon", responses=problems(CouponNotFound, CouponExpired))
async def change(
    coupon_id: CouponId,
    body: CouponChange,
    request: Request,
    principal: PaymentsWrite,
    db: WriteDb,
    if_match: IfMatch,
    etag: ETag,
) -> CouponOut:
    """Withdraw it, or move its end and its limits. Orders that have it keep what it took off."""
    coupons = deps.coupons(db, runtime_of(request).clock)
    coupon = await coupons.change(coupon_id, principal.organization_id, body, if_match.check)
    etag.show(coupon.version)
    return CouponOut.model_validate(coupon)
