"""What schemathesis does not know by itself; it imports this module by its name."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/jsonl", "message/rfc822")
def text(_context: Any, value: Any) -> bytes:
    """A file of lines, or a mail, is a text, whatever is in it."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
