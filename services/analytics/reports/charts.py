"""Charts as SVG: plain shapes in millimetres, which any viewer draws and our PDF takes as they are. Words stand outside."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

ACCENT: Final = "#1e5a96"
PALE: Final = "#d9e6f2"
GRID: Final = "#d6dce4"
WARN: Final = "#b3412e"


@dataclass(frozen=True, slots=True)
class Scale:
    """The values of a chart's axis: from `low` to `high` in steps that people count in."""

    low: float
    high: float
    step: float

    @property
    def marks(self) -> list[float]:
        """Where lines stand."""
        count = round((self.high - self.low) / self.step)
        return [self.low + number * self.step for number in range(count + 1)]


def scale_of(values: Sequence[float | None], aims: int = 4) -> Scale:
    """A scale on which all of them find room, from nothing on."""
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    span = high - low or 1.0
    rough = span / aims
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= rough * 0.999999)
    return Scale(math.floor(low / step) * step, math.ceil(high / step - 1e-9) * step or step, step)


def bars(values: Sequence[float | None], width: float, height: float, scale: Scale, *, target: float | None = None) -> str:
    """A bar for each value, on lines of the scale; a broken line where the target is."""
    shapes = [_line(0, _y(mark, height, scale), width, GRID, 0.15) for mark in scale.marks]
    slot = width / max(len(values), 1)
    zero = _y(0.0, height, scale)
    for number, value in enumerate(values):
        if value is None:
            continue
        top = _y(value, height, scale)
        shapes.append(_rect(number * slot + slot * 0.14, min(top, zero), slot * 0.72, abs(zero - top), ACCENT))
    if target is not None and scale.low <= target <= scale.high:
        shapes += _dashes(_y(target, height, scale), width)
    return _svg(width, height, shapes)


def spark(values: Sequence[float | None], width: float, height: float) -> str:
    """A line without axes, to stand beside a number. Gaps are left where there is no value."""
    scale = scale_of(values)
    step = width / max(len(values) - 1, 1)
    points = [(number * step, _y(value, height, scale)) for number, value in enumerate(values) if value is not None]
    if not points:
        return _svg(width, height, [])
    area = " ".join(
        [f"M{_n(points[0][0])},{_n(height)}", *(f"L{_n(x)},{_n(y)}" for x, y in points), f"L{_n(points[-1][0])},{_n(height)} Z"]
    )
    line = " ".join(f"{'L' if number else 'M'}{_n(x)},{_n(y)}" for number, (x, y) in enumerate(points))
    shapes = [
        f'<path d="{area}" fill="{PALE}" stroke="none"/>',
        f'<path d="{line}" fill="none" stroke="{ACCENT}" stroke-width="0.35"/>',
    ]
    return _svg(width, height, shapes)


def _svg(width: float, height: float, shapes: Sequence[str]) -> str:
    size = f'width="{_n(width)}mm" height="{_n(height)}mm" viewBox="0 0 {_n(width)} {_n(height)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(shapes)}</svg>'


def _y(value: float, height: float, scale: Scale) -> float:
    return height * (1 - (value - scale.low) / (scale.high - scale.low))


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{fill}"/>'


def _line(x: float, y: float, width: float, stroke: str, thickness: float) -> str:
    return f'<path d="M{_n(x)},{_n(y)} L{_n(x + width)},{_n(y)}" fill="none" stroke="{stroke}" stroke-width="{_n(thickness)}"/>'


def _dashes(y: float, width: float) -> list[str]:
    # Drawn one by one: not every viewer knows stroke-dasharray.
    return [_line(x, y, min(1.6, width - x), WARN, 0.3) for x in (number * 2.6 for number in range(math.ceil(width / 2.6)))]


def _n(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
