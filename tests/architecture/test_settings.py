"""A service's settings are checked by all that the classes they are built of check them with."""

from importlib import import_module
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from shared.contracts.lanes import SERVICES


def checks_of(settings: type[BaseSettings]) -> dict[str, str]:
    """The function behind each check, by the name under which a subclass would take its place."""
    decorators = settings.__pydantic_decorators__
    found: dict[str, Any] = {**decorators.field_validators, **decorators.model_validators}
    return {name: getattr(one.func, "__func__", one.func).__qualname__ for name, one in found.items()}


@pytest.mark.parametrize("service", SERVICES)
def test_no_check_takes_the_place_of_another_by_its_name(service: str) -> None:
    settings: type[BaseSettings] = getattr(import_module(f"services.{service}.settings"), f"{service.capitalize()}Settings")
    mine, bases = checks_of(settings), [one for one in settings.__mro__[1:] if issubclass(one, BaseSettings)]

    lost = {f"{base.__name__}.{name}" for base in bases for name, check in checks_of(base).items() if mine[name] != check}
    assert lost == set()
