"""The rule about sending: what a service has to say goes through the outbox, and nothing else reaches a lane."""

import ast
import re
from collections.abc import Iterable, Iterator

from tests.architecture.source import Source, Use

_SENDS = {"delay", "apply_async", "send_task", "apply_on_commit", "starmap", "add_to_chord"}
# Common words that are Celery's only on a task or an application.
_SIGNS = {"signature", "subtask", "s", "si", "map", "chunks"}
_CELERYS_OWN = {f"celery.{name}" for name in ("signature", "subtask", "group", "chain", "chord", "chunks", "xmap", "xstarmap")}
_IS_CELERY = re.compile(r"(^|[._])(app|celery|task)$|\.tasks\.")
_PUSHES = {"lpush", "rpush", "lpushx", "rpushx", "linsert", "lmove", "blmove", "rpoplpush", "brpoplpush"}


def find_direct_sends(files: Iterable[Source]) -> Iterator[str]:
    """Sends that bypass the outbox: they are lost, or go out for a change that was rolled back."""
    for source in files:
        for use in source.uses if source.in_service else ():
            if _sends(use) or _pushes(use):
                yield f"{source.at(use.node)}: {use.said} bypasses the outbox; publish(…) inside the unit of work"


def _sends(use: Use) -> bool:
    if use.name in _CELERYS_OWN or use.name.startswith("celery.canvas."):
        return True
    if use.is_bare or use.name == "itertools.starmap":
        return False
    # A signature that is called at once runs or sends, whatever it was made of.
    is_sign = use.verb in _SIGNS and (bool(_IS_CELERY.search(use.owner)) or use.is_called_again)
    return use.verb in _SENDS or is_sign


def _pushes(use: Use) -> bool:
    """Whether something is put onto a list of the broker that may be a lane."""
    given = use.call.args if use.call else []
    match given:
        case [ast.Constant(str(command)), *rest] if use.verb == "execute_command":
            return command.lower() in _PUSHES and not _is_no_lane(rest)
        case _:
            return use.verb in _PUSHES and not use.is_bare and not _is_no_lane(given)


def _is_no_lane(given: list[ast.expr]) -> bool:
    """Whether the key is seen to be no lane where it stands: it begins with a word and a colon, as `recent:{driver_id}` does."""
    match given:
        case [ast.Constant(str(text)), *_] | [ast.JoinedStr(values=[ast.Constant(str(text)), *_]), *_]:
            return re.match(r"\w+:", text) is not None
        case _:
            return False
