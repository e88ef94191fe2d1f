"""The HTTP API of the fault rules: /faults/<provider>."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.problems import Problem

MAX_RULES = 10_000


def faults_router(boards: dict[str, FaultBoard[Any]]) -> APIRouter:
    """The HTTP API of all boards under /faults."""
    router = APIRouter(prefix="/faults", tags=["faults"])

    def board(provider: str) -> FaultBoard[Any]:
        if provider not in boards:
            raise Problem(404, "provider_not_found", f"There is no provider {provider}; there is: {', '.join(boards)}.")
        return boards[provider]

    @router.get("")
    async def list_all_rules() -> dict[str, Any]:
        return {provider: found.view() for provider, found in boards.items()}

    @router.get("/{provider}")
    async def list_rules(provider: str) -> dict[str, Any]:
        return board(provider).view()

    @router.put("/{provider}")
    async def replace_rules(provider: str, rules: Annotated[list[dict[str, Any]], Body(max_length=MAX_RULES)]) -> dict[str, Any]:
        board(provider).replace(rules)
        return board(provider).view()

    @router.post("/{provider}", status_code=201)
    async def add_rule(provider: str, rule: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        board(provider).add(rule)
        return board(provider).view()

    @router.delete("/{provider}", status_code=204)
    async def remove_rules(provider: str) -> None:
        board(provider).replace([])

    @router.patch("/{provider}/{rule_id}")
    async def switch_rule(provider: str, rule_id: str, enabled: Annotated[bool, Body(embed=True)]) -> dict[str, Any]:
        board(provider).switch(rule_id, enabled)
        return board(provider).view()

    @router.delete("/{provider}/{rule_id}", status_code=204)
    async def remove_rule(provider: str, rule_id: str) -> None:
        board(provider).remove(rule_id)

    return router
