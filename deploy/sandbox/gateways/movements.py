"""The ledger of what a gateway really did: each capture, refund and loss once, in the order in which they happened.

It is what a fault run compares its own books with, and is written in the transaction that moves the money.
"""

from collections import Counter, defaultdict
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.objects import Document
from deploy.sandbox.provider import Core
from deploy.sandbox.waiting import reach_count

KIND = "movement"
Move = Literal["capture", "refund", "refund_reversal", "dispute_loss"]


def movement(
    move: Move, of: Document, *, amount: int, at: int, reference: str | None, notes: Any
) -> tuple[Document, dict[str, str | None]]:
    """One movement and its keys. of: the payment, refund or dispute. amount: minor units. reference: our receipt; notes: ours."""
    document: Document = {
        "id": new_id("mov_", 14),
        "kind": move,
        "object_id": of["id"],
        "payment_id": of.get("payment_id") or of.get("payment_intent") or of["id"],
        "order_id": of.get("order_id"),
        "reference": reference,
        "notes": notes or {},
        "amount": amount,
        "currency": of["currency"].upper(),
        "at": at,
    }
    return document, {"reference": reference, "kind": move}


def movements_router(core: Core, provider: str) -> APIRouter:
    """/<provider>/ledger."""
    router = APIRouter(prefix=f"/{provider}/ledger", tags=[provider])

    @router.get("", summary="What was really done, oldest first; reference: our receipt")
    async def list_movements(
        reference: str | None = None,
        skip: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> dict[str, Any]:
        key = ("reference", reference) if reference is not None else None
        found = core.ledger.objects(provider).find(KIND, key, old_first=True)
        return {"items": list(islice(found, skip, skip + limit))}

    @router.get("/wait", summary="Wait until so many captures, refunds and so on have been made")
    async def wait(
        kind: Move | None = None,
        count: Annotated[int, Query(ge=1)] = 1,
        seconds: Annotated[float, Query(alias="timeout", ge=0, le=300)] = 10.0,
    ) -> dict[str, Any]:
        key = ("kind", kind) if kind is not None else None
        found = await reach_count(core, lambda: core.ledger.objects(provider).count(KIND, key), count, seconds)
        return {"reached": found >= count, "count": found}

    @router.get("/stats", summary="Sums, and which receipts, or values of a note, were captured more than once")
    async def sum_up(by: Annotated[str, Query(pattern=r"^(reference|notes\.[^.]+)$")] = "reference") -> dict[str, Any]:
        moved = list(core.ledger.objects(provider).find(KIND, old_first=True))
        sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for one in moved:
            sums[one["currency"]][f"{one['kind']}_minor"] += one["amount"]
        captures = Counter(_value(one, by) for one in moved if one["kind"] == "capture")
        without = captures.pop(None, 0)
        repeated = [{"value": value, "count": count} for value, count in captures.most_common(1000) if count > 1]
        counts = Counter(one["kind"] for one in moved)
        return {"counts": counts, "sums": sums, "captured": len(captures), "without_value": without, "repeated": repeated}

    return router


def _value(movement: Document, by: str) -> str | None:
    found = movement["reference"] if by == "reference" else movement["notes"].get(by.removeprefix("notes."))
    return str(found) if found is not None else None
