"""Conditions of lists: a statement names those alone that are asked for, so that each list finds its index."""

from collections.abc import Mapping
from typing import Any


def named(conditions: Mapping[str, str], bound: Mapping[str, Any]) -> str:
    """The conditions of which the parameter is given, joined; `true` where none is."""
    return " AND ".join(sql for name, sql in conditions.items() if bound.get(name) is not None) or "true"
