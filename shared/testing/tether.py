"""Start a program that dies with the process that asked for it.

Run as a script in front of the program: it drops privileges where asked, ties itself to its parent with
PR_SET_PDEATHSIG (prctl(2), Linux) and becomes the program. A `preexec_fn` would do the same in a forked copy
of a process with threads, where the child can deadlock before it ever executes anything.

    python -I -S tether.py <parent pid> <signal number> <uid or -> <gid or -> <program> [argument ...]
"""

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def main(argv: list[str]) -> None:
    parent, death_signal, uid, gid, *program = argv
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    # After the change of user, because that clears the setting.
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGKILL)
    # A session that a shell has put into the background ignores Ctrl-C, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
