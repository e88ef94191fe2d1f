"""Pointers of refused bodies lead to what was sent, also through unions."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared.runtime.http.validation import invalid_request


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: int = Field(gt=0)


class Polygon(BaseModel):
    kind: Literal["polygon"]
    points: list[int]


Shape = Annotated[Circle | Polygon, Field(discriminator="kind")]


class Drawing(BaseModel):
    shapes: list[Shape]
    size: int | bool = 1


def pointers(meant: Any, sent: Any) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(meant).validate_python(sent)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()]
    return [error["pointer"] for error in invalid_request(errors, sent).extra["errors"]]


@pytest.mark.parametrize(
    ("meant", "sent", "found"),
    [
        (Shape, {"kind": "circle", "radius": 0}, ["#/radius"]),
        (Shape, {"kind": "circle"}, ["#/radius"]),
        (Shape, {"kind": "star"}, ["#"]),
        (Drawing, {"shapes": [{"kind": "polygon", "points": [1, "x"]}]}, ["#/shapes/0/points/1"]),
        (
            Drawing,
            {"shapes": [{"kind": "polygon"}, {"kind": "circle", "radius": -1}]},
            ["#/shapes/0/points", "#/shapes/1/radius"],
        ),
        (Drawing, {"shapes": [], "size": "x"}, ["#/size", "#/size"]),
        (Drawing, {}, ["#/shapes"]),
        (Drawing, [], ["#"]),
    ],
)
def test_pointer_names_a_place_in_what_was_sent(meant: Any, sent: Any, found: list[str]) -> None:
    assert pointers(meant, sent) == found


def test_without_what_was_sent_a_pointer_is_pydantics_own() -> None:
    errors = [{"loc": ("body", "kwargs", "to"), "type": "missing", "msg": "Field required"}]
    assert [one["pointer"] for one in invalid_request(errors).extra["errors"]] == ["#/kwargs/to"]
