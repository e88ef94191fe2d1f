"""Which type a column of PostgreSQL has in a file. What Parquet has no word for is text, as PostgreSQL writes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from arro3.core import Array, DataType, Field

_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_KINDS: Final[Mapping[str, DataType]] = {
    "bool": DataType.bool(),
    "int2": DataType.int16(),
    "int4": DataType.int32(),
    "int8": DataType.int64(),
    "float4": DataType.float32(),
    "float8": DataType.float64(),
    "date": DataType.date32(),
    "timestamptz": DataType.timestamp("us", tz="UTC"),
    "bytea": DataType.binary(),
}
# Arrays of these are made from numbers: the library takes no Python values for them.
_NUMBERS: Final[Mapping[str, DataType]] = {"date": DataType.int32(), "timestamptz": DataType.int64()}


@dataclass(frozen=True, slots=True)
class Column:
    """A column. kind: PostgreSQL's own name of its type."""

    name: str
    kind: str

    @property
    def quoted(self) -> str:
        """Its name in SQL."""
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def selected(self) -> str:
        """How it is read."""
        return self.quoted if self.kind in _KINDS else f"{self.quoted}::text AS {self.quoted}"

    @property
    def field(self) -> Field:
        """What it is in the file."""
        return Field(self.name, _KINDS.get(self.kind, DataType.string()))

    @property
    def as_text(self) -> str:
        """The same text that `text_of` makes of its value; for keys."""
        if self.kind == "timestamptz":
            return f"(extract(epoch FROM {self.quoted}) * 1000000)::bigint::text"
        return f"{self.quoted}::text"

    def plain(self, value: Any) -> Any:
        """A value as it is hashed and written: times are microseconds and dates days since 1970."""
        if value is None or self.kind not in _NUMBERS:
            return value
        return value.toordinal() - _EPOCH_DAY if self.kind == "date" else (value - _EPOCH) // _MICROSECOND

    def array(self, values: Sequence[Any]) -> Array:
        """Plain values, as the file takes them."""
        field = self.field.type
        return Array(values, _NUMBERS[self.kind]).cast(field) if self.kind in _NUMBERS else Array(values, field)

    def plain_values(self, array: Array) -> list[Any]:
        """The plain values of what was read from a file."""
        return list((array.cast(_NUMBERS[self.kind]) if self.kind in _NUMBERS else array).to_pylist())


def text_of(value: Any) -> str:
    """A plain value of a key. Times are microseconds since 1970."""
    return str(value)
