"""Circles and polygons, and straight pieces that cross their edges."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trips.geofences.shapes import DEGREE_M, Circle, Place, Polygon, Shape, crossings, holds

MIDDLE: Final = (0.0, 10.0)
CIRCLE: Final = Circle(MIDDLE, 100.0)


def off(east_m: float, north_m: float) -> Place:
    """A place so far from the middle; at the equator a degree is as wide as it is high."""
    return north_m / DEGREE_M, 10.0 + east_m / DEGREE_M


SQUARE: Final = Polygon([off(-100, -100), off(100, -100), off(100, 100), off(-100, 100)])
HORSESHOE: Final = Polygon([off(-100, -100), off(100, -100), off(100, 100), off(50, 100), off(50, 0), off(-100, 0)])


@pytest.mark.parametrize("shape", [CIRCLE, SQUARE])
def test_a_piece_that_passes_through_enters_and_leaves(shape: Shape) -> None:
    enter, leave = crossings(shape, off(-200, 0), off(200, 0))

    assert (enter[0], leave[0]) == ("enter", "exit")
    assert [enter[1], leave[1]] == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("shape", [CIRCLE, SQUARE])
def test_a_piece_that_ends_within_enters_alone_and_one_that_misses_does_nothing(shape: Shape) -> None:
    [entering], [leaving] = crossings(shape, off(-200, 0), off(0, 0)), crossings(shape, off(0, 0), off(0, 400))
    assert (entering[0], leaving[0]) == ("enter", "exit")
    assert [entering[1], leaving[1]] == pytest.approx([0.5, 0.25])
    assert crossings(shape, off(-200, 0), off(-200, 300)) == []
    assert crossings(shape, off(10, 10), off(20, -30)) == []
    assert crossings(shape, off(10, 10), off(10, 10)) == []


def test_the_hollow_of_a_horseshoe_is_without() -> None:
    assert not holds(HORSESHOE, off(0, 50))
    assert holds(HORSESHOE, off(75, 50))
    assert [kind for kind, _ in crossings(HORSESHOE, off(0, 50), off(75, 50))] == ["enter"]


def test_a_circle_on_the_180th_meridian_is_whole() -> None:
    assert holds(Circle((0.0, 180.0), 100.0), (0.0, -180.0 + 50 / DEGREE_M))


METRES: Final = st.floats(-300, 300)


@given(shape=st.sampled_from([CIRCLE, SQUARE, HORSESHOE]), begin=st.tuples(METRES, METRES), end=st.tuples(METRES, METRES))
def test_what_is_crossed_leads_from_where_one_was_to_where_one_is(
    shape: Shape, begin: tuple[float, float], end: tuple[float, float]
) -> None:
    inner, outer = off(*begin), off(*end)
    found = crossings(shape, inner, outer)

    assert all(0 <= share <= 1 for _, share in found)
    if len(found) == 1:
        assert found[0][0] == ("exit" if holds(shape, inner) else "enter")
