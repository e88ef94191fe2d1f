"""The catalogue: what an organization sells, and what it was sold for at any time."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from services.payments.catalog.catalogue_file import read_catalogue
from services.payments.catalog.errors import ProductExists, ProductNotFound
from services.payments.catalog.models import Product
from services.payments.catalog.repository import ProductReader, ProductRepository, Upserted
from services.payments.catalog.schemas import CatalogueImport, ImportProblem, ProductChange, ProductIn
from shared.runtime.clock import Clock


async def product_of(products: ProductReader, organization_id: UUID, sku: str) -> Product:
    """A product. Raises ProductNotFound."""
    found = await products.find(organization_id, sku)
    if found is None:
        raise _not_found()
    return found


class Catalogue:
    """Writes an organization's products. by: who does it."""

    def __init__(self, products: ProductRepository, clock: Clock, organization_id: UUID, *, by: str) -> None:
        self._products = products
        self._clock = clock
        self._organization_id = organization_id
        self._by = by

    async def create(self, new: ProductIn) -> Product:
        """Raises ProductExists."""
        values = new.model_dump() | {"organization_id": self._organization_id}
        product = await self._products.create(values, now=self._clock(), by=self._by)
        if product is None:
            raise ProductExists("the SKU is taken; change that product, or choose another SKU")
        return product

    async def change(self, sku: str, change: ProductChange, check: Callable[[int], None]) -> Product:
        """What changes nothing makes no version. Raises ProductNotFound and what `check` raises."""
        known = await self._products.find(self._organization_id, sku, lock=True)
        if known is None:
            raise _not_found()
        check(known.version)
        values = {name: value for name, value in change.values().items() if value != getattr(known, name)}
        return await self._products.change(known, values, now=self._clock(), by=self._by) if values else known

    async def take_over(self, body: bytes) -> CatalogueImport:
        """Bring the catalogue to what a CSV file says; good rows are kept whatever the others are like.

        Raises UnreadableCatalogue.
        """
        # In a thread: thousands of rows would hold up all other requests of the process.
        file = await asyncio.to_thread(read_catalogue, body)
        total = Upserted(0, 0)
        if file.products:
            total = await self._products.upsert(
                self._organization_id, list(file.products.values()), now=self._clock(), by=self._by
            )
        return CatalogueImport(
            rows=file.rows,
            created=total.created,
            updated=total.updated,
            unchanged=len(file.products) - total.created - total.updated,
            rejected=file.rejected,
            problems=[ImportProblem.model_validate(one) for one in file.problems],
        )


def _not_found() -> ProductNotFound:
    return ProductNotFound("there is no product with this SKU; GET /v1/products lists those that there are")
