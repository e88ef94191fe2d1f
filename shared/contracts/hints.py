"""JSON Schema of a message with hints at what JSON Schema cannot show, under keywords that begin with `x-`.

x-zone              that a time must be aware, or naive
x-strict            that nothing is converted: no "1" for an integer
x-validators        functions of ours that may refuse a value; what they refuse is not visible, that there is one is
x-default-factory   what makes the value of a field that is left out
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema

ZONE: Final = "x-zone"
STRICT: Final = "x-strict"
VALIDATORS: Final = "x-validators"
DEFAULT_FACTORY: Final = "x-default-factory"

_FUNCTIONS: Final = {"function-before", "function-after", "function-wrap", "function-plain"}


class HintedSchema(GenerateJsonSchema):
    """pydantic's generator, plus the hints."""

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        """The JSON Schema of one part, which is a core schema or a field of one."""
        found = super().generate_inner(schema)
        hints = _hints(schema, found)
        return {**found, **hints} if hints else found

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """The JSON Schema of a model. Its own validators and its strictness hold wherever it is used, so they stand here."""
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        if names := sorted(model.__pydantic_decorators__.model_validators):
            found[VALIDATORS] = names
        if model.model_config.get("strict"):
            found[STRICT] = True
        return found


def _hints(core: dict[str, Any], found: JsonSchemaValue) -> dict[str, Any]:
    if core["type"] in _FUNCTIONS and not _is_model(core):
        return {VALIDATORS: [*found.get(VALIDATORS, []), _name(core["function"]["function"])]}
    if core["type"] == "default" and "default_factory" in core:
        return {DEFAULT_FACTORY: _name(core["default_factory"])}
    if core["type"] == "model":
        return {}
    zone = {ZONE: core["tz_constraint"]} if "tz_constraint" in core else {}
    return {**zone, STRICT: True} if core.get("strict") else zone


def _is_model(core: dict[str, Any]) -> bool:
    """Whether these are a model's own validators, which pydantic wraps around it."""
    while core["type"] in _FUNCTIONS and "schema" in core:
        core = core["schema"]
    return bool(core["type"] == "model")


def _name(function: Callable[..., Any]) -> str:
    if isinstance(function, partial):
        function = function.func
    return getattr(function, "__qualname__", type(function).__qualname__)
