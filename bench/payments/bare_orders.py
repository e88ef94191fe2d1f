"""The peer: bare FastAPI endpoints that write an order, its lines and its idempotency key by asyncpg, in one transaction, and
read an order.

`uvicorn bench.payments.bare_orders:app`. No access, no prices, no taxes, no history, no message: what this machine allows for
an idempotent write over HTTP, and for a read.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI, Header, HTTPException, Response
from pydantic import BaseModel

TABLES: Final = """
    CREATE TABLE bare_orders (id uuid PRIMARY KEY, customer_id uuid NOT NULL, currency text NOT NULL);
    CREATE TABLE bare_lines (order_id uuid NOT NULL, number integer, sku text, quantity integer, PRIMARY KEY (order_id, number));
    CREATE TABLE bare_keys (key text PRIMARY KEY, answer bytea NOT NULL);
    GRANT ALL ON bare_orders, bare_lines, bare_keys TO payments_app;
"""
_ORDER: Final = "INSERT INTO bare_orders (id, customer_id, currency) VALUES ($1, $2, $3)"
_LINES: Final = """
    INSERT INTO bare_lines (order_id, number, sku, quantity)
    SELECT $1, number, sku, quantity FROM unnest($2::text[], $3::integer[]) WITH ORDINALITY AS row(sku, quantity, number)
"""


class Line(BaseModel):
    """One of them."""

    sku: str
    quantity: int


class Order(BaseModel):
    """As ours takes it, as far as the benchmark fills it in."""

    customer_id: UUID
    currency: str
    lines: list[Line]


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    settings = {"search_path": "payments"}
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], server_settings=settings, max_size=10) as pool:
        application.state.pool = pool
        yield


app = FastAPI(lifespan=_lifespan)


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """It serves."""
    return {"status": "ready"}


@app.post("/v1/orders")
async def create(order: Order, idempotency_key: Annotated[str, Header()]) -> Response:
    """Once for each key."""
    async with app.state.pool.acquire() as connection, connection.transaction():
        known = await connection.fetchval("SELECT answer FROM bare_keys WHERE key = $1", idempotency_key)
        if known is not None:
            return Response(known, 201, media_type="application/json")
        order_id = uuid4()
        await connection.execute(_ORDER, order_id, order.customer_id, order.currency)
        skus, quantities = [one.sku for one in order.lines], [one.quantity for one in order.lines]
        await connection.execute(_LINES, order_id, skus, quantities)
        shown: dict[str, Any] = {"id": str(order_id), **order.model_dump(mode="json")}
        answer = json.dumps(shown).encode()
        await connection.execute("INSERT INTO bare_keys (key, answer) VALUES ($1, $2)", idempotency_key, answer)
    return Response(answer, 201, media_type="application/json")


@app.get("/v1/orders/{order_id}")
async def read(order_id: UUID) -> dict[str, Any]:
    """By its id."""
    async with app.state.pool.acquire() as connection:
        found = await connection.fetchrow("SELECT id, customer_id, currency FROM bare_orders WHERE id = $1", order_id)
    if found is None:
        raise HTTPException(404)
    return dict(found)
