"""Payloads as people give them on the command line."""

import json
from typing import Any

from deploy.local.failures import StackError


def payload(text: str) -> dict[str, Any]:
    """The JSON object in `text`; StackError says what else it is."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise StackError(f"The payload is not JSON: {error}.", "quote it for the shell: --json '{\"field\": 1}'") from None
    if not isinstance(found, dict):
        raise StackError("The payload is not a JSON object.", "give the contract's fields: --json '{\"field\": 1}'")
    return found
