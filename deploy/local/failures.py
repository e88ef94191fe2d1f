"""Failures of the local stack: what was wrong in one sentence, how to mend it in another, and the log that shows it."""

import json
from pathlib import Path


class StackError(Exception):
    """The stack cannot do what was asked.

    sentence: what was wrong. remedy: what to do about it. log: the lines that show it, oldest first.
    """

    def __init__(self, sentence: str, remedy: str = "", log: list[str] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy
        self.log = log or []


# What a log says, and what the person at the terminal can do about it. The first match wins.
_KNOWN = (
    ("No space left on device", "the disk is full", "free some space, then `make run` again"),
    ("Address already in use", "its port was taken while it started", "`make run` again: it chooses the next free port"),
    ("could not bind IPv4 address", "its port was taken while it started", "`make run` again: it chooses the next free port"),
    ("Cannot allocate memory", "the machine has no memory left", "the stack needs about 2 GB; end something else"),
    ("ModuleNotFoundError: No module named", "a Python package is missing", "`make install`; it follows the locks"),
    ("is not set", "a setting is missing", "the line in the log names it"),
    ("database files are incompatible", "its data was written by another version", "move .waybill/postgres away and start again"),
    ("Permission denied", "it may not read or write one of its files", "the data belongs to another user: `ls -l .waybill`"),
    ("Wrong signature trying to load", "its append-only file is damaged", "remove .waybill/valkey: nothing durable is in it"),
    (
        "Bad file format reading the append only file",
        "its append-only file is damaged",
        "remove .waybill/valkey: nothing durable is in it",
    ),
)
_TELLING = ("error", "fatal", "panic", "critical", "traceback", "refused", "denied", "is not set")


def tail(path: Path, lines: int = 20, *, max_bytes: int = 64 * 1024) -> list[str]:
    """The last lines of a log; none when there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - max_bytes))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def readable(line: str) -> list[str]:
    """A line of a JSON log as people read it: its level and event, one line for each of the event's."""
    try:
        entry = json.loads(line)
        texts = [entry["event"], entry.get("error"), entry.get("exception")]
        return [f"{entry.get('level', '')}: {part}" for text in texts if text for part in str(text).splitlines()]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [line]


def relevant(lines: list[str], limit: int = 12) -> list[str]:
    """The end of a log, from the first telling line of that end on."""
    log = [part for line in lines for part in readable(line)]
    for index, line in enumerate(log):
        if any(word in line.lower() for word in _TELLING):
            return log[index:][-limit:]
    return log[-limit:]


def explain(name: str, log_file: Path, what: str) -> StackError:
    """Why the process `name` failed, read from its log. `what` is what was seen from outside."""
    log = tail(log_file, 60)
    for sign, reason, remedy in _KNOWN:
        if any(sign in line for line in log):
            return StackError(f"{name} {what}: {reason}.", remedy, relevant(log))
    return StackError(f"{name} {what}.", f"the whole log is in {log_file}", relevant(log))
