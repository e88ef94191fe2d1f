"""What git knows of a committed file that is not there: deleting a file must not make its message look new."""

import subprocess
from pathlib import Path


def last_committed(file: Path) -> str | None:
    """The text of `file` in the last commit that had it; None where there was none, or there is no git to ask."""
    commit = _git(file.parent, "log", "-1", "--format=%H", "--diff-filter=AM", "--", file.name)
    return _git(file.parent, "show", f"{commit.strip()}:./{file.name}") if commit else None


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 # names of our own files
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
