"""Flower asks for a password, as in compose: it shows every task, and who may control workers may end them."""

from collections.abc import Mapping, Sequence
from typing import Final

USER: Final = "waybill"
PASSWORD: Final = "flower.password"  # noqa: S105 — the name of a password, and not one.
VARIABLE: Final = "FLOWER_BASIC_AUTH"
_WAYS: Final = ("basic_auth", "auth", "auth_provider")


def has_login_of_its_own(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether somebody has said how people log in, in Flower's own words."""
    named = {one.partition("=")[0].lstrip("-").replace("-", "_") for one in arguments if one.startswith("-")}
    return not named.isdisjoint(_WAYS) or any(f"FLOWER_{way.upper()}" in environment for way in _WAYS)


def port_of(arguments: Sequence[str], usual: int) -> str:
    """Where it listens; of an option that comes twice the last one counts."""
    return next((one.partition("=")[2] for one in reversed(arguments) if one.startswith("--port=")), str(usual))
