"""/v1/products: the catalogue of an organization."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.payments import orders_deps as deps
from services.payments.auth import OneOrganization, PaymentsWrite, WritableOrganization
from services.payments.catalog.errors import ProductExists, ProductNotFound, UnreadableCatalogue
from services.payments.catalog.repository import ProductReader
from services.payments.catalog.schemas import CatalogueImport, ProductChange, ProductIn, ProductOut, Sku
from services.payments.catalog.service import Catalogue, product_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/products", tags=["products"])

ProductSku = Annotated[Sku, Path(description="The product's SKU.")]
_CSV: Final = "sku,name,hsn_sac,unit_price_minor,currency,tax_rate_bp\nCHAIR-OAK-01,Oak chair,940161,125000,INR,1800\n"
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"description": "A file in UTF-8."}, "example": _CSV}},
    }
}


async def catalogue(request: Request, principal: PaymentsWrite, organization_id: WritableOrganization, db: WriteDb) -> Catalogue:
    """The catalogue that the caller writes."""
    return deps.catalogue(db, runtime_of(request).clock, organization_id, by=principal.id)


Writing = Annotated[Catalogue, Depends(catalogue)]


async def file_body(_principal: PaymentsWrite, request: Request) -> bytes:
    """The bytes of the request."""
    return await request.body()


@router.get("", name="list", summary="List products")
async def list_products(
    organization_id: OneOrganization,
    db: ReadDb,
    paging: Paging,
    active: Annotated[bool | None, Query(description="Only those that are sold, or only the others.")] = None,
) -> Page[ProductOut]:
    """By SKU."""
    after = str(paging.after[0]) if paging.after else None
    rows = await ProductReader(db).listed(organization_id, active=active, after=after, limit=paging.fetch)
    return paging.page(rows, ProductOut, key=lambda row: (row.sku,))


@router.post("", status_code=201, summary="Create a product", responses=problems(ProductExists))
async def create(body: ProductIn, writing: Writing, response: Response, etag: ETag) -> ProductOut:
    """A SKU is unique in its organization, so a repeated request creates nothing and needs no Idempotency-Key."""
    product = await writing.create(body)
    response.headers["Location"] = f"/v1/products/{product.sku}"
    etag.show(product.version)
    return ProductOut.model_validate(product)


@router.get("/{sku}", summary="Read a product", responses=problems(ProductNotFound))
async def get(sku: ProductSku, organization_id: OneOrganization, db: ReadDb, etag: ETag) -> ProductOut:
    """As it is sold now."""
    product = await product_of(ProductReader(db), organization_id, sku)
    etag.show(product.version)
    return ProductOut.model_validate(product)


@router.patch("/{sku}", summary="Change a product", responses=problems(ProductNotFound))
async def change(sku: ProductSku, body: ProductChange, writing: Writing, if_match: IfMatch, etag: ETag) -> ProductOut:
    """Orders keep the price that they were placed at; carts show the difference and ask."""
    product = await writing.change(sku, body, if_match.check)
    etag.show(product.version)
    return ProductOut.model_validate(product)


@router.get("/{sku}/versions", summary="List what a product was", responses=problems(ProductNotFound))
async def versions(sku: ProductSku, organization_id: OneOrganization, db: ReadDb, paging: Paging) -> Page[ProductOut]:
    """Every price it ever had, since when and by whom; the newest first."""
    reader = ProductReader(db)
    await product_of(reader, organization_id, sku)
    before = int(str(paging.after[0])) if paging.after else None
    rows = await reader.versions(organization_id, sku, before=before, limit=paging.fetch)
    return paging.page(rows, ProductOut, key=lambda row: (row.version,))


@router.post(
    "/import", name="import", summary="Import products from CSV", openapi_extra=_FILE, responses=problems(UnreadableCatalogue)
)
async def import_file(writing: Writing, body: Annotated[bytes, Depends(file_body)]) -> CatalogueImport:
    """Create what is new and change what differs, by SKU; a product keeps its currency.

    Good rows are kept whatever the others are like, and the report names each fault. The same file again changes nothing, so it
    needs no Idempotency-Key. At most 10,000 rows and 1 MB.
    """
    return await writing.take_over(body)
