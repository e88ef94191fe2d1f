"""Workers by how urgent the lanes are that they take from."""

from typing import Final

from deploy.local.failures import StackError
from shared.contracts.lanes import lanes_of

RANKS: Final = {"critical": range(8, 11), "normal": range(5, 8), "low": range(1, 5), "all": range(1, 11)}


def lanes_of_type(service: str, kind: str) -> list[str]:
    """The service's lanes whose workers are of this type. StackError where there is no such type, or no such lane."""
    if kind not in RANKS:
        raise StackError(f"There is no worker type called {kind}.", f"choose from {', '.join(RANKS)}")
    found = [lane.name for lane in lanes_of(service) if lane.rank in RANKS[kind]]
    if not found:
        own = ", ".join(f"{lane.name} ({lane.rank})" for lane in lanes_of(service))
        raise StackError(f"{service} has no lane for {kind} workers; its lanes and their ranks are {own}.")
    return found
