"""JSON that Python reads, and a database or a message may not be able to hold."""

import json
from typing import Any


def storable_object(value: dict[str, Any], max_bytes: int) -> dict[str, Any]:
    """The same object. Raises ValueError for half characters, NUL, NaN, too many levels, or too much of it."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (ValueError, RecursionError):
        raise ValueError("use whole characters, numbers other than NaN and Infinity, and fewer levels") from None
    if "\\u0000" in text.replace("\\\\", ""):
        raise ValueError("remove the NUL character")
    if size > max_bytes:
        raise ValueError(f"it has {size:,} bytes; at most {max_bytes:,} fit")
    return value
