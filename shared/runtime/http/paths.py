"""What of a request's path may be written down: logs, metrics and error documents outlive the request and are read by many."""

import re
from collections.abc import Mapping
from typing import Any, Final

from shared.runtime.http.metrics import UNMATCHED, route_template
from shared.runtime.redaction import is_secret_name

PARAMETER: Final = re.compile(r"\{(\w+)\}")


def shown_path(scope: Mapping[str, Any]) -> str:
    """The path of a request with the names of its secrets in their place, such as `/v1/unsubscribe/{token}`.

    What is secret is told by the parameter's name, as in log fields. Of a path that no route has taken nothing is shown: it may
    be a secret's with a slip of the pen.
    """
    values = scope.get("path_params", {})

    def shown(parameter: re.Match[str]) -> str:
        name = parameter[1]
        return parameter[0] if is_secret_name(name) or name not in values else str(values[name])

    return PARAMETER.sub(shown, route_template(scope))


def is_matched(scope: Mapping[str, Any]) -> bool:
    """Whether a route has taken the request."""
    return route_template(scope) != UNMATCHED
